"""``SqlStore``: groups and memberships in SQLite or PostgreSQL, for threads and processes."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from copy import copy
from threading import RLock
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, MetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from memberof.operations import StoreOperations
from memberof.stores import migrate, schema
from memberof.stores.core import Core
from memberof.stores.dialect import SQLITE
from memberof.stores.engine import in_memory, make_engine
from memberof.stores.failures import store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memberof.store import Decision, LoginAttempt, LoginOpening, LoginReceipt, StoreUnit
    from memberof.stores.schema import Tables

T = TypeVar("T")


class SqlStore(StoreOperations):
    """A membership store in a database of SQLite (3.35 or newer) or PostgreSQL (13 or newer).

    Args:
        database: A SQLAlchemy URL, such as ``sqlite:///groups.db`` or ``postgresql://app@localhost/app``, or the
            application's own :class:`sqlalchemy.Engine`.
        tenant: Whose groups these are; ``""`` where there is only one. Nothing crosses tenants.
        prefix: How the names of the tables begin.
        metadata: The application's ``MetaData``, so that its own migrations see the tables; they are in ``tables``.
        schema: Schema of the tables, where the database has schemas.

    A fresh SQLite database gets its tables by itself; for PostgreSQL call :meth:`migrate` once per release.

    Raises:
        ConfigurationError: The database is neither SQLite nor PostgreSQL.

    Example:
        >>> from memberof.stores import SqlStore
        >>> with SqlStore("sqlite://") as store:
        ...     store.run(lambda unit: unit.groups())
        []

    """

    def __init__(
        self,
        database: str | URL | Engine,
        *,
        tenant: str = "",
        prefix: str = schema.DEFAULT_PREFIX,
        metadata: MetaData | None = None,
        schema: str | None = None,
    ) -> None:
        self._owns_engine = not isinstance(database, Engine)
        self._engine = database if isinstance(database, Engine) else make_engine(database)
        self._tables = _tables(prefix, metadata, schema)
        self._core = Core(tenant, self._tables, self._engine.dialect)
        self._bound: ContextVar[tuple[Connection | Session, bool] | None] = ContextVar(
            "memberof.bound", default=None
        )
        self._ready = self._engine.dialect.name != SQLITE
        # One connection's memory is one transaction at a time, whatever the number of threads.
        self._alone = RLock() if in_memory(self._engine.url) else nullcontext()

    @property
    def name(self) -> str:
        """The tenant; ``""`` where there is only one."""
        return self._core.tenant

    def for_tenant(self, tenant: str) -> SqlStore:
        """Return the store of another tenant in the same tables, on the same connections."""
        other = copy(self)
        other._owns_engine = False  # noqa: SLF001 - its own class
        other._core = Core(tenant, self._tables, self._engine.dialect)  # noqa: SLF001
        return other

    @property
    def tables(self) -> Tables:
        """The tables, as SQLAlchemy knows them, for the application's own queries and migrations."""
        return self._tables

    def login(self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[T]]) -> LoginReceipt[T]:
        """Open, decide, write and commit as one transaction, see :class:`memberof.store.MembershipStore`."""
        with self._connection() as (connection, bound):
            return self._core.login(connection, attempt, decide, bound=bound)

    def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """Run one transaction, see :class:`memberof.store.MembershipStore`."""
        with self._connection() as (connection, bound):
            return self._core.run(connection, operation, bound=bound)

    @contextmanager
    def using(self, transaction: Connection | Session, *, alone: bool = False) -> Iterator[Self]:
        """Let everything in the block happen inside the caller's transaction, as a savepoint of it.

        What the store did is committed or rolled back with the rest of that transaction. Its locks stay until then:
        write what others may lock before the login, and log in one user a transaction. Belongs to this thread or
        task only.

        Args:
            transaction: Where.
            alone: Keep everybody else of the tenant out from the start. For a transaction that logs in and then
                writes as administrators do: two of those would wait for each other (``store.conflict``).

        Example:
            >>> from sqlalchemy import create_engine
            >>> engine = create_engine("sqlite://")
            >>> store = SqlStore(engine)
            >>> store.migrate()
            >>> with engine.begin() as connection, store.using(connection):
            ...     store.run(lambda unit: unit.groups())
            []

        """
        token = self._bound.set((transaction, alone))
        try:
            yield self
        finally:
            self._bound.reset(token)

    def migrate(self) -> None:
        """Create the tables, or bring them up to date; does nothing where they are.

        Raises:
            StoreError: The database failed.
            ConfigurationError: The tables are made by the application's own migrations.

        """
        with self._failures(), self._alone, self._engine.connect() as connection:
            self._migrate(connection, only_fresh=False)
        self._ready = True

    def close(self) -> None:
        """Close the connections, where the store made the engine; an application's own engine is left alone."""
        if self._owns_engine:
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _connection(self) -> Iterator[tuple[Connection, bool]]:
        bound = self._bound.get()
        with self._failures():
            if bound is not None:
                transaction, alone = bound
                connection = transaction.connection() if isinstance(transaction, Session) else transaction
                if alone:
                    self._core.shut_gate(connection)
                yield connection, True
            else:
                with self._alone, self._engine.connect() as connection:
                    if not self._ready:
                        self._migrate(connection, only_fresh=True)
                        self._ready = True
                    yield connection, False

    def _migrate(self, connection: Connection, *, only_fresh: bool) -> None:
        migrate.bring_up(connection, self._tables, self._core.transactions, only_fresh=only_fresh)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise store_error(error) from None


def _tables(prefix: str, metadata: MetaData | None, schema_name: str | None) -> Tables:
    return schema.tables(prefix, metadata=metadata, schema=schema_name)
