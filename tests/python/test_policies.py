"""Every policy of ``SyncPolicy`` through ``GroupSync``, on every store: what is done, what is held, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.site import IDP, NOW

import memberof
from memberof import Reason, SyncPolicy

if TYPE_CHECKING:
    from services.site import Site

Sites = "Callable[..., Site]"


def held(outcome: memberof.LoginOutcome) -> list[tuple[str, str, str]]:
    assert outcome.plan is not None
    return [(change.action, change.group, change.reason) for change in outcome.plan.held_changes]


def refused(site: Site, values: list[str] | None) -> str:
    before = (site.store.memberships(), site.store.groups(), site.store.history())
    with pytest.raises(memberof.ClaimError) as refusal:
        site.login("ada", values)
    assert (site.store.memberships(), site.store.groups(), site.store.history()) == before
    return refusal.value.code


@pytest.mark.parametrize(
    ("on_absent", "unseen", "seen"),
    [("detach_if_seen", ["A"], []), ("detach", [], []), ("keep", ["A"], ["A"])],
)
def test_on_absent(sites: Sites, on_absent: str, unseen: list[str], seen: list[str]) -> None:
    site = sites(policy=SyncPolicy(on_absent=on_absent))
    site.store.create_group("A", "external", now=NOW)
    site.store.attach("ada", "A", now=NOW)
    site.login("ada", None)
    assert site.groups("ada") == unseen
    site.login("ada", ["A"])
    site.login("ada", None)
    assert site.groups("ada") == seen


def test_on_absent_refuse(sites: Sites) -> None:
    assert refused(sites(policy=SyncPolicy(on_absent="refuse")), None) == "claim.absent"


def test_seen_begins_anew_with_another_attribute_or_format(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["A"])
    for extractor in (
        memberof.GroupExtractor(attribute="groups", format="array"),
        memberof.GroupExtractor(attribute="memberOf", format="csv"),
    ):
        site.sync = memberof.GroupSync(extractor, site.store, source=IDP)
        assert held(site.login("ada", None)) == [("detach", "A", "absent_not_seen")]
    site.login("bob", ["B"])
    assert held(site.login("ada", None)) == []
    assert site.groups("ada") == []


def test_absence_near_the_identity_providers_limit_is_overage(sites: Sites) -> None:
    entra = memberof.GroupExtractor.preset("entra")
    assert entra.limit == 150
    many = [f"G{number:03}" for number in range(113)]
    site = sites()
    site.sync = memberof.GroupSync(entra, site.store, source=IDP)

    def login(values: list[str] | None, at: int) -> memberof.LoginOutcome:
        attributes: dict[str, Any] = {} if values is None else {entra.attributes[0]: values}
        now = NOW + timedelta(seconds=at)
        return site.sync.login("ada", attributes, issuer=IDP, issued_at=now, assertion_id=f"_{at}", now=now)

    login(many, 1)
    gone = login(None, 2)
    assert {reason for _, _, reason in held(gone)} == {"absent_near_limit"}
    assert len(site.groups("ada")) == 113
    login(many[:112], 3)
    login(None, 4)
    assert site.groups("ada") == []


def test_on_malformed(sites: Sites) -> None:
    values = ["CN=A,DC=example,DC=com", "no name at all"]

    def site(on_malformed: str) -> Site:
        made: Site = sites("ldap", policy=SyncPolicy(on_malformed=on_malformed))
        made.login("ada", ["CN=Old,DC=example,DC=com"])
        return made

    hold, ignore, refuse = site("hold"), site("ignore"), site("refuse")
    assert held(hold.login("ada", values)) == [("detach", "Old", "claim_malformed")]
    assert hold.groups("ada") == ["A", "Old"]
    ignore.login("ada", values)
    assert ignore.groups("ada") == ["A"]
    assert refused(refuse, values) == "claim.malformed"


def test_a_wrong_format_never_empties_anybody(sites: Sites) -> None:
    site = sites("ldap")
    site.login("ada", ["CN=A,DC=example,DC=com"])
    site.sync = memberof.GroupSync(
        memberof.GroupExtractor(attribute="memberOf", format="array"), site.store, source=IDP
    )
    outcome = site.login("ada", ["CN=A,DC=example,DC=com"])
    assert site.groups("ada") == ["A"]
    assert outcome.claim is not None
    assert outcome.claim.malformed == ("CN=A,DC=example,DC=com",)


def test_on_overage_refuse(sites: Sites) -> None:
    site = sites(policy=SyncPolicy(on_overage="refuse"))
    entra = memberof.GroupExtractor.preset("entra")
    site.sync = memberof.GroupSync(entra, site.store, policy=site.sync.policy, source=IDP)
    link = {"http://schemas.microsoft.com/claims/groups.link": ["https://graph.example/x"]}
    with pytest.raises(memberof.ClaimError) as refusal:
        site.sync.login("ada", link, issuer=IDP, issued_at=NOW, assertion_id="_1", now=NOW)
    assert refusal.value.code == "claim.overage"
    assert site.store.history() == ()


def test_on_internal_match(sites: Sites) -> None:
    def site(on_internal_match: str) -> Site:
        made: Site = sites(policy=SyncPolicy(on_internal_match=on_internal_match))
        made.store.create_group("Staff", now=NOW)
        made.store.attach("bob", "Staff", now=NOW)
        return made

    adopting, refusing, ignoring = site("adopt"), site("refuse"), site("ignore")
    adopting.login("ada", ["Staff", "New"])
    assert adopting.kinds() == {"New": "external", "Staff": "external"}
    for one, warnings in ((refusing, ["plan.internal_refused"]), (ignoring, [])):
        outcome = one.login("ada", ["Staff", "New"])
        assert held(outcome) == [
            ("adopt", "Staff", "internal_refused"),
            ("attach", "Staff", "internal_refused"),
        ]
        assert [warning.code for warning in outcome.plan.warnings] == warnings  # type: ignore[union-attr]
        assert (one.groups("ada"), one.kinds()) == (["New"], {"New": "external", "Staff": "internal"})
    bounded = site("if_all_members_external")
    assert {reason for _, _, reason in held(bounded.login("ada", ["Staff"]))} == {"internal_has_strangers"}
    bounded.login("bob", [])
    bounded.login("ada", ["Staff"])
    assert bounded.kinds() == {"Staff": "external"}, "every member has signed in from this identity provider"


def test_creations_are_bounded(sites: Sites) -> None:
    off = sites(policy=SyncPolicy(create_missing=False))
    assert {reason for _, _, reason in held(off.login("ada", ["A"]))} == {"create_missing_off"}
    few = sites(policy=SyncPolicy(max_creates=2))
    few.login("ada", ["A", "B"])
    assert {reason for _, _, reason in held(few.login("ada", ["A", "C", "D", "E"]))} == {"max_creates"}
    assert few.groups("ada") == ["A"]
    claim = sites(policy=SyncPolicy(max_groups=2))
    claim.login("ada", ["A", "B"])
    outcome = claim.login("ada", ["B", "C", "D"])
    assert {reason for _, _, reason in held(outcome)} == {"max_groups"}
    assert claim.groups("ada") == ["A", "B"]


def test_protected_groups_are_left_alone(sites: Sites) -> None:
    site = sites(policy=SyncPolicy(protected=["Admins", "Root"]))
    site.store.create_group("Admins", "external", now=NOW)
    site.store.attach("ada", "Admins", now=NOW)
    outcome = site.login("ada", ["Root"])
    assert held(outcome) == [
        ("create", "Root", "protected"),
        ("attach", "Root", "protected"),
        ("detach", "Admins", "protected"),
    ]
    assert (site.groups("ada"), site.kinds()) == (["Admins"], {"Admins": "external"})


def test_last_member_of_keeps_one(sites: Sites) -> None:
    site = sites(policy=SyncPolicy(last_member_of=["Admins"]))
    site.login("ada", ["Admins"])
    site.login("bob", ["Admins"])
    site.login("ada", [])
    assert site.groups("ada") == []
    assert held(site.login("bob", [])) == [("detach", "Admins", "last_member")]
    assert site.groups("bob") == ["Admins"]


def test_required_groups_gate_the_login(sites: Sites) -> None:
    site = sites(policy=SyncPolicy(required_groups=["App", "Admins"]))
    assert refused(site, ["Other"]) == "claim.required_group"
    assert refused(site, []) == "claim.required_group"
    site.login("ada", ["Admins"])
    assert refused(site, ["Other"]) == "claim.required_group", "what she had counts no longer"
    site.store.create_group("App", now=NOW)
    site.store.attach("ada", "App", now=NOW)
    assert site.login("ada", ["Other"]).applied, "an internal group of hers does"


def test_own_memberships_leaves_what_others_made(sites: Sites) -> None:
    site = sites(policy=SyncPolicy(detach_scope="own_memberships"))
    site.login("ada", ["A", "B"])
    site.store.detach("ada", "B", now=NOW)
    site.store.attach("ada", "B", now=NOW)
    site.login("ada", [])
    assert site.groups("ada") == ["B"], "put there by hand"


def test_cautious(sites: Sites) -> None:
    site = sites(policy=SyncPolicy.cautious())
    site.store.create_group("Staff", now=NOW)
    site.store.create_group("By hand", "external", now=NOW)
    site.store.attach("ada", "By hand", now=NOW)
    site.login("ada", ["Staff", "A"])
    assert (site.groups("ada"), site.kinds()["Staff"]) == (["A", "By hand"], "internal")
    assert held(site.login("ada", None)) == [("detach", "A", "absent_kept")]
    site.login("ada", [])
    assert site.groups("ada") == ["By hand"]


def test_observe_tells_of_a_refusal_and_refuses_nobody(sites: Sites) -> None:
    site = sites(policy=SyncPolicy(required_groups=["App"]), mode="observe")
    outcome = site.login("ada", ["Other"])
    assert (outcome.applied, outcome.plan) == (False, None)
    assert outcome.refusal is not None
    assert outcome.refusal.code == "claim.required_group"
    assert outcome.explain().startswith("Refused: none of the 1 required_groups")


def test_a_plan_is_frozen_and_ordered(sites: Sites) -> None:
    site = sites()
    site.login("ada", ["Z"])
    site.store.create_group("M", now=NOW)
    plan = site.login("ada", ["M", "B", "A"]).plan
    assert plan is not None
    assert [(change.action, change.group) for change in plan.changes] == [
        ("create", "A"),
        ("create", "B"),
        ("adopt", "M"),
        ("attach", "A"),
        ("attach", "B"),
        ("attach", "M"),
        ("detach", "Z"),
    ]
    assert {change.reason for change in plan.changes} == {Reason.RECEIVED, Reason.NOT_RECEIVED}
    with pytest.raises(AttributeError):
        plan.attach = ()  # type: ignore[misc]
    assert memberof.Plan.from_dict(plan.to_dict()) == plan
    assert len(plan.state_fingerprint) == 64
