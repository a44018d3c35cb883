"""The opening of a login: the assertion is used, the user's mark is moved and locked, the state is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Count, Q, Sum

from memberof.django.models import GroupRecord, MarkRecord, MembershipRecord, TenantRecord, UsedAssertion
from memberof.django.store import rows
from memberof.django.store.groups import memberships, record_unrecorded, user_column
from memberof.enums import GroupKind
from memberof.records import Group, Membership, Tenant, UserMark
from memberof.store import BreakerWindow, LoginOpening, Reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from memberof.store import LoginAttempt

EXTERNAL = GroupKind.EXTERNAL.value


def open_login(tenant: str, using: str, attempt: LoginAttempt) -> LoginOpening:
    """Open a login in the transaction that is open; see :class:`memberof.store.LoginOpening`."""
    # A write comes first: on SQLite it takes the write lock before anything is read, so that nothing moves after it.
    fresh = _use(tenant, using, attempt)
    row = MarkRecord.objects.using(using).select_for_update().filter(tenant=tenant, user=attempt.user).first()
    before = None if row is None else rows.mark_of(row)
    settings = _settings(tenant, using, attempt)
    if not fresh:
        mark = before or UserMark.opened(None, attempt, 0)
        return LoginOpening(tenant=settings, replayed=True, before=before, mark=mark)
    record_unrecorded(tenant, using, attempt.keys)
    mine = list(held_by(tenant, using, [attempt.user]))
    groups = [group for group, _ in mine]
    mark = UserMark.opened(before, attempt, sum(group.kind == EXTERNAL for group in groups))
    older = before is not None and attempt.order < before.order
    if row is None:
        MarkRecord.objects.using(using).create(tenant=tenant, user=attempt.user, **rows.mark_values(mark))
    elif not older:
        MarkRecord.objects.using(using).filter(pk=row.pk).update(**rows.mark_values(mark))
    groups += _others(tenant, using, attempt, {group.name for group in groups})
    return LoginOpening(
        tenant=settings,
        groups=tuple(groups),
        memberships=tuple(membership for _, membership in mine),
        sole_member_of=tuple(_sole(tenant, using, attempt, groups[: len(mine)])),
        older=older,
        before=before,
        mark=mark,
        window=_window(tenant, using, attempt, groups[: len(mine)]),
        reach=_reach(tenant, using, attempt, groups),
    )


def held_by(tenant: str, using: str, users: Iterable[str] | None) -> Iterable[tuple[Group, Membership]]:
    """Yield the groups and memberships of users (None: everybody), by user, then group."""
    column = user_column()
    rows_ = memberships()._default_manager.using(using).filter(group__memberof__tenant=tenant)
    origins = MembershipRecord.objects.using(using).filter(record__tenant=tenant)
    if users is not None:
        ids = [rows.user_id(user) for user in users]
        rows_, origins = rows_.filter(**{f"{column}__in": ids}), origins.filter(user__in=ids)
    known = {
        (user, record): (source, event_id, since)
        for user, record, source, event_id, since in origins.values_list(
            "user_id", "record_id", "source", "event_id", "since"
        )
    }
    found = []
    for user, record, name, key, kind in rows_.values_list(
        f"{column}_id",
        "group__memberof__id",
        "group__memberof__name",
        "group__memberof__key",
        "group__memberof__kind",
    ):
        source, event_id, since = known.get((user, record), (None, None, rows.UNKNOWN_SINCE))
        membership = Membership(user=str(user), group=name, source=source, event_id=event_id, since=since)
        found.append((Group(name=name, key=key, kind=GroupKind(kind)), membership))
    return sorted(found, key=lambda pair: (pair[1].user, pair[1].group))


def _use(tenant: str, using: str, attempt: LoginAttempt) -> bool:
    """Remember the assertion; say whether it is the first time. On PostgreSQL also pass the tenant's gate."""
    connection = connections[using]
    table = connection.ops.quote_name(UsedAssertion._meta.db_table)
    values = [
        tenant,
        rows.used_key(attempt.source, attempt.assertion_id),
        _stored(connection, attempt.replay_until),
    ]
    source = ""
    if connection.vendor == "postgresql":
        # Logins pass together, DjangoStore.run alone: what an operation reads stands still until it commits.
        source = " FROM (SELECT pg_advisory_xact_lock_shared(%s)) AS gate"
        values.append(rows.gate(tenant))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (tenant, key, until) "
            f"SELECT %s, %s, CAST(%s AS {_time_type(connection)}){source} WHERE true ON CONFLICT DO NOTHING",
            values,
        )
        return bool(cursor.rowcount == 1)


def _stored(connection: Any, time: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(time)


def _time_type(connection: Any) -> str:
    return "timestamptz" if connection.vendor == "postgresql" else "text"


def _settings(tenant: str, using: str, attempt: LoginAttempt) -> Tenant:
    row = TenantRecord.objects.using(using).filter(tenant=tenant).first()
    if row is None:
        first = Tenant(
            source=attempt.source, identity=attempt.identity, signature=attempt.signature, version=1
        )
        TenantRecord.objects.using(using).bulk_create(
            [TenantRecord(tenant=tenant, **rows.tenant_values(first))], ignore_conflicts=True
        )
        row = TenantRecord.objects.using(using).get(tenant=tenant)
    return rows.tenant_of(row)


def _others(tenant: str, using: str, attempt: LoginAttempt, held: set[str]) -> list[Group]:
    found = GroupRecord.objects.using(using).filter(tenant=tenant, key__in=attempt.keys).order_by("key")
    return [
        Group(name=name, key=key, kind=GroupKind(kind))
        for name, key, kind in found.values_list("name", "key", "kind")
        if name not in held
    ]


def _sole(tenant: str, using: str, attempt: LoginAttempt, mine: Sequence[Group]) -> list[str]:
    """Return which of her guarded groups have no other member; their rows are locked, so that two can't leave at once."""
    guarded = set(attempt.last_member_keys)
    names = sorted(group.name for group in mine if group.key in guarded)
    if not names:
        return []
    locked = GroupRecord.objects.using(using).filter(tenant=tenant, name__in=names)
    ids = dict(locked.order_by("key").select_for_update(of=("self",)).values_list("name", "group_id"))
    counts = dict(
        memberships()
        ._default_manager.using(using)
        .filter(group_id__in=ids.values())
        .values_list("group_id")
        .annotate(members=Count("id"))
    )
    return [name for name in names if counts.get(ids[name]) == 1]


def _window(tenant: str, using: str, attempt: LoginAttempt, mine: Sequence[Group]) -> BreakerWindow:
    received = set(attempt.keys)
    if not attempt.window_users or all(group.kind != EXTERNAL or group.key in received for group in mine):
        return BreakerWindow()
    newest = (
        MarkRecord.objects.using(using)
        .filter(tenant=tenant, source=attempt.source, login_at__gte=attempt.window_from)
        .exclude(user=attempt.user)
        .order_by("-login_at")
        .values("pk")[: attempt.window_users]
    )
    losers = Q(loss_at__gte=attempt.window_from)
    found = (
        MarkRecord.objects.using(using)
        .filter(pk__in=newest)
        .aggregate(
            users=Count("pk"),
            memberships=Sum("before"),
            losers=Count("pk", filter=losers),
            lost=Sum("lost", filter=losers),
            emptied=Count("pk", filter=losers & Q(emptied=True)),
        )
    )
    return BreakerWindow(**{name: value or 0 for name, value in found.items()})


def _reach(tenant: str, using: str, attempt: LoginAttempt, groups: Sequence[Group]) -> dict[str, Reach]:
    received = set(attempt.keys)
    names = [group.name for group in groups if group.kind != EXTERNAL and group.key in received]
    if not names or not attempt.wants_reach:
        return {}
    column = f"{user_column()}_id"
    pairs = list(
        memberships()
        ._default_manager.using(using)
        .filter(group__memberof__tenant=tenant, group__memberof__name__in=names)
        .values_list("group__memberof__name", column)
    )
    others: dict[str, list[str]] = {name: [] for name in names}
    for name, user in pairs:
        if str(user) != attempt.user:
            others[name].append(str(user))
    everybody = {user for users in others.values() for user in users}
    known = set(
        MarkRecord.objects.using(using)
        .filter(tenant=tenant, source=attempt.source, user__in=everybody)
        .values_list("user", flat=True)
    )
    return {
        name: Reach(others=tuple(sorted(users)), strangers=sum(user not in known for user in users))
        for name, users in others.items()
    }
