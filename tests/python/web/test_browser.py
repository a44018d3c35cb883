"""The demonstration in headless Chromium: attach, detach, adopt, administration; screenshots; accessibility.

Run by ``make test-web``. Screenshots go to ``target/screenshots``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: make build installs it"
)
from axe_playwright_python.sync_playwright import Axe  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[3]
SCREENSHOTS = ROOT / "target" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Where the demonstration runs: one of our own, or the one that DEMO_ORIGIN names."""
    if running := os.environ.get("DEMO_ORIGIN"):
        yield running
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "memberof.demo", "--port", str(port)]  # what `make demo` runs
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        origin = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(origin, timeout=1).close()
                break
            except OSError:
                assert demo.poll() is None, demo.stdout.read() if demo.stdout else ""
                time.sleep(0.1)
        try:
            yield origin
        finally:
            demo.terminate()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt install chromium, or set CHROMIUM to its path")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1180, "height": 820})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert faults == []


def sign_in(
    page: Page, origin: str, groups: str, button: str = "Sign in with Keycloak", user: str = "alice"
) -> None:
    page.goto(origin)
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("button", name=user, exact=True).click()
    page.get_by_label(f"Groups of {user}").fill(groups)
    page.get_by_role("button", name=f"Sign in as {user}").click()
    page.wait_for_url("**/me")


def changed(page: Page) -> list[str]:
    """What the page says that the sign-in changed: verb and group."""
    rows = page.get_by_role("region", name="What this sign-in changed").get_by_role("listitem").all()
    return [f"{r.locator('.verb').inner_text()} {r.locator('.group-name').inner_text()}" for r in rows]


def groups(page: Page) -> dict[str, str]:
    rows = page.get_by_role("region", name="Your groups").get_by_role("listitem").all()
    return {r.locator(".group-name").inner_text(): r.locator(".badge").inner_text() for r in rows}


def look(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def test_groups_are_joined_and_left_as_the_identity_provider_sends_them(page: Page, origin: str) -> None:
    sign_in(page, origin, "Engineering\nSales, EMEA")
    assert changed(page) == ["Joined Engineering", "Joined Sales, EMEA"]
    assert groups(page) == {"Engineering": "external", "Sales, EMEA": "external"}
    look(page, "joined")

    sign_in(page, origin, "Engineering\nFinance")
    assert changed(page) == ["Joined Finance", "Left Sales, EMEA"]
    assert groups(page) == {"Engineering": "external", "Finance": "external"}
    look(page, "left")

    sign_in(page, origin, "Engineering\nFinance")
    assert changed(page) == []
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("signed_out"))
    assert page.get_by_role("status").is_visible()


def test_an_administrator_makes_an_internal_group_and_a_sign_in_adopts_it(page: Page, origin: str) -> None:
    button = "Sign in with Microsoft AD FS"
    page.goto(f"{origin}/admin/adfs")
    page.get_by_label("Name", exact=True).fill("Book club")
    page.get_by_label("Members").fill("alice, bob")
    page.get_by_role("button", name="Create the group").click()
    assert page.get_by_role("status").inner_text() == "The group was created."

    sign_in(page, origin, "Engineering", button)
    assert groups(page) == {"Book club": "internal", "Engineering": "external"}
    sign_in(page, origin, "Engineering\nBook club", button)
    assert "Adopted Book club" in changed(page)
    assert groups(page)["Book club"] == "external"
    look(page, "adopted")

    page.get_by_role("link", name="Administration").click()
    page.locator("summary").first.click()
    history = page.get_by_role("region", name="History")
    assert "Adopted" in history.inner_text()
    look(page, "administration")


def test_it_works_without_scripts(chromium: Browser, origin: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(origin)
    page.get_by_role("button", name="Sign in with PingFederate").click()
    page.get_by_role("button", name="Sign in as alice").click()
    page.get_by_role("button", name="Continue to the application").click()
    page.wait_for_url("**/me")
    assert set(groups(page)) == {"Engineering", "On-call", "Sales, EMEA"}
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 390])
def test_axe_finds_nothing_on_any_page(chromium: Browser, origin: str, scheme: str, width: int) -> None:
    # axe is put into the page as a script, which our Content-Security-Policy would refuse
    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 820}, bypass_csp=True
    )  # type: ignore[arg-type]
    page = context.new_page()

    def examine(name: str) -> None:
        look(page, f"{name}-{scheme}-{width}")
        found = Axe().run(page).response["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == [], name
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{name} scrolls sideways by {wide} pixels"

    page.goto(origin)
    examine("start")
    page.get_by_role("button", name="Sign in with Keycloak").click()
    page.get_by_text("More", exact=True).click()
    examine("identity-provider")
    page.get_by_label("Groups of alice").fill(
        "Engineering\nA name that is rather long, as names in directories often are, with-no-place-to-break-it-anywhere"
    )
    page.get_by_role("button", name="Sign in as alice").click()
    page.wait_for_url("**/me")
    examine("groups")
    page.goto(f"{origin}/admin/keycloak")
    page.locator("summary").first.click()
    examine("administration")
    page.goto(f"{origin}/nowhere")
    examine("wrong")
    context.close()
