"""``manage.py memberof_refresh_metadata``: for cron, once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from memberof import MemberOfError
from memberof.django.models import SamlProvider
from memberof.django.refreshing import confirm_refresh, refresh


class Command(BaseCommand):
    """Fetch the metadata of identity providers that have an address."""

    help = "Fetch identity providers' metadata; new keys and addresses wait for --confirm or the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which, and whether to take over what waits."""
        parser.add_argument("slug", nargs="*", help="only these identity providers")
        parser.add_argument("--confirm", action="store_true", help="take over fetched metadata that waits")

    def handle(self, *args: Any, slug: list[str], confirm: bool, **options: Any) -> None:
        """Fetch each; one that fails doesn't keep the others waiting."""
        providers = SamlProvider.objects.exclude(metadata_url="")
        if slug:
            providers = SamlProvider.objects.filter(slug__in=slug)
        failed = []
        for provider in providers:
            try:
                if confirm:
                    confirm_refresh(provider)
                    self.stdout.write(f"{provider.slug}: confirmed")
                else:
                    verdict = refresh(provider)
                    self.stdout.write(": ".join([provider.slug, str(verdict.action), *verdict.reasons]))
                    if verdict.action == "refuse":
                        failed.append(provider.slug)
            except MemberOfError as error:
                failed.append(provider.slug)
                self.stderr.write(f"{provider.slug}: {error}")
        if failed:
            raise CommandError(f"failed: {', '.join(failed)}")
