"""One transaction on one tenant: the reads and the one write that every operation is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections
from django.db.models import Count, Exists, F, OuterRef, Q

from memberof.django.models import EventRecord, EventReference, GroupRecord, MarkRecord, TenantRecord
from memberof.django.store import rows
from memberof.django.store.groups import memberships, record_unrecorded, user_column
from memberof.django.store.opening import EXTERNAL, held_by
from memberof.django.store.writing import Writer
from memberof.enums import GroupKind
from memberof.records import Event, Group, Membership, Tenant, UserMark

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from typing import Any

    from memberof.records import Writes
    from memberof.store import EventFilter


class DjangoUnit:
    """A :class:`memberof.store.StoreUnit` in the transaction that is open."""

    def __init__(self, tenant: str, using: str) -> None:
        self._tenant = tenant
        self._using = using

    def begin_alone(self) -> None:
        """Keep every login of the tenant, and every other operation on it, out until the transaction ends."""
        connection = connections[self._using]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [rows.gate(self._tenant)])
        else:
            # On SQLite a write takes the one lock that there is, whether or not it meets a row.
            TenantRecord.objects.using(self._using).filter(tenant=self._tenant).update(version=F("version"))
        record_unrecorded(self._tenant, self._using)

    def tenant(self) -> Tenant | None:
        """Return the settings row, or None before the first write."""
        row = TenantRecord.objects.using(self._using).filter(tenant=self._tenant).first()
        return None if row is None else rows.tenant_of(row)

    def groups(
        self, keys: Collection[str] | None = None, *, kind: GroupKind | None = None, memberless: bool = False
    ) -> Sequence[Group]:
        """Return groups by key (None: all), by name; ``memberless``: only those without a member."""
        found = GroupRecord.objects.using(self._using).filter(tenant=self._tenant)
        if keys is not None:
            found = found.filter(key__in=list(keys))
        if kind is not None:
            found = found.filter(kind=str(kind))
        if memberless:
            members = memberships()._default_manager.filter(group_id=OuterRef("group_id"))
            found = found.filter(~Exists(members))
        named = [
            Group(name=name, key=key, kind=GroupKind(kind_))
            for name, key, kind_ in found.values_list("name", "key", "kind")
        ]
        return sorted(named, key=lambda group: group.name)

    def memberships(
        self, *, users: Collection[str] | None = None, groups: Collection[str] | None = None
    ) -> Sequence[Membership]:
        """Return memberships of these users and of groups of these names, by user, then group."""
        names = None if groups is None else set(groups)
        found = (membership for _, membership in held_by(self._tenant, self._using, users))
        return [membership for membership in found if names is None or membership.group in names]

    def member_counts(self, groups: Collection[str]) -> dict[str, int]:
        """Return how many members each of these groups has, by name; a group without any is left out."""
        found = memberships()._default_manager.using(self._using)
        found = found.filter(group__memberof__tenant=self._tenant, group__memberof__name__in=list(groups))
        return dict(found.values_list("group__memberof__name").annotate(members=Count("pk")))

    def marks(
        self,
        *,
        users: Collection[str] | None = None,
        confirmed_before: datetime | None = None,
        awaiting: bool = False,
    ) -> Sequence[UserMark]:
        """Return marks by user, see :meth:`memberof.store.StoreUnit.marks`."""
        found = MarkRecord.objects.using(self._using).filter(tenant=self._tenant)
        if users is not None:
            found = found.filter(user__in=list(users))
        if awaiting:
            found = found.filter(confirmation="asked")
        if confirmed_before is not None:
            found = found.filter(Q(confirmed_at=None) | Q(confirmed_at__lt=confirmed_before))
        marks = sorted((rows.mark_of(row) for row in found), key=lambda mark: mark.user)
        if confirmed_before is None:
            return marks
        external = self._with_external_groups()
        return [mark for mark in marks if mark.user in external]

    def events(self, only: EventFilter, *, limit: int | None = None) -> Sequence[Event]:
        """Return events, greatest ID first."""
        found = EventRecord.objects.using(self._using).filter(tenant=self._tenant, **_conditions(only))
        for kind, names in (("u", None if only.user is None else [only.user]), ("g", only.groups)):
            if names is not None:
                named = EventReference.objects.filter(event=OuterRef("pk"), kind=kind, name__in=list(names))
                found = found.filter(Exists(named))
        found = found.order_by("-id")
        return [rows.event_of(row) for row in (found if limit is None else found[:limit])]

    def write(self, writes: Writes) -> int | None:
        """Write all of it; return the ID of the event, if there is one.

        Raises:
            StaleStateError: What it names is not (or no longer) there, or already there.

        """
        return Writer(self._tenant, self._using).write(writes)

    def _with_external_groups(self) -> set[str]:
        column = f"{user_column()}_id"
        found = memberships()._default_manager.using(self._using)
        found = found.filter(group__memberof__tenant=self._tenant, group__memberof__kind=EXTERNAL)
        return {str(user) for user in found.values_list(column, flat=True).distinct()}


def _conditions(only: EventFilter) -> dict[str, Any]:
    given = {
        "id__in": None if only.ids is None else list(only.ids),
        "source": only.source,
        "kind__in": None if only.kinds is None else list(only.kinds),
        "at__gte": only.since,
        "at__lt": only.until,
        "id__gt": only.after_id,
        "lossy": only.lossy,
    }
    return {name: value for name, value in given.items() if value is not None}
