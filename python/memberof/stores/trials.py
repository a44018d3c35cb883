"""A transaction that is begun anew where the state moved under it, or another transaction won."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from memberof.errors import StoreError
from memberof.store import StaleStateError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

# Each trial waits for the locks that the one before it met, so a handful is plenty; never endless all the same.
TRIALS = 25


def until_still(
    once: Callable[[int], T], *, bound: bool, failure: type[E], refusal: Callable[[E], StoreError]
) -> T:
    """Run a transaction until it meets a state that stands still.

    Args:
        once: The transaction; gets the number of the trial, from 0.
        bound: It is a savepoint in a transaction of the caller's.
        failure: What the database's failures are raised as.
        refusal: Such a failure as a refusal.

    Raises:
        StoreError: The database failed, or the state never stood still.

    """
    for trial in range(TRIALS):
        try:
            return once(trial)
        except StaleStateError:
            continue
        except failure as error:
            said = refusal(error)
            # In a caller's transaction a conflict is the caller's to repeat: its snapshot stays as it is.
            if bound or said.code != "store.conflict":
                raise said from None
    raise StoreError(
        f"the state never stood still in {TRIALS} trials", "store.contended", "retry the request"
    )
