"""The memberOf story in a real browser: an administrator observes, switches on; Alice signs in by POST from elsewhere."""

from __future__ import annotations

import http.server
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from playwright.sync_api import sync_playwright

from memberof.testing import TestIdp
from memberof.testing.authn_request import read_redirect

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = os.environ.get("MEMBEROF_SCREENSHOTS")


@pytest.fixture
def chromium() -> Iterator[Any]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def shown(page: Any, name: str) -> None:
    """Check a page as a blind reader would meet it, and keep a picture where one is wanted."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    ours = [
        (violation["id"], [node["target"] for node in violation["nodes"]])
        for violation in found.response["violations"]
    ]
    assert ours == [], f"{name}: {ours}"
    if PAGES:
        page.screenshot(path=Path(PAGES) / f"{name}.png", full_page=True)


class Story:
    """Two people, each with a browser of her own, and the identity provider on another origin."""

    def __init__(self, chromium: Any, base: str, provider: Any, idp: Any) -> None:
        self.chromium, self.provider, self.idp = chromium, provider, idp
        self.base = base
        self.groups: list[str] = []

    def person(self, *, scripts: bool = True) -> Any:
        context = self.chromium.new_context(
            java_script_enabled=scripts, viewport={"width": 1280, "height": 900}
        )
        return context.new_page()

    def answer(self, url: str) -> str:
        """Be the identity provider's page: a form that is posted to the application."""
        query = parse_qs(urlsplit(url).query)
        message = self.idp.response(
            user="alice",
            groups=self.groups,
            request_id=read_redirect(query["SAMLRequest"][0]).id,
            sp_entity_id=self.provider.our_entity_id,
            acs_url=self.provider.acs_url,
            name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        )
        return (
            f'<form method="post" action="{self.provider.acs_url}"><input type="hidden" name="SAMLResponse" '
            f'value="{message}"><input type="hidden" name="RelayState" value="{query["RelayState"][0]}">'
            "<button>Continue</button></form>"
        )

    def sign_in(self, page: Any, groups: list[str]) -> str:
        self.groups = groups
        page.goto(f"{self.base}/saml/acme/login/?next=/notes/")
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/notes/")
        return str(page.inner_text("main"))


@pytest.fixture
def story(chromium: Any, live_server: Any, make_provider: Any, settings: Any) -> Iterator[Story]:
    # Browsers take localhost for trustworthy without TLS, and so keep cookies that are Secure.
    url = live_server.url.replace("127.0.0.1", "localhost")
    settings.MEMBEROF = {**settings.MEMBEROF, "BASE_URL": url}
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    stories: list[Story] = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(stories[0].answer(self.path).encode())

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        idp = TestIdp("keycloak", sso_url=f"http://127.0.0.1:{server.server_port}/sso")
        provider, _ = make_provider(mode="observe", idp=idp)
        stories.append(Story(chromium, url, provider, idp))
        yield stories[0]
        server.shutdown()


def test_the_whole_story(story: Story) -> None:
    get_user_model().objects.create_superuser("root", password="correct horse")
    sales = Group.objects.create(name="Sales")
    sales.permissions.add(Permission.objects.all()[0])
    get_user_model().objects.create_user("bob").groups.add(sales)

    # Without scripts a person can sign in too.
    alice = story.person(scripts=False)
    assert "You are in no group" in story.sign_in(alice, ["Sales", "Editors"])

    root = story.person()
    root.goto(f"{story.base}/admin/memberof/samlprovider/{story.provider.pk}/change/")
    root.fill("#id_username", "root")
    root.fill("#id_password", "correct horse")
    root.get_by_role("button", name="Log in").click()
    shown(root, "provider")
    root.get_by_role("link", name="Switch on …").click()
    assert "Groups that hold permissions would be taken over" in root.inner_text("#content")
    shown(root, "switch-on")
    root.get_by_role("button", name="Switch on").click()

    assert story.sign_in(alice, ["Sales", "Editors"]).splitlines()[-4:] == [
        "Editors",
        "external",
        "Sales",
        "external",
    ]
    root.goto(f"{story.base}/admin/memberof/grouprecord/")
    shown(root, "groups")
    assert "Editors" not in story.sign_in(alice, ["Sales"])

    root.goto(f"{story.base}/admin/memberof/eventrecord/")
    shown(root, "history")
    root.locator("#result_list tbody tr").first.get_by_role("link").first.click()
    assert "no longer sends it" in root.inner_text("#content")
    shown(root, "event")
    root.get_by_role("link", name="Undo …").click()
    shown(root, "undo")
    root.get_by_role("button", name="Undo").click()
    alice.goto(f"{story.base}/notes/")
    assert "Editors" in alice.inner_text("main")

    root.goto(f"{story.base}/admin/memberof/samlprovider/{story.provider.pk}/change/")
    story.groups = ["Sales"]
    root.get_by_role("button", name="Test sign-in").click()
    root.get_by_role("button", name="Continue").click()
    root.wait_for_selector("text=Nothing was changed")
    shown(root, "test-sign-in")

    alice.get_by_role("button", name="Sign out").click()
    assert "You are signed out" in alice.inner_text("main")


def test_pages_for_users_are_accessible(story: Story) -> None:
    page = story.person()
    page.goto(f"{story.base}/saml/signed-out/")
    shown(page, "signed-out")
    page.route(
        f"{story.base}/cross",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{story.provider.acs_url}">'
            '<input name="SAMLResponse" value="AAAA"><button>Go</button></form>',
        ),
    )
    page.goto(f"{story.base}/cross")
    page.get_by_role("button", name="Go").click()
    assert "You could not be signed in" in page.inner_text("main")
    shown(page, "refused")
