"""The dictionaries of python3-saml and pysaml2: as measured, and as the libraries make them where they are installed."""

from __future__ import annotations

import base64
import importlib.util
import itertools
from typing import Any

import pytest

from memberof.testing import TestIdp, personas

FORMS = ["absent", "no_values", "empty_value", "nil", "no_statement"]


def test_python3_saml_strips_values_and_drops_empty_ones() -> None:
    idp = TestIdp("keycloak")
    assert idp.as_python3_saml(values=[" A ", "", "  ", None, "B"]) == {
        "email": ["alice@example.test"],
        "memberOf": ["A", "B"],
    }


def test_python3_saml_refuses_repeated_attributes_unless_allowed() -> None:
    idp = TestIdp("keycloak-roles")
    with pytest.raises(ValueError, match='the attribute "Role" is repeated'):
        idp.as_python3_saml(groups=["a", "b"])
    assert idp.as_python3_saml(groups=["a", "b"], allow_repeated=True)["Role"] == ["a", "b"]


def test_pysaml2_leaves_member_of_out_unless_unknown_attributes_are_allowed() -> None:
    idp = TestIdp("simplesamlphp")
    assert idp.as_pysaml2(groups=["A"]) == {}
    assert idp.as_pysaml2(groups=["A"], allow_unknown_attributes=True)["memberOf"] == [
        "CN=A,OU=Groups,DC=corp,DC=example"
    ]
    assert TestIdp("shibboleth").as_pysaml2(groups=["A"])["isMemberOf"] == ["A"]


@pytest.mark.parametrize(
    ("form", "python3_saml", "pysaml2"),
    [
        ("absent", None, None),
        ("no_values", [], []),
        ("empty_value", [], [""]),
        ("nil", [], [""]),
        ("no_statement", None, None),
    ],
)
def test_forms_of_no_groups_as_measured(form: str, python3_saml: object, pysaml2: object) -> None:
    idp = TestIdp("simplesamlphp")
    assert idp.as_python3_saml(no_groups=form).get("memberOf") == python3_saml
    assert idp.as_pysaml2(no_groups=form, allow_unknown_attributes=True).get("memberOf") == pysaml2


CASES: list[dict[str, Any]] = [
    {"groups": ["A", " b ", "Ä & <c>"]},
    {"values": ["x", None, "", " ", "y"]},
    {"groups": ["a"], "overage": True},
    *({"no_groups": form} for form in FORMS),
]


@pytest.mark.optional
def test_the_real_python3_saml_agrees_for_every_persona() -> None:
    if importlib.util.find_spec("onelogin") is None:
        pytest.skip("python3-saml is not installed: pip install python3-saml")
    from onelogin.saml2.errors import OneLogin_Saml2_ValidationError
    from onelogin.saml2.response import OneLogin_Saml2_Response
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    for persona, repeated in itertools.product(personas(), (False, True)):
        idp = TestIdp(persona)
        settings = OneLogin_Saml2_Settings(
            {
                "security": {"allowRepeatAttributeName": repeated},
                "sp": {"entityId": idp.sp_entity_id, "assertionConsumerService": {"url": idp.acs_url}},
            },
            sp_validation_only=True,
        )
        for case in CASES:
            response = OneLogin_Saml2_Response(settings, idp.response(**case))
            try:
                expected = response.get_attributes()
            except OneLogin_Saml2_ValidationError:
                with pytest.raises(ValueError, match="is repeated"):
                    idp.as_python3_saml(allow_repeated=repeated, **case)
            else:
                assert idp.as_python3_saml(allow_repeated=repeated, **case) == expected, persona.name


@pytest.mark.optional
def test_the_real_pysaml2_agrees_for_every_persona() -> None:
    if importlib.util.find_spec("saml2") is None:
        pytest.skip("pysaml2 is not installed: pip install pysaml2")
    from saml2 import samlp
    from saml2.attribute_converter import ac_factory, to_local

    maps = ac_factory()
    for persona, unknown, case in itertools.product(personas(), (False, True), CASES):
        idp = TestIdp(persona)
        (assertion,) = samlp.response_from_string(base64.b64decode(idp.response(**case))).assertion
        expected: dict[str, list[str]] = {}
        for statement in assertion.attribute_statement:
            for name, found in to_local(maps, statement, unknown).items():
                expected.setdefault(name, []).extend(found)
        assert idp.as_pysaml2(allow_unknown_attributes=unknown, **case) == expected, persona.name
