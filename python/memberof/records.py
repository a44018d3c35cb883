"""What a store keeps: groups, memberships, marks of users, events, one settings row a tenant, and what may be written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memberof.enums import GroupKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memberof.store import LoginAttempt


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Group:
    """A group of a tenant: ``name`` as shown, unique; ``key`` as compared (``memberof.group_key``), unique too."""

    name: str
    key: str
    kind: GroupKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user in a group, and where that came from.

    Attributes:
        user: The application's ID of the user.
        group: Name of the group.
        source: Entity ID of the identity provider that attached her; None for a manual membership.
        event_id: The event that made it. In :class:`Writes`, None with a source means: the event written with it.
        since: When.

    """

    user: str
    group: str
    source: str | None = None
    event_id: int | None = None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMark:
    """What the store remembers of a user's logins: one row, locked by every login of hers.

    Attributes:
        user: The application's ID of the user.
        source: Entity ID of the last login.
        order: Order of the newest assertion, see ``LoginAttempt.order``. Never lowered.
        login_at: Receipt of the newest assertion.
        confirmed_at: Receipt of the newest assertion whose groups are all in force; None: never.
        received: How many groups the last PRESENT claim held; 0 before the first.
        before: External memberships that she had when her breaker window began.
        lost: Memberships lost since ``loss_at`` entered the window; never more than ``before``.
        emptied: Whether one of those logins took all her external memberships.
        loss_at: Her newest loss; None: never.
        digest: Of what was held or only observed at the last login; the same again makes no new event.
        confirmation: ``""``; ``asked``: a login that would take everything awaits an administrator; ``granted``.

    """

    user: str
    source: str
    order: tuple[int, int]
    login_at: datetime
    confirmed_at: datetime | None = None
    received: int = 0
    before: int = 0
    lost: int = 0
    emptied: bool = False
    loss_at: datetime | None = None
    digest: str = ""
    confirmation: str = ""

    @staticmethod
    def opened(before: UserMark | None, attempt: LoginAttempt, external: int) -> UserMark:
        """Return the mark as the opening of a login leaves it; ``external`` counts her external memberships.

        A loss inside the window stays counted however often she logs in; one outside it is forgotten.
        An older assertion changes nothing.
        """
        if before is not None and attempt.order < before.order:
            return before
        counted = before is not None and before.loss_at is not None and before.loss_at >= attempt.window_from
        mark = before or UserMark(
            user=attempt.user, source=attempt.source, order=attempt.order, login_at=attempt.received_at
        )
        return replace(
            mark,
            source=attempt.source,
            order=attempt.order,
            login_at=attempt.received_at,
            confirmed_at=attempt.received_at if attempt.complete else mark.confirmed_at,
            received=mark.received if attempt.received is None else attempt.received,
            before=max(mark.before, external) if counted else external,
            lost=mark.lost if counted else 0,
            emptied=mark.emptied and counted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Detachments of the tenant's source are held.

    Attributes:
        reason: ``breaker``, ``undo`` or ``administrator``.
        since: When it began.
        until: When it ends by itself; None: never.
        event_id: The event that says why; None in the writes that begin it: the event written with them.
        told_at: When an administrator was last told of it.

    """

    reason: str
    since: datetime
    until: datetime | None = None
    event_id: int | None = None
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The settings row of a tenant.

    Attributes:
        source: Entity ID of its one source of groups (rule R11); "" before the first login.
        identity: How names are compared, ``exact`` or ``fold``: what the ``key`` of its groups follows.
        signature: Attribute names and format that ``seen_at`` belongs to.
        seen_at: When this source first sent the attribute for any user; None: not yet.
        hold: The hold on its detachments, if one is in force.
        window_from: The circuit breaker looks no further back: it was released or confirmed then.
        trusted_until: The circuit breaker doesn't trip before then: an administrator confirmed the detachments.
        history_from: Events before this time are gone.
        version: Grows by one with every write; a write of another version is stale.

    """

    source: str = ""
    identity: str = "exact"
    signature: str = ""
    seen_at: datetime | None = None
    hold: Hold | None = None
    window_from: datetime | None = None
    trusted_until: datetime | None = None
    history_from: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that an event records, with what is needed to explain and to undo it.

    Attributes:
        action: ``create``, ``adopt``, ``attach``, ``detach`` (as in a plan), ``internalise``, ``rename``, ``delete``.
        group: Name of the group at that time (before a rename).
        reason: Why, a member of ``Reason``.
        user: Whose membership; None where the change is about the group.
        membership: The membership that was made (attach) or taken (detach).
        kind: The group's kind after ``create``, before ``delete``.
        name: The new name of a ``rename``.

    """

    action: str
    group: str
    reason: str
    user: str | None = None
    membership: Membership | None = None
    kind: GroupKind | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, and why: the history of a tenant is its events by ID.

    Attributes:
        id: Grows with time; 0 until written.
        kind: ``login``, ``observe``, ``hold``, ``trip``, ``release``, ``undo``, ``administrator``, ``switch_source``, ….
        at: When.
        user: Whose login; None for other kinds.
        source: Entity ID; None for an administrator's doing.
        assertion_id: Of the login.
        status: Of the claim.
        actor: Who did it, as the application says; None for a login.
        changes: What changed, in order.
        held: What a guard stopped, in order.
        details: JSON-safe facts: ``policy`` (its digest), ``reach`` (who may lose an adopted group), ``undoes``, ….

    """

    id: int = 0
    kind: str
    at: datetime
    user: str | None = None
    source: str | None = None
    assertion_id: str | None = None
    status: str | None = None
    actor: str | None = None
    changes: tuple[Change, ...] = ()
    held: tuple[Change, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lossy(self) -> bool:
        """Whether it took a membership from anybody."""
        return any(change.action == "detach" for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """What one transaction writes. The fields are applied in this order; empty ones cost nothing.

    Attributes:
        users: (old ID, new ID or None): replace the user in every membership, mark and event; None: memberships and
            mark go, events keep no trace of her (nor of her assertion IDs). A new ID that has memberships or a mark
            of its own keeps its own where both have one; events then belong to it.
        rename: (name, new name, new key) of groups.
        create: New groups; the key and the name must be free.
        kinds: (name, kind) of groups; each must be of the other kind now.
        detach: Memberships to remove; each must be there.
        attach: Memberships to add; a membership that is there already is stale. The group must be there, and be
            external where the membership has a source and no event ID: a login makes it (with an event ID it is
            restored).
        delete: Names of groups to remove; each must be there and have no member left.
        marks: Whole rows to put; the user's mark must be there.
        tenant: The whole row to put, its ``version`` being the one that was read (0 and none there: a new row).
        event: The event to add; the store gives the ID.
        forget_before: Remove older events, and assertion IDs that need no longer be remembered, both before this.

    """

    users: tuple[tuple[str, str | None], ...] = ()
    rename: tuple[tuple[str, str, str], ...] = ()
    create: tuple[Group, ...] = ()
    kinds: tuple[tuple[str, GroupKind], ...] = ()
    detach: tuple[tuple[str, str], ...] = ()
    attach: tuple[Membership, ...] = ()
    delete: tuple[str, ...] = ()
    marks: tuple[UserMark, ...] = ()
    tenant: Tenant | None = None
    event: Event | None = None
    forget_before: datetime | None = None


def to_json(record: Event | Change | Membership | Hold | UserMark) -> dict[str, Any]:
    """Return a record as JSON-safe data; times are ISO 8601 in UTC."""
    return {name: _plain(getattr(record, name)) for name in record.__dataclass_fields__}


def event_from_json(data: Mapping[str, Any]) -> Event:
    """Return the event that :func:`to_json` wrote."""
    fields = dict(data)
    fields["at"] = _time(fields["at"])
    fields["changes"] = tuple(change_from_json(item) for item in fields["changes"])
    fields["held"] = tuple(change_from_json(item) for item in fields["held"])
    return Event(**fields)


def change_from_json(data: Mapping[str, Any]) -> Change:
    """Return the change that :func:`to_json` wrote."""
    fields = dict(data)
    if fields["membership"] is not None:
        held = dict(fields["membership"])
        fields["membership"] = Membership(**{**held, "since": _time(held["since"])})
    if fields["kind"] is not None:
        fields["kind"] = GroupKind(fields["kind"])
    return Change(**fields)


def hold_from_json(data: Mapping[str, Any]) -> Hold:
    """Return the hold that :func:`to_json` wrote."""
    times = {name: _time(data[name]) for name in ("since", "until", "told_at") if data[name] is not None}
    return Hold(**{**data, **times})


def with_user(event: Event, old: str, new: str | None) -> Event:
    """Return the event with ``new`` in the place of the user ``old``; None: with no trace of her.

    Without her, a change keeps its group and reason, a membership's user is ``""``, and lists in the details are
    shorter; her own login keeps no assertion ID. An event that does not speak of her is returned as it is.
    """

    def changed(change: Change) -> Change:
        held = change.membership
        if held is not None and held.user == old:
            held = replace(held, user=new or "")
        return replace(change, user=new if change.user == old else change.user, membership=held)

    hers = event.user == old
    renamed = replace(
        event,
        user=new if hers else event.user,
        assertion_id=None if hers and new is None else event.assertion_id,
        changes=tuple(changed(change) for change in event.changes),
        held=tuple(changed(change) for change in event.held),
        details=_with_user_listed(event.details, old, new),
    )
    return event if renamed == event else renamed


def _with_user_listed(value: Any, old: str, new: str | None) -> Any:
    if isinstance(value, dict):
        return {key: _with_user_listed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        kept = [item for item in value if item != old or new is not None]
        return [new if item == old else _with_user_listed(item, old, new) for item in kept]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, (Event, Change, Membership, Hold)):
        return to_json(value)
    return str(value) if isinstance(value, GroupKind) else value


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
