"""Another user in the place of one, or nobody: after accounts were merged, or when somebody must be forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memberof.django.models import EventRecord, EventReference, MarkRecord, MembershipRecord
from memberof.django.store import rows
from memberof.django.store.groups import memberships, user_column

if TYPE_CHECKING:
    from memberof.records import Change, Event


def replace_user(tenant: str, using: str, old: str, new: str | None) -> None:
    """Replace a user in memberships, mark and events of a tenant; None: forget her."""
    _memberships(tenant, using, old, new)
    marks = MarkRecord.objects.using(using).filter(tenant=tenant)
    if new is None or marks.filter(user=new).exists():
        marks.filter(user=old).delete()
    else:
        marks.filter(user=old).update(user=new)
    named = EventReference.objects.using(using).filter(event__tenant=tenant, kind="u", name=old)
    # A user whom only the details name (as somebody who would lose an adopted group) has no reference.
    adopting = EventRecord.objects.using(using).filter(tenant=tenant, body__details__has_key="reach")
    ids = set(named.values_list("event_id", flat=True)) | set(adopting.values_list("pk", flat=True))
    for row in EventRecord.objects.using(using).filter(pk__in=ids):
        event = with_user(rows.event_of(row), old, new)
        row.user, row.body = event.user, rows.event_body(event)
        row.save(using=using, update_fields=("user", "body"))
    if new is None:
        named.delete()
    else:
        known = EventReference.objects.using(using).filter(kind="u", name=new).values("event_id")
        named.filter(event_id__in=known).delete()
        named.update(name=new)


def with_user(event: Event, old: str, new: str | None) -> Event:
    """Return the event with another user in the place of one."""
    hers = event.user == old
    return replace(
        event,
        user=new if hers else event.user,
        assertion_id=None if hers and new is None else event.assertion_id,
        changes=tuple(_changed(change, old, new) for change in event.changes),
        held=tuple(_changed(change, old, new) for change in event.held),
        details=_replaced(event.details, old, new),
    )


def _changed(change: Change, old: str, new: str | None) -> Change:
    held = change.membership
    if held is not None and held.user == old:
        held = replace(held, user=new or "")
    return replace(change, user=new if change.user == old else change.user, membership=held)


def _replaced(value: Any, old: str, new: str | None) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [new if item == old else item for item in value if item != old or new is not None]
    return value


def _memberships(tenant: str, using: str, old: str, new: str | None) -> None:
    column = f"{user_column()}_id"
    hers = memberships()._default_manager.using(using).filter(group__memberof__tenant=tenant)
    origins = MembershipRecord.objects.using(using).filter(record__tenant=tenant)
    old_id = rows.user_id(old)
    if new is not None:
        new_id = rows.user_id(new)
        kept = set(hers.filter(**{column: new_id}).values_list("group_id", flat=True))
        moved = hers.filter(**{column: old_id}).exclude(group_id__in=kept)
        ids = list(moved.values_list("pk", "group_id"))
        through = memberships()._default_manager.using(using)
        through.filter(pk__in=[pk for pk, _ in ids]).update(**{column: new_id})
        origins.filter(user_id=old_id, record__group_id__in=[group for _, group in ids]).update(
            user_id=new_id
        )
    hers.filter(**{column: old_id}).delete()
    origins.filter(user_id=old_id).delete()
