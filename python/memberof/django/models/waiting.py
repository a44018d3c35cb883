"""Requests on their way to an identity provider, and what test sign-ins showed: rows that live for minutes."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from memberof.django.models.provider import SamlProvider
from memberof.web.pending import PendingRequest


class PendingRecord(models.Model):
    """An AuthnRequest that was sent and not answered yet (:class:`memberof.web.pending.PendingRequest`)."""

    request_id = models.CharField(max_length=255, unique=True)
    handle = models.CharField(max_length=32, unique=True)
    secret_hash = models.CharField(max_length=64)
    provider = models.ForeignKey(SamlProvider, on_delete=models.CASCADE, related_name="+")
    relay_state = models.CharField(max_length=80)
    return_to = models.CharField(max_length=2048)
    purpose = models.CharField(max_length=8, default="login")
    actor = models.CharField(max_length=255, blank=True, default="")
    restarted = models.BooleanField(default=False)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.handle)

    @property
    def value(self) -> PendingRequest:
        """The request as a value."""
        return PendingRequest(
            id=self.request_id,
            handle=self.handle,
            secret_hash=self.secret_hash,
            provider=str(self.provider_id),
            relay_state=self.relay_state,
            return_to=self.return_to,
            expires_at=self.expires_at,
            purpose=self.purpose,
            actor=self.actor or None,
            restarted=self.restarted,
        )

    @classmethod
    def consume(cls, handle: str) -> int:
        """Remove an open request; return 1 to the one who did. Nothing hangs on these rows: one statement does it."""
        found = cls.objects.filter(handle=handle)
        return int(found._raw_delete(found.db))

    @classmethod
    def from_value(cls, request: PendingRequest) -> PendingRecord:
        """Return the row to save."""
        return cls(
            request_id=request.id,
            handle=request.handle,
            secret_hash=request.secret_hash,
            provider_id=int(request.provider),
            relay_state=request.relay_state,
            return_to=request.return_to,
            expires_at=request.expires_at,
            purpose=request.purpose,
            actor=request.actor or "",
            restarted=request.restarted,
        )


class SignInReport(models.Model):
    """What a test sign-in showed, for the administrator who asked for it, and gone after a quarter of an hour."""

    token = models.CharField(max_length=64, unique=True)
    provider = models.ForeignKey(SamlProvider, on_delete=models.CASCADE, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    report = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.token)[:8]
