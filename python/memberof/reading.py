"""What is read of a tenant, and the plans made from it: once, over what any store can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memberof import undoing
from memberof._memberof import UserState, group_key
from memberof.enums import GroupKind
from memberof.errors import PlanError
from memberof.records import Change, Event, Group, Hold, Membership, Tenant, UserMark, Writes
from memberof.store import BreakerWindow, EventFilter, LoginOpening, Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from memberof._memberof import Plan
    from memberof.login import Login
    from memberof.store import LoginAttempt, StoreUnit
    from memberof.undoing import Undo

OF_A_SOURCE = ("login", "trip", "hold", "apply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a user is, or is not, in a group.

    Attributes:
        user: The user.
        group: The group's name.
        kind: Its kind; None: there is no such group.
        membership: Her membership, with its origin; None: she is not in it.
        event: The newest event about her and this group, held changes included; None: the history has none.
        change: What that event says of it.
        held: Whether that change was held.

    """

    user: str
    group: str
    kind: GroupKind | None
    membership: Membership | None
    event: Event | None
    change: Change | None
    held: bool

    def __str__(self) -> str:
        """Return it as a sentence or two, for administrators."""
        if self.kind is None:
            return f"There is no group {self.group!r}."
        place = f"the {self.kind} group {self.group!r}"
        if self.membership is None:
            text = f"{self.user} is not in {place}."
        elif self.membership.source is None:
            text = f"{self.user} is in {place}, put there by hand."
        else:
            text = f"{self.user} is in {place}, as {self.membership.source} said."
        if self.event is None or self.change is None:
            return text
        deed = f"{self.change.action} held" if self.held else self.change.action
        return f"{text} Event {self.event.id} ({self.event.kind}, {self.event.at:%Y-%m-%d %H:%M} UTC): {deed}, {self.change.reason}."


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerReport:
    """The circuit breaker of a tenant.

    Attributes:
        hold: The hold in force; None: nothing is held.
        trip: The event of the newest trip; None: it never tripped.
        led_to_it: The events that took memberships in its window, newest first.
        restoring: The plan that gives those back; ``restore_trip`` does it.
        awaiting: Users whose logins await a confirmation.

    """

    hold: Hold | None
    trip: Event | None
    led_to_it: tuple[Event, ...]
    restoring: Undo
    awaiting: tuple[str, ...]


def open_login(unit: StoreUnit, attempt: LoginAttempt) -> LoginOpening:
    """Return what the opening of a login finds, by plain reads; nothing is written, ``replayed`` is not looked up."""
    tenant = unit.tenant() or Tenant(
        source=attempt.source, identity=attempt.identity, signature=attempt.signature
    )
    groups, held = _groups_of(unit, attempt.user, attempt.keys, attempt.identity)
    external = {group.name for group in groups if group.kind is GroupKind.EXTERNAL}
    marks = unit.marks(users=[attempt.user])
    before = marks[0] if marks else None
    mark = UserMark.opened(before, attempt, sum(one.group in external for one in held))
    last = {group.name for group in groups if group.key in attempt.last_member_keys}
    counts = unit.member_counts(sorted(last & {one.group for one in held}))
    sole = [name for name, count in counts.items() if count == 1]
    leaves = any(group.name in external and group.key not in attempt.keys for group in groups)
    received = [group for group in groups if group.key in attempt.keys]
    inner = (
        [group.name for group in received if group.kind is GroupKind.INTERNAL] if attempt.wants_reach else []
    )
    return LoginOpening(
        tenant=tenant,
        groups=groups,
        memberships=held,
        sole_member_of=tuple(sole),
        older=before is not None and attempt.order < before.order,
        before=before,
        mark=mark,
        window=_window(unit, attempt, tenant) if attempt.window_users and leaves else BreakerWindow(),
        reach={name: _reach(unit, name, attempt.user, attempt.source) for name in inner},
    )


def plan_login(unit: StoreUnit, login: Login) -> Plan:
    """Return the plan of a login without doing it."""
    return login.reconcile(open_login(unit, login.attempt()))


def read_state(unit: StoreUnit, user: str, names: Collection[str]) -> UserState:
    """Return a user's state, with every group of these names."""
    tenant = unit.tenant() or Tenant()
    keys = {group_key(name, tenant.identity) for name in names}
    groups, held = _groups_of(unit, user, keys, tenant.identity)
    inner = [group.name for group in groups if group.kind is GroupKind.INTERNAL and group.key in keys]
    counts = unit.member_counts([one.group for one in held])
    return UserState(
        groups={group.name: group.kind for group in groups},
        memberships=[one.group for one in held],
        origins={one.group: one.source for one in held},
        sole_member_of=[name for name, count in counts.items() if count == 1],
        all_members_external=[n for n in inner if not _reach(unit, n, user, tenant.source).strangers],
        user=user,
    )


def apply_plan(
    unit: StoreUnit, plan: Plan, *, user: str | None, now: datetime, actor: str | None
) -> int | None:
    """Apply a plan outside a login, if the state is still the one that it saw.

    Raises:
        PlanError: ``plan.stale``, ``plan.other_user``, ``plan.no_user``.

    """
    if user is None and plan.user is None:
        raise PlanError("the plan says of no user, name one", "plan.no_user")
    if user is not None and plan.user not in (None, user):
        raise PlanError("the plan is about another user", "plan.other_user")
    whose = user or plan.user or ""
    tenant = unit.tenant() or Tenant()
    state = read_state(unit, whose, plan.received)
    if state.fingerprint(plan.received, tenant.identity) != plan.state_fingerprint:
        raise PlanError("the state is no longer the one that the plan saw", "plan.stale", "plan again")
    if not plan:
        return None
    held = {one.group: one for one in unit.memberships(users=[whose])}
    made = {
        name: Membership(user=whose, group=name, source=tenant.source or None, since=now)
        for name in plan.attach
    }
    changes = tuple(
        Change(
            action=str(change.action),
            group=change.group,
            reason=str(change.reason),
            user=whose if change.action in ("attach", "detach") else None,
            membership=made.get(change.group) if change.action == "attach" else held.get(change.group),
            kind=GroupKind.EXTERNAL if change.action == "create" else None,
        )
        for change in plan.changes
    )
    source = tenant.source or None
    event = Event(
        kind="apply", at=now, user=whose, source=source, actor=actor, changes=changes, status=str(plan.status)
    )
    return unit.write(
        Writes(
            create=tuple(
                Group(name=name, key=group_key(name, tenant.identity), kind=GroupKind.EXTERNAL)
                for name in plan.create
            ),
            kinds=tuple((name, GroupKind.EXTERNAL) for name in plan.adopt),
            detach=tuple((whose, name) for name in plan.detach),
            attach=tuple(made.values()),
            event=event,
        )
    )


def explain_membership(unit: StoreUnit, user: str, group: str) -> Explanation:
    """Return why a user is, or is not, in a group."""
    identity = (unit.tenant() or Tenant()).identity
    found = unit.groups([group_key(group, identity)])
    name = found[0].name if found else group
    held = unit.memberships(users=[user], groups=[name])
    names = undoing.names_through_time(unit, name)
    event, change, is_held = _newest_about(unit, user, names)
    return Explanation(
        user=user,
        group=name,
        kind=found[0].kind if found else None,
        membership=held[0] if held else None,
        event=event,
        change=change,
        held=is_held,
    )


def read_history(unit: StoreUnit, *, group: str | None, limit: int | None, **parts: Any) -> tuple[Event, ...]:
    """Return events, newest first; a group is followed through its renames."""
    names = None if group is None else undoing.names_through_time(unit, group)
    return tuple(unit.events(EventFilter(groups=names, **parts), limit=limit))


def memberships_as_of(unit: StoreUnit, time: datetime) -> tuple[Membership, ...]:
    """Return the memberships as they were at a time, by user, then group."""
    return tuple(held for _, held in sorted(undoing.world_as_of(unit, time).members.items()))


def report_breaker(unit: StoreUnit) -> BreakerReport:
    """Return what the circuit breaker holds, and what led to it."""
    tenant = unit.tenant() or Tenant()
    trips = unit.events(EventFilter(kinds=("trip",)), limit=1)
    trip = trips[0] if trips else None
    led = _led_to(unit, trip) if trip else ()
    restoring = undoing.undo(
        unit, led, now=datetime.now(UTC), actor=None, force=False, lenient=True, apply=False, only=("detach",)
    )
    awaiting = tuple(mark.user for mark in unit.marks(awaiting=True))
    return BreakerReport(hold=tenant.hold, trip=trip, led_to_it=led, restoring=restoring, awaiting=awaiting)


def restore_trip(unit: StoreUnit, *, now: datetime, actor: str | None) -> Undo:
    """Give back what was taken before the newest trip. The hold stays until it is released."""
    trips = unit.events(EventFilter(kinds=("trip",)), limit=1)
    led = _led_to(unit, trips[0]) if trips else ()
    return undoing.undo(
        unit, led, now=now, actor=actor, force=False, lenient=True, apply=True, only=("detach",)
    )


def undo_since(
    unit: StoreUnit,
    time: datetime,
    *,
    source: str,
    hold: bool,
    apply: bool,
    now: datetime,
    actor: str | None,
    references: Callable[[Collection[str]], Collection[str]] | None,
) -> Undo:
    """Undo everything that a source did since a time, and hold its detachments."""
    events = unit.events(EventFilter(since=time, source=source, kinds=OF_A_SOURCE))
    begun = Hold(reason="undo", since=now, told_at=now) if hold and events else None
    return undoing.undo(
        unit,
        events,
        now=now,
        actor=actor,
        force=False,
        lenient=True,
        apply=apply,
        hold=begun,
        references=references,
    )


def _groups_of(
    unit: StoreUnit, user: str, keys: Collection[str], identity: str
) -> tuple[tuple[Group, ...], tuple[Membership, ...]]:
    held = tuple(unit.memberships(users=[user]))
    wanted = {*keys, *(group_key(one.group, identity) for one in held)}
    return tuple(unit.groups(wanted)), held


def _reach(unit: StoreUnit, group: str, user: str, source: str) -> Reach:
    others = [one.user for one in unit.memberships(groups=[group]) if one.user != user]
    known = {mark.user for mark in unit.marks(users=others) if mark.source == source} if others else set()
    return Reach(others=tuple(sorted(others)), strangers=len(set(others) - known))


def _window(unit: StoreUnit, attempt: LoginAttempt, tenant: Tenant) -> BreakerWindow:
    since = max(attempt.window_from, tenant.window_from or attempt.window_from)
    marks = [
        mark
        for mark in unit.marks()
        if mark.before > 0
        and mark.login_at >= since
        and mark.user != attempt.user
        and mark.source == attempt.source
    ]
    marks = sorted(marks, key=lambda mark: mark.login_at, reverse=True)[: attempt.window_users]
    losers = [mark for mark in marks if mark.loss_at is not None and mark.loss_at >= since]
    return BreakerWindow(
        users=len(marks),
        memberships=sum(mark.before for mark in marks),
        losers=len(losers),
        lost=sum(mark.lost for mark in losers),
        emptied=sum(mark.emptied for mark in losers),
    )


def _newest_about(
    unit: StoreUnit, user: str, names: Collection[str]
) -> tuple[Event | None, Change | None, bool]:
    for event in unit.events(EventFilter(user=user, groups=names)):
        for is_held, changes in ((False, event.changes), (True, event.held)):
            for change in reversed(changes):
                if change.user == user and change.group in names:
                    return event, change, is_held
    return None, None, False


def _led_to(unit: StoreUnit, trip: Event) -> tuple[Event, ...]:
    """Return the losses that the trip counted: those of the newest losers in its window, this login aside.

    Among many users a day's window of time holds many losses that were right, and are not to be given back.
    """
    since = datetime.fromisoformat(trip.details["window_from"])
    losers: set[str | None] = set()
    led: list[Event] = []
    for event in unit.events(EventFilter(since=since, source=trip.source, kinds=OF_A_SOURCE, lossy=True)):
        if event.id < trip.id:
            losers.add(event.user)
            if len(losers) >= trip.details["trip"]["losers"]:
                break
            led.append(event)
    return tuple(led)
