"""What a store keeps: records survive JSON, and marks open as the protocol says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from memberof import ClaimStatus, GroupKind
from memberof.records import (
    Change,
    Event,
    Hold,
    Membership,
    UserMark,
    event_from_json,
    hold_from_json,
    to_json,
)
from memberof.store import LoginAttempt

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def attempt(at: datetime = NOW, **fields: object) -> LoginAttempt:
    micros = int(at.timestamp() * 1_000_000)
    base = LoginAttempt(
        user="ada",
        source="https://idp.example",
        assertion_id="_1",
        replay_until=at + timedelta(days=1),
        order=(micros, micros),
        received_at=at,
        identity="exact",
        keys=("Staff",),
        status=ClaimStatus.PRESENT,
        signature="memberOf/array",
        complete=True,
        received=1,
        window_from=at - timedelta(days=1),
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def test_events_survive_json() -> None:
    held = Membership(user="ada", group="Staff", source="https://idp.example", event_id=3, since=NOW)
    event = Event(
        id=7,
        kind="login",
        at=NOW,
        user="ada",
        changes=(
            Change(action="create", group="New", reason="received", kind=GroupKind.EXTERNAL),
            Change(action="detach", group="Staff", reason="not_received", user="ada", membership=held),
        ),
        details={"policy": "abc"},
    )
    assert event_from_json(json.loads(json.dumps(to_json(event)))) == event
    assert event.lossy


def test_holds_survive_json() -> None:
    hold = Hold(reason="breaker", since=NOW, told_at=NOW)
    assert hold_from_json(json.loads(json.dumps(to_json(hold)))) == hold


def test_an_older_assertion_leaves_the_mark_as_it_stands() -> None:
    mark = UserMark.opened(None, attempt(), external=2)
    assert UserMark.opened(mark, attempt(NOW - timedelta(microseconds=1)), external=0) is mark


def test_equal_orders_go_to_the_one_that_opens_last() -> None:
    mark = UserMark.opened(None, attempt(), external=2)
    assert UserMark.opened(mark, attempt(received=9), external=2).received == 9


def test_a_loss_in_the_window_stays_counted_whatever_logins_follow() -> None:
    mark = replace(UserMark.opened(None, attempt(), external=4), lost=4, emptied=True, loss_at=NOW)
    again = UserMark.opened(mark, attempt(NOW + timedelta(minutes=1)), external=0)
    assert (again.before, again.lost, again.emptied) == (4, 4, True)
    later = UserMark.opened(mark, attempt(NOW + timedelta(days=2)), external=1)
    assert (later.before, later.lost, later.emptied) == (1, 0, False)
