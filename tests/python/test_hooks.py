"""What a login tells the application: hooks, reminders, log records; and how a hold ends."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.site import IDP, NOW

import memberof
from memberof import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.site import Site

PEOPLE = [f"person{number:02}" for number in range(20)]


class Told:
    """Every call of every hook, with its arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def hooks(self) -> dict[str, Callable[..., None]]:
        def hook(name: str) -> Callable[..., None]:
            return lambda *arguments: self.calls.append((name, arguments))

        return {name: hook(name) for name in ("on_applied", "on_held", "on_refused")}

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


@pytest.fixture
def told() -> Told:
    return Told()


def ours(caplog: pytest.LogCaptureFixture, level: int = logging.DEBUG) -> list[Any]:
    """The log records of synchronisation, from a level on."""
    return [r for r in caplog.records if r.name == "memberof.sync" and r.levelno >= level]


def tripped(sites: Callable[..., Site], **options: Any) -> Site:
    """An application whose identity provider lost everybody's groups, after its circuit breaker tripped."""
    site = sites(**options)
    for person in PEOPLE:
        site.login(person, ["A", "B"])
    for person in PEOPLE:
        if site.login(person, []).tripped:
            return site
    raise AssertionError("the breaker never tripped")


def test_on_applied_gets_the_outcome_of_a_login_that_changed_something(
    sites: Callable[..., Site], told: Told
) -> None:
    site = sites(**told.hooks())
    outcome = site.login("ada", ["A"])
    assert told.calls == [("on_applied", (outcome,))]
    assert outcome.event_id is not None
    site.login("ada", ["A"])
    assert told.names() == ["on_applied"], "no change, no call"


def test_on_held_gets_the_outcome_once_for_what_is_newly_held(sites: Callable[..., Site], told: Told) -> None:
    site = sites(policy=memberof.SyncPolicy(protected=["Admins"]), **told.hooks())
    outcome = site.login("ada", ["Admins"])
    assert told.calls == [("on_held", (outcome,))]
    assert outcome.held == ("Admins",)
    site.login("ada", ["Admins"])
    assert told.names() == ["on_held"], "the same again is no news"
    both = site.login("ada", ["Admins", "A"])
    assert told.calls[1:] == [("on_applied", (both,)), ("on_held", (both,))]


def test_on_refused_gets_the_user_and_the_error_that_is_raised(
    sites: Callable[..., Site], told: Told
) -> None:
    site = sites(policy=memberof.SyncPolicy(required_groups=["App"]), **told.hooks())
    with pytest.raises(memberof.ClaimError) as refused:
        site.login("ada", ["Other"])
    assert told.calls == [("on_refused", ("ada", refused.value))]
    with pytest.raises(memberof.SourceConflictError) as conflict:
        site.login("ada", ["App"], issuer="https://other.example")
    assert told.calls[1:] == [("on_refused", ("ada", conflict.value))]


def test_observe_calls_on_held_and_never_on_applied(sites: Callable[..., Site], told: Told) -> None:
    site = sites(policy=memberof.SyncPolicy(protected=["Admins"]), mode="observe", **told.hooks())
    site.login("ada", ["Admins", "A"])
    assert told.names() == ["on_held"]


def test_a_hook_that_fails_is_logged_and_the_login_stands(
    sites: Callable[..., Site], caplog: pytest.LogCaptureFixture
) -> None:
    def fails(outcome: memberof.LoginOutcome) -> None:
        raise RuntimeError("no mail server")

    site = sites(on_applied=fails)
    assert site.login("ada", ["A"]).applied
    assert site.groups("ada") == ["A"]
    assert [record.message for record in ours(caplog, logging.ERROR)] == ["a hook failed"]


def test_a_trip_is_told_by_event_hook_and_log_line(
    sites: Callable[..., Site], told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    site = tripped(sites, **told.hooks())
    name, (outcome,) = told.calls[-1]
    assert (name, outcome.hold) == ("on_held", Reason.BREAKER_TRIPPED)
    event = site.store.history(limit=1)[0]
    assert (event.kind, event.id) == ("trip", outcome.event_id)
    assert event.details["trip"] == asdict(outcome.tripped)
    warnings = ours(caplog, logging.WARNING)
    assert [record.memberof["trip"] for record in warnings] == [asdict(outcome.tripped)]
    assert warnings[0].message == "login: unchanged; detachments are held: the circuit breaker tripped"


def test_a_hold_is_told_of_once_more_each_day(
    sites: Callable[..., Site], told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    site = tripped(sites, **told.hooks())
    site.login("late", ["A", "B"])
    told.calls.clear()
    caplog.clear()
    begun = site.time

    def login_after(hours: float) -> memberof.LoginOutcome:
        site.time = begun + timedelta(hours=hours)
        return site.login(PEOPLE[-1], [])

    assert not login_after(1).reminder
    assert told.names() == ["on_held"], "held anew for her"
    assert not login_after(23).reminder
    assert told.names() == ["on_held"]
    outcome = login_after(24.1)
    assert outcome.reminder
    assert told.calls[1:] == [("on_held", (outcome,))]
    assert outcome.event_id == site.store.history(limit=1)[0].id
    assert site.store.history(limit=1)[0].kind == "hold"
    assert not login_after(25).reminder, "once a day"
    assert login_after(49).reminder
    lines = [record.message for record in ours(caplog, logging.WARNING)]
    assert lines == ["login: unchanged; detachments are held: the circuit breaker tripped"] * 2


def test_a_login_that_holds_nothing_reminds_nobody(sites: Callable[..., Site]) -> None:
    site = tripped(sites)
    site.time += timedelta(days=2)
    assert not site.login("new", ["A"]).reminder


def test_a_hold_ends_after_max_hold_and_trips_again_if_nothing_was_repaired(
    sites: Callable[..., Site],
) -> None:
    site = tripped(sites, breaker=memberof.Breaker(max_hold=timedelta(days=3)))
    hold = site.store.breaker().hold
    assert hold is not None
    assert hold.until == hold.since + timedelta(days=3)
    site.time = hold.until - timedelta(seconds=2)
    assert site.login(PEOPLE[-1], []).hold is Reason.BREAKER_TRIPPED
    ended = site.login(PEOPLE[-1], [])
    assert (ended.hold, site.groups(PEOPLE[-1])) == (None, [])
    assert site.store.breaker().hold is None
    event = site.store.history(limit=1)[0]
    assert event.details["hold_ended"] == "breaker"
    for person in PEOPLE[:-1]:  # most of whom the hold has kept
        site.login(person, ["A", "B"])
    assert any(site.login(person, []).tripped for person in PEOPLE[:-1])


def test_a_hold_without_max_hold_ends_by_an_administrator_only(sites: Callable[..., Site]) -> None:
    site = tripped(sites, breaker=memberof.Breaker(max_hold=None))
    assert site.store.breaker().hold.until is None
    site.time += timedelta(days=3650)
    assert site.login(PEOPLE[-1], []).hold is Reason.BREAKER_TRIPPED
    site.store.release(actor="root", now=site.time)
    released = site.store.history(limit=1)[0]
    assert (released.kind, released.actor) == ("release", "root")
    site.login(PEOPLE[-1], [])
    assert site.groups(PEOPLE[-1]) == []


def test_confirm_lets_what_was_held_happen_for_a_time(sites: Callable[..., Site]) -> None:
    site = tripped(sites)
    site.store.confirm(trust=timedelta(hours=1), actor="root", now=site.time)
    for person in PEOPLE:
        assert site.login(person, []).hold is None
    assert site.store.memberships() == ()
    for person in PEOPLE:
        site.login(person, ["A", "B"])
    site.time += timedelta(hours=1)
    assert any(site.login(person, []).tripped for person in PEOPLE), "trust has an end"


def test_a_small_tenant_can_have_each_emptying_login_confirmed(
    sites: Callable[..., Site], told: Told
) -> None:
    site = sites(breaker=memberof.Breaker(confirm_below=100), **told.hooks())
    for person in ("ada", "bob"):
        site.login(person, ["A", "B"])
    told.calls.clear()
    outcome = site.login("ada", [])
    assert (outcome.hold, site.groups("ada")) == (Reason.AWAITS_CONFIRMATION, ["A", "B"])
    assert told.calls == [("on_held", (outcome,))]
    assert site.store.breaker().awaiting == ("ada",)
    assert site.store.confirm_user("bob", now=site.time) is None, "nothing of his waits"
    assert site.store.confirm_user("ada", now=site.time) is not None
    site.login("ada", [])
    assert site.groups("ada") == []
    assert site.store.breaker().awaiting == ()
    site.login("ada", ["A", "B"])
    assert site.login("ada", []).hold is Reason.AWAITS_CONFIRMATION, "one confirmation is for one login"


def test_log_records_name_nobody_unless_asked(
    sites: Callable[..., Site], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def text() -> str:
        return json.dumps(
            [{**vars(record), "text": record.getMessage()} for record in ours(caplog)], default=str
        )

    def logins(**options: Any) -> None:
        site = sites(policy=memberof.SyncPolicy(required_groups=["Secretariat"]), **options)
        site.login("ada", ["Secretariat"])
        with pytest.raises(memberof.ClaimError):
            site.login("ada", ["Board of directors"])
        site.sync = memberof.GroupSync(None, site.store, **options)
        site.login("ada", [])

    logins()
    assert [record.memberof["result"] for record in ours(caplog)] == ["changed", "refused", "off"]
    assert "ada" not in text()
    caplog.clear()
    logins(log_users=True)
    assert [record.memberof["user"] for record in ours(caplog)] == ["ada"] * 3
    assert "Secretariat" not in text(), "names of groups stand in events only"
    assert "Board" not in text()


def test_the_facts_of_a_log_record(sites: Callable[..., Site], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site = sites(policy=memberof.SyncPolicy(protected=["Admins"]))
    outcome = site.login("ada", ["A", "B", "Admins"])
    (record,) = ours(caplog)
    assert (record.name, record.levelno, record.getMessage()) == (
        "memberof.sync",
        logging.INFO,
        "login: changed",
    )
    assert record.memberof == {
        "memberof.tenant": "",
        "memberof.source": IDP,
        "result": "changed",
        "mode": "on",
        "status": "present",
        "event_id": outcome.event_id,
        "create": 2,
        "adopt": 0,
        "attach": 2,
        "detach": 0,
        "held": 2,
    }


def test_a_session_ends_by_the_identity_providers_word_if_that_is_earlier(sites: Callable[..., Site]) -> None:
    class Assertion:
        """What ``GroupSync`` reads of a verified assertion."""

        issuer, id, issue_instant, not_on_or_after = IDP, "_1", NOW, NOW + timedelta(minutes=5)

        def __init__(self, session: Any) -> None:
            self.session_not_on_or_after = session

    sync = memberof.GroupSync(None, sites().store)
    for hours, expected in ((8, 8), (24, 24), (72, 24), (None, 24)):
        session = None if hours is None else NOW + timedelta(hours=hours)
        assert sync.login("ada", Assertion(session), now=NOW).session_expires_at == NOW + timedelta(
            hours=expected
        )
