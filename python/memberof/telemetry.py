"""What a login tells the outside: log records, OpenTelemetry counters and spans, hooks.

Log records and metrics hold no names of people unless asked for, and never names of groups. OpenTelemetry is used
where its API package is installed, and costs nothing elsewhere.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from memberof.enums import Action, Reason

if TYPE_CHECKING:
    from memberof.errors import MemberOfError
    from memberof.outcome import LoginOutcome

LOG = logging.getLogger("memberof.sync")
WHY_HELD: dict[Reason | None, str] = {
    Reason.ATTACH_ONLY: "the mode is attach_only",
    Reason.BREAKER_TRIPPED: "the circuit breaker tripped",
    Reason.HELD_AFTER_UNDO: "changes of the identity provider were undone",
    Reason.DETACHMENTS_HELD: "an administrator holds them",
}


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

    def done(self, outcome: LoginOutcome, span: Any) -> None:
        """Tell of a login that went through."""
        plan = outcome.plan
        result = _result(outcome)
        facts: dict[str, Any] = {**self._labels, "result": result, "mode": str(outcome.mode)}
        if outcome.claim is not None and plan is not None:
            facts |= {"status": str(outcome.claim.status), "event_id": outcome.event_id}
            counts = Counter(str(change.action) for change in plan.changes)
            numbers = {action: counts[action] for action in Action} | {"held": len(plan.held_changes)}
            facts |= numbers
            if outcome.applied:
                self._count(numbers)
        if outcome.hold is not None:
            facts["hold"] = str(outcome.hold)
        if outcome.tripped is not None:
            facts["trip"] = asdict(outcome.tripped)
        if self._log_users:
            facts["user"] = outcome.user
        self._count_login(span, {"memberof.result": "tripped" if outcome.tripped else result})
        if outcome.tripped is not None or outcome.reminder:
            why = WHY_HELD[outcome.hold]
            LOG.warning("login: %s; detachments are held: %s", result, why, extra={"memberof": facts})
        else:
            LOG.info("login: %s", result, extra={"memberof": facts})

    def refused(self, user: str, error: MemberOfError, span: Any) -> None:
        """Tell of a login that was refused; it changed nothing."""
        facts = {**self._labels, "result": "refused", "code": error.code}
        if self._log_users:
            facts["user"] = user
        self._count_login(span, {"memberof.result": "refused", "memberof.code": error.code})
        LOG.warning("login refused: %s", error.code, extra={"memberof": facts})

    def _count_login(self, span: Any, labels: dict[str, str]) -> None:
        if self._logins is not None:
            self._logins.add(1, {**self._labels, **labels})
            span.set_attributes(labels)

    def _count(self, numbers: dict[str, int]) -> None:
        if self._changes is not None:
            for action, number in numbers.items():
                if number:
                    self._changes.add(number, {**self._labels, "memberof.action": action})


def _result(outcome: LoginOutcome) -> str:
    if outcome.plan is None:
        return "observed_refusal" if outcome.refusal else "off"
    if outcome.older:
        return "older"
    if not outcome.applied:
        return "observed"
    return "changed" if outcome.plan else "unchanged"
