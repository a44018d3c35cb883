"""The application's configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MemberOfConfig(AppConfig):
    """``memberof.django``, with the label ``memberof``."""

    name = "memberof.django"
    label = "memberof"
    verbose_name = _("SAML sign-in")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the signals that record changes made outside memberof, and register the system checks."""
        from memberof.django import checks, recording

        recording.connect()
        checks.register()
