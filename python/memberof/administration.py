"""What administrators do to a tenant, each as one transaction with an event of its own."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from memberof._memberof import group_key
from memberof.enums import GroupKind, Reason
from memberof.errors import ConfigurationError, PlanError, StoreError
from memberof.records import Change, Event, Group, Hold, Membership, Tenant, UserMark, Writes, to_json
from memberof.store import EventFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime, timedelta

    from memberof.store import StoreUnit

ADMINISTRATOR = str(Reason.ADMINISTRATOR)
MAX_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSwitch:
    """What switching the source of groups means.

    Attributes:
        before: The source until now; "" for none.
        after: The new one.
        users: How many users have memberships that the old source made.
        memberships: How many those are. They stay, and each user's next login from the new source decides on hers.
        groups: The groups that they are in, sorted.
        event_id: The event; None: only planned, or the source stays.

    """

    before: str
    after: str
    users: int
    memberships: int
    groups: tuple[str, ...]
    event_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """External groups that nobody needs, sorted; and the event that removed them (None: only planned)."""

    groups: tuple[str, ...]
    event_id: int | None = None


def create_group(
    unit: StoreUnit, name: str, kind: GroupKind, *, now: datetime, actor: str | None
) -> int | None:
    """Create a group."""
    name = checked_name(name)
    group = Group(name=name, key=group_key(name, _tenant(unit).identity), kind=kind)
    if unit.groups([group.key]):
        raise ConfigurationError("there is a group of this name", "store.group_exists")
    change = Change(action="create", group=name, kind=kind, reason=ADMINISTRATOR)
    # The row says how the group is keyed, before any login does.
    row = Tenant() if unit.tenant() is None else None
    return unit.write(Writes(create=(group,), tenant=row, event=_event(now, actor, change)))


def rename_group(
    unit: StoreUnit, name: str, new_name: str, *, now: datetime, actor: str | None
) -> int | None:
    """Rename a group. Where the identity provider goes on sending the old name, that becomes another group."""
    group, new_name = find(unit, name), checked_name(new_name)
    key = group_key(new_name, _tenant(unit).identity)
    if [other for other in unit.groups([key]) if other.name != group.name]:
        raise ConfigurationError("there is a group of this name", "store.group_exists")
    change = Change(action="rename", group=group.name, name=new_name, reason=ADMINISTRATOR)
    return unit.write(Writes(rename=((group.name, new_name, key),), event=_event(now, actor, change)))


def delete_group(unit: StoreUnit, name: str, *, now: datetime, actor: str | None) -> int | None:
    """Delete a group and its memberships."""
    return _remove(unit, [find(unit, name)], _event(now, actor), ADMINISTRATOR)


def set_kind(unit: StoreUnit, name: str, kind: GroupKind, *, now: datetime, actor: str | None) -> int | None:
    """Make a group internal or external; None where it is so already."""
    group = find(unit, name)
    if group.kind is kind:
        return None
    action = "adopt" if kind is GroupKind.EXTERNAL else "internalise"
    change = Change(action=action, group=group.name, reason=ADMINISTRATOR)
    return unit.write(Writes(kinds=((group.name, kind),), event=_event(now, actor, change)))


def attach(unit: StoreUnit, user: str, name: str, *, now: datetime, actor: str | None) -> int | None:
    """Put a user into a group by hand; None where she is in it."""
    group = find(unit, name)
    if unit.memberships(users=[user], groups=[group.name]):
        return None
    held = Membership(user=user, group=group.name, since=now)
    change = Change(action="attach", group=group.name, user=user, membership=held, reason=ADMINISTRATOR)
    return unit.write(Writes(attach=(held,), event=_event(now, actor, change)))


def detach(unit: StoreUnit, user: str, name: str, *, now: datetime, actor: str | None) -> int | None:
    """Take a user out of a group by hand; None where she is not in it."""
    group = find(unit, name)
    found = unit.memberships(users=[user], groups=[group.name])
    if not found:
        return None
    change = Change(action="detach", group=group.name, user=user, membership=found[0], reason=ADMINISTRATOR)
    return unit.write(Writes(detach=((user, group.name),), event=_event(now, actor, change)))


def hold(unit: StoreUnit, *, until: datetime | None, now: datetime, actor: str | None) -> int | None:
    """Hold all detachments of the tenant's source."""
    tenant = _tenant(unit)
    begun = Hold(reason="administrator", since=now, until=until, told_at=now)
    event = Event(kind="hold", at=now, source=tenant.source or None, actor=actor)
    return unit.write(Writes(tenant=replace(tenant, hold=begun), event=event))


def release(unit: StoreUnit, *, trust: timedelta | None, now: datetime, actor: str | None) -> int | None:
    """End the hold; with ``trust`` the circuit breaker doesn't trip for that long. None where nothing is held."""
    tenant = _tenant(unit)
    if tenant.hold is None and trust is None:
        return None
    details = {"held": to_json(tenant.hold)} if tenant.hold else {}
    kind = "release" if trust is None else "confirm"
    event = Event(kind=kind, at=now, source=tenant.source or None, actor=actor, details=details)
    trusted = None if trust is None else now + trust
    freed = replace(tenant, hold=None, window_from=now, trusted_until=trusted)
    return unit.write(Writes(tenant=freed, event=event))


def confirm_user(unit: StoreUnit, user: str, *, now: datetime, actor: str | None) -> int | None:
    """Let the next login of a user take all her external groups; None where none awaits that."""
    marks = [mark for mark in unit.marks(users=[user]) if mark.confirmation == "asked"]
    if not marks:
        return None
    event = Event(kind="confirm", at=now, user=user, actor=actor)
    return unit.write(Writes(marks=(replace(marks[0], confirmation="granted"),), event=event))


def switch_source(
    unit: StoreUnit, source: str, *, apply: bool, now: datetime, actor: str | None
) -> SourceSwitch:
    """Plan, or do, the change to another identity provider (rule R11)."""
    if not source:
        raise ConfigurationError("a source is an entity ID, found none", "config.source")
    tenant = _tenant(unit)
    held = [membership for membership in unit.memberships() if membership.source == tenant.source]
    switch = SourceSwitch(
        before=tenant.source,
        after=source,
        users=len({membership.user for membership in held}),
        memberships=len(held),
        groups=tuple(sorted({membership.group for membership in held})),
    )
    if not apply or source == tenant.source:
        return switch
    details = {"before": tenant.source, "after": source, "memberships": len(held)}
    event = Event(kind="switch_source", at=now, source=source, actor=actor, details=details)
    switched = replace(
        tenant, source=source, signature="", seen_at=None, hold=None, window_from=now, trusted_until=None
    )
    return replace(switch, event_id=unit.write(Writes(tenant=switched, event=event)))


def rename_user(unit: StoreUnit, old: str, new: str, *, now: datetime, actor: str | None) -> int | None:
    """Give a user another ID, in memberships, mark and history."""
    if not new or old == new:
        raise ConfigurationError("the new ID of a user is another one", "config.user")
    if unit.memberships(users=[new]) or unit.marks(users=[new]):
        raise ConfigurationError(
            "the new ID belongs to a user already", "store.user_exists", "merge the two with merge_users"
        )
    return unit.write(
        Writes(users=((old, new),), event=Event(kind="rename_user", at=now, user=new, actor=actor))
    )


def merge_users(unit: StoreUnit, keep: str, drop: str, *, now: datetime, actor: str | None) -> int | None:
    """Make one user of two: memberships are united, the history belongs to the one that stays."""
    if keep == drop:
        raise ConfigurationError("two users are merged, found one twice", "config.user")
    marks = {mark.user: mark for mark in unit.marks(users=[keep, drop])}
    newest: tuple[UserMark, ...] = ()
    if keep in marks and drop in marks and marks[drop].order > marks[keep].order:
        newest = (replace(marks[drop], user=keep),)
    event = Event(kind="merge_users", at=now, user=keep, actor=actor)
    return unit.write(Writes(users=((drop, keep),), marks=newest, event=event))


def forget_user(unit: StoreUnit, user: str, *, now: datetime, actor: str | None) -> int | None:
    """Remove a user; the history keeps what happened to groups, and no trace of her."""
    return unit.write(Writes(users=((user, None),), event=Event(kind="forget_user", at=now, actor=actor)))


def export_user(unit: StoreUnit, user: str) -> dict[str, Any]:
    """Return everything that is kept of a user, JSON-safe."""
    marks = unit.marks(users=[user])
    return {
        "tenant_source": _tenant(unit).source,
        "user": user,
        "memberships": [to_json(held) for held in unit.memberships(users=[user])],
        "mark": to_json(marks[0]) if marks else None,
        "events": [to_json(event) for event in unit.events(EventFilter(user=user))],
    }


def prune(
    unit: StoreUnit,
    *,
    unseen: timedelta,
    references: Callable[[Collection[str]], Collection[str]] | None,
    apply: bool,
    now: datetime,
    actor: str | None,
) -> Pruning:
    """Plan, or do, the removal of external groups without member or reference that nothing touched for long."""
    empty = unit.groups(kind=GroupKind.EXTERNAL, memberless=True)
    names = [group.name for group in empty]
    recent = unit.events(EventFilter(groups=names, since=now - unseen)) if names else ()
    touched = {name for event in recent for change in event.changes for name in (change.group, change.name)}
    referred = set(references(names)) if references and names else set()
    gone = [group for group in empty if group.name not in touched and group.name not in referred]
    pruning = Pruning(groups=tuple(group.name for group in gone))
    if not apply or not gone:
        return pruning
    event_id = _remove(unit, gone, Event(kind="prune", at=now, actor=actor), str(Reason.PRUNED))
    return replace(pruning, event_id=event_id)


def forget_history(unit: StoreUnit, before: datetime) -> None:
    """Remove older events, and assertion IDs that need no longer be remembered."""
    tenant = _tenant(unit)
    since = before if tenant.history_from is None else max(before, tenant.history_from)
    unit.write(Writes(forget_before=before, tenant=replace(tenant, history_from=since)))


def key_anew(unit: StoreUnit, identity: str) -> None:
    """Key all groups under another identity.

    Raises:
        ConfigurationError: Two groups would have one key; nothing was written.

    """
    tenant = _tenant(unit)
    if tenant.identity == identity:
        return
    groups = unit.groups()
    keys = [group_key(group.name, identity) for group in groups]
    if len(set(keys)) < len(keys):
        raise ConfigurationError(
            f"{len(keys) - len(set(keys))} groups share a key with another one under identity={identity!r}",
            "config.group_key_collision",
            "rename one of each pair, or compare names exactly",
        )
    rename = tuple(
        (group.name, group.name, key) for group, key in zip(groups, keys, strict=True) if group.key != key
    )
    unit.write(Writes(rename=rename, tenant=replace(tenant, identity=identity)))


def checked_name(name: str) -> str:
    """Return the name as it is kept: NFC, no white space around.

    Raises:
        ConfigurationError: It is empty, too long, or holds control characters.

    """
    name = unicodedata.normalize("NFC", name).strip(" \t\r\n")
    if (
        not name
        or len(name) > MAX_NAME_LENGTH
        or any(unicodedata.category(letter) == "Cc" for letter in name)
    ):
        raise ConfigurationError(
            f"a group's name has 1 to {MAX_NAME_LENGTH} characters, none of them a control character",
            "config.group_name",
        )
    return name


def find(unit: StoreUnit, name: str) -> Group:
    """Return the group of a name.

    Raises:
        StoreError: ``store.no_such_group``.

    """
    found = unit.groups([group_key(name, _tenant(unit).identity)])
    if not found:
        raise StoreError("there is no group of this name", "store.no_such_group")
    return found[0]


def event_of(unit: StoreUnit, event_id: int) -> Event:
    """Return an event.

    Raises:
        PlanError: ``plan.no_such_event``.

    """
    found = unit.events(EventFilter(ids=[event_id]))
    if not found:
        raise PlanError(f"there is no event {event_id}", "plan.no_such_event")
    return found[0]


def _remove(unit: StoreUnit, groups: list[Group], event: Event, reason: str) -> int | None:
    held = unit.memberships(groups=[group.name for group in groups])
    leave = tuple(
        Change(action="detach", group=one.group, user=one.user, membership=one, reason=reason) for one in held
    )
    drop = tuple(
        Change(action="delete", group=group.name, kind=group.kind, reason=reason) for group in groups
    )
    return unit.write(
        Writes(
            detach=tuple((one.user, one.group) for one in held),
            delete=tuple(group.name for group in groups),
            event=replace(event, changes=(*leave, *drop)),
        )
    )


def _event(now: datetime, actor: str | None, *changes: Change) -> Event:
    return Event(kind="administrator", at=now, actor=actor, changes=changes)


def _tenant(unit: StoreUnit) -> Tenant:
    return unit.tenant() or Tenant()
