"""A store in this process's memory: for tests, notebooks and trying things out. Nothing outlives the process."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from memberof.enums import GroupKind
from memberof.errors import StoreError
from memberof.operations import AsyncStoreOperations, StoreOperations
from memberof.reading import open_login
from memberof.records import Event, Group, Membership, Tenant, UserMark, Writes, with_user
from memberof.store import LoginReceipt, StaleStateError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from memberof.store import Decision, EventFilter, LoginAttempt, LoginOpening, StoreUnit

T = TypeVar("T")
ATTEMPTS = 5


@dataclass(slots=True)
class _Data:
    """The rows of one tenant."""

    tenant: Tenant | None = None
    groups: dict[str, Group] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    of_user: dict[str, dict[str, Membership]] = field(default_factory=lambda: defaultdict(dict))
    of_group: dict[str, dict[str, Membership]] = field(default_factory=lambda: defaultdict(dict))
    marks: dict[str, UserMark] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)
    replays: dict[tuple[str, str], datetime] = field(default_factory=dict)
    last_id: int = 0


class InMemoryStore(StoreOperations):
    """A :class:`~memberof.store.MembershipStore` in memory, safe to use from several threads.

    Args:
        tenant: The tenant.

    """

    def __init__(self, tenant: str = "") -> None:
        self._name = tenant
        self._tenants: dict[str, _Data] = defaultdict(_Data)
        self._lock = RLock()

    def __repr__(self) -> str:
        return f"InMemoryStore({self._name!r})"

    @property
    def name(self) -> str:
        """The tenant."""
        return self._name

    def for_tenant(self, tenant: str) -> InMemoryStore:
        """Return the store of another tenant in the same memory."""
        other = InMemoryStore(tenant)
        other._tenants, other._lock = self._tenants, self._lock
        return other

    def login(self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[T]]) -> LoginReceipt[T]:
        """See :meth:`memberof.store.MembershipStore.login`."""

        def operation(unit: _Unit) -> LoginReceipt[T]:
            decision = decide(unit.open(attempt))
            event_id = unit.write(decision.writes) if decision.writes is not None else None
            return LoginReceipt(decision.result, event_id)

        return self._transaction(operation)

    def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """See :meth:`memberof.store.MembershipStore.run`."""
        return self._transaction(operation)

    def _transaction(self, operation: Callable[[_Unit], T]) -> T:
        with self._lock:
            for _ in range(ATTEMPTS):
                unit = _Unit(self._tenants[self._name])
                try:
                    return operation(unit)
                except StaleStateError:
                    unit.roll_back()
                except BaseException:
                    unit.roll_back()
                    raise
        raise StoreError(
            f"the state did not stand still in {ATTEMPTS} attempts", "store.contended", "try again"
        )


class AsyncInMemoryStore(AsyncStoreOperations):
    """The same for asyncio; it never waits."""

    def __init__(self, tenant: str = "", *, store: InMemoryStore | None = None) -> None:
        self._store = store or InMemoryStore(tenant)

    @property
    def name(self) -> str:
        """The tenant."""
        return self._store.name

    async def login(
        self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[T]]
    ) -> LoginReceipt[T]:
        """See :meth:`memberof.store.MembershipStore.login`."""
        return self._store.login(attempt, decide)

    async def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """See :meth:`memberof.store.MembershipStore.run`."""
        return self._store.run(operation)


class _Unit:
    """One transaction: writes go to the data at once, and are taken back in reverse if it fails."""

    def __init__(self, data: _Data) -> None:
        self._data = data
        self._journal: list[Callable[[], object]] = []

    def roll_back(self) -> None:
        while self._journal:
            self._journal.pop()()

    # Reading

    def tenant(self) -> Tenant | None:
        return self._data.tenant

    def groups(
        self, keys: Collection[str] | None = None, *, kind: GroupKind | None = None, memberless: bool = False
    ) -> Sequence[Group]:
        data = self._data
        names = data.groups if keys is None else {data.names[key] for key in keys if key in data.names}
        found = [data.groups[name] for name in sorted(names)]
        return [
            group
            for group in found
            if kind in (None, group.kind) and not (memberless and data.of_group.get(group.name))
        ]

    def memberships(
        self, *, users: Collection[str] | None = None, groups: Collection[str] | None = None
    ) -> Sequence[Membership]:
        return sorted(self._memberships(users, groups), key=lambda held: (held.user, held.group))

    def _memberships(
        self, users: Collection[str] | None, groups: Collection[str] | None
    ) -> Iterator[Membership]:
        data = self._data
        if users is None and groups is not None:
            for name in set(groups):
                yield from data.of_group.get(name, {}).values()
            return
        for user in set(data.of_user if users is None else users):
            for held in data.of_user.get(user, {}).values():
                if groups is None or held.group in groups:
                    yield held

    def member_counts(self, groups: Collection[str]) -> dict[str, int]:
        return {name: len(self._data.of_group.get(name, ())) for name in groups}

    def marks(
        self,
        *,
        users: Collection[str] | None = None,
        confirmed_before: datetime | None = None,
        awaiting: bool = False,
    ) -> Sequence[UserMark]:
        marks = self._data.marks
        found = [marks[user] for user in sorted(marks if users is None else set(users)) if user in marks]
        if confirmed_before is not None:
            found = [mark for mark in found if self._is_stale(mark, confirmed_before)]
        return [mark for mark in found if not awaiting or mark.confirmation == "asked"]

    def _is_stale(self, mark: UserMark, before: datetime) -> bool:
        held = self._data.of_user.get(mark.user, {})
        is_external = any(self._data.groups[name].kind is GroupKind.EXTERNAL for name in held)
        return is_external and (mark.confirmed_at is None or mark.confirmed_at < before)

    def events(self, only: EventFilter, *, limit: int | None = None) -> Sequence[Event]:
        found = [
            event
            for event in sorted(self._data.events.values(), key=lambda event: -event.id)
            if _matches(event, only)
        ]
        return found[:limit]

    # Writing

    def open(self, attempt: LoginAttempt) -> LoginOpening:
        """Read the state, and record the assertion ID, the mark and the settings row of a login."""
        used = (attempt.source, attempt.assertion_id)
        opening = replace(open_login(self, attempt), replayed=used in self._data.replays)
        self._put(self._data.replays, used, attempt.replay_until)
        self._put(self._data.marks, attempt.user, opening.mark)
        if self._data.tenant is None:
            self._set("tenant", opening.tenant)
        return opening

    def write(self, writes: Writes) -> int | None:
        event_id = self._data.last_id + 1 if writes.event else None
        for old, new in writes.users:
            self._replace_user(old, new)
        for name, new_name, new_key in writes.rename:
            self._rename(name, new_name, new_key)
        for group in writes.create:
            _expect(group.name not in self._data.groups and group.key not in self._data.names)
            self._put(self._data.groups, group.name, group)
            self._put(self._data.names, group.key, group.name)
        for name, kind in writes.kinds:
            known = self._data.groups.get(name)
            _expect(known is not None and known.kind is not kind)
            self._put(self._data.groups, name, replace(self._data.groups[name], kind=kind))
        for user, name in writes.detach:
            _expect(name in self._data.of_user.get(user, {}))
            self._drop(self._data.of_user[user], name)
            self._drop(self._data.of_group[name], user)
        for held in writes.attach:
            self._attach(held, event_id)
        for name in writes.delete:
            _expect(name in self._data.groups and not self._data.of_group.get(name))
            self._drop(self._data.names, self._data.groups[name].key)
            self._drop(self._data.groups, name)
        for mark in writes.marks:
            _expect(mark.user in self._data.marks)
            self._put(self._data.marks, mark.user, mark)
        if writes.tenant is not None:
            _expect(writes.tenant.version == (self._data.tenant.version if self._data.tenant else 0))
            hold = writes.tenant.hold
            if hold is not None and hold.event_id is None and event_id is not None:
                hold = replace(hold, event_id=event_id)
            self._set("tenant", replace(writes.tenant, hold=hold, version=writes.tenant.version + 1))
        if writes.event is not None and event_id is not None:
            self._put(self._data.events, event_id, replace(writes.event, id=event_id))
            self._set("last_id", event_id)
        if writes.forget_before is not None:
            self._forget_before(writes.forget_before)
        return event_id

    def _attach(self, held: Membership, event_id: int | None) -> None:
        group = self._data.groups.get(held.group)
        _expect(group is not None and held.group not in self._data.of_user.get(held.user, {}))
        if held.source is not None and held.event_id is None:
            _expect(group is not None and group.kind is GroupKind.EXTERNAL)
            held = replace(held, event_id=event_id)
        self._put(self._data.of_user[held.user], held.group, held)
        self._put(self._data.of_group[held.group], held.user, held)

    def _rename(self, name: str, new_name: str, new_key: str) -> None:
        data = self._data
        _expect(name in data.groups)
        group = data.groups[name]
        self._drop(data.names, group.key)
        self._drop(data.groups, name)
        _expect(new_name not in data.groups and new_key not in data.names)
        self._put(data.groups, new_name, replace(group, name=new_name, key=new_key))
        self._put(data.names, new_key, new_name)
        if new_name == name:
            return
        for held in list(data.of_group[name].values()):
            self._drop(data.of_group[name], held.user)
            self._drop(data.of_user[held.user], name)
            moved = replace(held, group=new_name)
            self._put(data.of_user[held.user], new_name, moved)
            self._put(data.of_group[new_name], held.user, moved)

    def _replace_user(self, old: str, new: str | None) -> None:
        data = self._data
        for held in list(data.of_user[old].values()):
            self._drop(data.of_user[old], held.group)
            self._drop(data.of_group[held.group], old)
            if new is not None and held.group not in data.of_user[new]:
                moved = replace(held, user=new)
                self._put(data.of_user[new], held.group, moved)
                self._put(data.of_group[held.group], new, moved)
        mark = data.marks.get(old)
        if mark is not None:
            self._drop(data.marks, old)
            if new is not None and new not in data.marks:
                self._put(data.marks, new, replace(mark, user=new))
        for event in list(data.events.values()):
            if (renamed := with_user(event, old, new)) is not event:
                self._put(data.events, event.id, renamed)

    def _forget_before(self, time: datetime) -> None:
        for event in [event for event in self._data.events.values() if event.at < time]:
            self._drop(self._data.events, event.id)
        for key in [key for key, until in self._data.replays.items() if until < time]:
            self._drop(self._data.replays, key)

    def _put(self, rows: dict[Any, Any], key: Any, value: Any) -> None:
        if key in rows:
            old = rows[key]
            self._journal.append(lambda: rows.__setitem__(key, old))
        else:
            self._journal.append(lambda: rows.pop(key))
        rows[key] = value

    def _drop(self, rows: dict[Any, Any], key: Any) -> None:
        old = rows.pop(key)
        self._journal.append(lambda: rows.__setitem__(key, old))

    def _set(self, name: str, value: Any) -> None:
        old = getattr(self._data, name)
        self._journal.append(lambda: setattr(self._data, name, old))
        setattr(self._data, name, value)


def _expect(holds: bool) -> None:
    if not holds:
        raise StaleStateError


def _matches(event: Event, only: EventFilter) -> bool:
    changes = (*event.changes, *event.held)
    return (
        (only.ids is None or event.id in only.ids)
        and (
            only.user is None
            or event.user == only.user
            or any(change.user == only.user for change in event.changes)
        )
        and (
            only.groups is None
            or any(change.group in only.groups or change.name in only.groups for change in changes)
        )
        and (only.source is None or event.source == only.source)
        and (only.kinds is None or event.kind in only.kinds)
        and (only.since is None or event.at >= only.since)
        and (only.until is None or event.at < only.until)
        and (only.after_id is None or event.id > only.after_id)
        and (only.lossy is None or event.lossy == only.lossy)
    )
