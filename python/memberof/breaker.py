"""The circuit breaker: when too many users would lose groups in a short time, detachments are held.

Pure: it judges one login against what the logins before it lost (:class:`memberof.store.BreakerWindow`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from memberof.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime

    from memberof.store import BreakerWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When detachments are held, and how a hold ends.

    The defaults take a broken rule of an identity provider for what it is before more than 10 users have lost
    anything, and let a year of a real organisation pass: simulated by ``benches/breaker.py``.

    Attributes:
        window_users: How many users with external groups, newest login first, are looked at.
        window: How far back.
        min_users: With fewer users than this in the window (this one counted) it never trips; at least 10.
        min_losers: Fewer users than this are never too many.
        emptied_share: Trip from this share on of users who would lose all their external groups.
        lost_share: Trip from this share on of external memberships detached.
        loser_share: Trip from this share on of users who would lose any: one group that everybody has may be a small
            share of all memberships.
        confirm_below: While fewer users than this are in the window, a login that would take all of two or more
            external groups is held until an administrator confirms it. 0: never.
        max_hold: A hold ends by itself after this time, as if released: if nothing was repaired, it trips again.
            None: only an administrator ends it.
        remind_every: While it holds, an event, a log line and the hook say so once more in each such span.

    """

    window_users: int = 40
    window: timedelta = timedelta(hours=24)
    min_users: int = 10
    min_losers: int = 5
    emptied_share: float = 0.2
    lost_share: float = 0.4
    loser_share: float = 0.25
    confirm_below: int = 0
    max_hold: timedelta | None = timedelta(days=7)
    remind_every: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        """Report every mistake at once."""
        checks = {
            "min_users is at least 10": self.min_users >= 10,
            "window_users is at least min_users": self.window_users >= self.min_users,
            "min_losers is at least 1": self.min_losers >= 1,
            "emptied_share is above 0 and at most 1": 0 < self.emptied_share <= 1,
            "lost_share is above 0 and at most 1": 0 < self.lost_share <= 1,
            "loser_share is above 0 and at most 1": 0 < self.loser_share <= 1,
            "window is longer than nothing": self.window > timedelta(0),
            "max_hold is longer than nothing, or None": self.max_hold is None or self.max_hold > timedelta(0),
            "remind_every is longer than nothing": self.remind_every > timedelta(0),
        }
        if problems := tuple(text for text, holds in checks.items() if not holds):
            raise ConfigurationError("; ".join(problems), "config.breaker", None, problems)

    def judge(self, window: BreakerWindow, loss: Loss) -> Trip | None:
        """Judge a login that would detach; None: let it.

        Args:
            window: What other users lost before.
            loss: What this login would take.

        """
        users = window.users + 1
        losers = window.losers + 1
        emptied = window.emptied + (1 if loss.emptied else 0)
        lost = window.lost + loss.lost
        memberships = max(window.memberships + loss.before, 1)
        if not loss.lost or users < self.min_users or losers < self.min_losers:
            return None
        too_many = (
            (loss.emptied and emptied >= self.min_losers and emptied / users >= self.emptied_share)
            or lost / memberships >= self.lost_share
            or losers / users >= self.loser_share
        )
        if not too_many:
            return None
        return Trip(users=users, losers=losers, emptied=emptied, memberships=memberships, lost=lost)

    def must_confirm(self, window: BreakerWindow, loss: Loss) -> bool:
        """Whether this login must await an administrator, in a tenant too small for shares to mean anything."""
        return loss.emptied and loss.lost >= 2 and window.users + 1 < self.confirm_below

    def ends(self, since: datetime) -> datetime | None:
        """When a hold that begins now ends by itself."""
        return None if self.max_hold is None else since + self.max_hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What one login would take: external memberships before it, how many of them, and whether none is left."""

    before: int
    lost: int
    emptied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """The figures on which the breaker tripped, this login counted."""

    users: int
    losers: int
    emptied: int
    memberships: int
    lost: int
