"""The Hypothesis strategies: what they draw is what they say, and the readers of memberof agree."""

from __future__ import annotations

import unicodedata

from hypothesis import given

import memberof
from memberof.testing import TestIdp
from memberof.testing.strategies import (
    claims,
    distinguished_names,
    group_lists,
    group_names,
    named_distinguished_names,
)


@given(group_names())
def test_a_drawn_name_is_a_name(name: str) -> None:
    assert name
    assert name == unicodedata.normalize("NFC", name).strip(" \t\r\n")
    claim = memberof.GroupExtractor(attribute="memberOf", format="array").extract({"memberOf": [name]})
    assert claim.groups + claim.malformed == (name,)  # one that looks like a DN is malformed


@given(named_distinguished_names())
def test_the_first_common_name_of_a_drawn_dn_is_its_group(drawn: tuple[str, str]) -> None:
    text, name = drawn
    assert memberof.parse_dn(text).common_name == name


@given(distinguished_names())
def test_a_drawn_dn_has_two_names_at_least(text: str) -> None:
    assert len(memberof.parse_dn(text).rdns) >= 2


@given(group_lists())
def test_names_travel_through_a_response_untouched(names: list[str]) -> None:
    found = TestIdp("adfs").as_python3_saml(groups=names)
    claim = memberof.GroupExtractor.preset("adfs").extract(found)
    assert list(claim.groups) == names


@given(claims())
def test_every_drawn_claim_is_read_without_an_error(attributes: dict[str, list[str]]) -> None:
    claim = memberof.GroupExtractor(attribute="memberOf", format="array").extract(attributes)
    assert (claim.status == "absent") == ("memberOf" not in attributes)
