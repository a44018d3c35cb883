"""``auth.Group`` with our rows beside it: what its groups are called, and those that have no row yet."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group as AuthGroup
from django.db import transaction

from memberof import group_key
from memberof.django import conf
from memberof.django.models import GroupRecord, TenantRecord
from memberof.enums import GroupKind
from memberof.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["auth_name", "record_unrecorded", "unrecorded"]


def auth_name(tenant: str, name: str) -> str:
    """Return the name of a tenant's group in ``auth.Group``, where names are unique over all tenants and bounded."""
    full = conf.current().group_name_template.format(tenant=tenant, name=name) if tenant else name
    longest = AuthGroup._meta.get_field("name").max_length or len(full)
    if len(full) <= longest:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:12]
    return f"{full[: longest - len(digest) - 2]}… {digest}"


def unrecorded(tenant: str, using: str) -> list[tuple[Any, str]]:
    """Return key and name of every ``auth.Group`` without our row; they belong to the default tenant."""
    if tenant:
        return []
    return list(AuthGroup.objects.using(using).filter(memberof__isnull=True).values_list("pk", "name"))


def record_unrecorded(tenant: str, using: str, keys: Iterable[str] = ()) -> None:
    """Give every ``auth.Group`` without our row one: it belongs to the default tenant and is internal.

    Signals do this as groups are made; this catches what came past them (raw SQL, ``bulk_create``, fixtures).

    Raises:
        ConfigurationError: Two groups have one key, and it is among ``keys``.

    """
    found = unrecorded(tenant, using)
    if not found:
        return
    row = TenantRecord.objects.using(using).filter(tenant="").values_list("identity", flat=True).first()
    identity = row or "exact"
    taken = dict(GroupRecord.objects.using(using).filter(tenant="").values_list("key", "name"))
    wanted = set(keys)
    fresh = []
    for pk, name in sorted(found):
        key = group_key(name, identity)
        if key in taken:
            if key in wanted:
                raise ConfigurationError(
                    f'the groups "{taken[key]}" and "{name}" have one name under the identity "{identity}"',
                    "sync.ambiguous_group",
                    "rename one of them",
                )
            continue
        taken[key] = name
        fresh.append(GroupRecord(group_id=pk, tenant="", name=name, key=key, kind=GroupKind.INTERNAL.value))
    with transaction.atomic(using=using):
        GroupRecord.objects.using(using).bulk_create(fresh, ignore_conflicts=True)
