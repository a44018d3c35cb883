"""A membership store on the ORM: ``auth.Group`` and its memberships are the truth, our rows stand beside them.

The statements are few and bounded whatever the number of groups: lists travel as one parameter list, never one statement
an item. Works in the database of the default router; SQLite and PostgreSQL are tested.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, IntegrityError, OperationalError, transaction

from memberof.django.store.opening import open_login
from memberof.django.store.unit import DjangoUnit
from memberof.errors import StoreError
from memberof.operations import StoreOperations
from memberof.store import LoginReceipt, StaleStateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.store import Decision, LoginAttempt, LoginOpening, StoreUnit

__all__ = ["DjangoStore"]

T = TypeVar("T")

#: Two logins meet now and then, three of a kind seldom; a state that still moves after so many tries never rests.
_TRIES = 12


class DjangoStore(StoreOperations):
    """The store of one tenant.

    Args:
        tenant: The tenant; ``""`` where there is only one.
        using: Alias of the database that holds ``auth.Group``.

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

        def work() -> LoginReceipt[T]:
            decision = decide(open_login(self._tenant, self._using, attempt))
            event_id = None
            if decision.writes is not None:
                event_id = DjangoUnit(self._tenant, self._using).write(decision.writes)
            return LoginReceipt(decision.result, event_id)

        return self._transaction(work)

    def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """Run one transaction; see :meth:`memberof.store.MembershipStore.run`."""

        def work() -> T:
            unit = DjangoUnit(self._tenant, self._using)
            unit.begin_alone()
            return operation(unit)

        return self._transaction(work)

    def _transaction(self, work: Callable[[], T]) -> T:
        cause: Exception | None = None
        for tries in range(_TRIES):
            try:
                with transaction.atomic(using=self._using):
                    return work()
            except (StaleStateError, IntegrityError) as stale:
                cause = stale
            except OperationalError as error:
                # A deadlock or a lock that took too long; anything else fails again at once and is raised below.
                cause = error
            except DatabaseError as error:
                raise StoreError(f"the database failed: {type(error).__name__}") from error
            time.sleep(random.uniform(0, 0.005 * 2 ** min(tries, 6)))  # noqa: S311 - a spread, no secret
        raise StoreError(
            "the database failed, or the state never stood still; nothing was changed"
        ) from cause
