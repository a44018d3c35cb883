"""A login and an operation on one connection: begin, open, decide, write, commit; and anew where the state moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from memberof.store import LoginReceipt, StaleStateError
from memberof.stores.connection import SqlConnection
from memberof.stores.dialect import POSTGRESQL, SQLITE, Names
from memberof.stores.engine import Transactions
from memberof.stores.failures import store_error
from memberof.stores.postgresql import PostgresLogin
from memberof.stores.sqlite import SqliteLogin
from memberof.stores.trials import until_still
from memberof.stores.unit import SqlUnit

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Dialect

    from memberof.store import Decision, LoginAttempt, LoginOpening, StoreUnit
    from memberof.stores.schema import Tables

T = TypeVar("T")


class _NotLockedError(StaleStateError):
    """An operation wants to write: it is begun anew with the tenant's gate shut."""


class Core:
    """What a store does with a connection, for one tenant; knows neither pools nor asyncio."""

    def __init__(self, tenant: str, tables: Tables, dialect: Dialect) -> None:
        self.tenant = tenant
        self.tables = tables
        self.names: Names = Names.of(tables, dialect)
        self.transactions: Transactions = Transactions(tenant, tables.prefix)

    def login(
        self,
        connection: Connection,
        attempt: LoginAttempt,
        decide: Callable[[LoginOpening], Decision[T]],
        *,
        bound: bool,
    ) -> LoginReceipt[T]:
        """Run one login, see :meth:`memberof.store.MembershipStore.login`."""

        def once(trial: int) -> LoginReceipt[T]:
            with self.transactions.begin(connection, write=True, bound=bound):
                login = self._login(connection)
                opened = login.open(attempt, again=trial > 0)
                decision = decide(opened)
                written = None if decision.writes is None else login.write(opened, decision.writes)
            return LoginReceipt(decision.result, written)

        return _until_still(once, bound=bound)

    def run(self, connection: Connection, operation: Callable[[StoreUnit], T], *, bound: bool) -> T:
        """Run one operation, see :meth:`memberof.store.MembershipStore.run`.

        It is tried with reads alone first, which wait for nobody and hold up nobody. As soon as it writes it is begun
        anew behind the tenant's gate, alone.
        """

        def once(trial: int) -> T:
            locked = trial > 0
            with self.transactions.begin(connection, write=locked, bound=bound):
                if locked:
                    self.shut_gate(connection)
                before_write = None if locked else _refuse_write
                on = SqlConnection(connection)
                return operation(SqlUnit(on, self.tenant, self.tables, self.names, before_write))

        return _until_still(once, bound=bound)

    def shut_gate(self, connection: Connection) -> None:
        """Keep everybody else of the tenant out until the transaction ends."""
        if self.names.dialect == POSTGRESQL:
            connection.execute(text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": self.transactions.gate})

    def _login(self, connection: Connection) -> SqliteLogin | PostgresLogin:
        if self.names.dialect == SQLITE:
            return SqliteLogin(SqlConnection(connection), self.names, self.tenant)
        return PostgresLogin(SqlConnection(connection), self.names, self.tenant, self.transactions.gate)


def _refuse_write() -> None:
    raise _NotLockedError


def _until_still(once: Callable[[int], T], *, bound: bool) -> T:
    return until_still(once, bound=bound, failure=DBAPIError, refusal=store_error)
