"""Real identity providers and both example applications, each started once, and the table at the end."""

from __future__ import annotations

import os
import shutil
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from services.live.applications import Application, DjangoNotes, FastApiNotes
from services.live.keycloak import Keycloak
from services.live.lemonldap import LemonLdap
from services.live.openldap import DirectoryBehindSimpleSamlPhp
from services.live.product import install
from services.live.simplesamlphp import SimpleSamlPhp

from .site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.live.product import LiveIdp

HERE = Path(__file__).parent
IDPS: dict[str, Callable[[], LiveIdp]] = {
    "simplesamlphp": SimpleSamlPhp,
    "lemonldap": LemonLdap,
    "keycloak": Keycloak,
    "openldap": DirectoryBehindSimpleSamlPhp,
}
APPLICATIONS: dict[str, Callable[[], Application]] = {"django": DjangoNotes, "fastapi": FastApiNotes}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

_results: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
_seconds: dict[str, float] = defaultdict(float)
_titles: dict[str, str] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


class Servers:
    """What has been started. What could not be started is not tried again, and fails whatever needs it."""

    def __init__(self, kinds: dict[str, Any], stack: ExitStack) -> None:
        self._kinds, self._stack = kinds, stack
        self._running: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._running:
            try:
                self._running[name] = self._stack.enter_context(self._kinds[name]())
            except Exception as error:
                self._running[name] = error
                raise
        found = self._running[name]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture(scope="session")
def idps() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(IDPS, stack)


@pytest.fixture(scope="session")
def applications() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(APPLICATIONS, stack)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        install("chromium")
        path = "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=list(IDPS))
def idp(request: pytest.FixtureRequest, idps: Servers) -> LiveIdp:
    """One after the other; ``@pytest.mark.parametrize("idp", ["keycloak"], indirect=True)`` chooses."""
    started = time.monotonic()
    found: LiveIdp = idps[request.param]
    _titles[request.param] = f"{found.title} {found.version}"
    _seconds[request.param] += time.monotonic() - started
    return found


@pytest.fixture(params=list(APPLICATIONS))
def application(request: pytest.FixtureRequest, applications: Servers) -> Application:
    found: Application = applications[request.param]
    return found


@pytest.fixture
def site(idp: LiveIdp, application: Application) -> Site:
    """One identity provider, one application, and people who sign in."""
    return Site(idp, application)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    chosen: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    name = chosen.get("idp")
    if name is not None and HERE in item.path.parents:
        _seconds[name] += call.duration
        story = getattr(item, "originalname", item.name).removeprefix("test_").replace("_", " ")
        if rest := [str(value) for key, value in chosen.items() if key not in ("idp", "application")]:
            story += f" ({', '.join(rest)})"
        cell = _results[story][name]
        which = str(chosen.get("application", "wire"))
        if report.failed:
            cell.append(f"{which} FAILED")
        elif report.when == "call":
            cell.append(which)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print who has been through which story, in which application; ``wire``: what is sent, looked at without one."""
    names = [name for name in IDPS if any(name in cells for cells in _results.values())]
    if not names:
        return
    write = terminalreporter.write_line
    terminalreporter.section("stories with real identity providers")
    for name in names:
        write(f"{name}: {_titles.get(name, 'not started')}, {_seconds[name]:.0f} s")
    rows = [
        (story, *("+".join(dict.fromkeys(cells.get(n, []))) or "-" for n in names))
        for story, cells in _results.items()
    ]
    table = [("story", *names), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(names) + 1)]
    for row in table:
        write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
