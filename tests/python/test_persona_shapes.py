"""Personas beside what the products themselves sent (tests/vectors/idp): the shape of the XML, not its content."""

from __future__ import annotations

import base64
import difflib
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from memberof.testing import TestIdp, personas

VECTORS = Path(__file__).parent.parent / "vectors" / "idp"
SAMPLES = json.loads((VECTORS / "cases.json").read_text())
CASES = {case["id"]: case for case in SAMPLES["cases"]}
TIMES = ("NotBefore", "NotOnOrAfter", "SessionNotOnOrAfter", "AuthnInstant")
SAID = (
    "Format",
    "NameFormat",
    "Algorithm",
    "Method",
    "Value",
    "Consent",
    "{http://www.w3.org/2001/XMLSchema-instance}type",
)

# What the persona has and the product has not (-), and the other way round (+): the order of XML attributes, which no
# parser tells, and what says nothing that is read. A qualifier of the NameID can be given with each Response.
KEYCLOAK = [
    "+ dsig:KeyName",
    "- saml:Assertion ID IssueInstant Version",
    "+ saml:Assertion xmlns: ID IssueInstant Version",
]
LEMONLDAP = [
    "- saml:Assertion ID IssueInstant Version",
    "+ saml:Assertion Version ID IssueInstant",
    "- saml:SubjectConfirmationData InResponseTo NotOnOrAfter=+72000 Recipient",
    "+ saml:SubjectConfirmationData NotOnOrAfter=+72000 Recipient InResponseTo",
    "- saml:Attribute Name FriendlyName NameFormat=basic",
    "+ saml:Attribute Name NameFormat=basic FriendlyName",
]
SIMPLESAMLPHP = [
    "- saml:Assertion xmlns:xs xmlns:xsi ID IssueInstant Version",
    "+ saml:Assertion xmlns:xs xmlns:xsi ID Version IssueInstant",
    "- saml:NameID Format=emailAddress",
    "+ saml:NameID SPNameQualifier Format=emailAddress",
    "- saml:SubjectConfirmationData InResponseTo NotOnOrAfter=+300 Recipient",
    "+ saml:SubjectConfirmationData NotOnOrAfter=+300 Recipient InResponseTo",
    "- saml:AuthnStatement AuthnInstant=+0 SessionIndex SessionNotOnOrAfter=+28800",
    "+ saml:AuthnStatement AuthnInstant=+0 SessionNotOnOrAfter=+28800 SessionIndex",
]

WITHOUT_COUNTERPART = {
    "adfs", "adfs-names", "entra", "entra-guid", "okta", "google", "onelogin", "onelogin-dn", "pingfederate", "pingone",
    "shibboleth", "auth0", "authentik", "jumpcloud", "wso2", "aws", "fortiauthenticator", "generic",
}  # fmt: skip


def shape(message: bytes, attribute: str) -> list[str]:
    """Every element in document order: prefix, name, what it declares, its attributes in order, and what those say.

    Of the attributes of the user only the groups' one is looked at: the others are an administrator's choice.
    Elements that repeat the one before are left out, as are contents.
    """
    root = etree.fromstring(message)
    assertion = root.find("{*}Assertion")
    assert assertion is not None
    for each in assertion.findall(".//{*}Attribute"):
        if each.get("Name") != attribute:
            parent = each.getparent()
            assert parent is not None
            parent.remove(each)
    issued = instant(str(assertion.get("IssueInstant")))
    lines: list[str] = []
    for element in root.iter(etree.Element):
        parent = element.getparent()
        declared = dict(element.nsmap.items() - (parent.nsmap.items() if parent is not None else set()))
        line = f"{element.prefix or ''}:{etree.QName(element).localname}"
        line += "".join(f" xmlns:{prefix or ''}" for prefix in sorted(declared, key=str))
        for name, value in element.attrib.items():
            line += f" {etree.QName(name).localname}"
            if name in SAID:
                line += f"={value.rpartition(':')[2] if value.startswith('urn:') else value}"
            elif name in TIMES:
                line += f"={round((instant(str(value)) - issued) / timedelta(seconds=1)):+}"
        if etree.QName(element).localname == "AuthnContextClassRef":
            line += f" {str(element.text).rpartition(':')[2]}"
        if not lines or lines[-1] != line:
            lines.append(line)
    return [
        *lines,
        f"decimals of a second: {len(str(assertion.get('IssueInstant')).partition('.')[2].rstrip('Z'))}",
    ]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def written(name: str, sent: bytes, attribute: str) -> bytes:
    """The persona's Response to the same sign-in."""
    values = etree.fromstring(sent).iterfind(f".//{{*}}Attribute[@Name='{attribute}']/{{*}}AttributeValue")
    groups = [f"Group {number}" for number, _ in enumerate(values)]
    idp = TestIdp(name, sp_entity_id=SAMPLES["sp_entity_id"], acs_url=SAMPLES["acs_url"])
    return base64.b64decode(idp.response("alice", groups, request_id="_1"))


def differences(name: str, case_id: str, attribute: str) -> list[str]:
    sent = base64.b64decode((VECTORS / CASES[case_id]["file"]).read_text())
    ours, theirs = shape(written(name, sent, attribute), attribute), shape(sent, attribute)
    return [line for line in difflib.ndiff(ours, theirs) if line[0] in "+-"]


PAIRS = [
    ("keycloak", "keycloak/groups3", "memberOf", KEYCLOAK),
    ("keycloak", "keycloak/groups0", "memberOf", KEYCLOAK),
    ("keycloak-path", "keycloak/path", "memberOf", KEYCLOAK),
    ("keycloak-roles", "keycloak/groups3", "Role", KEYCLOAK),
    ("lemonldap", "lemonldap/groups3", "memberOf", LEMONLDAP),
    ("lemonldap", "lemonldap/groups0", "memberOf", LEMONLDAP),
    ("simplesamlphp", "openldap/groups3", "memberOf", SIMPLESAMLPHP),
    ("simplesamlphp", "simplesamlphp/both-dn3", "memberOf", SIMPLESAMLPHP),
    ("simplesamlphp", "simplesamlphp/both-groups0-empty", "memberOf", SIMPLESAMLPHP),
]


@pytest.mark.parametrize(("name", "case_id", "attribute", "accepted"), PAIRS)
def test_a_persona_is_shaped_as_the_product_but_for_written_differences(
    name: str, case_id: str, attribute: str, accepted: list[str]
) -> None:
    assert differences(name, case_id, attribute) == accepted


def test_every_persona_has_a_counterpart_or_is_listed_without() -> None:
    assert {one.name for one in personas()} - {pair[0] for pair in PAIRS} == WITHOUT_COUNTERPART
