"""One transaction on one tenant: the reads and the one write that every operation is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import JSON

from memberof.enums import GroupKind
from memberof.records import Event, Group, Membership, Tenant, UserMark
from memberof.stores import rows
from memberof.stores.dialect import SQLITE, dumps
from memberof.stores.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from memberof.records import Writes
    from memberof.store import EventFilter
    from memberof.stores.connection import SqlConnection
    from memberof.stores.dialect import Names
    from memberof.stores.schema import Tables


class SqlUnit:
    """A :class:`memberof.store.StoreUnit` on one connection; its owner begins and ends the transaction."""

    def __init__(
        self,
        connection: SqlConnection,
        tenant: str,
        tables: Tables,
        names: Names,
        before_write: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._tenant = tenant
        self._tables = tables
        self._names = names
        self._before_write = before_write

    def tenant(self) -> Tenant | None:
        """Return the settings row, or None before the first write."""
        table = self._tables.tenants
        found = self._all(select(*(table.c[name] for name in rows.TENANT_COLUMNS)).where(self._own(table)))
        return rows.tenant_of(found[0]) if found else None

    def groups(
        self, keys: Collection[str] | None = None, *, kind: GroupKind | None = None, memberless: bool = False
    ) -> Sequence[Group]:
        """Return groups by key (None: all), by name; ``memberless``: only those without a member."""
        table, members = self._tables.groups, self._tables.memberships
        query = select(table.c.name, table.c.key, table.c.kind).where(self._own(table)).order_by(table.c.name)
        if keys is not None:
            query = query.where(self._among(table.c.key, keys))
        if kind is not None:
            query = query.where(table.c.kind == GroupKind(kind).value)
        if memberless:
            query = query.where(
                ~exists().where(members.c.tenant == table.c.tenant, members.c.group_name == table.c.name)
            )
        return [Group(name=name, key=key, kind=rows.KINDS[word]) for name, key, word in self._all(query)]

    def memberships(
        self, *, users: Collection[str] | None = None, groups: Collection[str] | None = None
    ) -> Sequence[Membership]:
        """Return memberships of these users and of groups of these names, by user, then group."""
        table = self._tables.memberships
        query = (
            select(table.c.user_id, table.c.group_name, table.c.source, table.c.event_id, table.c.since)
            .where(self._own(table))
            .order_by(table.c.user_id, table.c.group_name)
        )
        if users is not None:
            query = query.where(self._among(table.c.user_id, users))
        if groups is not None:
            query = query.where(self._among(table.c.group_name, groups))
        return [rows.membership_of(row) for row in self._all(query)]

    def member_counts(self, groups: Collection[str]) -> Mapping[str, int]:
        """Return how many members each of these groups has, by name."""
        table = self._tables.memberships
        query = (
            select(table.c.group_name, func.count())
            .where(self._own(table), self._among(table.c.group_name, groups))
            .group_by(table.c.group_name)
        )
        return {row[0]: row[1] for row in self._all(query)}

    def marks(
        self,
        *,
        users: Collection[str] | None = None,
        confirmed_before: datetime | None = None,
        awaiting: bool = False,
    ) -> Sequence[UserMark]:
        """Return marks by user, see :meth:`memberof.store.StoreUnit.marks`."""
        table, members, groups = self._tables.marks, self._tables.memberships, self._tables.groups
        query = select(*(table.c[name] for name in rows.MARK_COLUMNS)).where(self._own(table))
        if users is not None:
            query = query.where(self._among(table.c.user_id, users))
        if confirmed_before is not None:
            external = and_(
                members.c.tenant == table.c.tenant,
                members.c.user_id == table.c.user_id,
                groups.c.tenant == members.c.tenant,
                groups.c.name == members.c.group_name,
                groups.c.kind == GroupKind.EXTERNAL.value,
            )
            old = table.c.confirmed_at < rows.micros(confirmed_before)
            query = query.where(or_(table.c.confirmed_at.is_(None), old), exists().where(external))
        if awaiting:
            query = query.where(table.c.confirmation == "asked")
        return [rows.mark_of(row) for row in self._all(query.order_by(table.c.user_id))]

    def events(self, only: EventFilter, *, limit: int | None = None) -> Sequence[Event]:
        """Return events, greatest ID first."""
        table = self._tables.events
        query = select(table.c.id, table.c.kind, table.c.at, table.c.source, table.c.body).where(
            self._own(table), *self._event_conditions(only)
        )
        return [rows.event_of(row) for row in self._all(query.order_by(table.c.id.desc()).limit(limit))]

    def write(self, writes: Writes) -> int | None:
        """Write all of it; return the ID of the event, if there is one."""
        if self._before_write is not None:
            self._before_write()
        return Writer(self._connection, self._names, self._tenant).write(writes)

    def _event_conditions(self, only: EventFilter) -> list[ColumnElement[bool]]:
        table, refs = self._tables.events, self._tables.event_refs
        conditions: list[ColumnElement[bool]] = []

        def named(what: str, names: Collection[str]) -> ColumnElement[bool]:
            found = select(refs.c.event_id).where(
                refs.c.tenant == self._tenant, refs.c.what == what, self._among(refs.c.name, names)
            )
            return table.c.id.in_(found)

        if only.ids is not None:
            conditions.append(table.c.id.in_(list(only.ids)))
        if only.user is not None:
            conditions.append(named("user", [only.user]))
        if only.groups is not None:
            conditions.append(named("group", only.groups))
        if only.source is not None:
            conditions.append(table.c.source == only.source)
        if only.kinds is not None:
            conditions.append(self._among(table.c.kind, only.kinds))
        if only.since is not None:
            conditions.append(table.c.at >= rows.micros(only.since))
        if only.until is not None:
            conditions.append(table.c.at < rows.micros(only.until))
        if only.after_id is not None:
            conditions.append(table.c.id > only.after_id)
        if only.lossy is not None:
            conditions.append(table.c.lossy.is_(only.lossy))
        return conditions

    def _own(self, table: Any) -> ColumnElement[bool]:
        return table.c.tenant == self._tenant  # type: ignore[no-any-return]

    def _among(self, column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
        parameter = bindparam(None, dumps(list(values)), type_=Text)
        found: Select[Any]
        if self._names.dialect == SQLITE:
            found = select(func.json_each(parameter).table_valued("value").c.value)
        else:
            found = select(func.json_array_elements_text(cast(parameter, JSON)).table_valued("value").c.value)
        return column.in_(found)

    def _all(self, query: Select[Any]) -> Sequence[Any]:
        return self._connection.query(query).all()
