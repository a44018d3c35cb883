"""``manage.py memberof_check``: is everything set up right? ``--new-key`` prints a key for ``ENCRYPTION_KEYS``."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from memberof.django.checks import database_fits, providers_are_right, settings_are_right
from memberof.django.models import SamlProvider


class Command(BaseCommand):
    """Run our system checks, those of the database included, and say how each provider stands."""

    help = "Check the configuration of SAML sign-in and group synchronisation."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """A key can be had here as well."""
        parser.add_argument(
            "--new-key", action="store_true", help='print a new key for MEMBEROF["ENCRYPTION_KEYS"]'
        )

    def handle(self, *args: Any, new_key: bool, **options: Any) -> None:
        """Print findings; errors end with status 1."""
        if new_key:
            self.stdout.write(Fernet.generate_key().decode())
            return
        databases = [DEFAULT_DB_ALIAS]
        found = [
            *settings_are_right(),
            *database_fits(databases=databases),
            *providers_are_right(databases=databases),
        ]
        for message in found:
            write = self.stderr.write if message.level >= checks.ERROR else self.stdout.write
            write(f"{message.id}: {message.msg}\n  HINT: {message.hint}")
        for provider in SamlProvider.objects.all():
            groups = "off" if provider.group_format == "off" else f"{provider.group_format}, {provider.mode}"
            state = "enabled" if provider.enabled else "disabled"
            self.stdout.write(
                f"{provider.slug}: {state}, groups {groups}, {provider.subjects.count()} linked accounts"
            )
        if any(message.level >= checks.ERROR for message in found):
            raise CommandError("there are errors")
        self.stdout.write("no errors")
