"""The memberOf story in a real browser: an administrator observes, switches on; Alice signs in by POST from elsewhere.

Pictures of every page go to the folder that MEMBEROF_SCREENSHOTS names.
"""

from __future__ import annotations

import http.server
import os
import shutil
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

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = os.environ.get("MEMBEROF_SCREENSHOTS")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def shown(page: Any, name: str, within: str = "html") -> None:
    """Check a page as a blind reader would meet it, and keep a picture where one is wanted."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    found = Axe().run(page, context=within, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    ours = [
        (violation["id"], [node["target"] for node in violation["nodes"]])
        for violation in found.response["violations"]
    ]
    assert ours == [], f"{name}: {ours}"


class Story:
    """Two people, each with a browser of her own, and the identity provider on another origin."""

    def __init__(self, chromium: Any, base: str, provider: Any, idp: Any) -> None:
        self.chromium, self.provider, self.idp = chromium, provider, idp
        self.base = base
        self.groups: list[str] = []

    def person(self, *, scripts: bool = True, **options: Any) -> Any:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        return self.chromium.new_context(java_script_enabled=scripts, **options).new_page()

    def administrator(self, **options: Any) -> Any:
        get_user_model().objects.create_superuser("root", password="correct horse")
        page = self.person(**options)
        page.goto(f"{self.base}/admin/")
        page.get_by_label("Username").fill("root")
        page.get_by_label("Password").fill("correct horse")
        page.get_by_role("button", name="Log in").click()
        return page

    def admin(self, page: Any, path: str) -> None:
        page.goto(f"{self.base}/admin/memberof/{path}")

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

    def sign_in(self, page: Any, groups: list[str]) -> dict[str, str]:
        """Sign Alice in; return the groups that she is shown, each with its kind."""
        self.groups = groups
        page.goto(f"{self.base}/saml/acme/login/?next=/notes/")
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/notes/")
        return groups_shown(page)


def groups_shown(page: Any) -> dict[str, str]:
    rows = page.locator(".groups li").all()
    return {row.inner_text().split("\n")[0]: row.locator(".badge").inner_text() for row in rows}


@pytest.fixture
def story(chromium: Any, live_server: Any, make_provider: Any, settings: Any) -> Iterator[Story]:
    # Browsers take localhost for trustworthy without TLS, and so keep cookies that are Secure.
    url = live_server.url.replace("127.0.0.1", "localhost")
    settings.MEMBEROF = {**settings.MEMBEROF, "BASE_URL": url}
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    stories: list[Story] = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/sso?"):  # a browser's favicon
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(stories[0].answer(self.path).encode())

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        idp = TestIdp("keycloak", sso_url=f"http://127.0.0.1:{server.server_port}/sso")
        provider, _ = make_provider(mode="observe", group_format="off", idp=idp)
        stories.append(Story(chromium, url, provider, idp))
        yield stories[0]
        for context in chromium.contexts:
            context.close()
        server.shutdown()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_whole_story(story: Story, scripts: bool) -> None:
    look = shown if scripts else lambda *_: None  # axe is a script
    change = f"samlprovider/{story.provider.pk}/change/"
    sales, staff = (Group.objects.create(name=name) for name in ("Sales", "Staff"))
    sales.permissions.add(Permission.objects.all()[0])
    get_user_model().objects.create_user("bob").groups.add(sales)
    root, alice = story.administrator(scripts=scripts), story.person(scripts=scripts)

    # Off: she signs in, and no group is looked at.
    assert story.sign_in(alice, ["Sales", "Editors"]) == {}

    # An administrator picks the format, and observes.
    story.admin(root, change)
    root.get_by_label("Array", exact=True).check()
    root.get_by_label("Observe: record what would happen").check()
    root.get_by_role("button", name="Save", exact=True).click()
    assert story.sign_in(alice, ["Sales", "Editors"]) == {}
    story.admin(root, change)
    look(root, "provider")

    # The administrator sees what it would do, and switches on.
    root.get_by_label("On: groups follow the identity provider").check()
    root.get_by_role("button", name="Save", exact=True).click()
    assert "Groups that hold permissions would be taken over" in root.inner_text("#content")
    look(root, "switch-on")
    root.get_by_role("button", name="Switch on").click()

    # Alice gets her groups; the internal group of the same name turns external.
    get_user_model().objects.get(username="alice").groups.add(staff)
    everything = {"Editors": "external", "Sales": "external", "Staff": "internal"}
    assert story.sign_in(alice, ["Sales", "Editors"]) == everything
    look(alice, "my-groups")
    story.admin(root, "grouprecord/")
    look(root, "groups")

    # A group is taken away at the identity provider: she loses exactly that one.
    assert story.sign_in(alice, ["Sales"]) == {"Sales": "external", "Staff": "internal"}
    story.admin(root, "eventrecord/")
    look(root, "history")
    root.locator("#result_list tbody tr").first.get_by_role("link").first.click()
    assert "no longer sends it" in root.inner_text("#content")
    look(root, "event")

    # Undo.
    root.get_by_role("link", name="Undo …").click()
    look(root, "undo")
    root.get_by_role("button", name="Undo").click()
    alice.goto(f"{story.base}/notes/")
    assert groups_shown(alice) == everything

    # Test sign-in: the whole way, and nothing changes.
    story.admin(root, change)
    story.groups = ["Sales"]
    root.get_by_role("button", name="Test sign-in").click()
    root.get_by_role("button", name="Continue").click()
    root.wait_for_selector("text=Nothing was changed")
    look(root, "test-sign-in")
    alice.goto(f"{story.base}/notes/")
    assert groups_shown(alice) == everything

    alice.get_by_role("button", name="Sign out").click()
    assert "You are signed out" in alice.inner_text("main")


def test_every_page_for_administrators_is_accessible(story: Story) -> None:
    from memberof.django.models import EventRecord, GroupRecord, SubjectLink, TenantRecord

    story.provider.group_format, story.provider.mode = "array", "on"
    story.provider.preset, story.provider.new_metadata = "keycloak", story.idp.metadata_xml
    story.provider.new_metadata_reasons = "1 signing certificate new"
    story.provider.save()
    bob = get_user_model().objects.create_user("bob")
    bob.groups.add(Group.objects.create(name="Sales"))
    story.sign_in(story.person(), ["Sales", "Editors"])
    alice = get_user_model().objects.get(username="alice")
    event, tenant = EventRecord.objects.get(), TenantRecord.objects.get()
    root = story.administrator()
    pages = {
        "providers": "samlprovider/",
        "provider-new": "samlprovider/add/",
        "provider-metadata": f"samlprovider/{story.provider.pk}/change/",
        "try-response": f"samlprovider/{story.provider.pk}/try-response/",
        "adoption": f"eventrecord/{event.pk}/change/",
        "group": f"grouprecord/{GroupRecord.objects.get(name='Sales').pk}/change/",
        "group-new": "grouprecord/add/",
        "breakers": "tenantrecord/",
        "breaker": f"tenantrecord/{tenant.pk}/change/",
        "links": "subjectlink/",
        "link": f"subjectlink/{SubjectLink.objects.get().pk}/change/",
        "sessions": "samlsession/",
    }
    for name, path in pages.items():
        story.admin(root, path)
        shown(root, name)
    # Of Django's own page only what we put there is ours to answer for.
    story.admin(root, f"../auth/user/{alice.pk}/change/")
    shown(root, "user", within=".field-external_groups")
    story.admin(root, pages["try-response"])
    root.get_by_label("The form value SAMLResponse").fill("AAAA")
    root.get_by_role("button", name="Try it").click()
    shown(root, "tried")
    story.admin(root, pages["breaker"])
    root.get_by_role("button", name="Hold detachments now").click()
    shown(root, "held")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_for_users_is_accessible(
    story: Story, make_provider: Any, scheme: str, width: int
) -> None:
    page = story.person(color_scheme=scheme, viewport={"width": width, "height": 800})

    def look(name: str) -> None:
        shown(page, f"{name}-{scheme}-{width}")
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide == 0, name

    make_provider("globex", tenant="globex")
    page.goto(f"{story.base}/saml/")
    look("choose")
    page.goto(f"{story.base}/saml/signed-out/")
    look("signed-out")
    page.goto(story.base)
    look("home")
    story.provider.group_format, story.provider.mode = "array", "on"
    story.provider.save()
    story.sign_in(page, ["Sales", "A name that is rather long, as names in directories often are"])
    look("my-groups")
    page.goto(f"{story.base}/editors/")
    look("not-for-you")
    page.goto(f"{story.base}/saml/signed-out/")
    look("sign-out")
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
    look("refused")
