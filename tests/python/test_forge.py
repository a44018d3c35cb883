"""Forgeries: each is what it says, and each that wraps a signature keeps it genuine."""

from __future__ import annotations

import base64
import copy
import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from memberof.testing import TestIdp, forgeries

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
WRAPPINGS = [f"xsw{n}" for n in range(1, 9)] + ["second-assertion"]
# in these the signed element lies inside its Signature, which libxml2's enveloped-signature transform removes whole
WITHIN_THE_SIGNATURE = {"xsw1", "xsw6", "xsw8"}


def tree(response: str) -> etree._Element:
    return etree.fromstring(
        base64.b64decode(response), etree.XMLParser(resolve_entities=False, huge_tree=True)
    )


@pytest.mark.parametrize("kind", WRAPPINGS)
@pytest.mark.parametrize("who", ["adfs", "keycloak", "okta"])
def test_a_wrapped_signature_stays_genuine(kind: str, who: str) -> None:
    # What makes the attack one: a program that only asks "is there a valid signature?" finds one.
    root = tree(TestIdp(who).forge(kind, now=NOW))
    signature = next(root.iter(f"{DS}Signature"))
    reference = next(signature.iter(f"{DS}Reference"))
    (signed,) = [e for e in root.iter() if e.get("ID") == reference.attrib["URI"].removeprefix("#")]
    signed = copy.deepcopy(signed)
    for own in signed.findall(f"{DS}Signature"):
        signed.remove(own)
    prefixes = [e.attrib["PrefixList"] for e in signature.iter() if "PrefixList" in e.attrib]
    octets = etree.tostring(signed, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes or None)
    digest = next(signature.iter(f"{DS}DigestValue"))
    assert base64.b64encode(hashlib.sha256(octets).digest()).decode() == digest.text
    names = {str(name_id.text) for name_id in root.iter(f"{SAML}NameID")}
    assert names == {"alice", "attacker"}


@pytest.mark.parametrize("kind", sorted(set(WRAPPINGS) - WITHIN_THE_SIGNATURE))
@pytest.mark.parametrize("who", ["adfs", "keycloak", "okta"])
def test_xmlsec_verifies_a_wrapped_signature(kind: str, who: str, tmp_path: Path) -> None:
    program = shutil.which("xmlsec1")
    if program is None:
        pytest.skip("xmlsec1 is not installed: apt install xmlsec1")
    idp = TestIdp(who)
    (tmp_path / "response.xml").write_bytes(base64.b64decode(idp.forge(kind, now=NOW)))
    (tmp_path / "certificate.pem").write_text(idp.certificate_pem)
    done = subprocess.run(
        [
            program, "--verify", "--pubkey-cert-pem", tmp_path / "certificate.pem", "--enabled-key-data", "key-name",
            "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
            "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
            tmp_path / "response.xml",
        ],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_forgery_has_a_name_and_says_what_is_wrong() -> None:
    kinds = forgeries()
    assert len({kind.name for kind in kinds}) == len(kinds) > 45
    assert all(kind.about for kind in kinds)
    assert {kind.name for kind in kinds if kind.read_whole} == {"comment-in-value", "cdata-in-value"}


@pytest.mark.parametrize("kind", [kind.name for kind in forgeries()])
@pytest.mark.parametrize("who", ["adfs", "keycloak", "entra", "okta", "simplesamlphp"])
def test_every_forgery_differs_from_the_genuine_response(kind: str, who: str) -> None:
    genuine = {"response_id": "_r", "assertion_id": "_a", "request_id": "_q", "now": NOW, "name_id": "alice"}
    idp = TestIdp(who)
    forged = idp.forge(kind, **genuine)
    assert forged != idp.response(groups=["Staff"], **genuine)  # type: ignore[arg-type]


def test_an_unknown_forgery_is_answered_with_near_names() -> None:
    with pytest.raises(LookupError, match='no forgery is called "xsw9"; did you mean xsw'):
        TestIdp().forge("xsw9")


def test_a_comment_stands_inside_the_name_and_the_groups() -> None:
    xml = base64.b64decode(TestIdp("keycloak").forge("comment-in-value", groups=["Ä", "Admins"]))
    assert b"Adm<!---->ins" in xml
    assert "Ä<!---->".encode() in xml
    assert b"al<!---->ice" in xml
