"""Records to rows and back. Times are microseconds since 1970 UTC; an event's body is a compact JSON array."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from memberof.enums import GroupKind
from memberof.records import Change, Event, Hold, Membership, Tenant, UserMark, hold_from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = {kind.value: kind for kind in GroupKind}

MARK_COLUMNS = (
    "user_id",
    "source",
    "order_issued",
    "order_received",
    "login_at",
    "confirmed_at",
    "received",
    "had",
    "lost",
    "emptied",
    "loss_at",
    "digest",
    "confirmation",
)
TENANT_COLUMNS = (
    "source",
    "identity",
    "signature",
    "seen_at",
    "hold",
    "window_from",
    "trusted_until",
    "history_from",
    "version",
)


def micros(when: datetime) -> int:
    """Return an instant as microseconds since 1970 UTC, exactly (``timestamp()`` rounds)."""
    since = when - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def micros_or_none(when: datetime | None) -> int | None:
    """Return :func:`micros`, or None for None."""
    return None if when is None else micros(when)


def instant(value: int) -> datetime:
    """Return the instant of :func:`micros`."""
    return EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    """Return :func:`instant`, or None for None."""
    return None if value is None else instant(value)


def mark_row(mark: UserMark) -> list[Any]:
    """Return the values of ``MARK_COLUMNS``."""
    return [
        mark.user,
        mark.source,
        mark.order[0],
        mark.order[1],
        micros(mark.login_at),
        micros_or_none(mark.confirmed_at),
        mark.received,
        mark.before,
        mark.lost,
        mark.emptied,
        micros_or_none(mark.loss_at),
        mark.digest,
        mark.confirmation,
    ]


def mark_of(row: Sequence[Any]) -> UserMark:
    """Return the mark of the values of ``MARK_COLUMNS``."""
    (
        user,
        source,
        issued,
        received_order,
        login,
        confirmed,
        received,
        had,
        lost,
        emptied,
        loss,
        digest,
        word,
    ) = row
    return UserMark(
        user=user,
        source=source,
        order=(issued, received_order),
        login_at=instant(login),
        confirmed_at=instant_or_none(confirmed),
        received=received,
        before=had,
        lost=lost,
        emptied=bool(emptied),
        loss_at=instant_or_none(loss),
        digest=digest,
        confirmation=word,
    )


def tenant_row(tenant: Tenant) -> list[Any]:
    """Return the values of ``TENANT_COLUMNS``."""
    return [
        tenant.source,
        tenant.identity,
        tenant.signature,
        micros_or_none(tenant.seen_at),
        None if tenant.hold is None else json.dumps(to_json(tenant.hold)),
        micros_or_none(tenant.window_from),
        micros_or_none(tenant.trusted_until),
        micros_or_none(tenant.history_from),
        tenant.version,
    ]


def tenant_of(row: Sequence[Any]) -> Tenant:
    """Return the settings of the values of ``TENANT_COLUMNS``."""
    source, identity, signature, seen_at, hold, window_from, trusted_until, history_from, version = row
    return Tenant(
        source=source,
        identity=identity,
        signature=signature,
        seen_at=instant_or_none(seen_at),
        hold=None if hold is None else _hold(hold),
        window_from=instant_or_none(window_from),
        trusted_until=instant_or_none(trusted_until),
        history_from=instant_or_none(history_from),
        version=version,
    )


def event_body(event: Event) -> str:
    """Return what of an event has no column of its own."""
    return json.dumps(
        [
            event.user,
            event.assertion_id,
            event.status,
            event.actor,
            [_change_row(change) for change in event.changes],
            [_change_row(change) for change in event.held],
            dict(event.details),
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def event_of(row: Sequence[Any]) -> Event:
    """Return the event of (id, kind, at, source, body)."""
    id_, kind, at, source, body = row
    user, assertion_id, status, actor, changes, held, details = json.loads(body)
    return Event(
        id=id_,
        kind=kind,
        at=instant(at),
        user=user,
        source=source,
        assertion_id=assertion_id,
        status=status,
        actor=actor,
        changes=tuple(_change_of(change) for change in changes),
        held=tuple(_change_of(change) for change in held),
        details=details,
    )


def event_refs(event: Event) -> list[tuple[str, str]]:
    """Return what an event can be found by: ("user" or "group", name), sorted."""
    every = (*event.changes, *event.held)
    users = {change.user for change in event.changes} | {event.user}
    groups = {change.group for change in every} | {change.name for change in every}
    return sorted(
        [("user", user) for user in users if user is not None]
        + [("group", group) for group in groups if group is not None]
    )


def _change_row(change: Change) -> list[Any]:
    held = change.membership
    return [
        change.action,
        change.group,
        change.reason,
        change.user,
        None if held is None else [held.user, held.group, held.source, held.event_id, micros(held.since)],
        change.kind,
        change.name,
    ]


def _change_of(row: Sequence[Any]) -> Change:
    action, group, reason, user, held, kind, name = row
    return Change(
        action=action,
        group=group,
        reason=reason,
        user=user,
        membership=None if held is None else membership_of(held),
        kind=None if kind is None else KINDS[kind],
        name=name,
    )


def membership_of(row: Sequence[Any]) -> Membership:
    """Return the membership of (user, group, source, event, since)."""
    user, group, source, event_id, since = row
    return Membership(user=user, group=group, source=source, event_id=event_id, since=instant(since))


def _hold(text: str) -> Hold:
    return hold_from_json(json.loads(text))
