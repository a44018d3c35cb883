"""What a login tells the outside: log records, OpenTelemetry counters and spans, hooks.

Log records and metrics hold no names of people unless asked for, and never names of groups. OpenTelemetry is used
where its API package is installed, and costs nothing elsewhere.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from memberof.errors import MemberOfError
    from memberof.outcome import LoginOutcome

LOG = logging.getLogger("memberof.sync")


class _Counter(Protocol):
    def add(self, amount: int, attributes: dict[str, str]) -> None: ...


class Telemetry:
    """Counters ``memberof.logins`` and ``memberof.changes``, span ``memberof.login``, logger ``memberof.sync``."""

    def __init__(self, *, tenant: str, source: str, log_users: bool) -> None:
        self._labels = {"memberof.tenant": tenant, "memberof.source": source}
        self._log_users = log_users
        self._tracer: Any = None
        self._logins: _Counter | None = None
        self._changes: _Counter | None = None
        if find_spec("opentelemetry") is not None and find_spec("opentelemetry.metrics") is not None:
            meter = import_module("opentelemetry.metrics").get_meter("memberof")
            self._tracer = import_module("opentelemetry.trace").get_tracer("memberof")
            self._logins = meter.create_counter("memberof.logins", "{login}", "logins by result")
            self._changes = meter.create_counter(
                "memberof.changes", "{change}", "changes and held changes by action"
            )

    def span(self) -> AbstractContextManager[Any]:
        """Return the span around one login."""
        if self._tracer is None:
            return nullcontext()
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            "memberof.login", attributes=self._labels
        )
        return span

    def done(self, outcome: LoginOutcome) -> None:
        """Tell of a login that went through."""
        plan = outcome.plan
        result = self._result(outcome)
        facts: dict[str, Any] = {**self._labels, "result": result, "mode": str(outcome.mode)}
        if outcome.claim is not None and plan is not None:
            facts |= {"status": str(outcome.claim.status), "event_id": outcome.event_id}
            counts = {
                "create": plan.create,
                "adopt": plan.adopt,
                "attach": plan.attach,
                "detach": plan.detach,
            }
            facts |= {name: len(names) for name, names in counts.items()} | {"held": len(plan.held_changes)}
            if outcome.applied:
                self._count(
                    {name: len(names) for name, names in counts.items()} | {"held": len(plan.held_changes)}
                )
        if self._log_users:
            facts["user"] = outcome.user
        if self._logins:
            self._logins.add(1, {**self._labels, "memberof.result": result})
        loud = outcome.tripped is not None or outcome.reminder
        text = (
            "login: %s" if not loud else "login: %s; detachments are held: too many users would lose groups"
        )
        LOG.log(logging.WARNING if loud else logging.INFO, text, result, extra={"memberof": facts})

    def refused(self, user: str, error: MemberOfError) -> None:
        """Tell of a login that was refused; it changed nothing."""
        facts = {**self._labels, "result": "refused", "code": error.code}
        if self._log_users:
            facts["user"] = user
        if self._logins:
            self._logins.add(1, {**self._labels, "memberof.result": "refused", "memberof.code": error.code})
        LOG.warning("login refused: %s", error.code, extra={"memberof": facts})

    def _count(self, counts: dict[str, int]) -> None:
        if self._changes:
            for action, number in counts.items():
                if number:
                    self._changes.add(number, {**self._labels, "memberof.action": action})

    @staticmethod
    def _result(outcome: LoginOutcome) -> str:
        if outcome.plan is None:
            return "observed_refusal" if outcome.refusal else "off"
        if outcome.older:
            return "older"
        if not outcome.applied:
            return "observed"
        return "changed" if outcome.plan else "unchanged"
