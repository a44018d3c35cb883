"""One transaction on one tenant: the reads and the one write that every operation is made of."""

# ruff: noqa: S608 - statements hold names of our tables, quoted; every value is a parameter
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q

from memberof.django.models import EventRecord, EventReference, GroupRecord, MarkRecord, TenantRecord
from memberof.django.store.connection import DjangoConnection, user_id, user_text
from memberof.django.store.names import memberships, names_on, user_column
from memberof.django.store.writing import DjangoWriter
from memberof.enums import GroupKind
from memberof.records import Group
from memberof.stores import rows
from memberof.stores.dialect import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from memberof.records import Event, Membership, Tenant, UserMark, Writes
    from memberof.store import EventFilter


class DjangoUnit:
    """A :class:`memberof.store.StoreUnit` in the transaction that is open."""

    def __init__(self, tenant: str, using: str, before_write: Callable[[], None] | None = None) -> None:
        self._tenant = tenant
        self._using = using
        self._before_write = before_write

    def tenant(self) -> Tenant | None:
        """Return the settings row, or None before the first write."""
        row = self._own(TenantRecord).values_list(*rows.TENANT_COLUMNS).first()
        return None if row is None else rows.tenant_of(row)

    def groups(
        self, keys: Collection[str] | None = None, *, kind: GroupKind | None = None, memberless: bool = False
    ) -> Sequence[Group]:
        """Return groups by key (None: all), by name; ``memberless``: only those without a member."""
        found = self._own(GroupRecord)
        if keys is not None:
            found = found.filter(key__in=list(keys))
        if kind is not None:
            found = found.filter(kind=str(kind))
        if memberless:
            members = memberships()._default_manager.filter(group_id=OuterRef("group_id"))
            found = found.filter(~Exists(members))
        named = [
            Group(name=name, key=key, kind=rows.KINDS[word])
            for name, key, word in found.values_list("name", "key", "kind")
        ]
        return sorted(named, key=lambda group: group.name)

    def memberships(
        self, *, users: Collection[str] | None = None, groups: Collection[str] | None = None
    ) -> Sequence[Membership]:
        """Return memberships of these users and of groups of these names, by user, then group."""
        names = names_on(self._using)
        query = f"""SELECT m.user_id, m.group_name, m.source, m.event_id, m.since
            FROM {names.held} AS m WHERE m.tenant = :tenant"""
        values: dict[str, Any] = {"tenant": self._tenant}
        if users is not None:
            query += f" AND {names.among_users('m.user_id', 'users')}"
            values["users"] = dumps(_accounts(users))
        if groups is not None:
            query += f" AND {names.among('m.group_name', 'groups')}"
            values["groups"] = dumps(list(groups))
        found = DjangoConnection(self._using).execute(query, values).all()
        held = [rows.membership_of((user_text(user), *rest)) for user, *rest in found]
        return sorted(held, key=lambda membership: (membership.user, membership.group))

    def member_counts(self, groups: Collection[str]) -> dict[str, int]:
        """Return how many members each of these groups has, by name; a group without any is left out."""
        found = self._members().filter(group__memberof__name__in=list(groups))
        return dict(found.values_list("group__memberof__name").annotate(members=Count("pk")))

    def marks(
        self,
        *,
        users: Collection[str] | None = None,
        confirmed_before: datetime | None = None,
        awaiting: bool = False,
    ) -> Sequence[UserMark]:
        """Return marks by user, see :meth:`memberof.store.StoreUnit.marks`."""
        found = self._own(MarkRecord)
        if users is not None:
            found = found.filter(user_id__in=_accounts(users))
        if awaiting:
            found = found.filter(confirmation="asked")
        if confirmed_before is not None:
            old = Q(confirmed_at=None) | Q(confirmed_at__lt=rows.micros(confirmed_before))
            external = self._members().filter(group__memberof__kind=GroupKind.EXTERNAL.value)
            found = found.filter(old, user_id__in=external.values(f"{user_column()}_id"))
        read = found.values_list(*rows.MARK_COLUMNS)
        marks = [rows.mark_of((str(user), *rest)) for user, *rest in read]
        return sorted(marks, key=lambda mark: mark.user)

    def events(self, only: EventFilter, *, limit: int | None = None) -> Sequence[Event]:
        """Return events, greatest ID first."""
        found = self._own(EventRecord).filter(**_conditions(only))
        for what, names in (("user", None if only.user is None else [only.user]), ("group", only.groups)):
            if names is not None:
                named = EventReference.objects.filter(event=OuterRef("pk"), what=what, name__in=list(names))
                found = found.filter(Exists(named))
        read = found.order_by("-id").values_list("id", "kind", "at", "source", "body")
        return [rows.event_of(row) for row in (read if limit is None else read[:limit])]

    def write(self, writes: Writes) -> int | None:
        """Write all of it; return the ID of the event, if there is one.

        Raises:
            StaleStateError: What it names is not (or no longer) there, or already there.

        """
        if self._before_write is not None:
            self._before_write()
        connection, names = DjangoConnection(self._using), names_on(self._using)
        writer = DjangoWriter(connection, names, self._tenant, using=self._using, avoid_taken=True)
        return writer.write(writes)

    def _own(self, model: Any) -> Any:
        return model.objects.using(self._using).filter(tenant=self._tenant)

    def _members(self) -> Any:
        return memberships()._default_manager.using(self._using).filter(group__memberof__tenant=self._tenant)


def _accounts(users: Collection[str]) -> list[str]:
    """Leave out IDs that can be nobody's, as of somebody who has no account yet."""
    return [user for user in users if user_id(user) is not None]


def _conditions(only: EventFilter) -> dict[str, Any]:
    given = {
        "id__in": None if only.ids is None else list(only.ids),
        "source": only.source,
        "kind__in": None if only.kinds is None else list(only.kinds),
        "at__gte": rows.micros_or_none(only.since),
        "at__lt": rows.micros_or_none(only.until),
        "id__gt": only.after_id,
        "lossy": only.lossy,
    }
    return {name: value for name, value in given.items() if value is not None}
