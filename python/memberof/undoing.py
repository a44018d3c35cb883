"""Undo, and the past: the history played backwards. Written once, over what any store can read and write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from memberof._memberof import group_key
from memberof.enums import GroupKind, Reason
from memberof.errors import PlanError, StoreError
from memberof.records import Change, Event, Group, Hold, Membership, Tenant, Writes
from memberof.store import EventFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from memberof.store import StoreUnit

CHANGING = ("attach", "detach")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What undoing does, or did.

    Attributes:
        events: The events that are undone, newest first.
        changes: What is done for it, in the order in which it is written.
        stays: Groups that would go, but have members or are referred to.
        conflicts: One sentence for each change that a newer one stands upon; with ``force`` these are undone as far
            as the state allows.
        event_id: The event of the undo; None: only planned, or nothing to do.

    """

    events: tuple[int, ...]
    changes: tuple[Change, ...] = ()
    stays: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    event_id: int | None = None

    def __bool__(self) -> bool:
        return bool(self.changes)


@dataclass(slots=True)
class World:
    """Groups and memberships in a past or a planned state."""

    groups: dict[str, Group] = field(default_factory=dict)
    members: dict[tuple[str, str], Membership] = field(default_factory=dict)

    def copy(self) -> World:
        """Return one that can be changed apart."""
        return World(dict(self.groups), dict(self.members))


def undo(
    unit: StoreUnit,
    chosen: Sequence[Event],
    *,
    now: datetime,
    actor: str | None,
    force: bool,
    lenient: bool = False,
    apply: bool,
    only: Collection[str] | None = None,
    hold: Hold | None = None,
    references: Callable[[Collection[str]], Collection[str]] | None = None,
) -> Undo:
    """Undo events, as one plan of its own.

    Args:
        unit: The transaction.
        chosen: Events, in any order.
        now: Time of the undo.
        actor: Who does it.
        force: Undo even what newer changes stand upon, as far as the state allows.
        lenient: Leave what newer changes stand upon, instead of refusing.
        apply: False: plan only.
        only: Only changes with these actions; None: all.
        hold: Begin this hold on detachments with it.
        references: Says which of some groups the application refers to.

    Raises:
        PlanError: ``plan.undo_conflict``: newer changes stand upon it.

    """
    events = sorted(chosen, key=lambda event: -event.id)
    if not events:
        return Undo(events=())
    ids = {event.id for event in events}
    work = _Work(unit, events, [event for event in _later(unit, events) if event.id not in ids], force=force)
    for event in events:
        for change in reversed(event.changes):
            if only is None or change.action in only:
                work.invert(event, change)
    if work.conflicts and not force and not lenient:
        raise PlanError(
            f"{len(work.conflicts)} newer changes stand upon what would be undone",
            "plan.undo_conflict",
            "undo the newer events first, or force it: the rest is undone as far as the state allows",
        )
    work.remove_created(references)
    writes = work.writes()
    changes = _changes(work, writes)
    result = Undo(
        events=tuple(event.id for event in events),
        changes=changes,
        stays=tuple(sorted(work.stays)),
        conflicts=tuple(work.conflicts),
    )
    tenant = unit.tenant() or Tenant()
    held = replace(tenant, hold=hold) if hold else None
    if not apply or (not changes and held is None):
        return result
    details = {"undoes": sorted(ids), "stays": sorted(work.stays), "conflicts": len(work.conflicts)}
    source = tenant.source or None
    event = Event(kind="undo", at=now, source=source, actor=actor, changes=changes, details=details)
    return replace(result, event_id=unit.write(replace(writes, tenant=held, event=event)))


def world_as_of(unit: StoreUnit, time: datetime) -> World:
    """Return groups and memberships as they were at a time, by ID of the events after it.

    Raises:
        StoreError: ``store.history_gone``: events after that time were removed.

    """
    tenant = unit.tenant() or Tenant()
    if tenant.history_from is not None and time < tenant.history_from:
        raise StoreError(
            f"events before {tenant.history_from.isoformat()} were removed, asked for {time.isoformat()}",
            "store.history_gone",
            "keep events for longer",
        )
    world = World(
        {group.name: group for group in unit.groups()},
        {(held.user, held.group): held for held in unit.memberships()},
    )
    for event in unit.events(EventFilter(since=time)):
        if event.at > time:
            for change in reversed(event.changes):
                _step_back(world, change)
    return world


def names_through_time(unit: StoreUnit, name: str) -> set[str]:
    """Return every name that the group of this name has had, as far as the history goes."""
    names = {name}
    for event in unit.events(EventFilter(kinds=("administrator", "undo"))):
        for change in reversed(event.changes):
            if change.action == "rename" and change.name in names:
                names.add(change.group)
    return names


def _step_back(world: World, change: Change) -> None:
    """Undo one change of the history on a world, without looking."""
    group = world.groups.get(change.group)
    if change.action == "attach" and change.user is not None:
        world.members.pop((change.user, change.group), None)
    elif change.action == "detach" and change.user is not None and change.membership is not None:
        world.members[change.user, change.group] = replace(change.membership, group=change.group)
    elif change.action == "adopt" and group:
        world.groups[change.group] = replace(group, kind=GroupKind.INTERNAL)
    elif change.action == "internalise" and group:
        world.groups[change.group] = replace(group, kind=GroupKind.EXTERNAL)
    elif change.action == "create":
        world.groups.pop(change.group, None)
    elif change.action == "delete":
        kind = change.kind or GroupKind.INTERNAL
        world.groups[change.group] = Group(name=change.group, key=change.group, kind=kind)
    elif change.action == "rename" and change.name in world.groups:
        moved = world.groups.pop(change.name)
        world.groups[change.group] = replace(moved, name=change.group, key=change.group)
        for user, name in [place for place in world.members if place[1] == change.name]:
            world.members[user, change.group] = replace(world.members.pop((user, name)), group=change.group)


class _Work:
    """The state that events touched, on which they are taken back one by one."""

    def __init__(
        self, unit: StoreUnit, events: Sequence[Event], later: Sequence[Event], *, force: bool
    ) -> None:
        self._later = later
        self._force = force
        self._identity = (unit.tenant() or Tenant()).identity
        self.before = _touched(unit, events, later)
        self.now = self.before.copy()
        self.conflicts: list[str] = []
        self.stays: set[str] = set()
        self._created: set[str] = set()
        self._renames: list[tuple[str, str]] = []

    def invert(self, event: Event, change: Change) -> None:
        """Take back one change, unless a newer one stands upon it."""
        name = self._present_name(event, change.name or change.group)
        if name is None:
            self.conflicts.append(f"the group of a change of event {event.id} is gone")
            return
        if self._is_overtaken(event, change, name):
            self.conflicts.append(f"a change of event {event.id} was overtaken by a newer one")
            if not self._force:
                return
        self._take_back(change, name)

    def _take_back(self, change: Change, name: str) -> None:
        world, group = self.now, self.now.groups.get(name)
        place = (change.user or "", name)
        if change.action == "attach":
            world.members.pop(place, None)
        elif change.action == "detach" and change.membership and group and place not in world.members:
            world.members[place] = replace(change.membership, group=name)
        elif change.action == "adopt" and group:
            world.groups[name] = replace(group, kind=GroupKind.INTERNAL)
        elif change.action == "internalise" and group:
            world.groups[name] = replace(group, kind=GroupKind.EXTERNAL)
        elif change.action == "create" and group:
            self._created.add(name)
        elif change.action == "delete" and group is None:
            kind = change.kind or GroupKind.INTERNAL
            world.groups[name] = Group(name=name, key=group_key(name, self._identity), kind=kind)
        elif change.action == "rename" and group and change.group not in world.groups:
            self._rename_back(name, change.group)

    def _rename_back(self, name: str, old: str) -> None:
        world = self.now
        world.groups[old] = replace(world.groups.pop(name), name=old, key=group_key(old, self._identity))
        self._renames.append((name, old))
        for user, _ in [place for place in world.members if place[1] == name]:
            world.members[user, old] = replace(world.members.pop((user, name)), group=old)

    def _present_name(self, event: Event, name: str) -> str | None:
        """The name that a group of an event has now, in the world as it is worked on; None: deleted since."""
        for later in reversed(self._later):
            if later.id <= event.id:
                continue
            for change in later.changes:
                if change.action == "rename" and change.group == name and change.name:
                    name = change.name
        return name

    def _is_overtaken(self, event: Event, change: Change, name: str) -> bool:
        names = {name, change.group, change.name}
        about_user = change.action in CHANGING
        for later in self._later:
            if later.id <= event.id:
                continue
            for newer in later.changes:
                if newer.group not in names:
                    continue
                same_user = about_user and newer.action in CHANGING and newer.user == change.user
                structural = newer.action in ("delete", "rename", "adopt", "internalise")
                same_group = not about_user and change.action != "create" and structural
                gone = about_user and newer.action == "delete"
                if same_user or same_group or gone:
                    return True
        return False

    def remove_created(self, references: Callable[[Collection[str]], Collection[str]] | None) -> None:
        """Remove the groups that the events created, unless anything refers to them."""
        used = {name for _, name in self.now.members}
        referred = set(references(self._created)) if references and self._created else set()
        for name in self._created:
            group = self.now.groups.get(name)
            if group is None:
                continue
            if name in used or name in referred or group.kind is GroupKind.INTERNAL:
                self.stays.add(name)
            else:
                del self.now.groups[name]

    def writes(self) -> Writes:
        """What turns the state before into the state wanted."""
        renamed = dict(self._renames)
        before = {
            (user, renamed.get(name, name)): replace(held, group=renamed.get(name, name))
            for (user, name), held in self.before.members.items()
        }
        kinds = {renamed.get(name, name): group.kind for name, group in self.before.groups.items()}
        wanted = self.now
        return Writes(
            rename=tuple((old, new, group_key(new, self._identity)) for old, new in self._renames),
            create=tuple(group for name, group in sorted(wanted.groups.items()) if name not in kinds),
            kinds=_kinds(wanted, kinds),
            detach=tuple(sorted(place for place in before if place not in wanted.members)),
            attach=tuple(held for place, held in sorted(wanted.members.items()) if place not in before),
            delete=tuple(sorted(name for name in kinds if name not in wanted.groups)),
        )


def _kinds(wanted: World, before: dict[str, GroupKind]) -> tuple[tuple[str, GroupKind], ...]:
    return tuple(
        (name, group.kind)
        for name, group in sorted(wanted.groups.items())
        if name in before and before[name] is not group.kind
    )


def _changes(work: _Work, writes: Writes) -> tuple[Change, ...]:
    """The writes as changes that can be explained, and undone in turn."""
    reason = str(Reason.UNDO)
    kinds = {group.name: group.kind for group in work.before.groups.values()}
    back = {new: old for old, new, _ in writes.rename}
    taken = {place: work.before.members[place[0], back.get(place[1], place[1])] for place in writes.detach}
    return (
        *(Change(action="rename", group=old, name=new, reason=reason) for old, new, _ in writes.rename),
        *(Change(action="create", group=made.name, kind=made.kind, reason=reason) for made in writes.create),
        *(
            Change(action="internalise" if kind is GroupKind.INTERNAL else "adopt", group=name, reason=reason)
            for name, kind in writes.kinds
        ),
        *(
            Change(action="detach", group=name, user=user, reason=reason, membership=taken[user, name])
            for user, name in writes.detach
        ),
        *(
            Change(action="attach", group=held.group, user=held.user, reason=reason, membership=held)
            for held in writes.attach
        ),
        *(
            Change(action="delete", group=name, kind=kinds[back.get(name, name)], reason=reason)
            for name in writes.delete
        ),
    )


def _later(unit: StoreUnit, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events after the first of these that are about one of their groups, under all its later names."""
    first = min(event.id for event in events)
    names = {
        name for event in events for change in event.changes for name in (change.group, change.name) if name
    }
    while True:
        later = unit.events(EventFilter(after_id=first, groups=names))
        renamed = {change.name for event in later for change in event.changes if change.name} - names
        if not renamed:
            return later
        names |= renamed


def _touched(unit: StoreUnit, events: Sequence[Event], later: Sequence[Event]) -> World:
    """Return what undoing may have to know: all groups, the memberships of users and of groups in the events."""
    changes = [change for event in (*events, *later) for change in event.changes]
    users = {change.user for change in changes if change.user is not None}
    whole = {
        name
        for change in changes
        if change.action in ("create", "rename", "delete")
        for name in (change.group, change.name)
        if name
    }
    held = [*unit.memberships(users=users), *unit.memberships(groups=whole)]
    return World(
        {group.name: group for group in unit.groups()},
        {(membership.user, membership.group): membership for membership in held},
    )
