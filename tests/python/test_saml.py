"""Verification from Python: values, arguments, errors."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import memberof

VECTORS = Path(__file__).parent.parent / "vectors" / "idp"
CASES = json.loads((VECTORS / "cases.json").read_text())
ACCEPTED = [case for case in CASES["cases"] if case["expect"] == "accept" and not case["encrypted"]]


def service_provider(case: dict[str, Any], **changes: Any) -> memberof.ServiceProvider:
    idp = memberof.IdentityProvider(
        entity_id=case["idp_entity_id"], certificates=[(VECTORS / case["idp_cert"]).read_text()]
    )
    arguments: dict[str, Any] = {
        "entity_id": CASES["sp_entity_id"],
        "acs_url": CASES["acs_url"],
        "identity_provider": idp,
        "allow_unsolicited": case["request_id"] is None,
    }
    return memberof.ServiceProvider(**arguments | changes)


def exchange(case: dict[str, Any], **changes: Any) -> dict[str, Any]:
    now = datetime.fromisoformat(case["issue_instant"]) + timedelta(seconds=1)
    return {"request_id": case["request_id"] or memberof.UNSOLICITED, "now": now} | changes


def form(case: dict[str, Any]) -> bytes:
    return (VECTORS / case["file"]).read_bytes()


def by_id(name: str) -> dict[str, Any]:
    return next(case for case in CASES["cases"] if case["id"] == name)


DN3 = by_id("simplesamlphp/both-dn3")


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["id"])
def test_a_captured_response_gives_its_values(case: dict[str, Any]) -> None:
    assertion = service_provider(case).verify(form(case), **exchange(case))
    wire = case.get("wire_values_seen") or case["configured_values"]
    found = assertion.attributes.get(case["attribute_name"])
    if wire is None:
        assert found is None
    else:
        expected = tuple("" if value is None else value for value in wire)
        assert found is not None
        assert (found if case["order_significant"] else tuple(sorted(found))) == (
            expected if case["order_significant"] else tuple(sorted(expected))
        )
    assert assertion.name_id == case["name_id"]
    assert assertion.issuer == case["idp_entity_id"]
    assert assertion.in_response_to == case["request_id"]
    assert assertion.issue_instant == datetime.fromisoformat(case["issue_instant"])


def test_str_and_bytes_are_one() -> None:
    sp = service_provider(DN3)
    assert dict(sp.verify(form(DN3).decode(), **exchange(DN3)).attributes) == dict(
        sp.verify(form(DN3), **exchange(DN3)).attributes
    )
    with pytest.raises(TypeError, match="expected str or bytes"):
        sp.verify(5, **exchange(DN3))  # type: ignore[arg-type]


def test_the_attributes_are_a_read_only_mapping_made_once() -> None:
    assertion = service_provider(DN3).verify(form(DN3), **exchange(DN3))
    assert assertion.attributes["memberOf"] is assertion.attributes["memberOf"]
    with pytest.raises(TypeError):
        assertion.attributes["memberOf"] = ()  # type: ignore[index]


def test_times_are_aware_and_in_utc() -> None:
    assertion = service_provider(DN3).verify(form(DN3), **exchange(DN3))
    for instant in (assertion.issue_instant, assertion.not_on_or_after, assertion.authn_instant):
        assert instant.tzinfo is UTC
    assert assertion.not_on_or_after == datetime.fromisoformat(DN3["not_on_or_after"])


@pytest.mark.parametrize(
    ("provider", "arguments", "code"),
    [
        ({"entity_id": "https://other.example/sp"}, {}, "saml.audience_mismatch"),
        ({"acs_url": "https://other.example/acs"}, {}, "saml.destination_mismatch"),
        ({"acs_url": CASES["acs_url"] + "/"}, {}, "saml.destination_mismatch"),
        ({}, {"request_id": "_other"}, "saml.in_response_to_mismatch"),
        ({}, {"request_id": []}, "saml.in_response_to_mismatch"),
        ({}, {"request_id": memberof.UNSOLICITED}, "saml.unsolicited_refused"),
        (
            {"allow_unsolicited": True},
            {"request_id": memberof.UNSOLICITED},
            "saml.in_response_to_unexpected",
        ),
        ({}, {"now": datetime(2026, 11, 24, 0, 10, tzinfo=UTC)}, "saml.not_yet_valid"),
        ({}, {"now": datetime(2026, 11, 24, 2, 0, tzinfo=UTC)}, "saml.expired"),
        ({"limits": memberof.Limits(max_bytes=1000)}, {}, "xml.too_large"),
        ({"limits": memberof.Limits(max_depth=3)}, {}, "xml.too_deep"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_code(
    provider: dict[str, Any], arguments: dict[str, Any], code: str
) -> None:
    sp = service_provider(DN3, **provider)
    with pytest.raises(memberof.VerificationError) as refused:
        sp.verify(form(DN3), **exchange(DN3, **arguments))
    assert refused.value.code == code
    assert "memberOf" not in str(refused.value)
    assert refused.value.public_message == "Sign-in refused"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "xml.malformed"),
        ("%%%", "saml.base64"),
        ("PGEvPg", "saml.base64"),
        ("PGEvPg==", "saml.not_a_response"),
        ("\ud800", "saml.base64"),
        (form(DN3)[:4000], "xml.malformed"),
        (b"A" * 50_000_000, "xml.too_large"),
        (b"!" * 1_000_000, "saml.base64"),
    ],
    ids=["empty", "garbage", "unpadded", "other xml", "surrogate", "truncated", "50 MB", "large garbage"],
)
def test_bad_input_is_refused_with_its_code(value: str | bytes, code: str) -> None:
    with pytest.raises(memberof.VerificationError) as refused:
        service_provider(DN3).verify(value, **exchange(DN3))
    assert refused.value.code == code


def test_one_of_several_pending_requests_is_enough() -> None:
    pending = ["_other", DN3["request_id"]]
    assertion = service_provider(DN3).verify(form(DN3), **exchange(DN3, request_id=pending))
    assert assertion.in_response_to == DN3["request_id"]


def test_unsolicited_may_stand_among_pending_requests() -> None:
    case = by_id("simplesamlphp/idpinit-groups3")
    arguments = exchange(case, request_id=["_pending", memberof.UNSOLICITED])
    assert service_provider(case).verify(form(case), **arguments).in_response_to is None


@pytest.mark.parametrize("request_id", ["", None, 5, [None], [b"_x"]])
def test_a_request_id_that_is_none_is_a_configuration_error(request_id: Any) -> None:
    with pytest.raises(memberof.ConfigurationError) as refused:
        service_provider(DN3).verify(form(DN3), **exchange(DN3, request_id=request_id))
    assert refused.value.code == "config.request_id"


def test_a_naive_time_is_a_configuration_error() -> None:
    with pytest.raises(memberof.ConfigurationError, match="time zone"):
        service_provider(DN3).verify(form(DN3), **exchange(DN3, now=datetime(2026, 11, 24)))  # noqa: DTZ001


def test_a_second_use_is_refused_and_the_cache_is_asked_last() -> None:
    cache = memberof.InMemoryReplayCache()
    sp = service_provider(DN3)
    with pytest.raises(memberof.VerificationError):
        sp.verify(form(DN3), **exchange(DN3, request_id="_other", replay_cache=cache))
    assert len(cache) == 0
    sp.verify(form(DN3), **exchange(DN3, replay_cache=cache))
    with pytest.raises(memberof.VerificationError) as refused:
        sp.verify(form(DN3), **exchange(DN3, replay_cache=cache))
    assert refused.value.code == "saml.replayed"


def test_all_mistakes_of_a_configuration_are_reported_at_once() -> None:
    with pytest.raises(memberof.ConfigurationError) as refused:
        memberof.IdentityProvider(entity_id="", certificates=[])
    assert len(refused.value.problems) == 2
    with pytest.raises(memberof.ConfigurationError) as refused:
        service_provider(DN3, entity_id="", acs_url="ftp://x", clock_skew=-1)
    assert len(refused.value.problems) == 3
    with pytest.raises(memberof.ConfigurationError):
        service_provider(DN3, acs_url=[])
    with pytest.raises(memberof.ConfigurationError):
        memberof.Limits(max_bytes=0)


def test_limits_are_values() -> None:
    limits = memberof.Limits(max_bytes=10)
    assert pickle.loads(pickle.dumps(limits)) == limits == copy.copy(limits)
    assert limits != memberof.Limits()
    assert eval(repr(limits), vars(memberof)) == limits


def test_a_name_id_is_its_text_with_qualifiers() -> None:
    name = memberof.NameID("alice", "urn:f", "idp", "sp")
    assert name == "alice"
    assert (name.format, name.name_qualifier, name.sp_name_qualifier) == ("urn:f", "idp", "sp")
    again = pickle.loads(pickle.dumps(name))
    assert again.key == name.key == copy.copy(name).key
    assert hash(name) == hash("alice")


def test_reprs_hold_no_content() -> None:
    sp = service_provider(DN3)
    assertion = sp.verify(form(DN3), **exchange(DN3))
    for shown in (repr(assertion), repr(sp), repr(sp.identity_provider)):
        assert "dn3@example.test" not in shown
        assert "CN=" not in shown
