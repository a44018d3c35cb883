"""``manage.py memberof_plan SLUG RESPONSE``: what a Response would do; applies nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from memberof.django import trial
from memberof.django.models import SamlProvider


class Command(BaseCommand):
    """Show, for a Response in a file, what is verified, read and planned."""

    help = (
        "Show what a SAML Response (base64, as posted) would do: verification, groups, plan. Applies nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose Response, and when it is taken to have arrived."""
        parser.add_argument("slug", help="the identity provider's address part")
        parser.add_argument(
            "response", help='a file with the form value SAMLResponse; "-" reads standard input'
        )
        parser.add_argument("--now", help="the time of receipt, ISO 8601 with a zone; default: now")

    def handle(self, *args: Any, slug: str, response: str, now: str | None, **options: Any) -> None:
        """Print the report as JSON."""
        provider = SamlProvider.objects.filter(slug=slug).first()
        if provider is None:
            raise CommandError(f'there is no identity provider "{slug}"')
        moment = timezone.now() if now is None else parse_datetime(now)
        if moment is None or moment.tzinfo is None:
            raise CommandError("--now is ISO 8601 with a zone, such as 2026-11-24T12:00:00Z")
        text = sys.stdin.read() if response == "-" else Path(response).read_text(encoding="ascii")
        report = trial.try_response(provider, text.strip(), now=moment)
        self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
        if not report["verified"]:
            raise CommandError("the Response is refused")
