"""The example on a fresh database, with identity providers in the test's own process."""

from __future__ import annotations

import contextlib
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from services.attacks import ORIGIN, Answer, Browser, Site, Trust
from services.postgres import PostgresServer
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from memberof.fastapi import ProviderSettings, SamlSettings
from memberof.testing import TestIdp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLE = Path(__file__).parents[3] / "examples" / "fastapi_app"
sys.path.insert(0, str(EXAMPLE))

_services = contextlib.ExitStack()
_postgres: list[PostgresServer] = []


def pytest_unconfigure() -> None:
    _services.close()


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The URL of an empty database."""
    if os.environ.get("NOTES_DATABASE") != "postgresql":
        return f"sqlite+aiosqlite:///{tmp_path / 'notes.db'}"
    if not _postgres:
        _postgres.append(_services.enter_context(PostgresServer({"fsync": "off"})))
    return _postgres[0].database("notes")


class NotesBrowser(Browser):
    """A client of the example."""

    def __init__(self, app: Any, portal: Any, origin: str = ORIGIN) -> None:
        self.client = TestClient(app, base_url=origin, follow_redirects=False)
        self.client.portal = portal

    @property
    def cookies(self) -> dict[str, str]:  # type: ignore[override]
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}

    def get(self, path: str, **headers: str) -> Answer:
        return _answer(self.client.get(path, headers=headers))

    def send(self, path: str, form: dict[str, str]) -> Answer:
        return _answer(self.client.post(path, data=form))

    def signed_in(self) -> str | None:
        page = self.client.get("/").text
        return page.partition("<p>Welcome, ")[2].partition(".</p>")[0] or None

    def keep(self) -> Any:
        return list(self.client.cookies.jar)

    def restore(self, kept: Any) -> None:
        for cookie in kept:
            self.client.cookies.jar.set_cookie(cookie)


class NotesSite(Site):
    """The example, running."""

    logger = "memberof.fastapi"

    def __init__(self, app: Any, client: TestClient, clock: Clock) -> None:
        self.app, self.client, self.clock = app, client, clock
        self.saml = app.state.saml

    def run(self, act: Callable[..., Any], *arguments: Any) -> Any:
        assert self.client.portal is not None
        return self.client.portal.call(act, *arguments)

    def trust(self, key: str = "acme", *, idp: TestIdp | None = None, **settings: Any) -> Trust:
        idp = idp or TestIdp("keycloak", entity_id=f"https://{key}.idp.example")
        if isinstance(domains := settings.get("link_domains"), str):
            settings["link_domains"] = domains.split()
        given = {"metadata": idp.metadata_xml, "group_format": "array", "mode": "on", **settings}
        made = self.saml.put_provider(key, ProviderSettings(**given))
        return Trust(key, made.entity_id, made.acs_url, made.login_path, idp)

    def browser(self) -> NotesBrowser:
        return NotesBrowser(self.app, self.client.portal)

    def groups_of(self, username: str) -> set[str]:
        from notes.users import Person

        async def read() -> set[str]:
            async with AsyncSession(self.app.state.engine) as session:
                person = await session.scalar(select(Person).where(Person.username == username))
                assert person is not None
            store = self.saml.store.for_tenant(person.tenant)
            return {held.group for held in await store.memberships(user=str(person.id))}

        found: set[str] = self.run(read)
        return found

    def users(self) -> set[str]:
        from notes.users import Person

        async def read() -> set[str]:
            async with AsyncSession(self.app.state.engine) as session:
                return set(await session.scalars(select(Person.username)))

        found: set[str] = self.run(read)
        return found

    def add_user(
        self, username: str, email: str = "", *, superuser: bool = False, active: bool = True
    ) -> None:
        from notes.users import Person

        async def write() -> None:
            async with AsyncSession(self.app.state.engine) as session, session.begin():
                session.add(Person(username=username, email=email, superuser=superuser, active=active))

        self.run(write)

    def deactivate(self, username: str) -> None:
        from notes.users import Person

        async def write() -> None:
            async with AsyncSession(self.app.state.engine) as session, session.begin():
                await session.execute(update(Person).where(Person.username == username).values(active=False))

        self.run(write)

    def end_sessions(self, username: str) -> int:
        return int(self.run(self._end_sessions, username))

    async def _end_sessions(self, username: str) -> int:
        from notes.users import Person

        async with AsyncSession(self.app.state.engine) as session:
            person = await session.scalar(select(Person).where(Person.username == username))
            assert person is not None
        ended: int = await self.saml.end_sessions(str(person.id), tenant=person.tenant)
        return ended

    def pass_time(self, time: timedelta) -> None:
        self.clock.passed += time


class Clock:
    """The system's clock, moved by the test."""

    def __init__(self) -> None:
        self.passed = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed


@pytest.fixture
def site(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotesSite]:
    from notes.application import create, create_tables

    monkeypatch.setenv("NOTES_DATABASE", database)
    clock = Clock()
    app = create(SamlSettings(base_url=ORIGIN), clock=clock)
    with TestClient(app, base_url=ORIGIN) as client:
        assert client.portal is not None
        client.portal.call(create_tables, app.state.engine)
        yield NotesSite(app, client, clock)


def _answer(response: Any) -> Answer:
    return Answer(
        response.status_code,
        response.headers.get("location", ""),
        response.text,
        tuple(response.headers.get_list("set-cookie")),
    )
