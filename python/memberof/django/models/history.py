"""Events, users' marks, used assertions, and each tenant's settings row: see :mod:`memberof.records`."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class TenantRecord(models.Model):
    """The settings row of a tenant (:class:`memberof.records.Tenant`)."""

    tenant = models.CharField(_("tenant"), max_length=100, unique=True, blank=True)
    source = models.CharField(_("source of groups"), max_length=1024, blank=True, default="")
    identity = models.CharField(max_length=8, default="exact")
    signature = models.TextField(default="", blank=True)
    seen_at = models.DateTimeField(null=True)
    hold = models.JSONField(null=True)
    window_from = models.DateTimeField(null=True)
    trusted_until = models.DateTimeField(null=True)
    history_from = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        """Shown in the admin as the circuit breaker: it is the part that an administrator acts on."""

        verbose_name = _("circuit breaker")
        verbose_name_plural = _("circuit breakers")
        ordering = ("tenant",)

    def __str__(self) -> str:
        return str(self.tenant) or str(_("default tenant"))


class MarkRecord(models.Model):
    """What is remembered of a user's logins (:class:`memberof.records.UserMark`)."""

    tenant = models.CharField(max_length=100, blank=True)
    user = models.CharField(max_length=255)
    source = models.CharField(max_length=1024)
    order_issued = models.BigIntegerField()
    order_received = models.BigIntegerField()
    login_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    received = models.IntegerField(default=0)
    before = models.IntegerField(default=0)
    lost = models.IntegerField(default=0)
    emptied = models.BooleanField(default=False)
    loss_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=128, default="", blank=True)
    confirmation = models.CharField(max_length=8, default="", blank=True)

    class Meta:
        """One mark for each user of a tenant; the breaker reads the newest of a source."""

        constraints = (models.UniqueConstraint(fields=("tenant", "user"), name="memberof_mark"),)
        indexes = (models.Index(fields=("tenant", "source", "-login_at"), name="memberof_mark_newest"),)

    def __str__(self) -> str:
        return f"{self.tenant}/{self.user}"


class UsedAssertion(models.Model):
    """An assertion ID that was used, remembered for as long as it could be used again."""

    tenant = models.CharField(max_length=100, blank=True)
    # SHA-256 over source and ID: of one length, and nothing of it says who logged in.
    key = models.CharField(max_length=64)
    until = models.DateTimeField(db_index=True)

    class Meta:
        """Each once."""

        constraints = (models.UniqueConstraint(fields=("tenant", "key"), name="memberof_used_assertion"),)

    def __str__(self) -> str:
        return str(self.key)


class EventRecord(models.Model):
    """Something that happened, and why (:class:`memberof.records.Event`)."""

    tenant = models.CharField(_("tenant"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=32)
    at = models.DateTimeField(_("time"))
    user = models.CharField(_("user"), max_length=255, null=True)
    source = models.CharField(_("identity provider"), max_length=1024, null=True)
    lossy = models.BooleanField(default=False)
    body = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta:
        """Newest first."""

        verbose_name = _("event")
        verbose_name_plural = _("history")
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant", "-id"), name="memberof_event_newest"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class EventReference(models.Model):
    """A user or a group that an event names, so that its history is found without reading all of it."""

    event = models.ForeignKey(EventRecord, on_delete=models.CASCADE, related_name="references")
    kind = models.CharField(max_length=1)  # u: user, g: group
    name = models.CharField(max_length=1024)

    class Meta:
        """Looked up by name."""

        indexes = (models.Index(fields=("kind", "name"), name="memberof_event_reference"),)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"
