"""The model's interleavings (``tests/rust/protocol``) on the real stores: three logins and an administrator at once."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from services.stepping import Interleaving

import memberof
from memberof.stores.opening import opening

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.store import LoginOpening
    from memberof.stores import SqlStore

FILE = Path(__file__).parents[2] / "data" / "protocol" / "traces.json"
START = datetime(2026, 1, 1, tzinfo=UTC)
IDP = "https://idp.example"
LATER = START + timedelta(hours=1)
EXTRACTOR = memberof.GroupExtractor(attribute="memberOf", format="array")
MODEL = json.loads(FILE.read_text(encoding="utf-8"))


class Play:
    """A scenario of the model in a tenant of its own."""

    def __init__(self, store: SqlStore, scenario: dict[str, Any]) -> None:
        self.store = store
        self.scenario = scenario
        policy = memberof.SyncPolicy(last_member_of=scenario["guarded"])
        self.sync = memberof.GroupSync(EXTRACTOR, store, policy=policy, source=IDP, breaker=None)
        self.first: dict[str, int] = {}
        before = scenario["before"]
        for name, kind in before["groups"].items():
            if kind == "internal":
                store.create_group(name, now=START)
        for user in before["marks"]:
            groups = [group for member, group in before["members"] if member == user]
            external = [group for group in groups if before["groups"][group] == "external"]
            event_id = self.log_in(user, external, 0).event_id
            assert event_id is not None
            self.first[user] = event_id
        for user, group in before["members"]:
            if before["groups"][group] == "internal":
                store.attach(user, group, now=START)
        assert self.outcome() == before

    def log_in(self, user: str, groups: list[str], order: int) -> memberof.LoginOutcome:
        issued = START + timedelta(seconds=order)
        # Whoever arrives first: it is the assertion that says which of two is the newer.
        return self.sync.login(
            user,
            {"memberOf": groups},
            issuer=IDP,
            issued_at=issued,
            assertion_id=f"_{user}_{order}",
            now=LATER,
        )

    def acts(self) -> list[Callable[[], Any]]:
        logins = [
            partial(self.log_in, one["user"], one["groups"], one["order"]) for one in self.scenario["logins"]
        ]
        name, *arguments = self.scenario["deed"]
        if name == "undo_first_login":
            return [*logins, partial(self.store.undo, self.first[arguments[0]], now=LATER)]
        return [*logins, partial(getattr(self.store, name), *arguments, now=LATER)]

    def outcome(self) -> dict[str, Any]:
        return {
            "groups": {group.name: str(group.kind) for group in self.store.groups()},
            "members": [[held.user, held.group] for held in self.store.memberships()],
            "marks": {
                mark.user: (mark.order[0] - int(START.timestamp()) * 1_000_000) // 1_000_000
                for mark in self.store.run(lambda unit: unit.marks())
            },
        }


REFUSALS = {"store.no_such_group", "store.group_exists", "plan.undo_conflict"}


def explained(outcomes: dict[str, Any], order: list[int], began: list[int]) -> list[Any]:
    """Return what may come of it: of every order in which whoever had ended before another began comes before it."""
    return [
        outcome
        for alone, outcome in outcomes.items()
        if all(
            alone.index(str(first)) < alone.index(str(who)) for who in order for first in order[: began[who]]
        )
    ]


def replay(store: SqlStore, traces: list[dict[str, Any]]) -> int:
    """Replay traces; return how many committed in the model's own order."""
    interleaving = Interleaving(store._engine)
    tenants = (store.for_tenant(f"trace {number}") for number in itertools.count())
    agreed = 0
    for trace, tenant in zip(traces, tenants, strict=False):
        scenario = MODEL["scenarios"][trace["scenario"]]
        play = Play(tenant, scenario)
        order, began, answers = interleaving.run(play.acts(), [int(who) for who in trace["steps"]])
        said = f"{scenario['name']}, {trace['steps']}, in the order {order}: {answers}"
        for answer in answers:
            if isinstance(answer, Exception):
                assert isinstance(answer, memberof.MemberOfError), said
                assert answer.code in REFUSALS, said
        assert play.outcome() in explained(scenario["outcomes"], order, began), said
        agreed += "".join(map(str, order)) == trace.get("order")
    return agreed


def test_what_breaks_a_protocol_with_a_part_missing_does_not_break_the_stores(store: SqlStore) -> None:
    counterexamples = MODEL["counterexamples"]
    assert {one["without"] for one in counterexamples} == {
        "the gate",
        "the user's lock",
        "the order check",
        "the comparison",
        "the second look at last members",
    }
    replay(store, counterexamples)


def of(part: str) -> list[dict[str, Any]]:
    return [one for one in MODEL["counterexamples"] if one["without"] == part]


def test_a_store_that_forgets_the_order_is_found(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(*arguments: Any, **options: Any) -> LoginOpening:
        return replace(opening(*arguments, **options), older=False)

    monkeypatch.setattr("memberof.stores.sqlite.opening", forgetful)
    monkeypatch.setattr("memberof.stores.postgresql.opening", forgetful)
    with pytest.raises(AssertionError, match="in the order"):
        replay(store, of("the order check"))


@pytest.mark.timeout(900)
def test_a_thousand_traces_of_the_model_end_as_the_model_says(store: SqlStore) -> None:
    traces = MODEL["traces"]
    assert len(traces) == 1_000
    agreed = replay(store, traces)
    print(f"{agreed} of 1,000 ended in the model's order")
