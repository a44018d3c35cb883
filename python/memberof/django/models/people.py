"""Which subject an account belongs to (rule R14), and the sessions that logins began (rule R12)."""

from __future__ import annotations

import hashlib
import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from memberof.django.models.provider import SamlProvider
from memberof.subjects import Subject


class SubjectLink(models.Model):
    """An account and the subject that logs in to it: compared exactly, in all parts."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="saml_subjects",
        verbose_name=_("user"),
    )
    provider = models.ForeignKey(
        SamlProvider, on_delete=models.CASCADE, related_name="subjects", verbose_name=_("identity provider")
    )
    value = models.CharField(
        _("subject"), max_length=1024, help_text=_("The NameID, or the value of the immutable attribute.")
    )
    format = models.CharField(_("NameID format"), max_length=255, blank=True, default="")
    name_qualifier = models.CharField(max_length=1024, blank=True, default="")
    sp_name_qualifier = models.CharField(max_length=1024, blank=True, default="")
    attribute = models.CharField(_("attribute"), max_length=1024, blank=True, default="")
    key = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("linked at"), auto_now_add=True)
    last_login_at = models.DateTimeField(_("last sign-in"), null=True, editable=False)

    class Meta:
        """A subject leads to one account; an account may have several subjects."""

        verbose_name = _("linked account")
        verbose_name_plural = _("linked accounts")
        ordering = ("user",)
        constraints = (models.UniqueConstraint(fields=("provider", "key"), name="memberof_subject"),)

    def __str__(self) -> str:
        return f"{self.user} ← {self.provider}"

    @property
    def subject(self) -> Subject:
        """The subject as a value."""
        return Subject(
            issuer=self.provider.idp_entity_id,
            value=self.value,
            format=self.format or None,
            name_qualifier=self.name_qualifier or None,
            sp_name_qualifier=self.sp_name_qualifier or None,
            attribute=self.attribute or None,
        )

    @staticmethod
    def key_of(subject: Subject) -> str:
        """Return what ``key`` holds for a subject: of one length, and exact where a database would fold case."""
        return hashlib.sha256(subject.key.encode()).hexdigest()

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the key in step with the parts, also where an administrator links an account by hand."""
        self.key = self.key_of(self.subject)
        super().save(*args, **kwargs)


class SamlSession(models.Model):
    """A session that a login began. It ends when this row ends or goes, whatever the session's cookie says."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="saml_sessions",
        verbose_name=_("user"),
    )
    provider = models.ForeignKey(SamlProvider, on_delete=models.CASCADE, related_name="sessions")
    session_index = models.CharField(max_length=1024, blank=True, default="")
    created_at = models.DateTimeField(_("signed in at"))
    expires_at = models.DateTimeField(_("ends at"), db_index=True)

    class Meta:
        """Named for administrators."""

        verbose_name = _("SAML session")
        verbose_name_plural = _("SAML sessions")

    def __str__(self) -> str:
        return str(self.id)
