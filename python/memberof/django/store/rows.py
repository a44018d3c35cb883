"""Rows of the ORM as the records of :mod:`memberof.records`, and back."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from memberof.records import Event, Tenant, UserMark, event_from_json, hold_from_json, to_json

if TYPE_CHECKING:
    from memberof.django.models import EventRecord, MarkRecord, TenantRecord
    from memberof.records import Membership

#: When a membership began that was there before anybody recorded it.
UNKNOWN_SINCE = datetime(1970, 1, 1, tzinfo=UTC)

_PLAIN_MARK = [entry.name for entry in fields(UserMark) if entry.name not in ("user", "order")]
_PLAIN_TENANT = [entry.name for entry in fields(Tenant) if entry.name != "hold"]


def user_id(text: str) -> Any:
    """Return the primary key that a user's ID in the records stands for; None where it can be nobody's."""
    try:
        return get_user_model()._meta.pk.to_python(text)
    except ValidationError:
        return None


def used_key(source: str, assertion_id: str) -> str:
    """Return the key under which a used assertion is remembered."""
    return hashlib.sha256(f"{len(source)}:{source}{assertion_id}".encode()).hexdigest()


def tenant_of(row: TenantRecord) -> Tenant:
    """Return the settings row as a value."""
    plain = {name: getattr(row, name) for name in _PLAIN_TENANT}
    return Tenant(**plain, hold=None if row.hold is None else hold_from_json(row.hold))


def tenant_values(tenant: Tenant) -> dict[str, Any]:
    """Return the columns of a settings row."""
    values = {name: getattr(tenant, name) for name in _PLAIN_TENANT}
    return {**values, "hold": None if tenant.hold is None else to_json(tenant.hold)}


def mark_of(row: MarkRecord) -> UserMark:
    """Return a mark as a value."""
    plain = {name: getattr(row, name) for name in _PLAIN_MARK}
    return UserMark(user=row.user, order=(row.order_issued, row.order_received), **plain)


def mark_values(mark: UserMark) -> dict[str, Any]:
    """Return the columns of a mark, its user aside."""
    values = {name: getattr(mark, name) for name in _PLAIN_MARK}
    return {**values, "order_issued": mark.order[0], "order_received": mark.order[1]}


def event_of(row: EventRecord) -> Event:
    """Return an event as a value. Memberships that it made know it by its ID."""
    event = event_from_json(row.body)
    return replace(
        event,
        id=row.id,
        changes=tuple(
            replace(change, membership=_of_event(change.membership, row.id)) for change in event.changes
        ),
    )


def event_body(event: Event) -> dict[str, Any]:
    """Return what is kept of an event."""
    return to_json(event)


def references(event: Event) -> set[tuple[str, str]]:
    """Return the users and groups that an event names."""
    changes = (*event.changes, *event.held)
    users = {change.user for change in changes} | {event.user}
    groups = {change.group for change in changes} | {change.name for change in changes}
    return {("u", user) for user in users if user} | {("g", group) for group in groups if group}


def _of_event(membership: Membership | None, event_id: int) -> Membership | None:
    if membership is not None and membership.event_id is None and membership.source is not None:
        return replace(membership, event_id=event_id)
    return membership


def gate(tenant: str) -> int:
    """Return the number of a tenant's advisory lock."""
    return int.from_bytes(hashlib.sha256(b"memberof.django/" + tenant.encode()).digest()[:8], signed=True)
