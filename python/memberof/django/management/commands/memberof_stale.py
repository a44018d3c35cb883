"""``manage.py memberof_stale``: users whose groups nobody confirmed for long, and rows that are no longer needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from memberof.django.models import PendingRecord, SamlSession, SignInReport
from memberof.django.sessions import end_sessions
from memberof.django.store import DjangoStore
from memberof.django.store.connection import user_id


class Command(BaseCommand):
    """For cron: list, and with the options end sessions, prune groups and forget."""

    help = "List users with external groups that no sign-in has confirmed lately; clean up."

    def add_arguments(self, parser: CommandParser) -> None:
        """How old is stale, and what to do about it."""
        parser.add_argument("--tenant", default="")
        parser.add_argument("--hours", type=float, default=24, help="unconfirmed for this long (24)")
        parser.add_argument(
            "--end-sessions", action="store_true", help="end the SAML sessions of those users"
        )
        parser.add_argument(
            "--prune", action="store_true", help="remove external groups without members that nothing needs"
        )
        parser.add_argument("--forget-history", type=int, metavar="DAYS", help="remove older events")
        parser.add_argument(
            "--clean", action="store_true", help="remove expired requests, reports and sessions"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is asked, and say so."""
        store = DjangoStore(options["tenant"])
        for mark in store.stale(older_than=timedelta(hours=options["hours"])):
            confirmed = f"{mark.confirmed_at:%Y-%m-%d %H:%M}" if mark.confirmed_at else "never"
            ended = f", {self._end(mark.user)} sessions ended" if options["end_sessions"] else ""
            self.stdout.write(f"{mark.user}: confirmed {confirmed}{ended}")
        if options["prune"]:
            self.stdout.write(f"pruned: {store.prune(apply=True, actor='memberof_stale')}")
        if options["forget_history"] is not None:
            store.forget_history(older_than=timedelta(days=options["forget_history"]))
            self.stdout.write("history forgotten")
        if options["clean"]:
            now = timezone.now()
            gone = sum(
                found.delete()[0]
                for found in (
                    PendingRecord.objects.filter(expires_at__lt=now),
                    SignInReport.objects.filter(expires_at__lt=now),
                    # The middleware reads for a while where an ended session came from.
                    SamlSession.objects.filter(expires_at__lt=now - timedelta(days=14)),
                )
            )
            self.stdout.write(f"{gone} expired rows removed")

    def _end(self, user: str) -> int:
        return end_sessions(user_id(user))
