"""The laws, on SQLite and on PostgreSQL: any steps in any order, held against the laws and against the store in memory."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import memberof
from memberof import GroupKind
from memberof.testing.twins import GROUPS, SOURCE, USERS, Twins

if TYPE_CHECKING:
    from memberof.stores import SqlStore

OTHER = "https://other.example"
GUARDED, PROTECTED = "Admins", "Board"

users = st.sampled_from(USERS)
groups = st.sampled_from(GROUPS)
kinds = st.sampled_from(GroupKind)
claims = st.lists(groups, unique=True, max_size=4).map(tuple)
_numbers = itertools.count()


class Tenant(RuleBasedStateMachine):
    """A tenant, its twin in memory, and what the laws say of each step."""

    def __init__(self, store: SqlStore) -> None:
        super().__init__()
        number = next(_numbers)
        policy = memberof.SyncPolicy(last_member_of=[GUARDED], protected=[PROTECTED])
        self.twins = Twins(store.for_tenant(f"tenant {number}"), policy=policy)
        self.store = self.twins.stores[0]
        self.other = store.for_tenant(f"neighbour {number}")
        self.other.create_group("Crew", now=self.twins.now)
        self.other.attach("ada", "Crew", now=self.twins.now)
        self.neighbours = self.other.memberships()
        self.orders: dict[str, tuple[int, int]] = {}
        # Past states, as long as the history can lead back to them.
        self.past: list[tuple[datetime, list[tuple[str, str]]]] = []

    def held(self) -> dict[tuple[str, str], GroupKind]:
        known = {group.name: group.kind for group in self.store.groups()}
        return {(one.user, one.group): known[one.group] for one in self.store.memberships()}

    @rule(user=users, claim=claims, late=st.sampled_from([0, 0, 0, 1, 2, 60]))
    def log_in(self, user: str, claim: tuple[str, ...], late: int) -> None:
        before, was = self.held(), {group.name: group.kind for group in self.store.groups()}
        answer = self.twins.login(user, claim, late=timedelta(seconds=late))
        after = self.held()
        others = {place for place in before if place[0] != user}
        assert {place for place in after if place[0] != user} == others, "no other user's membership changes"
        internal = {place for place, kind in before.items() if kind is GroupKind.INTERNAL}
        assert internal <= set(after), "memberships of internal groups stay"
        attached = set(after) - set(before)
        assert {group for _, group in attached} <= set(claim), "nobody comes into a group that was not sent"
        if isinstance(answer, str):
            assert (after, answer) == (before, "sync.source_conflict")
            return
        plan, applied, older, *_ = answer
        if older:
            assert after == before, "an older assertion changes nothing"
        elif applied and not plan["held"]:
            external = {group for (who, group), kind in after.items() if who == user and kind == "external"}
            assert external == set(claim), "after a complete claim the external groups are exactly its own"
        adopted = {
            group.name for group in self.store.groups() if was.get(group.name, group.kind) != group.kind
        }
        assert adopted <= set(claim), "only a received group becomes external"

    @rule(user=users)
    def log_in_without_the_attribute(self, user: str) -> None:
        self.twins.login(user, None)

    @rule(user=users, claim=claims)
    def log_in_twice(self, user: str, claim: tuple[str, ...]) -> None:
        self.twins.login(user, claim)
        before = self.held()
        answer = self.twins.login(user, tuple(reversed(claim)))
        assert self.held() == before, "the same claim again changes nothing, whatever the order of its values"
        assert isinstance(answer, str) or not answer[0]["changes"]

    @rule(user=users, claim=claims)
    def replay(self, user: str, claim: tuple[str, ...]) -> None:
        self.twins.login(user, claim)
        before = self.held()
        again = self.twins.login(user, (), again=True)
        assert again in ("saml.replayed", "sync.source_conflict")
        assert self.held() == before, "a used assertion changes nothing"

    @rule(user=users, claim=claims)
    def undo_the_last_login(self, user: str, claim: tuple[str, ...]) -> None:
        before, was = self.store.memberships(), self.store.groups()
        answer = self.twins.login(user, claim)
        if isinstance(answer, str) or answer[-1] or not answer[1]:
            return
        undone = self.twins.undo(0)
        assert not isinstance(undone, str), undone
        assert self.store.memberships() == before, "undo of the last event restores the memberships"
        assert self.store.groups() == was, "and the kinds"

    @rule(place=st.integers(0, 5), force=st.booleans())
    def undo(self, place: int, force: bool) -> None:
        self.twins.undo(place, force=force)

    @rule(seconds=st.integers(1, 60))
    def undo_since(self, seconds: int) -> None:
        self.twins.operate("undo_since", self.twins.now - timedelta(seconds=seconds), source=SOURCE)

    @rule()
    def restore_trip(self) -> None:
        self.twins.operate("restore_trip")

    @rule(how=st.sampled_from(["hold", "release", "confirm"]))
    def hold_and_release(self, how: str) -> None:
        self.twins.operate(how)

    @rule(user=users)
    def confirm_user(self, user: str) -> None:
        self.twins.operate("confirm_user", user)

    @rule(group=groups, kind=kinds)
    def create_group(self, group: str, kind: GroupKind) -> None:
        self.twins.operate("create_group", group, kind)

    @rule(group=groups, kind=kinds)
    def set_kind(self, group: str, kind: GroupKind) -> None:
        self.twins.operate("set_kind", group, kind)

    @rule(group=groups, new=groups)
    def rename_group(self, group: str, new: str) -> None:
        self.twins.operate("rename_group", group, new)

    @rule(group=groups)
    def delete_group(self, group: str) -> None:
        self.twins.operate("delete_group", group)

    @rule(how=st.sampled_from(["attach", "detach"]), user=users, group=groups)
    def by_hand(self, how: str, user: str, group: str) -> None:
        self.twins.operate(how, user, group)

    @rule(user=users, other=users)
    def rename_user(self, user: str, other: str) -> None:
        self.past.clear()
        self.twins.operate("rename_user", user, other)
        self.orders.clear()

    @rule(keep=users, drop=users)
    def merge_users(self, keep: str, drop: str) -> None:
        self.past.clear()
        held = {group for user, group in self.held() if user in (keep, drop)}
        if self.twins.operate("merge_users", keep, drop) is False:
            assert {group for user, group in self.held() if user == keep} == held
        self.orders.clear()

    @rule(user=users)
    def forget_user(self, user: str) -> None:
        self.past.clear()
        self.twins.operate("forget_user", user)
        kept = self.store.export_user(user)
        assert (kept["memberships"], kept["mark"], kept["events"]) == ([], None, [])
        assert f"'{user}'" not in repr(self.store.history(limit=None))
        self.orders.pop(user, None)

    @rule(source=st.sampled_from([SOURCE, SOURCE, OTHER]), apply=st.booleans())
    def switch_source(self, source: str, apply: bool) -> None:
        before = self.held()
        self.twins.operate("switch_source", source, apply=apply)
        assert self.held() == before, "a switch moves nobody; the next logins do"

    @rule(seconds=st.integers(1, 60))
    def prune(self, seconds: int) -> None:
        before = self.held()
        self.twins.operate("prune", unseen=timedelta(seconds=seconds), apply=True)
        assert self.held() == before, "only groups without members are pruned"

    @rule(seconds=st.integers(20, 90))
    def forget_history(self, seconds: int) -> None:
        self.past.clear()
        self.twins.operate("forget_history", older_than=timedelta(seconds=seconds))

    @rule()
    def remember(self) -> None:
        self.past.append((self.twins.now, sorted(self.held())))

    @precondition(lambda self: self.past)
    @rule(place=st.integers(0, 9))
    def look_back(self, place: int) -> None:
        time, held = self.past[place % len(self.past)]
        found = [(one.user, one.group) for one in self.store.memberships_as_of(time)]
        assert found == held, "the history leads back to what was"

    @rule(user=users, group=groups)
    def ask(self, user: str, group: str) -> None:
        def answers(store: Any) -> Any:
            why = store.why(user, group)
            stale = [mark.user for mark in store.stale(older_than=timedelta(seconds=9), now=self.twins.now)]
            change = None if why.change is None else (why.change.action, why.change.reason)
            breaker = store.breaker()
            plan = (breaker.awaiting, len(breaker.led_to_it), len(breaker.restoring.changes))
            return why.kind, why.membership is None, change, why.held, stale, plan

        one, twin = (answers(store) for store in self.twins.stores)
        assert one == twin
        is_member = (user, group) in self.held()
        assert one[1] is not is_member

    @invariant()
    def every_membership_has_its_group_once(self) -> None:
        known = {group.name for group in self.store.groups()}
        held = [(one.user, one.group) for one in self.store.memberships()]
        assert {group for _, group in held} <= known
        assert len(held) == len(set(held))

    @invariant()
    def order_marks_are_never_lowered(self) -> None:
        for mark in self.store.run(lambda unit: unit.marks()):
            assert mark.order >= self.orders.get(mark.user, mark.order)
            self.orders[mark.user] = mark.order

    @invariant()
    def no_other_tenant_changes(self) -> None:
        assert self.other.memberships() == self.neighbours


@pytest.mark.timeout(600)
def test_the_laws_hold_whatever_is_done_in_whatever_order(store: SqlStore) -> None:
    bounded = settings(
        max_examples=30,
        stateful_step_count=30,
        deadline=None,
        database=None,
        # A step is a transaction: shrinking a failure by thousands of runs would outlast the test's time.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Tenant(store), settings=bounded)  # type: ignore[no-untyped-call]
