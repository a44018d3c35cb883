"""Writing: one statement for each field of :class:`memberof.records.Writes` that is not empty, however long it is.

Every statement says what it expects to be there and counts what it met; another count means that the state is no
longer the one the writes were decided on.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from memberof.enums import GroupKind
from memberof.records import with_user
from memberof.store import StaleStateError
from memberof.stores import rows
from memberof.stores.dialect import SQLITE, Names, Runs, dumps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memberof.records import Event, Group, Membership, Tenant, UserMark, Writes


class Writer:
    """Writes to one tenant in the transaction that is open."""

    def __init__(self, connection: Runs, names: Names, tenant: str) -> None:
        self._connection = connection
        self._names = names
        self._tenant = tenant

    def write(self, writes: Writes, *, opened_for: str | None = None) -> int | None:
        """Apply the writes; return the ID of the event, if there is one.

        Args:
            writes: What to write.
            opened_for: The user whose login this is: the opening has moved her mark.

        Raises:
            StaleStateError: What they name is not (or no longer) there, or already there.

        """
        # The event first, for its ID; nothing else depends on it.
        event_id = None if writes.event is None else self._event(writes.event)
        for old, new in writes.users:
            self._user(old, new)
        for name, new_name, new_key in writes.rename:
            self._rename(name, new_name, new_key)
        if writes.create:
            self._create(writes.create)
        if writes.kinds:
            self._kinds(writes.kinds)
        if writes.detach:
            self._detach(writes.detach)
        if writes.attach:
            self._attach(writes.attach, event_id)
        if writes.delete:
            self._delete(writes.delete)
        touched = {user for user, _ in writes.detach} | {membership.user for membership in writes.attach}
        touched -= {mark.user for mark in writes.marks} | ({opened_for} if opened_for is not None else set())
        if writes.marks:
            self._marks(writes.marks)
        if touched:
            self._touch(sorted(touched))
        if writes.tenant is not None:
            self._tenant_row(writes.tenant, event_id)
        if writes.forget_before is not None:
            self._forget_before(rows.micros(writes.forget_before))
        return event_id

    def group_rows(self, groups: Sequence[Group]) -> list[list[Any]]:
        """Return rows of new groups, by name."""
        return sorted([group.name, group.key, str(group.kind)] for group in groups)

    def _create(self, groups: Sequence[Group]) -> None:
        self._expect(len(groups), "create", rows=dumps(self.group_rows(groups)))

    def _kinds(self, kinds: Sequence[tuple[str, GroupKind]]) -> None:
        for kind in GroupKind:
            names = sorted(name for name, to in kinds if to is kind)
            if names:
                self._expect(len(names), "kind", kind=kind.value, rows=dumps(names))

    def _detach(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._expect(len(pairs), "detach", rows=dumps(sorted(pairs)))

    def _attach(self, memberships: Sequence[Membership], event_id: int | None) -> None:
        self._expect(len(memberships), "attach", rows=dumps(membership_rows(memberships, event_id)))

    def _delete(self, group_names: Sequence[str]) -> None:
        self._expect(len(group_names), "delete", rows=dumps(sorted(group_names)))

    def _rename(self, name: str, new_name: str, new_key: str) -> None:
        taken = self._run("taken", name=name, new_name=new_name, new_key=new_key).scalar_one()
        if taken:
            raise StaleStateError(new_name)
        self._expect(1, "rename", name=name, new_name=new_name, new_key=new_key)

    def _marks(self, marks: Sequence[UserMark]) -> None:
        self._expect(len(marks), "marks", rows=dumps([rows.mark_row(mark) for mark in marks]))

    def _touch(self, users: Sequence[str]) -> None:
        self._run("touch", rows=dumps(users))

    def _tenant_row(self, tenant: Tenant, event_id: int | None) -> None:
        values = tenant_values(tenant, event_id)
        self._expect(1, "tenant_first" if tenant.version == 0 else "tenant_next", **values)

    def _event(self, event: Event) -> int:
        event_id: int = self._run("event", **event_values(event)).scalar_one()
        refs = rows.event_refs(event)
        if refs:
            self._run("refs", event_id=event_id, rows=dumps(refs))
        return event_id

    def _forget_before(self, before: int) -> None:
        self._run("forget_refs", before=before)
        self._run("forget_events", before=before)
        self._run("forget_replays", before=before)

    def _user(self, old: str, new: str | None) -> None:
        self._user_memberships(old, new)
        if new is not None:
            self._run("move_mark", old=old, new=new)
        self._run("drop_mark", old=old)
        # Events name users in changes and details alike: in JSON, where she stands in quotation marks.
        for row in self._run("events_naming", quoted=json.dumps(old, ensure_ascii=False)).all():
            event = rows.event_of(row)
            renamed = with_user(event, old, new)
            if renamed != event:
                self._rewrite(event, renamed)

    def _user_memberships(self, old: str, new: str | None) -> None:
        if new is not None:
            self._run("move_memberships", old=old, new=new)
        self._run("drop_memberships", old=old)

    def _rewrite(self, before: Event, event: Event) -> None:
        self._run("event_body", event_id=event.id, body=rows.event_body(event))
        self._run("drop_refs", event_id=event.id, rows=dumps(rows.event_refs(before)))
        refs = rows.event_refs(event)
        if refs:
            self._run("refs", event_id=event.id, rows=dumps(refs))

    def _expect(self, count: int, what: str, **values: Any) -> None:
        if self._run(what, **values).rowcount != count:
            raise StaleStateError(what)

    def _run(self, what: str, **values: Any) -> Any:
        return self._connection.execute(statement(self._names, what), {"tenant": self._tenant, **values})


def membership_rows(memberships: Sequence[Membership], event_id: int | None) -> list[list[Any]]:
    """Return rows for ``attach``, by user and group: the order in which every writer locks them."""
    return sorted(
        [
            held.user,
            held.group,
            held.source,
            event_id if is_made_by_login(held) else held.event_id,
            rows.micros(held.since),
            int(is_made_by_login(held)),
        ]
        for held in memberships
    )


def is_made_by_login(held: Membership) -> bool:
    """Whether a login makes this membership: the group must be external. One with an event ID is restored."""
    return held.source is not None and held.event_id is None


def event_values(event: Event) -> dict[str, Any]:
    """Return the parameters of the statement ``event``."""
    return {
        "kind": event.kind,
        "at": rows.micros(event.at),
        "source": event.source,
        "lossy": event.lossy,
        "body": rows.event_body(event),
    }


def tenant_values(tenant: Tenant, event_id: int | None) -> dict[str, Any]:
    """Return the parameters of the statements ``tenant_first`` and ``tenant_next``."""
    if tenant.hold is not None and tenant.hold.event_id is None and event_id is not None:
        tenant = replace(tenant, hold=replace(tenant.hold, event_id=event_id))
    return dict(zip(rows.TENANT_COLUMNS, rows.tenant_row(tenant), strict=True))


@lru_cache(maxsize=256)
def statement(names: Names, what: str) -> str:
    """Return one of the statements, made once for each set of names."""
    return _statements(names)[what]


def _statements(n: Names) -> dict[str, str]:
    of = n.item
    # SQLite reads ON after a FROM clause as a join's unless a WHERE stands between (sqlite.org/lang_upsert.html).
    # Every statement finds its rows by a whole key, whatever the statistics say: no UPDATE … FROM, which SQLite may
    # begin with all rows of a tenant.
    each = n.rows("rows")
    places = {name: place for place, name in enumerate(rows.MARK_COLUMNS)}
    kinds = {
        **dict.fromkeys(("order_issued", "order_received", "login_at", "confirmed_at", "loss_at"), "bigint"),
        **dict.fromkeys(("received", "had", "lost"), "integer"),
        "emptied": "boolean",
    }
    values = ", ".join(
        n.user(place) if name == "user_id" else of(place, kinds.get(name, "text"))
        for name, place in places.items()
    )
    puts = ", ".join(f"{name} = excluded.{name}" for name in places if name != "user_id")
    return {
        "create": f"INSERT INTO {n.groups} (tenant, name, key, kind) "
        f"SELECT :tenant, {of(0)}, {of(1)}, {of(2)} FROM {each} WHERE true ON CONFLICT DO NOTHING",
        "kind": f"UPDATE {n.groups} SET kind = :kind WHERE tenant = :tenant AND {n.among('name', 'rows')} "
        "AND kind <> :kind",
        "detach": f"DELETE FROM {n.memberships} WHERE tenant = :tenant AND (user_id, group_name) IN "
        f"(SELECT {of(0)}, {of(1)} FROM {each})",
        "attach": f"INSERT INTO {n.memberships} (tenant, user_id, group_name, source, event_id, since) "
        f"SELECT g.tenant, {of(0)}, g.name, {of(2)}, {of(3, 'bigint')}, {of(4, 'bigint')} FROM {each} "
        # SQLite reads a CROSS JOIN in this order, and so finds each group by its name.
        f"CROSS JOIN {n.groups} AS g WHERE g.tenant = :tenant AND g.name = {of(1)} "
        f"AND ({of(5, 'integer')} = 0 OR g.kind = 'external') ON CONFLICT DO NOTHING",
        "delete": f"DELETE FROM {n.groups} WHERE tenant = :tenant AND {n.among('name', 'rows')} AND NOT EXISTS (SELECT 1 "
        f"FROM {n.memberships} AS m WHERE m.tenant = :tenant AND m.group_name = {n.groups}.name)",
        "taken": f"SELECT count(*) FROM {n.groups} WHERE tenant = :tenant AND name <> :name "
        "AND (name = :new_name OR key = :new_key)",
        "rename": f"UPDATE {n.groups} SET name = :new_name, key = :new_key WHERE tenant = :tenant AND name = :name",
        "marks": f"INSERT INTO {n.marks} AS x (tenant, {', '.join(places)}, version) "
        f"SELECT :tenant, {values}, 0 FROM {each} WHERE EXISTS (SELECT 1 FROM {n.marks} AS k "
        f"WHERE k.tenant = :tenant AND k.user_id = {n.user(0)}) ON CONFLICT (tenant, user_id) "
        f"DO UPDATE SET {puts}, version = x.version + 1 WHERE x.order_issued < excluded.order_issued "
        "OR (x.order_issued = excluded.order_issued AND x.order_received <= excluded.order_received)",
        "touch": f"UPDATE {n.marks} SET version = version + 1 WHERE tenant = :tenant AND {n.among_users('user_id', 'rows')}",
        "tenant_first": f"INSERT INTO {n.tenants} (tenant, source, identity, signature, seen_at, hold, window_from, "
        "trusted_until, history_from, version) VALUES (:tenant, :source, :identity, :signature, :seen_at, :hold, "
        ":window_from, :trusted_until, :history_from, :version + 1) ON CONFLICT DO NOTHING",
        "tenant_next": f"UPDATE {n.tenants} SET source = :source, identity = :identity, signature = :signature, "
        "seen_at = :seen_at, hold = :hold, window_from = :window_from, trusted_until = :trusted_until, "
        "history_from = :history_from, version = version + 1 "
        "WHERE tenant = :tenant AND version = :version",
        "event": f"INSERT INTO {n.events} (tenant, kind, at, source, lossy, body) "
        "VALUES (:tenant, :kind, :at, :source, :lossy, :body) RETURNING id",
        "refs": f"INSERT INTO {n.event_refs} (tenant, what, name, event_id) "
        f"SELECT :tenant, {of(0)}, {of(1)}, :event_id FROM {each}",
        "move_memberships": f"UPDATE {n.memberships} SET user_id = :new WHERE tenant = :tenant AND user_id = :old "
        f"AND group_name NOT IN (SELECT group_name FROM {n.memberships} WHERE tenant = :tenant AND user_id = :new)",
        "move_mark": f"UPDATE {n.marks} SET user_id = :new, version = version + 1 WHERE tenant = :tenant "
        f"AND user_id = :old AND NOT EXISTS (SELECT 1 FROM {n.marks} WHERE tenant = :tenant AND user_id = :new)",
        "drop_memberships": f"DELETE FROM {n.memberships} WHERE tenant = :tenant AND user_id = :old",
        "drop_mark": f"DELETE FROM {n.marks} WHERE tenant = :tenant AND user_id = :old",
        "events_naming": f"SELECT id, kind, at, source, body FROM {n.events} "
        f"WHERE tenant = :tenant AND {'instr' if n.dialect == SQLITE else 'strpos'}(body, :quoted) > 0",
        "event_body": f"UPDATE {n.events} SET body = :body WHERE tenant = :tenant AND id = :event_id",
        "drop_refs": f"DELETE FROM {n.event_refs} WHERE tenant = :tenant AND event_id = :event_id "
        f"AND (what, name) IN (SELECT {of(0)}, {of(1)} FROM {each})",
        "forget_refs": f"DELETE FROM {n.event_refs} WHERE tenant = :tenant AND event_id IN "
        f"(SELECT id FROM {n.events} WHERE tenant = :tenant AND at < :before)",
        "forget_events": f"DELETE FROM {n.events} WHERE tenant = :tenant AND at < :before",
        "forget_replays": f"DELETE FROM {n.replays} WHERE tenant = :tenant AND until < :before",
    }
