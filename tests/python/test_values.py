"""Value classes: what they show, that they compare, and that they survive a pickle; properties give back what was put in."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import memberof
from memberof import (
    Change,
    ClaimWarning,
    DroppedValue,
    GroupClaim,
    GroupExtractor,
    Limits,
    Plan,
    PlanWarning,
    SyncPolicy,
    UserState,
    VerifiedAssertion,
)
from memberof.testing import TestIdp

STATE = UserState(
    groups={"Old": "external", "Staff": "internal"},
    memberships=["Old", "Staff"],
    origins={"Old": "https://idp.example"},
    sole_member_of=["Old"],
    all_members_external=["Staff"],
    user="alice",
)


def claim() -> GroupClaim:
    values = ["Sales", "CN=Ops,DC=example", ""]
    return GroupExtractor(attribute="memberOf", format="array", limit=75).extract({"memberOf": values})


def plan() -> Plan:
    return memberof.reconcile(claim(), STATE, policy=SyncPolicy(max_creates=5))


def assertion() -> VerifiedAssertion:
    idp = TestIdp("shibboleth")
    sp = memberof.ServiceProvider(
        entity_id=idp.sp_entity_id,
        acs_url=idp.acs_url,
        identity_provider=memberof.IdentityProvider.from_metadata(idp.metadata_xml),
    )
    return sp.verify(idp.response(user="alice", groups=["Sales"], request_id="_r"), request_id="_r")


@pytest.mark.parametrize(
    "value",
    [
        STATE,
        UserState(groups={}),
        SyncPolicy(),
        SyncPolicy.cautious(),
        SyncPolicy(protected=["Board"], max_groups=100, on_absent="keep", required_groups=["Staff"]),
        Change("attach", 'a "quoted" group', "received"),
        PlanWarning("plan.max_creates", "too many"),
        *claim().warnings,
        *claim().dropped,
        plan(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_survives_a_pickle_and_keeps_its_hash(value: Any) -> None:
    copy = pickle.loads(pickle.dumps(value))
    assert copy == value
    assert hash(copy) == hash(value)
    assert repr(copy) == repr(value)
    assert repr(value).startswith(f"{type(value).__name__}(") or repr(value).startswith("<")
    assert value != object()


@pytest.mark.parametrize(
    "value", [STATE, Change("attach", 'a "quoted" group', "received")], ids=["state", "change"]
)
def test_the_repr_of_a_plain_value_makes_it_again(value: Any) -> None:
    assert eval(repr(value), vars(memberof).copy()) == value


def test_properties_of_a_state_give_back_what_was_put_in() -> None:
    assert STATE.user == "alice"
    assert STATE.groups == {"Old": "external", "Staff": "internal"}
    assert STATE.memberships == ("Old", "Staff")
    assert STATE.origins["Old"] == "https://idp.example"
    assert STATE.sole_member_of == ("Old",)
    assert STATE.all_members_external == ("Staff",)
    other = UserState(groups={"Sales": "internal"})
    assert other.fingerprint(["Sales"]) != other.fingerprint([])
    assert len(STATE.fingerprint([])) == 64


def test_a_claim_is_made_by_an_extractor_and_by_nothing_else() -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(claim())
    with pytest.raises(TypeError):
        GroupClaim()


def test_properties_of_a_policy_give_back_what_was_put_in() -> None:
    given: dict[str, Any] = {
        "on_absent": "keep",
        "on_malformed": "ignore",
        "on_overage": "refuse",
        "on_internal_match": "refuse",
        "identity": "fold",
        "detach_scope": "own_memberships",
        "create_missing": False,
        "max_creates": 3,
        "max_groups": 70,
        "protected": ("Board",),
        "last_member_of": ("Admins",),
        "required_groups": ("Staff",),
    }
    policy = SyncPolicy(**given)
    assert {name: getattr(policy, name) for name in given} == given
    assert SyncPolicy.from_dict(policy.to_dict()) == policy


def test_properties_of_limits_give_back_what_was_put_in() -> None:
    given = {
        "max_bytes": 1000,
        "max_depth": 10,
        "max_elements": 11,
        "max_attributes": 12,
        "max_namespaces": 13,
    }
    limits = Limits(**given)
    assert {name: getattr(limits, name) for name in given} == given


def test_a_claim_and_its_parts_say_what_they_are() -> None:
    found = claim()
    assert found.limit == 75
    assert found.malformed == ("CN=Ops,DC=example",)
    (warning,) = (one for one in found.warnings if one.code == "claim.looks_like_dn")
    assert isinstance(warning, ClaimWarning)
    assert warning.value_index == 1
    assert [(type(one), one.reason) for one in found.dropped] == [(DroppedValue, "claim.empty_value")]


def test_a_plan_is_json_and_a_table_that_escapes_what_it_shows() -> None:
    extractor = GroupExtractor(attribute="memberOf", format="array")
    names = ["<b>&Co</b>", *(f"Group {number}" for number in range(60))]
    made = memberof.reconcile(extractor.extract({"memberOf": names}), STATE)
    assert Plan.from_json(made.to_json()) == made
    assert len(made.fingerprint) == len(made.state_fingerprint) == 64
    page = made._repr_html_()
    assert "&lt;b&gt;&amp;Co&lt;/b&gt;" in page
    assert "<b>" not in page
    lines = len(made.changes) + len(made.held_changes)
    assert page.count("<tr>") == 51
    assert f"<caption>The first 50 of {lines}</caption>" in page


def test_an_assertion_gives_all_that_was_signed() -> None:
    signed = assertion()
    assert signed.attributes
    assert signed.friendly_names
    assert set(signed.friendly_names) <= set(signed.attributes)
    assert signed.session_index is None or signed.session_index
    assert signed.authn_context is None or signed.authn_context.startswith("urn:")
    assert signed.one_time_use is False
    assert signed.in_response_to == "_r"
    assert "Sales" not in repr(signed)


def test_an_extractor_gives_back_how_it_reads() -> None:
    extractor = GroupExtractor(attribute="groups", format="csv", delimiter=";", aliases=["memberOf"], limit=9)
    assert (extractor.attributes, extractor.aliases) == (("groups",), ("memberOf",))
    assert (extractor.format, extractor.delimiter, extractor.limit) == ("csv", ";", 9)
    assert GroupExtractor(attribute="groups", format="ldap", naming="ou").naming == "ou"
    assert GroupExtractor(attribute="groups", format="ldap").naming is None
