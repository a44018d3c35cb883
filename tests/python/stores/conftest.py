"""One PostgreSQL server for the whole run, and a fresh database for every store."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from services.postgres import PostgresServer

from memberof.stores import SqlStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A server that syncs nothing to disk: no test here takes the power away."""
    with PostgresServer({"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}) as made:
        yield made


@pytest.fixture
def new_database(server: PostgresServer) -> Callable[[], str]:
    """Makes fresh databases and gives their URLs."""
    return lambda: server.database(f"memberof_{next(_numbers)}")


@pytest.fixture
def new_store(new_database: Callable[[], str]) -> Iterator[Callable[[], Any]]:
    """Makes fresh stores on PostgreSQL."""
    with ExitStack() as stores:

        def make() -> SqlStore:
            store = stores.enter_context(SqlStore(new_database()))
            store.migrate()
            return store

        yield make


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/groups.db"
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database()


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    """A fresh store of each kind."""
    with SqlStore(url) as made:
        made.migrate()
        yield made
