"""What a store of memberships does, so that anybody can write one: two methods, and the values they take and give.

A store keeps, for one *tenant*, groups, memberships, marks of users, events and one settings row. Every key begins
with the tenant; nothing of another tenant is ever read, matched or changed.

``login`` is one transaction in three steps:

1. *Opening* (one statement on PostgreSQL): record the assertion ID, move the user's mark, read the state.
2. ``decide``: a pure function of the opening. It gives the writes, or raises, and then nothing at all is kept.
3. *Writes*: applied together, and committed with the opening.

``run`` is one transaction for everything else; the operations themselves (``history``, ``undo``, …) are written once,
in :mod:`memberof.operations`, and a store inherits them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from memberof.records import Event, Group, Membership, Tenant, UserMark, Writes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from memberof._memberof import UserState
    from memberof.enums import ClaimStatus, GroupKind

__all__ = [
    "AsyncMembershipStore",
    "BreakerWindow",
    "Decision",
    "Event",
    "EventFilter",
    "Group",
    "LoginAttempt",
    "LoginOpening",
    "LoginReceipt",
    "Membership",
    "MembershipStore",
    "Reach",
    "StaleStateError",
    "StoreUnit",
    "Tenant",
    "UserMark",
    "Writes",
]

T = TypeVar("T")


class StaleStateError(Exception):
    """A write met a state other than the one it was decided on; the store rolls back and decides anew.

    Raised inside stores only: :meth:`MembershipStore.login` and :meth:`MembershipStore.run` catch it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """All that the opening of a login has to know.

    Attributes:
        user: The application's own ID of the user.
        source: Entity ID of the identity provider.
        assertion_id: Its assertion's ID; (source, assertion_id) is used once.
        replay_until: Until when the ID is remembered.
        order: (min(IssueInstant, receipt), receipt), microseconds since 1970 UTC. Pairs are compared in order.
        received_at: Time of receipt.
        identity: How names are compared, ``exact`` or ``fold``.
        keys: Keys of the received names, unique, sorted; a group is looked up by its ``key``.
        status: How the claim spoke of groups.
        signature: Attribute names and format: what "this attribute was seen" belongs to.
        complete: The claim is PRESENT or EMPTY with nothing malformed, and the mode applies all of it.
        received: How many groups a PRESENT claim holds; None for every other claim.
        last_member_keys: Keys of the groups that may not lose their last member.
        wants_reach: Whether the opening must say who else is in the internal groups among ``keys``.
        window_users: How many distinct users (newest first) the circuit breaker looks at; 0 where it is off.
        window_from: How far back it looks.

    """

    user: str
    source: str
    assertion_id: str
    replay_until: datetime
    order: tuple[int, int]
    received_at: datetime
    identity: str
    keys: tuple[str, ...]
    status: ClaimStatus
    signature: str
    complete: bool
    received: int | None
    last_member_keys: tuple[str, ...] = ()
    wants_reach: bool = True
    window_users: int = 0
    window_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Who else is in an internal group that a login is about to adopt.

    Attributes:
        others: Its other members, sorted; they lose it at their next login unless the IdP sends it for them too.
        strangers: How many of them have never logged in from this source.

    """

    others: tuple[str, ...]
    strangers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerWindow:
    """What the logins before this one lost.

    The window is the ``window_users`` users with the newest ``mark.login_at``, among those whose ``mark.before`` is
    greater than 0, whose ``mark.login_at`` is not before the later of ``window_from`` and ``tenant.window_from``, and
    who are not this user. A loss counts if its ``loss_at`` is not before that time either.

    Attributes:
        users: Users in the window.
        memberships: Sum of their ``mark.before``.
        losers: Users whose ``mark.loss_at`` lies in the window.
        lost: Memberships that those lost.
        emptied: Those among them that lost all their external memberships.

    """

    users: int = 0
    memberships: int = 0
    losers: int = 0
    lost: int = 0
    emptied: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOpening:
    """What the opening found. It holds until commit: the store has locked what would otherwise move.

    Attributes:
        tenant: The settings row. Where there was none, the opening has made one with the attempt's source,
            identity and signature. A row of another source or identity is left as it is.
        groups: The user's groups, and every group whose key is among ``attempt.keys``.
        memberships: The user's memberships.
        sole_member_of: Names of the groups of ``attempt.last_member_keys`` whose only member she is. Their rows are
            locked, so that two members cannot leave at once.
        replayed: The assertion ID was recorded before; then the rest may be empty.
        older: ``attempt.order`` is less than the mark's: the mark stands as it was.
        before: The mark as it stood before this login; None for a user never seen.
        mark: The mark as it stands now, see :meth:`UserMark.opened`.
        window: May be all zero where no external membership of the user lies outside ``attempt.keys``.
        reach: By name, for each internal group among ``attempt.keys``; empty unless ``wants_reach``.
        state: The same as ``groups``, ``memberships``, ``sole_member_of`` and ``reach``, where the store has it at hand.

    """

    tenant: Tenant
    groups: Sequence[Group] = ()
    memberships: Sequence[Membership] = ()
    sole_member_of: tuple[str, ...] = ()
    replayed: bool = False
    older: bool = False
    before: UserMark | None = None
    mark: UserMark
    window: BreakerWindow = field(default_factory=BreakerWindow)
    reach: Mapping[str, Reach] = field(default_factory=dict)
    state: UserState | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What a login shall write (None: nothing beyond its opening), and what its caller wants to know of it."""

    writes: Writes | None
    result: T


@dataclass(frozen=True, slots=True)
class LoginReceipt(Generic[T]):
    """What was committed: the result of the decision that stood, and the ID of the event, if it wrote one."""

    result: T
    event_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events to read; every given part must hold.

    Attributes:
        ids: Exactly these.
        user: Its ``user``, or the user of one of its changes.
        groups: One of its changes, held changes included, names one of these groups.
        source: Entity ID.
        kinds: One of these kinds.
        since: At this time or later.
        until: Before this time.
        after_id: With a greater ID.
        lossy: Only events that detached somebody (True), or none that did (False).

    """

    ids: Collection[int] | None = None
    user: str | None = None
    groups: Collection[str] | None = None
    source: str | None = None
    kinds: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    after_id: int | None = None
    lossy: bool | None = None


class StoreUnit(Protocol):
    """One transaction on one tenant, as if alone: nothing that it has read changes before it commits."""

    def tenant(self) -> Tenant | None:
        """Return the settings row, or None before the first write."""
        ...

    def groups(
        self, keys: Collection[str] | None = None, *, kind: GroupKind | None = None, memberless: bool = False
    ) -> Sequence[Group]:
        """Return groups by key (None: all), by name; ``memberless``: only those without a member."""
        ...

    def memberships(
        self, *, users: Collection[str] | None = None, groups: Collection[str] | None = None
    ) -> Sequence[Membership]:
        """Return memberships of these users and of groups of these names, by user, then group."""
        ...

    def member_counts(self, groups: Collection[str]) -> Mapping[str, int]:
        """Return how many members each of these groups has, by name; a group without any may be left out."""
        ...

    def marks(
        self,
        *,
        users: Collection[str] | None = None,
        confirmed_before: datetime | None = None,
        awaiting: bool = False,
    ) -> Sequence[UserMark]:
        """Return marks by user.

        Args:
            users: Of these users.
            confirmed_before: ``confirmed_at`` is None or before this time, and the user has an external membership.
            awaiting: ``confirmation`` is ``asked``.

        """
        ...

    def events(self, only: EventFilter, *, limit: int | None = None) -> Sequence[Event]:
        """Return events, greatest ID first."""
        ...

    def write(self, writes: Writes) -> int | None:
        """Write all of it, in the order of the fields of :class:`Writes`; return the ID of the event, if there is one.

        Raises:
            StaleStateError: What it names is not (or no longer) there, or already there.

        """
        ...


class MembershipStore(Protocol):
    """A store for one tenant. Safe to use from several threads and processes at once."""

    @property
    def name(self) -> str:
        """The tenant; ``""`` where there is only one."""
        ...

    def login(self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[T]]) -> LoginReceipt[T]:
        """Open, decide, write and commit as one transaction.

        Where a write meets another state than ``decide`` saw, everything is rolled back and begun anew, so
        ``decide`` may be called several times. Locks are taken in this order: the user's mark, the settings row,
        groups by key, memberships; events need none. Beware: where the opening waited for a lock, the snapshot of
        its statement may be older than the lock; what was read under it must be read again before it is decided on.

        Raises:
            StoreError: The database failed, or the state never stood still; nothing was changed.
            Exception: Whatever ``decide`` raises; nothing was changed.

        """
        ...

    def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """Run one transaction; ``operation`` may be called several times and touches nothing but the unit.

        Raises:
            StoreError: The database failed; nothing was changed.
            Exception: Whatever ``operation`` raises; nothing was changed.

        """
        ...


class AsyncMembershipStore(Protocol):
    """The same for asyncio. Decisions and operations are plain functions: they wait for nothing but the unit."""

    @property
    def name(self) -> str:
        """The tenant; ``""`` where there is only one."""
        ...

    async def login(
        self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[T]]
    ) -> LoginReceipt[T]:
        """See :meth:`MembershipStore.login`."""
        ...

    async def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """See :meth:`MembershipStore.run`; SQLAlchemy's ``run_sync`` is made for this."""
        ...
