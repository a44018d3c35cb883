"""Events, users' marks, used assertions, and each tenant's settings row: see :mod:`memberof.records`.

The columns are those of :mod:`memberof.stores.schema`, whose statements read and write them. Times are microseconds since
1970 UTC; an event's body and a hold are JSON text (:mod:`memberof.stores.rows`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from memberof.django.wording import kind_word
from memberof.stores import rows

if TYPE_CHECKING:
    from memberof.records import Event


class TenantRecord(models.Model):
    """The settings row of a tenant (:class:`memberof.records.Tenant`)."""

    tenant = models.CharField(_("tenant"), max_length=100, unique=True, blank=True)
    source = models.TextField(_("source of groups"), blank=True, default="")
    identity = models.CharField(max_length=8, default="exact")
    signature = models.TextField(default="", blank=True)
    seen_at = models.BigIntegerField(null=True)
    hold = models.TextField(null=True)
    window_from = models.BigIntegerField(null=True)
    trusted_until = models.BigIntegerField(null=True)
    history_from = models.BigIntegerField(null=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        """Shown in the admin as the circuit breaker: it is the part that an administrator acts on."""

        verbose_name = _("circuit breaker")
        verbose_name_plural = _("circuit breakers")
        ordering = ("tenant",)

    def __str__(self) -> str:
        return str(self.tenant) or str(_("default tenant"))


class MarkRecord(models.Model):
    """What is remembered of a user's logins (:class:`memberof.records.UserMark`); goes with the account."""

    tenant = models.CharField(max_length=100, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    source = models.TextField()
    order_issued = models.BigIntegerField()
    order_received = models.BigIntegerField()
    login_at = models.BigIntegerField()
    confirmed_at = models.BigIntegerField(null=True)
    received = models.IntegerField()
    had = models.IntegerField()
    lost = models.IntegerField()
    emptied = models.BooleanField()
    loss_at = models.BigIntegerField(null=True)
    digest = models.TextField()
    confirmation = models.CharField(max_length=8)
    version = models.BigIntegerField()

    class Meta:
        """One mark for each user of a tenant; the breaker reads the newest of a source."""

        constraints = (models.UniqueConstraint(fields=("tenant", "user"), name="memberof_mark"),)
        indexes = (models.Index(fields=("tenant", "source", "login_at"), name="memberof_mark_window"),)

    def __str__(self) -> str:
        return f"{self.tenant}/{self.user_id}"


class UsedAssertion(models.Model):
    """An assertion ID that was used, remembered for as long as it could be used again."""

    tenant = models.CharField(max_length=100, blank=True)
    source = models.TextField()
    assertion_id = models.TextField()
    until = models.BigIntegerField()

    class Meta:
        """Each once."""

        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "source", "assertion_id"), name="memberof_used_assertion"
            ),
        )

    def __str__(self) -> str:
        return str(self.assertion_id)


class EventRecord(models.Model):
    """Something that happened, and why (:class:`memberof.records.Event`)."""

    tenant = models.CharField(_("tenant"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=32)
    at = models.BigIntegerField()
    source = models.TextField(_("identity provider"), null=True)
    lossy = models.BooleanField(_("loss of groups"))
    body = models.TextField()

    class Meta:
        """Newest first."""

        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("tenant", "-id"), name="memberof_event_newest"),
            models.Index(fields=("tenant", "at"), name="memberof_event_time"),
        )

    def __str__(self) -> str:
        return f"{kind_word(self.kind)} {self.id}"

    @property
    def value(self) -> Event:
        """The event as a value."""
        return rows.event_of((self.id, self.kind, self.at, self.source, self.body))


class EventReference(models.Model):
    """A user or a group that an event names, so that its history is found without reading all of it."""

    tenant = models.CharField(max_length=100, blank=True)
    what = models.CharField(max_length=5)  # user or group
    name = models.TextField()
    event = models.ForeignKey(EventRecord, on_delete=models.CASCADE, related_name="references")

    class Meta:
        """Looked up by name."""

        indexes = (models.Index(fields=("tenant", "what", "name"), name="memberof_event_reference"),)

    def __str__(self) -> str:
        return f"{self.what}:{self.name}"
