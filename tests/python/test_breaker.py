"""The circuit breaker: its defaults reach their aim, and the simulation that chose them is the real thing."""

from __future__ import annotations

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from services.site import IDP, NOW

import memberof
from memberof import Breaker
from memberof.breaker import Loss
from memberof.store import BreakerWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

ROOT = Path(__file__).parent.parent.parent


def load_simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("breaker_simulation", ROOT / "benches" / "breaker.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


simulation = load_simulation()


class Real:
    """Simulated logins, through ``GroupSync`` on a store in memory."""

    def __init__(self, organisation: dict[str, frozenset[str]], at: float) -> None:
        self.store = memberof.InMemoryStore()
        extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
        self.sync = memberof.GroupSync(extractor, self.store, source=IDP)
        self.count = 0
        for user in sorted(organisation):
            self.login(at, user, organisation[user])

    def login(self, at: float, user: str, groups: frozenset[str] | None) -> memberof.LoginOutcome:
        self.count += 1
        now = NOW + timedelta(seconds=at, microseconds=self.count)
        attributes = {} if groups is None else {"memberOf": sorted(groups)}
        name = f"_{self.count}"
        return self.sync.login(user, attributes, issuer=IDP, issued_at=now, assertion_id=name, now=now)

    def losers(self, logins: Iterable[tuple[float, str, frozenset[str] | None]]) -> tuple[set[str], bool]:
        """Who lost anything until the trip, and whether it tripped."""
        found: set[str] = set()
        for at, user, groups in logins:
            outcome = self.login(at, user, groups)
            if outcome.tripped:
                return found, True
            if outcome.plan and outcome.plan.detach:
                found.add(user)
        return found, False


ORGANISATIONS: dict[str, Callable[[Random], dict[str, frozenset[str]]]] = {
    "kubernetes-50": lambda random: simulation.part_of_kubernetes(50, random),
    "synthetic-50": lambda random: simulation.synthetic(50, random),
    "kubernetes-1000": lambda random: simulation.part_of_kubernetes(1000, random),
}


@pytest.mark.parametrize("what", simulation.BREAKS)
@pytest.mark.parametrize("organisation", ORGANISATIONS)
def test_a_broken_rule_takes_groups_from_ten_users_or_two_percent_at_most(
    organisation: str, what: str
) -> None:
    random = Random(1)
    groups = ORGANISATIONS[organisation](random)
    how = simulation.BREAKS[what](groups, random)
    for moment in simulation.MOMENTS:
        real = Real(groups, 0)
        logins = list(simulation.broken(groups, how, moment, random, 0.95))
        lost, tripped = real.losers(logins)
        assert tripped
        assert len(lost) <= max(10, len(groups) * 0.02)
        simulated = simulation.Tenant(Breaker(), dict(groups)).run(logins)
        assert simulated.losers == lost, "the simulation is the real thing"
        led = {event.user for event in real.store.breaker().led_to_it}
        assert led <= lost
        assert len(led) == min(len(lost), 10), "those in its window"
        real.store.restore_trip(now=NOW + timedelta(days=30))
        given_back = {
            user
            for user in lost
            if {held.group for held in real.store.memberships(user=user)} >= groups[user]
        }
        assert given_back == led


def test_a_renamed_attribute_trips_it_as_groups_gone_do() -> None:
    random = Random(2)
    groups = simulation.synthetic(50, random)
    logins = simulation.broken(
        groups, simulation.all_gone(groups, random), simulation.MOMENTS[1], random, 0.95
    )
    lost, tripped = Real(groups, 0).losers((at, user, sent or None) for at, user, sent in logins)
    assert tripped
    assert 1 <= len(lost) <= 10


def test_a_year_of_a_real_organisation_never_trips_it() -> None:
    before, after = simulation.kubernetes("before"), simulation.kubernetes("after")
    year = simulation.a_year(before, after, Random(3), in_one_day=True)
    tenant = simulation.Tenant(Breaker(), dict(before)).run(year)
    assert not tenant.tripped, "all changes of the year on one day"
    assert len(tenant.losers) > 100
    assert {user: groups for user, groups in tenant.groups.items() if groups} == after


def window(**fields: int) -> BreakerWindow:
    return BreakerWindow(**{"users": 39, "memberships": 160, **fields})


@pytest.mark.parametrize(
    ("found", "loss", "trips"),
    [
        (window(losers=6, lost=6, emptied=6), Loss(before=1, lost=1, emptied=True), False),
        (window(losers=7, lost=7, emptied=7), Loss(before=1, lost=1, emptied=True), True),
        (window(losers=7, lost=7, emptied=7), Loss(before=2, lost=1, emptied=False), False),
        (window(losers=8, lost=8), Loss(before=9, lost=1, emptied=False), False),
        (window(losers=9, lost=9), Loss(before=9, lost=1, emptied=False), True),
        (window(losers=4, lost=60), Loss(before=5, lost=5, emptied=False), False),
        (window(losers=4, lost=61), Loss(before=5, lost=5, emptied=False), True),
        (window(losers=3, lost=100), Loss(before=40, lost=40, emptied=False), False),
        (window(users=8, losers=8, lost=30, emptied=8), Loss(before=9, lost=9, emptied=True), False),
        (window(users=9, losers=8, lost=30, emptied=8), Loss(before=9, lost=9, emptied=True), True),
        (window(losers=39, lost=160, emptied=39), Loss(before=9, lost=0, emptied=False), False),
    ],
    ids=[
        "emptied-below",
        "emptied-at",
        "emptied-is-not-this-login",
        "losers-below",
        "losers-at",
        "memberships-below",
        "memberships-at",
        "four-users-are-never-many",
        "nine-users-are-no-window",
        "ten-are",
        "a-login-that-loses-nothing",
    ],
)
def test_it_trips_at_its_shares_and_not_below(found: BreakerWindow, loss: Loss, trips: bool) -> None:
    assert (Breaker().judge(found, loss) is not None) is trips


def test_every_mistake_is_reported_at_once() -> None:
    wrong: dict[str, Any] = {
        "window_users": 5,
        "min_users": 9,
        "min_losers": 0,
        "emptied_share": 0,
        "lost_share": 1.1,
        "loser_share": -1,
        "window": timedelta(0),
        "max_hold": timedelta(0),
        "remind_every": timedelta(0),
    }
    with pytest.raises(memberof.ConfigurationError) as refused:
        Breaker(**wrong)
    assert refused.value.code == "config.breaker"
    assert len(refused.value.problems) == len(wrong)
    assert Breaker(max_hold=None).ends(NOW) is None


def test_the_window_is_kept_in_the_store_and_counts_a_user_once(sites: Callable[..., Any]) -> None:
    site = sites()
    people = [f"person{number:02}" for number in range(40)]
    for person in people * 2:
        site.login(person, ["A", "B"])
    for _ in range(20):  # however often one user loses and gets her groups
        assert site.login(people[0], []).tripped is None
        site.login(people[0], ["A", "B"])
    for person in people[1:7]:
        assert site.login(person, []).tripped is None
    other = memberof.GroupSync(site.extractor, site.store, source=IDP)  # another worker
    site.sync = other
    assert site.login(people[7], []).tripped is not None


def test_what_a_trip_gives_back_is_what_it_counted(sites: Callable[..., Any]) -> None:
    site = sites(breaker=Breaker(window_users=10))
    people = [f"person{number:02}" for number in range(40)]
    for person in people * 2:
        site.login(person, ["A", "B"])
    site.login(people[0], [])  # as it should be, hours before
    for person in people[1:30]:
        site.login(person, ["A", "B"])
    tripped = [site.login(person, []).tripped for person in people[30:35]]
    assert [trip is not None for trip in tripped] == [False, False, False, False, True]
    report = site.store.breaker()
    assert [event.user for event in report.led_to_it] == ["person33", "person32", "person31", "person30"]
    assert {change.user for change in report.restoring.changes} == set(people[30:34])
    site.store.restore_trip(now=site.time)
    assert site.groups("person00") == []
    assert site.groups("person30") == ["A", "B"]


def test_tenants_and_sources_have_windows_of_their_own(sites: Callable[..., Any]) -> None:
    one = sites()
    other = sites(store=one.store.for_tenant("other"))
    people = [f"person{number:02}" for number in range(12)]
    for site in (one, other):
        for person in people * 2:
            site.login(person, ["A", "B"])
    for person in people[:4]:
        assert one.login(person, []).tripped is None
        assert other.login(person, []).tripped is None
    assert one.login(people[4], []).tripped is not None
    assert other.store.breaker().hold is None
