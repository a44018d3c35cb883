"""GroupExtractor, GroupClaim, parse_dn and split_list from Python."""

from __future__ import annotations

import copy
import json
import pickle
import unicodedata
from collections import UserDict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memberof
from memberof import ClaimStatus, GroupExtractor, parse_dn, split_list
from memberof.testing import TestIdp

if TYPE_CHECKING:
    from pathlib import Path

DN = "CN=Sales,OU=Groups,DC=corp"


def codes(claim: memberof.GroupClaim) -> list[str]:
    return [warning.code for warning in claim.warnings]


def expected(case: dict[str, Any]) -> list[str]:
    """What README.md of the vectors says, and what ``product.md`` says where it leaves a choice."""
    name = case["file"].split("/")[1]
    if "dn-odd" in name:  # positional; "Second" stands behind an OU
        return [group for group in case["expected_groups"] if group not in {None, "Second"}]
    groups = case["expected_groups"]
    if "names-space" in name:
        groups = [group.strip(" ") for group in groups]
        groups = [group for group in groups if "\t" not in group and "\n" not in group]
    return list(dict.fromkeys(unicodedata.normalize("NFC", group) for group in groups))


def test_the_values_of_every_captured_response_give_the_expected_groups(vectors: Path) -> None:
    cases = json.loads((vectors / "idp" / "cases.json").read_text())["cases"]
    assert len(cases) > 60
    for case in cases:
        extractor = GroupExtractor(attribute=case["attribute_name"], format=case["format"])
        values = case.get("wire_values_seen") or case["configured_values"]
        claim = extractor.extract({} if values is None else {case["attribute_name"]: values})
        if case["expected_groups"] is None:  # three DNs, percent-encoded and joined by commas
            assert (claim.groups, codes(claim)) == ((), ["claim.joined_dns"])
            continue
        assert list(claim.groups) == expected(case), case["file"]
        assert claim.received == len(claim.groups) + claim.duplicates + len(claim.dropped) + len(
            claim.malformed
        )
        if values is None:
            assert claim.status is ClaimStatus.ABSENT
        elif values in ([], [""]):
            assert claim.status is ClaimStatus.EMPTY


def test_odd_names_are_accounted_for_one_by_one(vectors: Path) -> None:
    cases = json.loads((vectors / "idp" / "cases.json").read_text())["cases"]
    odd = next(case for case in cases if "dn-odd" in case["file"])
    claim = GroupExtractor(format="ldap").extract({"memberOf": odd["configured_values"]})
    assert claim.malformed == (
        "OU=NotFirst,CN=Second,DC=corp,DC=example",
        "OU=NoCnAtAll,DC=corp,DC=example",
        "plain-name-not-a-dn",
    )
    assert [(one.value, one.reason) for one in claim.dropped] == [
        ("CN=,OU=EmptyCn,DC=corp", "claim.empty_name")
    ]
    assert [(warning.code, warning.value_index) for warning in claim.warnings] == [
        ("claim.no_common_name", 1),
        ("claim.no_common_name", 7),
        ("claim.not_a_dn", 8),
        ("claim.empty_name", 9),
    ]
    assert not claim.complete


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({}, "absent"),
        ({"memberof": ["a"]}, "absent"),
        ({"memberOf": None}, "empty"),
        ({"memberOf": []}, "empty"),
        ({"memberOf": [""]}, "empty"),
        ({"memberOf": [None]}, "empty"),
        ({"memberOf": " \t"}, "empty"),
        ({"memberOf": "one"}, "present"),
        ({"memberOf": ["one", None]}, "present"),
        ({"memberOf": (value for value in ["one"])}, "present"),
        (UserDict({"memberOf": ["one"]}), "present"),
        ({"memberOf": ["one"], "http://schemas.microsoft.com/claims/groups.link": "x"}, "overage"),
    ],
)
def test_statuses_of_mappings(attributes: Any, status: str) -> None:
    claim = GroupExtractor(format="array").extract(attributes)
    assert claim.status is ClaimStatus(status)
    assert claim.groups == (("one",) if status == "present" else ())
    assert claim.complete is (status in {"present", "empty"})
    assert claim.attribute == {"absent": None}.get(status, "memberOf")


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        3,
        "memberOf",
        ["memberOf"],
        {1: "a"},
        {"memberOf": 3},
        {"memberOf": [3]},
        {"memberOf": b"a"},
        {"memberOf": {"a": "b"}},
    ],
)
def test_what_is_no_mapping_of_texts_is_a_type_error(attributes: Any) -> None:
    with pytest.raises(TypeError, match="must be"):
        GroupExtractor(format="array").extract(attributes)


def test_attributes_that_are_not_read_may_hold_anything() -> None:
    claim = GroupExtractor(format="array").extract({"age": 3, "memberOf": ["a"]})  # type: ignore[dict-item]
    assert claim.groups == ("a",)


def test_wrong_settings_are_all_reported_at_once() -> None:
    with pytest.raises(memberof.ConfigurationError) as caught:
        GroupExtractor(attribute=[], format="xml", delimiter=";", limit=0, library="saml3")
    assert len(caught.value.problems) == 5
    with pytest.raises(memberof.ConfigurationError, match="format has no default"):
        GroupExtractor("memberOf")
    with pytest.raises(memberof.ConfigurationError, match='no preset "saml"'):
        GroupExtractor.preset("saml")
    with pytest.raises(memberof.ConfigurationError, match="format has no default"):
        GroupExtractor.preset("generic")
    with pytest.raises(memberof.ConfigurationError, match="naming has no meaning"):
        GroupExtractor(format="array", naming="leaf")
    with pytest.raises(memberof.ConfigurationError, match="delimiter"):
        GroupExtractor(format="ldap", delimiter=",")


def test_presets_are_data_and_an_own_attribute_switches_aliases_off() -> None:
    presets = {preset.name: preset for preset in GroupExtractor.presets()}
    assert set(presets) == {
        "adfs", "adfs-names", "entra", "keycloak", "okta", "google", "onelogin", "pingfederate", "pingone",
        "shibboleth", "simplesamlphp", "lemonldap", "auth0", "authentik", "jumpcloud", "wso2", "aws",
        "fortiauthenticator", "generic",
    }  # fmt: skip
    assert presets["google"].limit == 75
    assert presets["entra"].limit == 150
    assert GroupExtractor.preset("entra").extract({"memberOf": ["a"]}).groups == ("a",)
    own = GroupExtractor.preset("entra", attribute="memberOf")
    original = {"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": ["unfiltered"]}
    assert own.extract(original).status == "absent"
    assert own.limit == 150


def test_a_claim_shows_counts_and_never_names() -> None:
    claim = GroupExtractor(format="array").extract({"memberOf": ["Secret", DN, ""]})
    assert repr(claim) == "<GroupClaim present, 1 groups, 1 malformed, 1 dropped, 1 warnings>"
    assert claim == GroupExtractor(format="array").extract({"memberOf": ["Secret", DN, ""]})
    assert len({claim, claim}) == 1
    for warning in claim.warnings:
        assert "Sales" not in warning.message
    with pytest.raises(TypeError):
        memberof.GroupClaim()  # type: ignore[call-arg]


def test_values_are_pickled_and_copied() -> None:
    for value in (
        memberof.ClaimWarning("a.b", "c", 1),
        memberof.DroppedValue("a", "b"),
        parse_dn(r"CN=a\, b+UID=x,OU=y"),
        GroupExtractor(attribute=("a", "b"), format="csv", delimiter=";", limit=7, library="pysaml2"),
        GroupExtractor.preset("onelogin", format="ldap", delimiter=";", naming="ou_path"),
    ):
        assert pickle.loads(pickle.dumps(value)) == value
        assert copy.deepcopy(value) == value
        assert hash(copy.copy(value)) == hash(value)


def test_reprs_read_as_constructors() -> None:
    extractor = GroupExtractor(attribute="memberOf", format="csv", delimiter=";")
    assert eval(repr(extractor), {"GroupExtractor": GroupExtractor}) == extractor
    warning = memberof.ClaimWarning("a.b", 'say "x"', None)
    assert eval(repr(warning), {"ClaimWarning": memberof.ClaimWarning}) == warning
    dn = parse_dn(r"CN=a\, b,OU=\C3\B6")
    assert eval(repr(dn), {"parse_dn": parse_dn}) == dn


def test_a_distinguished_name_has_parts() -> None:
    dn = parse_dn(r"cn=Sales\2C EMEA + uid=7 ; OU=x")
    assert dn.rdns == ((("cn", "Sales, EMEA"), ("uid", "7")), (("OU", "x"),))
    assert dn.common_name == "Sales, EMEA"
    assert str(dn) == r"cn=Sales\, EMEA+uid=7,OU=x"
    assert str(dn.normalized()) == r"CN=Sales\, EMEA+UID=7,OU=x"
    assert dn == parse_dn(r"UID=7+2.5.4.3=Sales\, EMEA,ou=x")
    assert len(dn) == 2
    assert parse_dn("").rdns == ()
    assert parse_dn("").common_name is None
    assert parse_dn("CN=#04024869").rdns == ((("CN", b"\x04\x02Hi"),),)


def test_errors_are_value_errors_with_codes() -> None:
    with pytest.raises(ValueError, match="at character 3") as caught:
        parse_dn(r"CN=\C3")
    assert isinstance(caught.value, memberof.DistinguishedNameError)
    assert caught.value.code == "claim.dn_utf8"
    with pytest.raises(ValueError, match="never closed") as caught:
        split_list('a,"b')
    assert isinstance(caught.value, memberof.ListSyntaxError)
    assert caught.value.code == "claim.list_open_quote"
    with pytest.raises(memberof.ConfigurationError):
        split_list("a", "")


def test_split_list_takes_its_delimiter_by_name_or_place() -> None:
    assert split_list(' a ,"b, c",a') == ("a", "b, c")
    assert split_list("a;b", ";") == split_list("a;b", delimiter=";") == ("a", "b")


@given(
    st.lists(st.text(max_size=12) | st.none(), max_size=8),
    st.sampled_from(["ldap", "array", "csv", "json", "path", "domain"]),
)
def test_no_value_is_lost_on_the_way_from_python(values: list[str | None], kind: str) -> None:
    claim = GroupExtractor(format=kind).extract({"memberOf": values})
    assert claim.received == len(claim.groups) + claim.duplicates + len(claim.dropped) + len(claim.malformed)
    assert claim.received >= len(values)


FORMS = ("absent", "no_statement", "no_values", "empty_value", "nil")


@pytest.mark.parametrize(
    ("library", "statuses", "code"),
    [
        # measured: python3-saml 1.16.0 reads no, empty and nil values, and values with markup inside, as no value
        ("python3-saml", ["absent", "absent", "empty", "empty", "empty"], "claim.empty_blurred"),
        # pysaml2 7.5.5 leaves out what no attribute map knows
        ("pysaml2", ["absent"] * 5, "claim.absence_unproved"),
        ("pysaml2-allow-unknown", ["absent", "absent", "empty", "empty", "empty"], "claim.empty_blurred"),
        (None, ["absent", "absent", "empty", "empty", "empty"], None),
    ],
)
def test_what_other_libraries_blur_is_said_in_a_warning(
    library: str | None, statuses: list[str], code: str | None
) -> None:
    idp = TestIdp("simplesamlphp")
    extractor = GroupExtractor.preset("simplesamlphp", library=library)

    def handed_over(**options: Any) -> dict[str, list[str]]:
        if library is not None and library.startswith("pysaml2"):
            return idp.as_pysaml2(allow_unknown_attributes=library != "pysaml2", **options)
        return idp.as_python3_saml(**options)

    claims = [extractor.extract(handed_over(no_groups=form)) for form in FORMS]
    assert [claim.status for claim in claims] == statuses
    blurred = {"claim.empty_blurred": "empty", "claim.absence_unproved": "absent", None: "neither"}[code]
    assert [codes(claim) for claim in claims] == [[code] if s == blurred else [] for s in statuses]
    assert {claim.absence_proved for claim in claims} == {library != "pysaml2"}
    with_groups = extractor.extract(handed_over(groups=["Sales"]))
    assert with_groups.groups == (() if library == "pysaml2" else ("Sales",))
    assert codes(with_groups) == (["claim.absence_unproved"] if library == "pysaml2" else [])


def test_names_that_look_alike_are_found_in_any_iterable() -> None:
    groups = memberof.confusable_names(name for name in ["IT", "sales", "lT", "аdmins", "Admins", "sales"])
    assert groups == (("IT", "lT"), ("аdmins", "Admins"))
    assert memberof.confusable_names({"Sales", "sales"}) == memberof.confusable_names([]) == ()
    with pytest.raises(TypeError, match="names must be"):
        memberof.confusable_names(["a", 1])  # type: ignore[list-item]
