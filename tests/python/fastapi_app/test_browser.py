"""The memberOf story in a real browser: observed, switched on; Alice signs in by POST from elsewhere; an owner undoes."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from services.crowd import PERSISTENT, free_port, wait_for

from memberof.stores import SqlStore
from memberof.testing import TestIdp
from memberof.testing.authn_request import read_redirect

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once

EXAMPLE = Path(__file__).parents[3] / "examples" / "fastapi_app"
SCREENSHOTS = Path(__file__).parents[3] / "target" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def shown(page: Any, name: str) -> None:
    """Check a page as a blind reader would meet it, and keep a picture."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"fastapi-{name}.png", full_page=True)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    violations = found.response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations] == [], name


class Story:
    """The example, people with browsers of their own, and the identity provider on another origin."""

    def __init__(self, folder: Path, chromium: Any, sso_url: str) -> None:
        self.chromium = chromium
        self.port = free_port()
        # Browsers take localhost for trustworthy without TLS, and so keep cookies that are Secure.
        self.base = f"http://localhost:{self.port}"
        self.idp = TestIdp("keycloak", sso_url=sso_url)
        self.user, self.groups = "alice", ["Sales"]
        self.database = f"sqlite:///{folder / 'notes.db'}"
        self.log = folder / "log"

    @contextlib.contextmanager
    def running(self, mode: str) -> Iterator[None]:
        provider = {"metadata": self.idp.metadata_xml, "group_format": "array", "mode": mode}
        env = {
            **os.environ,
            "NOTES_DATABASE": self.database.replace("sqlite:", "sqlite+aiosqlite:") + "?timeout=60",
            "MEMBEROF_BASE_URL": self.base,
            "MEMBEROF_PROVIDERS": json.dumps({"acme": provider}),
        }
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "notes", "--port", str(self.port)]
            server = subprocess.Popen(command, cwd=EXAMPLE, env=env, stdout=log, stderr=log)
            try:
                wait_for(self.port)
                yield
            finally:
                server.terminate()
                server.wait(30)

    def person(self, *, scripts: bool = True) -> Any:
        context = self.chromium.new_context(
            java_script_enabled=scripts, viewport={"width": 1180, "height": 820}, bypass_csp=True
        )
        return context.new_page()

    def answer(self, url: str) -> str:
        """Be the identity provider's page: a form that is posted to the application."""
        query = parse_qs(urlsplit(url).query)
        acs = f"{self.base}/saml/acme/acs"
        message = self.idp.response(
            user=self.user,
            groups=self.groups,
            request_id=read_redirect(query["SAMLRequest"][0]).id,
            sp_entity_id=f"{self.base}/saml/acme/metadata",
            acs_url=acs,
            name_id_format=PERSISTENT,
        )
        return (
            f'<form method="post" action="{acs}"><input type="hidden" name="SAMLResponse" value="{message}">'
            f'<input type="hidden" name="RelayState" value="{query["RelayState"][0]}"><button>Continue</button></form>'
        )

    def sign_in(self, page: Any, groups: list[str], user: str = "alice", target: str = "/notes") -> str:
        self.user, self.groups = user, groups
        page.goto(f"{self.base}/saml/acme/login?next={target}")
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"**{target}")
        return str(page.inner_text("main"))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    stories: list[Story] = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(stories[0].answer(self.path).encode())

        def log_message(self, *args: object) -> None:
            pass

    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt install chromium, or set CHROMIUM to its path")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stories.append(Story(tmp_path, chromium, f"http://127.0.0.1:{server.server_port}/sso"))
        yield stories[0]
        chromium.close()
        server.shutdown()


def test_the_whole_story(story: Story) -> None:
    # Without scripts a person can sign in too. Observed, nothing changes.
    alice = story.person(scripts=False)
    with story.running("observe"):
        assert "none" in story.sign_in(alice, ["Sales", "Editors"])
        with SqlStore(story.database) as store:
            store.create_group("Sales")
            store.attach("77", "Sales")
            assert [event.kind for event in store.history()][-1] == "observe"

    with story.running("on"):
        text = story.sign_in(alice, ["Sales", "Editors"])
        assert "Sales (external)" in text, "the internal group of that name was taken over"
        assert "Editors (external)" in text
        alice.goto(f"{story.base}/editors")
        assert "Editors only" in alice.inner_text("main")
        alice.goto(f"{story.base}/notes")
        alice.get_by_label("Note", exact=True).fill("The fair is on Monday")
        alice.get_by_role("button", name="Add").click()
        assert "The fair is on Monday" in alice.inner_text("main")

        assert "Editors" not in story.sign_in(alice, ["Sales"])
        alice.goto(f"{story.base}/editors")
        assert "members of another group" in alice.content()

        owner = story.person()
        story.sign_in(owner, ["Owners"], user="olga", target="/history")
        shown(owner, "history")
        lost = owner.locator("ol > li").filter(has_text="detach Editors")
        assert "not_received" in lost.inner_text()
        lost.get_by_role("button").click()
        owner.wait_for_selector("text=undo")
        alice.goto(f"{story.base}/notes")
        assert "Editors (external)" in alice.inner_text("main")
        owner.goto(f"{story.base}/notes")
        shown(owner, "notes")

        owner.get_by_role("button", name="Sign out").click()
        assert "You are signed out" in owner.inner_text("main")
        shown(owner, "signed-out")
        owner.goto(f"{story.base}/")
        shown(owner, "home")

        # A session that ended leads through the identity provider back to the page.
        owner.goto(f"{story.base}/history")
        owner.get_by_role("button", name="Continue").click()
        owner.wait_for_url("**/history")

        stranger = story.person()
        stranger.route(
            f"{story.base}/cross",
            lambda route: route.fulfill(
                content_type="text/html",
                body=f'<form method="post" action="{story.base}/saml/acme/acs">'
                '<input name="SAMLResponse" value="AAAA"><button>Go</button></form>',
            ),
        )
        stranger.goto(f"{story.base}/cross")
        stranger.get_by_role("button", name="Go").click()
        assert "You could not be signed in" in stranger.inner_text("main")
        shown(stranger, "refused")
