"""``manage.py memberof_apply``: undo, hold, release, confirm, switch the source. Plans unless ``--yes`` is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from memberof import MemberOfError
from memberof.django.store import DjangoStore

if TYPE_CHECKING:
    from collections.abc import Iterable

ACTOR = "memberof_apply"


class Command(BaseCommand):
    """What an administrator does to a tenant's groups, from a shell."""

    help = "Undo, hold, release or confirm detachments, or switch a tenant's source of groups."

    def add_arguments(self, parser: CommandParser) -> None:
        """One thing at a time."""
        parser.add_argument("--tenant", default="", help="the tenant; default: the default tenant")
        parser.add_argument("--yes", action="store_true", help="do it; without this the plan is shown")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--undo", type=int, metavar="EVENT", help="undo an event")
        what.add_argument(
            "--undo-since", metavar="TIME", help="undo all that the source did since a time, and hold"
        )
        what.add_argument("--hold", action="store_true", help="hold all detachments")
        what.add_argument("--release", action="store_true", help="end the hold: the cause is repaired")
        what.add_argument("--confirm", action="store_true", help="end the hold: what was held is meant")
        what.add_argument(
            "--confirm-user", metavar="USER", help="let the next sign-in of a user take every group"
        )
        what.add_argument("--switch-source", metavar="ENTITY_ID", help="change to another identity provider")
        parser.add_argument("--source", help="with --undo-since: the entity ID of the source")

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan or do it."""
        store = DjangoStore(options["tenant"])
        try:
            done = self._do(store, options)
        except MemberOfError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(done)

    def _do(self, store: DjangoStore, options: dict[str, Any]) -> str:
        sure = bool(options["yes"])
        if options["undo"] is not None:
            undo = store.undo(options["undo"], apply=sure, actor=ACTOR)
            return self._undo(undo, sure=sure)
        if options["undo_since"]:
            time = parse_datetime(options["undo_since"])
            tenant = store.run(lambda unit: unit.tenant())
            source = options["source"] or (tenant.source if tenant else "")
            if time is None or time.tzinfo is None:
                raise CommandError("--undo-since is ISO 8601 with a zone")
            return self._undo(store.undo_since(time, source=source, apply=sure, actor=ACTOR), sure=sure)
        if options["switch_source"]:
            switch = store.switch_source(options["switch_source"], apply=sure, actor=ACTOR)
            return f"{'switched' if sure else 'would switch (--yes does it)'}: {switch}"
        for name in ("hold", "release", "confirm"):
            if options[name]:
                if not sure:
                    return f"would {name} (--yes does it)"
                event_id = getattr(store, name)(actor=ACTOR)
                return f"{name}: event {event_id}" if event_id is not None else f"{name}: nothing to do"
        if not sure:
            return "would confirm (--yes does it)"
        event_id = store.confirm_user(options["confirm_user"], actor=ACTOR)
        return f"confirmed: event {event_id}" if event_id is not None else "nobody of this ID awaits it"

    def _undo(self, undo: Any, *, sure: bool) -> str:
        head = f"undone: event {undo.event_id}" if sure else "would undo (--yes does it):"
        return "\n".join(
            [head, *self._lines(undo.changes), *(f"  conflict: {text}" for text in undo.conflicts)]
        )

    def _lines(self, changes: Iterable[Any]) -> Iterable[str]:
        for change in changes:
            yield f"  {change.action} {change.group}" + (f" (user {change.user})" if change.user else "")
