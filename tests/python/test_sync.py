"""The whole job of a login, on every store: the rules by number, order, holds, undo.

``tests/python/stores`` runs all of it on PostgreSQL too.
"""

from __future__ import annotations

import asyncio
import csv
import pickle
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from services.site import IDP, NOW

import memberof
from memberof import GroupKind, Reason

Sites = "Callable[..., Site]"
NewStore = "Callable[[], Any]"
DATA = Path(__file__).parent.parent / "data" / "kubernetes-org"


def test_r1_off_reads_nothing_and_changes_nothing(sites: Sites, new_store: NewStore) -> None:
    store = new_store()
    for sync in (
        memberof.GroupSync(None, store, source=IDP),
        memberof.GroupSync(sites().extractor, store, source=IDP, mode="off"),
    ):
        outcome = sync.login("ada", {"memberOf": ["A"]}, now=NOW)
        assert (outcome.applied, outcome.claim, outcome.plan, outcome.event_id) == (False, None, None, None)
        assert outcome.session_expires_at == NOW + timedelta(hours=24)
    assert store.groups() == ()


def test_r1_observe_plans_and_records_and_applies_nothing(sites: Sites) -> None:
    site = sites(mode="observe")
    outcome = site.login("ada", ["A"])
    assert outcome.plan is not None
    assert outcome.plan.attach == ("A",)
    assert outcome.applied is False
    assert site.kinds() == {}
    assert [event.kind for event in site.store.history()] == ["observe"]
    assert site.login("ada", ["A"]).event_id is None, "the same again is no news"


def test_r1_attach_only_holds_every_detachment(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"])
    site.sync = memberof.GroupSync(site.extractor, site.store, source=IDP, mode="attach_only")
    outcome = site.login("ada", ["B"])
    assert site.groups("ada") == ["A", "B"]
    assert outcome.hold is Reason.ATTACH_ONLY


@pytest.mark.parametrize(
    ("format_", "values"),
    [
        ("ldap", ["CN=Group1,OU=CN=x,DC=example,DC=com", "CN=Group2,DC=com"]),
        ("array", ["Group1", "Group2"]),
        ("csv", ["Group1, Group2"]),
    ],
    ids=["r2_ldap", "r3_array", "r4_csv"],
)
def test_r2_r3_r4_three_formats_give_the_same_groups(sites: Sites, format_: str, values: list[str]) -> None:
    site = sites(format_)
    site.login("ada", values)
    assert site.groups("ada") == ["Group1", "Group2"]


def test_r5_to_r10_through_one_store(sites: Sites) -> None:
    site = sites()
    site.store.create_group("Staff", now=NOW)
    site.store.create_group("Board", now=NOW)
    site.store.attach("ada", "Board", now=NOW)
    first = site.login("ada", ["Staff", "New"])
    assert first.plan is not None
    assert (first.plan.create, first.plan.adopt) == (("New",), ("Staff",)), "R6, R7"
    assert site.kinds() == {"Board": "internal", "New": "external", "Staff": "external"}
    assert site.groups("ada") == ["Board", "New", "Staff"], "R8, R9"
    again = site.login("ada", ["Staff", "New"])
    assert not again.plan
    assert again.event_id is None
    site.login("ada", ["New"])
    assert site.groups("ada") == ["Board", "New"], "R10"


def test_r11_a_second_source_is_refused(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"])
    with pytest.raises(memberof.SourceConflictError) as refused:
        site.login("ada", ["B"], issuer="https://other.example")
    assert refused.value.code == "sync.source_conflict"
    other = memberof.GroupSync(site.extractor, site.store, source="https://other.example")
    with pytest.raises(memberof.SourceConflictError):
        other.login("ada", {"memberOf": []}, issuer=other.source, issued_at=NOW, assertion_id="_x", now=NOW)
    assert site.groups("ada") == ["A"]
    switch = site.store.switch_source("https://other.example")
    assert (switch.users, switch.memberships, switch.event_id) == (1, 1, None)
    site.store.switch_source("https://other.example", apply=True, now=NOW)
    later = site.time + timedelta(seconds=1)
    other.login("ada", {"memberOf": []}, issuer=other.source, issued_at=later, assertion_id="_y", now=later)
    assert site.groups("ada") == []


def test_r12_a_session_is_bounded_by_a_day_or_by_the_identity_provider(sites: Sites) -> None:
    site = sites()
    assert site.login("ada", []).session_expires_at == site.time + timedelta(hours=24)
    short = sites(session_lifetime=timedelta(hours=1))
    assert short.login("ada", []).session_expires_at == short.time + timedelta(hours=1)


def test_r13_left_out_groups_hold_or_are_fetched(new_store: NewStore) -> None:
    left_out: dict[str, Any] = {
        "http://schemas.microsoft.com/claims/groups.link": ["https://graph.example/x"]
    }
    entra = memberof.GroupExtractor.preset("entra")

    def login(policy: memberof.SyncPolicy, **options: Any) -> tuple[memberof.LoginOutcome, list[str]]:
        store = new_store()
        sync = memberof.GroupSync(entra, store, policy=policy, source=IDP)
        name = entra.attributes[0]
        sync.login("ada", {name: ["A"]}, issuer=IDP, issued_at=NOW, assertion_id="_1", now=NOW)
        outcome = sync.login("ada", left_out, issuer=IDP, issued_at=NOW, assertion_id="_2", now=NOW)
        return outcome, [held.group for held in store.memberships(user="ada")]

    held, groups = login(memberof.SyncPolicy())
    assert (held.held, groups) == (("A",), ["A"])
    fetched, groups = login(memberof.SyncPolicy(on_overage=lambda user, claim: ["B", "C"]))
    assert fetched.plan is not None
    assert groups == ["B", "C"]


def test_absence_detaches_once_the_attribute_was_seen_for_anybody(sites: Sites) -> None:
    site = sites()
    site.store.create_group("A", "external", now=NOW)
    site.store.attach("ada", "A", now=NOW)
    assert site.login("ada", None).held == ("A",)
    site.login("bob", ["A"])
    site.login("ada", None)
    assert site.groups("ada") == []


def test_a_used_assertion_is_refused_and_changes_nothing(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"], assertion_id="_same")
    with pytest.raises(memberof.VerificationError) as refused:
        site.login("ada", ["B"], assertion_id="_same")
    assert refused.value.code == "saml.replayed"
    assert site.groups("ada") == ["A"]


def test_an_older_assertion_signs_in_and_changes_nothing(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["New"])
    outcome = site.login("ada", ["Old"], issued_at=NOW - timedelta(hours=1))
    assert (outcome.older, outcome.applied) == (True, False)
    assert site.groups("ada") == ["New"]
    assert "newer assertion" in outcome.explain()


def test_equal_instants_go_by_arrival_whoever_finishes_first(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["Second"], issued_at=NOW, now=NOW + timedelta(seconds=9))
    outcome = site.login("ada", ["First"], issued_at=NOW, now=NOW + timedelta(seconds=8))
    assert outcome.older
    assert site.groups("ada") == ["Second"]


def test_a_refused_login_leaves_no_trace(sites: Sites) -> None:
    site = sites(policy=memberof.SyncPolicy(required_groups=["App"]))
    refusals: list[str] = []
    site.sync = memberof.GroupSync(
        site.extractor,
        site.store,
        policy=site.sync.policy,
        source=IDP,
        on_refused=lambda user, error: refusals.append(error.code),
    )
    with pytest.raises(memberof.ClaimError) as refused:
        site.login("ada", ["Other"], assertion_id="_a")
    assert refused.value.code == "claim.required_group"
    assert refusals == ["claim.required_group"]
    assert site.store.history() == ()
    assert site.login("ada", ["App"], assertion_id="_a").applied, "not even the assertion was used up"


def test_a_mapping_needs_issuer_instant_and_id(sites: Sites) -> None:
    with pytest.raises(memberof.ConfigurationError) as refused:
        sites().sync.login("ada", {"memberOf": []}, now=NOW)
    assert len(refused.value.problems) == 3


def test_folded_names_key_the_tenant_anew(sites: Sites) -> None:
    site = sites(policy=memberof.SyncPolicy(identity="fold"))
    site.store.create_group("Staff", now=NOW)
    site.login("ada", ["STAFF"])
    assert site.kinds() == {"Staff": "external"}
    with pytest.raises(memberof.ConfigurationError):
        site.store.create_group("staff", now=NOW)


def test_two_groups_of_one_key_are_refused_before_anything_is_written(sites: Sites) -> None:
    site = sites(policy=memberof.SyncPolicy(identity="fold"))
    site.store.create_group("Staff", now=NOW)
    site.store.create_group("staff", now=NOW)
    with pytest.raises(memberof.ConfigurationError) as refused:
        site.login("ada", ["A"])
    assert refused.value.code == "config.group_key_collision"
    assert site.groups("ada") == []


def test_tenants_do_not_meet(sites: Sites) -> None:
    one = sites()
    other = sites(store=one.store.for_tenant("other"))
    one.login("ada", ["A"])
    other.login("ada", [])
    assert one.groups("ada") == ["A"]
    assert other.kinds() == {}


def test_the_breaker_holds_after_few_losses_and_restores_them(sites: Sites) -> None:
    site = sites()
    held: list[memberof.LoginOutcome] = []
    site.sync = memberof.GroupSync(site.extractor, site.store, source=IDP, on_held=held.append)
    users = [f"user{number:02}" for number in range(40)]
    for user in users:
        site.login(user, ["A", "B"])
    outcomes = [site.login(user, []) for user in users]
    lost = [outcome for outcome in outcomes if outcome.plan and outcome.plan.detach]
    assert 1 <= len(lost) <= 10
    assert sum(outcome.tripped is not None for outcome in outcomes) == 1
    assert outcomes[-1].hold is Reason.BREAKER_TRIPPED
    report = site.store.breaker()
    assert report.trip is not None
    assert len(report.led_to_it) == len(lost)
    site.store.restore_trip(now=site.time)
    assert all(site.groups(user) == ["A", "B"] for user in users)
    site.store.release(now=site.time)
    assert site.login(users[0], ["A"]).plan.detach == ("B",)  # type: ignore[union-attr]


def test_undo_restores_kinds_memberships_and_origins(sites: Sites) -> None:
    site = sites()
    site.store.create_group("Staff", now=NOW)
    site.store.attach("bob", "Staff", now=NOW)
    site.login("ada", ["Old"])
    before = (site.store.memberships(), site.kinds())
    event = site.login("ada", ["Staff", "New"]).event_id
    assert event is not None
    site.store.undo(event, now=site.time)
    assert (site.store.memberships(), site.kinds()) == before


def test_undo_is_refused_where_a_newer_change_stands_upon_it(sites: Sites) -> None:
    site = sites()
    first = site.login("ada", ["A"]).event_id
    site.login("ada", [])
    site.login("ada", ["A"])
    assert first is not None
    with pytest.raises(memberof.PlanError) as refused:
        site.store.undo(first, now=site.time)
    assert refused.value.code == "plan.undo_conflict"
    site.store.undo(first, force=True, now=site.time)
    assert site.groups("ada") == []


def test_undo_keeps_a_created_group_that_others_are_in(sites: Sites) -> None:
    site = sites()
    event = site.login("ada", ["A"]).event_id
    site.login("bob", ["A"])
    assert event is not None
    undone = site.store.undo(event, now=site.time)
    assert undone.stays == ("A",)
    assert (site.groups("ada"), site.groups("bob")) == ([], ["A"])


def test_undo_since_holds_until_released(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"])
    broken = site.time
    site.login("ada", ["Wrong"])
    undone = site.store.undo_since(broken + timedelta(milliseconds=1), source=IDP, now=site.time)
    assert undone.event_id is not None
    assert site.groups("ada") == ["A"]
    assert "Wrong" not in site.kinds()
    assert site.login("ada", ["B"]).hold is Reason.HELD_AFTER_UNDO
    assert site.groups("ada") == ["A", "B"]
    site.store.release(now=site.time)
    site.login("ada", ["B"])
    assert site.groups("ada") == ["B"]


def test_why_history_and_the_past(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"])
    then = site.time
    site.login("ada", ["B"])
    assert "as https://idp.example said" in str(site.store.why("ada", "B"))
    why = site.store.why("ada", "A")
    assert why.membership is None
    assert why.change is not None
    assert why.change.reason == "not_received"
    assert [held.group for held in site.store.memberships_as_of(then)] == ["A"]
    assert len(site.store.history(user="ada", group="A")) == 2
    site.store.rename_group("B", "Bee", now=site.time)
    assert site.store.why("ada", "Bee").event is not None
    site.store.forget_history(older_than=timedelta(0), now=site.time + timedelta(seconds=1))
    with pytest.raises(memberof.StoreError) as gone:
        site.store.memberships_as_of(then)
    assert gone.value.code == "store.history_gone"


def test_users_are_renamed_merged_exported_and_forgotten(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"])
    site.login("bob", ["B"])
    site.store.rename_user("ada", "eve", now=NOW)
    assert (site.groups("ada"), site.groups("eve")) == ([], ["A"])
    site.store.merge_users("eve", "bob", now=NOW)
    assert site.groups("eve") == ["A", "B"]
    assert len(site.store.export_user("eve")["memberships"]) == 2
    site.store.forget_user("eve", now=NOW)
    kept = repr((site.store.history(), site.store.memberships()))
    assert "'eve'" not in kept
    assert "_1" not in kept


def test_stale_and_prune(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"])
    later = NOW + timedelta(days=200)
    assert [mark.user for mark in site.store.stale(now=later)] == ["ada"]
    site.login("ada", [])
    assert site.store.prune(now=site.time).groups == ()
    assert site.store.prune(now=later).groups == ("A",)
    assert site.store.prune(now=later, apply=True).event_id is not None
    assert site.kinds() == {}


def test_a_group_that_the_application_refers_to_is_neither_pruned_nor_undone(sites: Sites) -> None:
    site = sites()
    asked: list[set[str]] = []

    def references(names: Any) -> set[str]:
        asked.append(set(names))
        return {"Kept"} & set(names)

    site.store.references = references
    event = site.login("ada", ["Kept", "Free"]).event_id
    assert event is not None
    undone = site.store.undo(event, now=site.time)
    assert undone.stays == ("Kept",)
    assert site.kinds() == {"Kept": "external"}
    assert site.store.prune(now=site.time + timedelta(days=200), apply=True).groups == ()
    assert site.kinds() == {"Kept": "external"}
    assert (asked[0], asked[-1]) == ({"Kept", "Free"}, {"Kept"})


def test_undo_since_takes_back_days_of_wrong_logins_and_nothing_before(sites: Sites) -> None:
    site = sites(breaker=None)
    users = ["ada", "bob", "eve"]
    for user in users:
        site.login(user, ["Right", f"Of {user}"])
    site.store.create_group("Own", now=site.time)
    before = (site.store.memberships(), site.kinds())
    broken = site.time
    for day in range(3):
        site.time += timedelta(days=1)
        for user in users:
            site.login(user, ["Wrong", f"Day {day}"])
    site.store.attach("bob", "Own", now=site.time)
    planned = site.store.undo_since(broken + timedelta(hours=1), source=IDP, apply=False, now=site.time)
    assert (len(planned.events), planned.event_id) == (9, None)
    assert site.groups("ada") == ["Day 2", "Wrong"]
    marks = site.store.run(lambda unit: unit.marks())
    undone = site.store.undo_since(broken + timedelta(hours=1), source=IDP, now=site.time)
    assert undone.conflicts == ()
    kept = [held for held in site.store.memberships() if held.group != "Own"]
    assert (tuple(kept), site.kinds()) == before
    assert site.groups("bob") == ["Of bob", "Own", "Right"], "what an administrator did stays"
    assert site.store.run(lambda unit: unit.marks()) == marks, "the order mark is never lowered"
    for day in range(2):
        site.time += timedelta(days=day + 1)
        assert site.login("ada", ["Right"]).hold is Reason.HELD_AFTER_UNDO
        assert site.groups("ada") == ["Of ada", "Right"]
    site.store.release(now=site.time)
    site.login("ada", ["Right"])
    assert site.groups("ada") == ["Right"]


def test_a_plan_made_apart_is_applied_if_nothing_moved(sites: Sites) -> None:
    site = sites()
    claim = site.extractor.extract({"memberOf": ["A"]})
    plan = memberof.reconcile(claim, site.store.state("ada", claim.groups))
    assert memberof.Plan.from_dict(plan.to_dict()) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert site.store.apply(plan, now=NOW) is not None
    assert site.groups("ada") == ["A"]
    with pytest.raises(memberof.PlanError) as stale:
        site.store.apply(plan, now=NOW)
    assert stale.value.code == "plan.stale"


@pytest.mark.parametrize(
    ("act", "arguments", "left"),
    [
        ("rename_group", ("A", "Anew"), {"Anew": "external"}),
        ("delete_group", ("A",), {}),
        ("set_kind", ("A", "internal"), {"A": "internal"}),
    ],
)
def test_an_administrator_between_plan_and_apply_is_not_overwritten(
    sites: Sites, act: str, arguments: tuple[str, ...], left: dict[str, str]
) -> None:
    site = sites()
    site.login("bob", ["A"])
    claim = site.extractor.extract({"memberOf": ["A"]})
    plan = memberof.reconcile(claim, site.store.state("ada", claim.groups))
    getattr(site.store, act)(*arguments, now=site.time)
    with pytest.raises(memberof.PlanError) as stale:
        site.store.apply(plan, user="ada", now=site.time)
    assert stale.value.code == "plan.stale"
    assert (site.groups("ada"), site.kinds()) == ([], left)
    anew = memberof.reconcile(claim, site.store.state("ada", claim.groups))
    site.store.apply(anew, user="ada", now=site.time)
    assert site.groups("ada") == ["A"]


def test_a_clock_that_jumps_back_never_lets_an_older_claim_win(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["Before"])
    site.time -= timedelta(hours=1)
    outcome = site.login("ada", ["After"])
    assert (outcome.older, site.groups("ada")) == (True, ["Before"])
    site.time += timedelta(hours=1)
    assert not site.login("ada", ["After"]).older
    assert site.groups("ada") == ["After"]


def test_the_async_twin_does_the_same() -> None:
    async def fetch(user: str, claim: memberof.GroupClaim) -> list[str]:
        return ["Fetched"]

    store = memberof.AsyncInMemoryStore()
    entra = memberof.GroupExtractor.preset("entra")
    sync = memberof.AsyncGroupSync(entra, store, policy=memberof.SyncPolicy(on_overage=fetch), source=IDP)

    async def run() -> list[str]:
        left_out = {"http://schemas.microsoft.com/claims/groups.link": ["https://graph.example/x"]}
        await sync.login("ada", left_out, issuer=IDP, issued_at=NOW, assertion_id="_1", now=NOW)
        return [held.group for held in await store.memberships(user="ada")]

    assert asyncio.run(run()) == ["Fetched"]


def memberships(name: str) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            users.setdefault(row["user"], []).append(row["group"])
    return users


def test_a_year_of_a_real_organisation_by_logins_and_back(sites: Sites) -> None:
    before, after = memberships("before"), memberships("after")
    site = sites()
    for user in sorted(before):
        site.login(user, before[user])
    start = site.store.memberships()
    kinds = site.kinds()
    assert len(start) == 5536
    marker = site.time
    users = sorted({*before, *after})
    assert (len(after), len(users)) == (1529, 1535), "six left: each logs in once more, with no groups"
    random.Random(7).shuffle(users)
    tripped = [site.login(user, after.get(user, [])).tripped for user in users]
    assert not any(tripped), "no false trip over a year of real changes"
    assert {(held.user, held.group) for held in site.store.memberships()} == {
        (user, group) for user, groups in after.items() for group in groups
    }
    site.store.undo_since(marker + timedelta(milliseconds=1), source=IDP, now=site.time)
    assert site.store.memberships() == start
    assert site.kinds() == kinds
    assert set(site.kinds().values()) == {str(GroupKind.EXTERNAL)}
