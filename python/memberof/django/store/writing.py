"""Writing: a bounded number of statements for each field of :class:`memberof.records.Writes` that is not empty.

Every statement counts what it met; another count means that the state is no longer the one the writes were decided on.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group as AuthGroup
from django.db import connections
from django.db.models import Q

from memberof.django.models import (
    EventRecord,
    EventReference,
    GroupRecord,
    MarkRecord,
    MembershipRecord,
    TenantRecord,
    UsedAssertion,
)
from memberof.django.store import rows
from memberof.django.store.groups import auth_name, memberships, user_column
from memberof.django.store.people import replace_user
from memberof.enums import GroupKind
from memberof.store import StaleStateError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from memberof.records import Event, Group, Membership, Tenant, UserMark, Writes


class Writer:
    """Writes to one tenant in the transaction that is open."""

    def __init__(self, tenant: str, using: str) -> None:
        self._tenant = tenant
        self._using = using

    def write(self, writes: Writes) -> int | None:
        """Write in the order of the fields of :class:`Writes`; return the ID of the event, if there is one.

        Raises:
            StaleStateError: What it names is not (or no longer) there, or already there.

        """
        # The event comes first, for its ID; nothing else depends on it.
        event_id = None if writes.event is None else self._event(writes.event)
        for old, new in writes.users:
            replace_user(self._tenant, self._using, old, new)
        for name, new_name, new_key in writes.rename:
            self._rename(name, new_name, new_key)
        if writes.create:
            self._create(writes.create, writes.attach)
        if writes.kinds:
            self._kinds(writes)
        if writes.detach or writes.attach:
            self._memberships(writes, event_id)
        if writes.delete:
            self._delete(writes.delete)
        for mark in writes.marks:
            self._mark(mark)
        if writes.tenant is not None:
            self._settings(writes.tenant, event_id)
        if writes.forget_before is not None:
            self._forget_before(writes.forget_before)
        return event_id

    def _event(self, event: Event) -> int:
        row = EventRecord.objects.using(self._using).create(
            tenant=self._tenant,
            kind=event.kind,
            at=event.at,
            user=event.user,
            source=event.source,
            lossy=event.lossy,
            body=rows.event_body(event),
        )
        EventReference.objects.using(self._using).bulk_create(
            [EventReference(event=row, kind=kind, name=name) for kind, name in sorted(rows.references(event))]
        )
        return int(row.pk)

    def _create(self, groups: Sequence[Group], attached: Sequence[Membership]) -> None:
        ordered = sorted(groups, key=lambda group: group.key)
        taken = self._records().filter(
            Q(name__in=[group.name for group in ordered]) | Q(key__in=[group.key for group in ordered])
        )
        if taken.exists():
            raise StaleStateError("create")
        sources = {membership.group: membership.source or "" for membership in attached}
        names = self._free_names(ordered)
        made = AuthGroup.objects.using(self._using).bulk_create([AuthGroup(name=name) for name in names])
        GroupRecord.objects.using(self._using).bulk_create(
            [
                GroupRecord(
                    group=auth,
                    tenant=self._tenant,
                    name=group.name,
                    key=group.key,
                    kind=str(group.kind),
                    source=sources.get(group.name, ""),
                )
                for group, auth in zip(ordered, made, strict=True)
            ]
        )

    def _free_names(self, groups: Sequence[Group]) -> list[str]:
        """Return names in ``auth.Group``; one that another tenant's group bears already gets a suffix."""
        names = [auth_name(self._tenant, group.name) for group in groups]
        taken = set(
            AuthGroup.objects.using(self._using).filter(name__in=names).values_list("name", flat=True)
        )
        return [
            self._suffixed(name, group) if name in taken else name
            for name, group in zip(names, groups, strict=True)
        ]

    def _suffixed(self, name: str, group: Group) -> str:
        digest = hashlib.sha256(f"{self._tenant}\0{group.name}".encode()).hexdigest()[:12]
        return f"{name[:135]} {digest}"

    def _kinds(self, writes: Writes) -> None:
        sources = {membership.group: membership.source or "" for membership in writes.attach}
        default = writes.event.source if writes.event is not None else None
        self._lock([name for name, _ in writes.kinds])
        for kind in GroupKind:
            names = sorted(name for name, kind_ in writes.kinds if kind_ == kind)
            if not names:
                continue
            origin = "" if kind is GroupKind.INTERNAL else next(iter(sources.values()), default or "")
            met = (
                self._records()
                .filter(name__in=names)
                .exclude(kind=str(kind))
                .update(kind=str(kind), source=origin)
            )
            _expect(met, len(names), "kinds")

    def _memberships(self, writes: Writes, event_id: int | None) -> None:
        groups = sorted({name for _, name in writes.detach} | {held.group for held in writes.attach})
        locked = self._lock(groups, exclusively=False)
        column = f"{user_column()}_id"
        if writes.detach:
            pairs = [(rows.user_id(user), locked.get(name)) for user, name in writes.detach]
            if any(group is None for _, group in pairs):
                raise StaleStateError("detach")
            met = 0
            for group in {group.pk: group for _, group in pairs if group is not None}.values():
                users = [user for user, of in pairs if of is not None and of.pk == group.pk]
                gone = memberships()._default_manager.using(self._using)
                met += gone.filter(group_id=group.group_id, **{f"{column}__in": users})._raw_delete(
                    self._using
                )
                origins = MembershipRecord.objects.using(self._using).filter(record=group, user__in=users)
                origins._raw_delete(self._using)
            _expect(met, len(pairs), "detach")
        if writes.attach:
            self._attach(writes.attach, locked, column, event_id)

    def _attach(
        self, attach: Sequence[Membership], locked: dict[str, GroupRecord], column: str, event_id: int | None
    ) -> None:
        through, origins = [], []
        for held in sorted(attach, key=lambda held: (held.user, held.group)):
            record = locked.get(held.group)
            if record is None or (held.source is not None and not record.is_external):
                raise StaleStateError("attach")
            user = rows.user_id(held.user)
            known = held.event_id if held.event_id is not None or held.source is None else event_id
            through.append(memberships()(**{column: user}, group_id=record.group_id))
            origins.append(
                MembershipRecord(
                    user_id=user, record=record, source=held.source, event_id=known, since=held.since
                )
            )
        # A membership that is there already breaks the constraint: the store begins anew, as for every stale write.
        memberships()._default_manager.using(self._using).bulk_create(through)
        MembershipRecord.objects.using(self._using).bulk_create(
            origins,
            update_conflicts=True,
            unique_fields=("user", "record"),
            update_fields=("source", "event_id", "since"),
        )

    def _delete(self, names: Collection[str]) -> None:
        locked = self._lock(sorted(names))
        _expect(len(locked), len(set(names)), "delete")
        ids = [record.group_id for record in locked.values()]
        if memberships()._default_manager.using(self._using).filter(group_id__in=ids).exists():
            raise StaleStateError("delete")
        AuthGroup.objects.using(self._using).filter(pk__in=ids).delete()

    def _rename(self, name: str, new_name: str, new_key: str) -> None:
        record = self._lock([name]).get(name)
        taken = self._records().exclude(name=name).filter(Q(name=new_name) | Q(key=new_key))
        if record is None or taken.exists():
            raise StaleStateError("rename")
        record.name, record.key = new_name, new_key
        record.save(using=self._using, update_fields=("name", "key"))
        if new_name != name:
            AuthGroup.objects.using(self._using).filter(pk=record.group_id).update(
                name=auth_name(self._tenant, new_name)
            )

    def _mark(self, mark: UserMark) -> None:
        found = MarkRecord.objects.using(self._using).filter(tenant=self._tenant, user=mark.user)
        _expect(found.update(**rows.mark_values(mark)), 1, "mark")

    def _settings(self, tenant: Tenant, event_id: int | None) -> None:
        if tenant.hold is not None and tenant.hold.event_id is None and event_id is not None:
            tenant = replace(tenant, hold=replace(tenant.hold, event_id=event_id))
        values = {**rows.tenant_values(tenant), "version": tenant.version + 1}
        if tenant.version == 0:
            TenantRecord.objects.using(self._using).create(tenant=self._tenant, **values)
            return
        found = TenantRecord.objects.using(self._using).filter(tenant=self._tenant, version=tenant.version)
        _expect(found.update(**values), 1, "tenant")

    def _forget_before(self, before: datetime) -> None:
        EventRecord.objects.using(self._using).filter(tenant=self._tenant, at__lt=before).delete()
        UsedAssertion.objects.using(self._using).filter(tenant=self._tenant, until__lt=before).delete()

    def _records(self) -> Any:
        return GroupRecord.objects.using(self._using).filter(tenant=self._tenant)

    def _lock(self, names: Collection[str], *, exclusively: bool = True) -> dict[str, GroupRecord]:
        """Return the groups by name, locked in the order of their keys.

        Shared locks are enough to keep a group from changing its kind; many logins attach to one group at once.
        """
        found = self._records().filter(name__in=list(names)).order_by("key")
        if exclusively:
            found = found.select_for_update()
        records = {record.name: record for record in found}
        if exclusively or connections[self._using].vendor != "postgresql" or not records:
            return records
        return self._share([record.pk for record in records.values()])

    def _share(self, ids: Sequence[int]) -> dict[str, GroupRecord]:
        table = connections[self._using].ops.quote_name(GroupRecord._meta.db_table)
        query = f"SELECT * FROM {table} WHERE id = ANY(%s) ORDER BY key FOR SHARE"  # noqa: S608 - our table's name
        locked = GroupRecord.objects.using(self._using).raw(query, [list(ids)])
        return {record.name: record for record in locked}


def _expect(met: int, wanted: int, what: str) -> None:
    if met != wanted:
        raise StaleStateError(what)
