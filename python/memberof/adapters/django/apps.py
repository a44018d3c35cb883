"""The application's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class AdaptersConfig(AppConfig):
    """``memberof.adapters.django``, with the label ``memberof_adapters``."""

    name = "memberof.adapters.django"
    label = "memberof_adapters"

    def ready(self) -> None:
        """Register the system checks, and what bounds sessions."""
        from django.apps import apps

        from memberof.adapters.django import checks, logins

        checks.register()
        logins.connect()
        if apps.is_installed("allauth.socialaccount.providers.saml"):
            from memberof.adapters.django import allauth

            allauth.connect()
