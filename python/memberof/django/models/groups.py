"""What stands beside ``auth.Group`` and its memberships. A group without our row is internal, a membership manual."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from memberof.enums import GroupKind


class GroupRecord(models.Model):
    """A group of a tenant: its name there, how it is compared, and who decides about it."""

    KINDS = ((GroupKind.INTERNAL.value, _("internal")), (GroupKind.EXTERNAL.value, _("external")))

    group = models.OneToOneField(
        Group, on_delete=models.CASCADE, related_name="memberof", verbose_name=_("group")
    )
    tenant = models.CharField(_("tenant"), max_length=100, blank=True, default="", db_index=True)
    name = models.CharField(_("name"), max_length=1024, help_text=_("As the identity provider sends it."))
    # As compared: NFC, and case-folded where the policy says so. Longer than the name where folding widens it.
    key = models.CharField(max_length=3072, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=KINDS, default=GroupKind.INTERNAL.value)

    class Meta:
        """Names and keys are unique within a tenant (rule R5)."""

        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ("tenant", "name")
        constraints = (
            models.UniqueConstraint(fields=("tenant", "name"), name="memberof_group_name"),
            models.UniqueConstraint(fields=("tenant", "key"), name="memberof_group_key"),
        )

    def __str__(self) -> str:
        return f"{self.tenant}: {self.name}" if self.tenant else str(self.name)

    @property
    def is_external(self) -> bool:
        """Whether the identity provider decides who is in it."""
        return bool(self.kind == GroupKind.EXTERNAL)


class MembershipRecord(models.Model):
    """Where a membership came from. ``since`` is in microseconds since 1970 UTC."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    record = models.ForeignKey(GroupRecord, on_delete=models.CASCADE, related_name="origins")
    source = models.TextField(null=True)
    event_id = models.BigIntegerField(null=True)
    since = models.BigIntegerField()

    class Meta:
        """One origin for each membership."""

        constraints = (models.UniqueConstraint(fields=("user", "record"), name="memberof_membership"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.record_id}"
