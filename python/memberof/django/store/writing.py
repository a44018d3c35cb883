"""Writing groups and memberships: two rows for each, ``auth``'s and ours. Everything else is as in every store."""

# ruff: noqa: S608 - statements hold names of our tables, quoted; every value is a parameter
from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group as AuthGroup

from memberof.django.models import GroupRecord
from memberof.django.store.groups import auth_name
from memberof.django.store.names import memberships
from memberof.store import StaleStateError
from memberof.stores.dialect import dumps
from memberof.stores.writing import Writer, membership_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memberof.django.store.connection import DjangoConnection
    from memberof.django.store.names import DjangoNames
    from memberof.records import Group, Membership

__all__ = ["DjangoWriter"]


class DjangoWriter(Writer):
    """Writes to one tenant in the transaction that is open.

    A group that gets the same name in ``auth.Group`` as another tenant's is found to be stale; begun anew, with
    ``avoid_taken``, the writer gives it a suffix.
    """

    def __init__(
        self,
        connection: DjangoConnection,
        names: DjangoNames,
        tenant: str,
        *,
        using: str,
        avoid_taken: bool = False,
    ) -> None:
        super().__init__(connection, names, tenant)
        self._names: DjangoNames = names
        self._using = using
        self._avoid_taken = avoid_taken

    def group_rows(self, groups: Sequence[Group]) -> list[list[Any]]:
        """Return rows of new groups, by name, each with its name in ``auth.Group``."""
        names = {group.name: auth_name(self._tenant, group.name) for group in groups}
        if self._avoid_taken:
            found = AuthGroup.objects.using(self._using).filter(name__in=names.values())
            taken = set(found.values_list("name", flat=True))
            names = {name: self._suffixed(auth) if auth in taken else auth for name, auth in names.items()}
        return sorted([group.name, group.key, str(group.kind), names[group.name]] for group in groups)

    def _create(self, groups: Sequence[Group]) -> None:
        made = dumps(self.group_rows(groups))
        self._both(len(groups), "create_auth", "create_record", rows=made)

    def _detach(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._both(len(pairs), "detach_through", "detach_origins", rows=dumps(sorted(pairs)))

    def _attach(self, memberships: Sequence[Membership], event_id: int | None) -> None:
        came = dumps(membership_rows(memberships, event_id))
        self._both(len(memberships), "attach_through", "attach_origins", rows=came)

    def _delete(self, group_names: Sequence[str]) -> None:
        records = GroupRecord.objects.using(self._using).filter(tenant=self._tenant, name__in=group_names)
        ids = list(records.order_by("name").select_for_update().values_list("group_id", flat=True))
        held = memberships()._default_manager.using(self._using).filter(group_id__in=ids)
        if len(ids) != len(group_names) or held.exists():
            raise StaleStateError("delete")
        AuthGroup.objects.using(self._using).filter(pk__in=ids).delete()

    def _rename(self, name: str, new_name: str, new_key: str) -> None:
        super()._rename(name, new_name, new_key)
        if new_name != name:
            wanted = auth_name(self._tenant, new_name)
            others = AuthGroup.objects.using(self._using).filter(name=wanted)
            mine = AuthGroup.objects.using(self._using).filter(
                memberof__tenant=self._tenant, memberof__name=new_name
            )
            mine.update(name=self._suffixed(wanted) if others.exists() else wanted)

    def _user_memberships(self, old: str, new: str | None) -> None:
        if new is not None:
            self._ours("move_origins", old=old, new=new)
            self._ours("move_through", old=old, new=new)
        self._ours("drop_origins", old=old)
        self._ours("drop_through", old=old)

    def _suffixed(self, auth: str) -> str:
        digest = hashlib.sha256(f"{self._tenant}\0{auth}".encode()).hexdigest()[:12]
        return f"{auth[:135]} {digest}"

    def _both(self, count: int, *statements: str, rows: str) -> None:
        for what in statements:
            met = self._ours(what, rows=rows).rowcount
            # An origin may be missing: a membership that was given elsewhere has none.
            if met != count and what != "detach_origins":
                raise StaleStateError(what)

    def _ours(self, what: str, **values: Any) -> Any:
        return self._connection.execute(statement(self._names, what), {"tenant": self._tenant, **values})


@lru_cache(maxsize=64)
def statement(names: DjangoNames, what: str) -> str:
    """Return one of the statements, made once for each set of names."""
    return _statements(names)[what]


def _statements(n: DjangoNames) -> dict[str, str]:
    of, each = n.item, n.rows("rows")
    member = n.member
    joined = f"{each} JOIN {n.groups} AS g ON g.tenant = :tenant AND g.name = {of(1)}"
    groups = f"SELECT group_id FROM {n.groups} WHERE tenant = :tenant"
    records = f"SELECT id FROM {n.groups} WHERE tenant = :tenant"
    hers = f"SELECT group_id FROM {n.through} WHERE {member} = :new"
    return {
        "create_auth": f"INSERT INTO {n.auth_groups} (name) SELECT {of(3)} FROM {each} WHERE true "
        "ON CONFLICT DO NOTHING",
        "create_record": f"INSERT INTO {n.groups} (group_id, tenant, name, key, kind) "
        f"SELECT a.id, :tenant, {of(0)}, {of(1)}, {of(2)} FROM {each} JOIN {n.auth_groups} AS a ON a.name = {of(3)} "
        "WHERE true ON CONFLICT DO NOTHING",
        "detach_through": f"DELETE FROM {n.through} WHERE ({member}, group_id) IN "
        f"(SELECT {n.user(0)}, g.group_id FROM {joined})",
        "detach_origins": f"DELETE FROM {n.memberships} WHERE (user_id, record_id) IN "
        f"(SELECT {n.user(0)}, g.id FROM {joined})",
        "attach_through": f"INSERT INTO {n.through} ({member}, group_id) SELECT {n.user(0)}, g.group_id FROM {joined} "
        f"WHERE {of(5, 'integer')} = 0 OR g.kind = 'external' ON CONFLICT DO NOTHING",
        "attach_origins": f"INSERT INTO {n.memberships} (user_id, record_id, source, event_id, since) "
        f"SELECT {n.user(0)}, g.id, {of(2)}, {of(3, 'bigint')}, {of(4, 'bigint')} FROM {joined} WHERE true "
        "ON CONFLICT (user_id, record_id) DO UPDATE SET source = excluded.source, event_id = excluded.event_id, "
        "since = excluded.since",
        "move_origins": f"UPDATE {n.memberships} SET user_id = :new WHERE user_id = :old AND record_id IN "
        f"({records} AND group_id NOT IN ({hers}))",
        "move_through": f"UPDATE {n.through} SET {member} = :new WHERE {member} = :old AND group_id IN "
        f"({groups}) AND group_id NOT IN ({hers})",
        "drop_origins": f"DELETE FROM {n.memberships} WHERE user_id = :old AND record_id IN ({records})",
        "drop_through": f"DELETE FROM {n.through} WHERE {member} = :old AND group_id IN ({groups})",
    }
