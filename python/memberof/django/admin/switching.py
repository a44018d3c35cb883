"""What switching synchronisation on would do, from the sign-ins that were observed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model

from memberof.django import conf
from memberof.django.models import EventRecord, GroupRecord
from memberof.enums import GroupKind

if TYPE_CHECKING:
    from memberof.django.models import SamlProvider

__all__ = ["SwitchSummary", "switch_summary"]

#: The newest observed sign-ins are looked at; more would make the page slow and say the same.
MAX_EVENTS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSummary:
    """The newest observation of each user, summed up.

    Attributes:
        users: How many users were observed.
        create: (group, users) that would be created.
        attach: (group, users) that would be attached.
        detach: (group, users) that would be detached.
        adopt: (group, members, permissions) of internal groups that the identity provider would take over.
        flagged: Groups that give ``is_staff`` or ``is_superuser`` here.

    """

    users: int
    create: list[tuple[str, int]]
    attach: list[tuple[str, int]]
    detach: list[tuple[str, int]]
    adopt: list[tuple[str, int, int]]
    flagged: frozenset[str]

    @property
    def privileged(self) -> list[str]:
        """Groups among the adopted that hold permissions or flags: whoever decides about their members hands those out."""
        return [name for name, _, permissions in self.adopt if permissions or name in self.flagged]


def switch_summary(provider: SamlProvider) -> SwitchSummary:
    """Sum up what the sign-ins that were observed would have done."""
    seen: set[str] = set()
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("create", "adopt", "attach", "detach")}
    observed = EventRecord.objects.filter(
        tenant=provider.tenant, source=provider.idp_entity_id, kind="observe"
    ).order_by("-id")[:MAX_EVENTS]
    for row in observed:
        event = row.value
        if event.user is None or event.user in seen:
            continue
        seen.add(event.user)
        for change in event.changes:
            if change.action in counts:
                counts[change.action][change.group] += 1
    adopted = GroupRecord.objects.filter(
        tenant=provider.tenant, name__in=counts["adopt"], kind=GroupKind.INTERNAL.value
    ).select_related("group")
    members = get_user_model().groups.through.objects
    return SwitchSummary(
        users=len(seen),
        create=sorted(counts["create"].items()),
        attach=sorted(counts["attach"].items()),
        detach=sorted(counts["detach"].items()),
        adopt=sorted(
            (
                record.name,
                members.filter(group_id=record.group_id).count(),
                record.group.permissions.count(),
            )
            for record in adopted
        ),
        flagged=_flagged(provider),
    )


def _flagged(provider: SamlProvider) -> frozenset[str]:
    flags = conf.current().flags_by_group.get(provider.slug, {})
    listed = ([names] if isinstance(names, str) else names for names in flags.values())
    return frozenset(name for names in listed for name in names)
