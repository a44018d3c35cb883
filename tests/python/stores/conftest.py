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
