"""A login as it arrives: who, from where, issued and received when; and when the application's session ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from memberof.errors import ConfigurationError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A login as it arrives: who, from where, issued and received when, with which attributes."""

    user: str
    attributes: Any
    issuer: str
    assertion_id: str
    issued_at: datetime
    received_at: datetime
    valid_until: datetime | None
    session_not_on_or_after: datetime | None

    @property
    def order(self) -> tuple[int, int]:
        """(min(IssueInstant, receipt), receipt) in microseconds: a clock ahead of ours cannot win for ever."""
        received = _micros(self.received_at)
        return min(_micros(self.issued_at), received), received


def arrive(
    user: str,
    assertion: Any,
    *,
    issuer: str | None,
    issued_at: datetime | None,
    assertion_id: str | None,
    now: datetime | None,
) -> Arrival:
    """Read who and when from a verified assertion, or from a mapping and the three arguments beside it.

    Raises:
        ConfigurationError: A mapping without one of the three, an assertion with one, a time without a zone.

    """
    received_at = now or datetime.now(UTC)
    given = {"issuer": issuer, "issued_at": issued_at, "assertion_id": assertion_id}
    if isinstance(assertion, Mapping):
        problems = [f"attributes come with {name}, found none" for name, value in given.items() if not value]
        valid_until = session = None
        attributes: Any = assertion
    else:
        problems = [
            f"{name} is read from the assertion" for name, value in given.items() if value is not None
        ]
        issuer, issued_at, assertion_id = assertion.issuer, assertion.issue_instant, assertion.id
        valid_until, session = assertion.not_on_or_after, assertion.session_not_on_or_after
        attributes = assertion
    times = {"now": received_at, "issued_at": issued_at}
    problems += [
        f"{name} is an aware datetime" for name, time in times.items() if time and time.tzinfo is None
    ]
    if not user:
        problems.append("user is not empty")
    if problems or issuer is None or issued_at is None or assertion_id is None:
        raise ConfigurationError("; ".join(problems), "config.login", None, tuple(problems))
    return Arrival(
        user=user,
        attributes=attributes,
        issuer=issuer,
        assertion_id=assertion_id,
        issued_at=issued_at,
        received_at=received_at,
        valid_until=valid_until,
        session_not_on_or_after=session,
    )


def session_end(received_at: datetime, lifetime: timedelta, not_on_or_after: datetime | None) -> datetime:
    """Return when the application's session ends (rule R12)."""
    bound = received_at + lifetime
    return bound if not_on_or_after is None else min(bound, not_on_or_after)


def _micros(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)
