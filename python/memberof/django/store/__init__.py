"""A membership store in Django's database: ``auth.Group`` and its memberships are the truth, our rows stand beside them.

The statements of a login are those of :mod:`memberof.stores`, on our tables (:mod:`.names`) and over Django's connection: one
on PostgreSQL and three on SQLite where nothing changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction

from memberof.django.store.groups import record_unrecorded, unrecorded
from memberof.django.store.logins import begin_alone, login_on
from memberof.django.store.unit import DjangoUnit
from memberof.errors import StoreError
from memberof.operations import StoreOperations
from memberof.store import LoginReceipt, StaleStateError
from memberof.stores.dialect import POSTGRESQL, SQLITE
from memberof.stores.failures import refusal
from memberof.stores.trials import until_still

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.store import Decision, LoginAttempt, LoginOpening, StoreUnit

__all__ = ["DjangoStore"]

T = TypeVar("T")

#: PostgreSQL, appendix A: unique_violation; SQLite: SQLITE_CONSTRAINT_PRIMARYKEY and _UNIQUE.
_TAKEN_MEANWHILE = {"23505", 1555, 2067}


class DjangoStore(StoreOperations):
    """The store of one tenant.

    Args:
        tenant: The tenant; ``""`` where there is only one.
        using: Alias of the database that holds ``auth.Group``: PostgreSQL or SQLite.

    """

    def __init__(self, tenant: str = "", *, using: str = DEFAULT_DB_ALIAS) -> None:
        self._tenant = tenant
        self._using = using

    def __repr__(self) -> str:
        return f"DjangoStore(tenant={self._tenant!r}, using={self._using!r})"

    @property
    def name(self) -> str:
        """The tenant."""
        return self._tenant

    def login(self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[T]]) -> LoginReceipt[T]:
        """Open, decide, write and commit as one transaction; see :meth:`memberof.store.MembershipStore.login`."""

        def once(trial: int) -> LoginReceipt[T]:
            with transaction.atomic(using=self._using):
                login = login_on(self._tenant, self._using, again=trial > 0)
                opened = login.open(attempt, again=trial > 0)
                decision = decide(opened)
                written = None if decision.writes is None else login.write(opened, decision.writes)
            return LoginReceipt(decision.result, written)

        return self._until_still(once)

    def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """Run one transaction; see :meth:`memberof.store.MembershipStore.run`.

        On PostgreSQL it is tried with reads alone first, which hold up nobody. As soon as it writes it is begun anew,
        alone with the tenant.
        """

        def once(trial: int) -> T:
            bound = connections[self._using].in_atomic_block
            with transaction.atomic(using=self._using):
                alone = trial > 0 or bound or connections[self._using].vendor == SQLITE
                if alone:
                    begin_alone(self._tenant, self._using)
                    record_unrecorded(self._tenant, self._using)
                else:
                    self._begin_reading()
                before_write = None if alone else _begin_anew
                return operation(DjangoUnit(self._tenant, self._using, before_write))

        return self._until_still(once)

    def _begin_reading(self) -> None:
        with connections[self._using].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if unrecorded(self._tenant, self._using):
            _begin_anew()

    def _until_still(self, once: Callable[[int], T]) -> T:
        connection = connections[self._using]
        if connection.vendor not in {SQLITE, POSTGRESQL}:
            raise StoreError(f"the database is {connection.display_name}, PostgreSQL or SQLite is needed")
        return until_still(once, bound=connection.in_atomic_block, failure=DatabaseError, refusal=_refusal)


def _begin_anew() -> None:
    raise StaleStateError


def _refusal(error: DatabaseError) -> StoreError:
    cause: Any = error.__cause__
    said = refusal(cause)
    if {getattr(cause, "sqlstate", None), getattr(cause, "sqlite_errorcode", None)} & _TAKEN_MEANWHILE:
        return StoreError(said.message, "store.conflict", "retry the request")
    if said.code == "store.schema":
        return StoreError(said.message, said.code, "call manage.py migrate")
    return said
