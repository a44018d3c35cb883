"""The presets against what identity providers send: signed, verified and read, case by case of tests/data/presets.toml."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

import memberof
from memberof.testing import TestIdp, personas
from memberof.testing.identity_provider import encode
from memberof.testing.response import ASSERTION, XS, XSI, Login, find_assertion, write_response

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent
CASES: list[dict[str, Any]] = tomllib.loads((ROOT / "tests" / "data" / "presets.toml").read_text())["case"]
PRESETS = {preset.name: preset for preset in memberof.GroupExtractor.presets()}
# The first persona of a preset says how the rest of the Response looks.
PERSONAS = {persona.preset: persona for persona in reversed(personas())}


def sent(case: dict[str, Any]) -> str:
    """The AttributeStatement of a case as XML text, or "" where there is none."""
    text = case["statement"]
    if "many" in case:
        head, tail = text.split("<AttributeValue", 1)
        value, tail = tail.split("</AttributeValue>", 1)
        values = (f"<AttributeValue{value}</AttributeValue>" for _ in range(case["many"]))
        text = head + "".join(v.replace("{n}", str(n)) for n, v in enumerate(values, 1)) + tail
    if not text:
        return ""
    return f'<AttributeStatement xmlns="{ASSERTION}" xmlns:xs="{XS}" xmlns:xsi="{XSI}">{text}</AttributeStatement>'


def verified(case: dict[str, Any]) -> memberof.VerifiedAssertion:
    """Put a case's statement into a Response of the preset's persona, sign it as that does, and verify it."""
    idp = TestIdp(PERSONAS[case["preset"]])
    login = Login(sp_entity_id=idp.sp_entity_id, acs_url=idp.acs_url, request_id="_request", now=NOW)
    response = write_response(idp.persona, login)
    assertion = find_assertion(response)
    for statement in assertion.findall(f"{{{ASSERTION}}}AttributeStatement"):
        assertion.remove(statement)
    if text := sent(case):
        # Where the persona puts it: AD FS, Entra and Google before the AuthnStatement.
        place = assertion.find(f"{{{ASSERTION}}}AuthnStatement")
        assert place is not None
        (place.addprevious if idp.persona.attributes_first else place.addnext)(etree.fromstring(text))
    idp.sign(response, idp.persona.sign)
    sp = memberof.ServiceProvider(
        entity_id=idp.sp_entity_id,
        acs_url=idp.acs_url,
        identity_provider=memberof.IdentityProvider.from_metadata(idp.metadata_xml),
    )
    return sp.verify(encode(response), request_id="_request", now=NOW)


def extractor(case: dict[str, Any]) -> memberof.GroupExtractor:
    options = dict(case.get("options", {}))
    if rules := options.pop("rules", None):
        options["rules"] = memberof.GroupRules.from_dict(rules)
    if PRESETS[case["preset"]].format is None:
        assert "format" in options, "a preset without a format needs one in every case"
    return memberof.GroupExtractor.preset(case["preset"], **options)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['preset']}: {c['name']}" for c in CASES])
def test_what_is_sent_is_read_as_it_was_meant(case: dict[str, Any]) -> None:
    assertion = verified(case)
    claim = extractor(case).extract(assertion)
    assert claim.status == case["status"]
    if "group_count" in case:
        assert len(claim.groups) == case["group_count"]
    else:
        assert list(claim.groups) == case.get("groups", [])
    assert [warning.code for warning in claim.warnings] == case.get("warnings", [])
    assert len(claim.malformed) == case.get("malformed", 0)
    assert [one.reason for one in claim.dropped] == case.get("dropped", [])
    assert claim.received == len(claim.groups) + claim.duplicates + len(claim.dropped) + len(claim.malformed)
    assert claim.complete == (claim.status in ("present", "empty") and not claim.malformed)


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_has_a_case_of_each_kind_and_each_case_a_source(name: str) -> None:
    own = [case for case in CASES if case["preset"] == name]
    kinds = defaultdict(list)
    for case in own:
        kinds[case["kind"]].append(case)
        assert case["source"].startswith(("[D]", "[S]", "[F]", "[I]", "[INF]", "[M]", "SAML Core"))
    assert set(kinds) - {"overage"} == {"groups", "empty", "absent", "odd"}
    # An identity provider that says when it left groups out has a case of that.
    assert bool(kinds["overage"]) == PRESETS[name].find_overage_by_value
    assert {case["status"] for case in kinds["empty"]} == {"empty"}
    assert {case["status"] for case in kinds["absent"]} == {"absent"}
    assert {case["status"] for case in kinds["groups"]} == {"present"}
    limit = PRESETS[name].limit
    at_limit = [case for case in own if case.get("many") == limit]
    assert limit is None or ["claim.limit_reached" in case["warnings"] for case in at_limit] == [True]


def test_no_case_speaks_of_a_preset_that_is_not_there() -> None:
    assert {case["preset"] for case in CASES} == set(PRESETS)
