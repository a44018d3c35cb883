"""``AsyncSqlStore``: the same store for asyncio, on SQLAlchemy's asyncio engines."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import URL, MetaData, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from memberof.operations import AsyncStoreOperations
from memberof.stores import migrate, schema
from memberof.stores.core import Core
from memberof.stores.dialect import POSTGRESQL, SQLITE
from memberof.stores.engine import in_memory, prepare_sqlite, sqlite_options
from memberof.stores.failures import store_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from memberof.store import Decision, LoginAttempt, LoginOpening, LoginReceipt, StoreUnit
    from memberof.stores.migrate import Migrated
    from memberof.stores.schema import Tables

T = TypeVar("T")


class AsyncSqlStore(AsyncStoreOperations):
    """A membership store for asyncio, see :class:`memberof.stores.SqlStore` for what it keeps and where.

    Args:
        database: A SQLAlchemy URL or the application's own :class:`sqlalchemy.ext.asyncio.AsyncEngine`. A URL without
            a driver gets ``aiosqlite`` or ``psycopg``.
        tenant: Whose groups these are; ``""`` where there is only one.
        prefix: How the names of the tables begin.
        metadata: The application's ``MetaData``, so that its own migrations see the tables.
        schema: Schema of the tables, where the database has schemas.

    Raises:
        ConfigurationError: The database is neither SQLite nor PostgreSQL.

    """

    def __init__(
        self,
        database: str | URL | AsyncEngine,
        *,
        tenant: str = "",
        prefix: str = schema.DEFAULT_PREFIX,
        metadata: MetaData | None = None,
        schema: str | None = None,
    ) -> None:
        self._owns_engine = not isinstance(database, AsyncEngine)
        self._engine = database if isinstance(database, AsyncEngine) else _make_engine(database)
        self._tables = _tables(prefix, metadata, schema)
        self._core = Core(tenant, self._tables, self._engine.dialect)
        self._bound: ContextVar[tuple[AsyncConnection | AsyncSession, bool] | None] = ContextVar(
            "memberof.bound", default=None
        )
        self._ready = self._engine.dialect.name != SQLITE
        self._alone = asyncio.Lock() if in_memory(self._engine.url) else None

    @property
    def name(self) -> str:
        """The tenant; ``""`` where there is only one."""
        return self._core.tenant

    def for_tenant(self, tenant: str) -> AsyncSqlStore:
        """Return the store of another tenant in the same tables, on the same connections."""
        other = copy(self)
        other._owns_engine = False  # noqa: SLF001 - its own class
        other._core = Core(tenant, self._tables, self._engine.dialect)  # noqa: SLF001
        return other

    @property
    def tables(self) -> Tables:
        """The tables, as SQLAlchemy knows them, for the application's own queries and migrations."""
        return self._tables

    @property
    def dialect(self) -> str:
        """``postgresql`` or ``sqlite``."""
        return self._core.names.dialect

    async def login(
        self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[T]]
    ) -> LoginReceipt[T]:
        """Open, decide, write and commit as one transaction, see :class:`memberof.store.MembershipStore`."""
        return await self._with_connection(
            lambda connection, bound: self._core.login(connection, attempt, decide, bound=bound)
        )

    async def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """Run one transaction, see :class:`memberof.store.MembershipStore`."""
        return await self._with_connection(
            lambda connection, bound: self._core.run(connection, operation, bound=bound)
        )

    @contextmanager
    def using(self, transaction: AsyncConnection | AsyncSession, *, alone: bool = False) -> Iterator[Self]:
        """Let everything in the block happen inside the caller's transaction, see :meth:`SqlStore.using`."""
        token = self._bound.set((transaction, alone))
        try:
            yield self
        finally:
            self._bound.reset(token)

    async def migrate(self) -> None:
        """Create the tables, or bring them up to date; does nothing where they are, see :meth:`SqlStore.migrate`."""
        async with self._failures(), self._engine.connect() as connection:
            await connection.run_sync(self._migrate, only_fresh=False)
        self._ready = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Run the block as one writing transaction on the store's database, for rows that stand beside the store's."""
        async with self._connection() as connection, connection.begin():
            if self._engine.dialect.name == SQLITE:
                # SQLite lets one writer in at a time: to wait for it in the middle would be too late.
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncConnection]:
        """Run each statement of the block on its own: committed at once, in one round trip."""
        async with self._connection() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        async with self._failures(), self._alone or nullcontext(), self._engine.connect() as connection:
            await self._bring_up_fresh(connection)
            yield connection

    async def migrate_beside(self, tables: Migrated, versions: Path) -> None:
        """Create an adapter's tables in the store's database, or bring them up to date, as :meth:`migrate` does the store's."""

        def act(connection: Connection) -> None:
            migrate.bring_up(connection, tables, self._core.transactions, only_fresh=False, versions=versions)

        async with self._failures(), self._engine.connect() as connection:
            await connection.run_sync(act)

    async def close(self) -> None:
        """Close the connections, where the store made the engine; an application's own engine is left alone."""
        if self._owns_engine:
            await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _with_connection(self, act: Callable[[Connection, bool], T]) -> T:
        bound = self._bound.get()
        async with self._failures():
            if bound is not None:
                transaction, alone = bound
                connection = (
                    await transaction.connection() if isinstance(transaction, AsyncSession) else transaction
                )
                if alone:
                    await connection.run_sync(self._core.shut_gate)
                return await connection.run_sync(act, True)
            if self._alone is None:
                return await self._with_own_connection(act)
            # One connection's memory is one transaction at a time, whatever the number of tasks.
            async with self._alone:
                return await self._with_own_connection(act)

    async def _with_own_connection(self, act: Callable[[Connection, bool], T]) -> T:
        async with self._engine.connect() as connection:
            await self._bring_up_fresh(connection)
            return await connection.run_sync(act, False)

    async def _bring_up_fresh(self, connection: AsyncConnection) -> None:
        if not self._ready:
            await connection.run_sync(self._migrate, only_fresh=True)
            self._ready = True

    def _migrate(self, connection: Connection, *, only_fresh: bool) -> None:
        migrate.bring_up(connection, self._tables, self._core.transactions, only_fresh=only_fresh)

    @asynccontextmanager
    async def _failures(self) -> AsyncIterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise store_error(error) from None


def _make_engine(database: str | URL) -> AsyncEngine:
    url = make_url(database)
    options: dict[str, Any] = {}
    if url.get_backend_name() == SQLITE:
        options = sqlite_options(url)
        if url.drivername == SQLITE:
            url = url.set(drivername="sqlite+aiosqlite")
    elif url.drivername == POSTGRESQL:
        url = url.set(drivername="postgresql+psycopg")
    engine = create_async_engine(url, hide_parameters=True, **options)
    if url.get_backend_name() == SQLITE:
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
    return engine


def _tables(prefix: str, metadata: MetaData | None, schema_name: str | None) -> Tables:
    return schema.tables(prefix, metadata=metadata, schema=schema_name)
