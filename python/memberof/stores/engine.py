"""Engines and transactions: how a store gets a connection, and how a transaction on it begins and ends."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import StaticPool

from memberof.errors import ConfigurationError
from memberof.stores.dialect import SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLite lets one writer in at a time and wakes the waiting in no order: under 16 busy processes some wait seconds.
# A URL that says ?timeout=3 has its own.
BUSY_TIMEOUT_SECONDS = 60
OLDEST_SQLITE = (3, 35, 0)  # RETURNING; 2021-03-12


def make_engine(database: str | URL) -> Engine:
    """Return an engine for a URL, set up for a store where the database is SQLite."""
    url = make_url(database)
    if url.get_backend_name() != SQLITE:
        return create_engine(url, hide_parameters=True)
    engine = create_engine(url, hide_parameters=True, **sqlite_options(url))
    event.listen(engine, "connect", prepare_sqlite)
    return engine


def sqlite_options(url: URL) -> dict[str, Any]:
    """Return how to make an engine on this SQLite URL."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise ConfigurationError(
            f"SQLite is {sqlite3.sqlite_version}, a store needs 3.35 or newer",
            "config.database",
            "use a Python that comes with a newer SQLite",
        )
    patience = {} if "timeout" in url.query else {"timeout": BUSY_TIMEOUT_SECONDS}
    options: dict[str, Any] = {"connect_args": patience}
    if in_memory(url):
        # Every connection to :memory: is a database of its own; all threads share this one.
        options["poolclass"] = StaticPool
        options["connect_args"]["check_same_thread"] = False
    return options


def in_memory(url: URL) -> bool:
    """Whether the database lives in one connection's memory."""
    return url.get_backend_name() == SQLITE and url.database in {None, "", ":memory:"}


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Set a new SQLite connection up: foreign keys hold; readers and the writer don't wait for each other."""
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
    finally:
        cursor.close()


class Transactions:
    """How transactions of one store begin and end."""

    def __init__(self, tenant: str, prefix: str) -> None:
        digest = hashlib.sha256(f"memberof\0{prefix}\0{tenant}".encode()).digest()
        self.gate: int = int.from_bytes(digest[:8], "big", signed=True)

    @contextmanager
    def begin(self, connection: Connection, *, write: bool, bound: bool) -> Iterator[None]:
        """Run the body as one transaction; on a connection of the caller's (``bound``), as a savepoint of theirs."""
        sqlite = connection.dialect.name == SQLITE
        if not bound:
            with connection.begin():
                if sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                elif not write:
                    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield
            return
        if sqlite and not _in_transaction(connection):
            # Python's sqlite3 begins a transaction at the first INSERT only: RELEASE would end a savepoint's own.
            if not write:
                # Reads end by themselves: a write after them in this transaction would start from an old snapshot,
                # which SQLite refuses as soon as another process has written.
                with _reading(connection):
                    yield
                return
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        with connection.begin_nested():
            yield


@contextmanager
def _reading(connection: Connection) -> Iterator[None]:
    connection.exec_driver_sql("BEGIN")
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")


def _in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    return bool(getattr(driver, "in_transaction", False))
