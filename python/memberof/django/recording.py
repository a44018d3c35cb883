"""Record what is changed outside memberof: a group made elsewhere is internal, a membership given elsewhere manual."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.signals import m2m_changed, post_save
from django.utils import timezone

from memberof import group_key
from memberof.stores.rows import micros


def connect() -> None:
    """Connect the signals; bulk operations send none, and are caught at the next sign-in."""
    post_save.connect(_group_saved, sender=Group, dispatch_uid="memberof.group_saved")
    m2m_changed.connect(
        _memberships_changed, sender=get_user_model().groups.through, dispatch_uid="memberof.memberships"
    )


def _group_saved(instance: Group, created: bool, raw: bool, using: str, **_: Any) -> None:
    """Give a new group a row, and let a renamed one be found under its new name."""
    from memberof.django.models import GroupRecord
    from memberof.django.store.groups import auth_name, record_unrecorded

    if raw:
        return
    if created:
        record_unrecorded("", using)
        return
    record = GroupRecord.objects.using(using).filter(group=instance).first()
    if record is None or auth_name(record.tenant, record.name) == instance.name:
        return
    prefix, _separator, suffix = auth_name(record.tenant, "\0").partition("\0")
    name = instance.name.removeprefix(prefix).removesuffix(suffix)
    key = group_key(name, _identity(record.tenant, using))
    others = GroupRecord.objects.using(using).filter(tenant=record.tenant).exclude(pk=record.pk)
    if not others.filter(key=key).exists():
        GroupRecord.objects.using(using).filter(pk=record.pk).update(name=name, key=key)


def _memberships_changed(
    instance: Any,
    action: str,
    reverse: bool,
    pk_set: set[Any] | None,
    using: str,
    **_: Any,
) -> None:
    from memberof.django.models import GroupRecord, MembershipRecord
    from memberof.django.store.groups import record_unrecorded

    origins = MembershipRecord.objects.using(using)
    if action == "pre_clear":
        (origins.filter(record__group=instance) if reverse else origins.filter(user=instance)).delete()
        return
    if not pk_set or action not in ("post_add", "post_remove"):
        return
    record_unrecorded("", using)
    pairs = (
        [(user, instance.pk) for user in pk_set] if reverse else [(instance.pk, group) for group in pk_set]
    )
    records = dict(
        GroupRecord.objects.using(using)
        .filter(group_id__in={group for _, group in pairs})
        .values_list("group_id", "pk")
    )
    if action == "post_remove":
        for user, group in pairs:
            origins.filter(user_id=user, record__group_id=group).delete()
        return
    now = micros(timezone.now())
    with transaction.atomic(using=using):
        origins.bulk_create(
            [
                MembershipRecord(user_id=user, record_id=records[group], source=None, since=now)
                for user, group in pairs
                if group in records
            ],
            ignore_conflicts=True,
        )


def _identity(tenant: str, using: str) -> str:
    from memberof.django.models import TenantRecord

    found = TenantRecord.objects.using(using).filter(tenant=tenant).values_list("identity", flat=True).first()
    return found or "exact"
