"""TestIdp: its signatures hold for a program that shares no code with it, and its personas look as they should."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import memberof
from memberof.testing import Persona, SigningKey, TestIdp, persona, personas
from memberof.testing.persona import escape_dn_value

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def tree(response: str) -> etree._Element:
    return etree.fromstring(base64.b64decode(response, validate=True))


def attributes(response: str) -> list[tuple[str, list[str | None]]]:
    """Name and texts of each Attribute, in document order; None for a nil value."""
    return [
        (
            attribute.attrib["Name"],
            [None if value.get(f"{XSI}nil") else value.text or "" for value in attribute],
        )
        for attribute in tree(response).iter(f"{SAML}Attribute")
    ]


def values(response: str, name: str) -> list[list[str | None]]:
    return [found for attribute, found in attributes(response) if attribute == name]


def program(name: str) -> str:
    """The path of a program, or the end of this test with the reason."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: apt install {name}")
    return path


def xmlsec_verifies(response: str, certificate: str, folder: Path) -> bool:
    """Whether xmlsec1 (libxml2, OpenSSL) verifies every signature of a Response against a certificate.

    Only against it: without X509Data among the enabled key data, xmlsec1 takes no key from the document.
    """
    document, pem = folder / "response.xml", folder / "certificate.pem"
    document.write_bytes(base64.b64decode(response))
    pem.write_text(certificate)
    found = tree(response).iterfind(f".//{DS}Signature")
    parents = [signature.getparent() for signature in found]
    assert parents, "no signature"
    for parent in parents:
        assert parent is not None
        name = etree.QName(parent)
        step = f"/*[local-name()='{name.localname}' and @ID='{parent.get('ID')}']/*[local-name()='Signature']"
        done = subprocess.run(
            [
                program("xmlsec1"), "--verify", "--pubkey-cert-pem", str(pem), "--enabled-key-data", "key-name",
                "--id-attr:ID", f"{name.namespace}:{name.localname}",
                "--node-xpath", f"//{step.removeprefix('/')}", str(document),
            ],
            capture_output=True,
            text=True,
        )  # fmt: skip
        if done.returncode:
            print(done.stderr)
            return False
    return True


@pytest.mark.parametrize("who", [p.name for p in personas()])
def test_xmlsec_verifies_each_persona(who: str, tmp_path: Path) -> None:
    idp = TestIdp(who)
    response = idp.response(groups=["Sales, EMEA", "Ärzte & Söhne <x>"], request_id="_r", now=NOW)
    assert xmlsec_verifies(response, idp.certificate_pem, tmp_path)


def test_xmlsec_refuses_a_changed_group(tmp_path: Path) -> None:
    idp = TestIdp("keycloak")
    response = base64.b64decode(idp.response(groups=["Sales"], now=NOW)).replace(b"Sales", b"Admin")
    assert not xmlsec_verifies(base64.b64encode(response).decode(), idp.certificate_pem, tmp_path)


@pytest.mark.parametrize("what", ["assertion", "response", "both"])
@pytest.mark.parametrize("canonicalization", ["exclusive", "exclusive-comments", "inclusive", "inclusive11"])
def test_xmlsec_verifies_each_place_and_canonicalization(
    what: str, canonicalization: str, tmp_path: Path
) -> None:
    idp = TestIdp("okta")
    response = idp.response(groups=["A", "B"], sign=what, canonicalization=canonicalization, now=NOW)  # type: ignore[arg-type]
    parents = [s.getparent() for s in tree(response).iter(f"{DS}Signature")]
    assert [etree.QName(p).localname for p in parents if p is not None] == {
        "assertion": ["Assertion"],
        "response": ["Response"],
        "both": ["Response", "Assertion"],
    }[what]
    assert xmlsec_verifies(response, idp.certificate_pem, tmp_path)


@pytest.mark.parametrize(
    "algorithm", [f"{kind}-sha{size}" for kind in ("rsa", "ecdsa") for size in (256, 384, 512)]
)
def test_xmlsec_verifies_each_algorithm(algorithm: str, tmp_path: Path) -> None:
    idp = TestIdp("generic", algorithm=algorithm)
    assert xmlsec_verifies(idp.response(groups=["A"], sign="both", now=NOW), idp.certificate_pem, tmp_path)


@pytest.mark.parametrize("size", [256, 384, 512])
def test_openssl_verifies_pss_with_a_salt_as_long_as_the_digest(size: int, tmp_path: Path) -> None:
    # xmlsec1 before 1.3 has no RSA-PSS
    idp = TestIdp("generic", algorithm=f"rsa-pss-sha{size}")
    signature = next(tree(idp.response(groups=["A"], now=NOW)).iter(f"{DS}Signature"))
    signed_info, value = signature[0], signature[1]
    method = signed_info.find(f"{DS}SignatureMethod")
    assert method is not None
    assert method.get("Algorithm") == f"http://www.w3.org/2007/05/xmldsig-more#sha{size}-rsa-MGF1"
    (tmp_path / "data").write_bytes(etree.tostring(signed_info, method="c14n", exclusive=True))
    (tmp_path / "signature").write_bytes(base64.b64decode(value.text or ""))
    (tmp_path / "certificate.pem").write_text(idp.certificate_pem)
    public = subprocess.run(
        [program("openssl"), "x509", "-in", tmp_path / "certificate.pem", "-noout", "-pubkey"],
        capture_output=True,
        check=True,
    ).stdout
    (tmp_path / "public.pem").write_bytes(public)
    done = subprocess.run(
        [
            program("openssl"), "dgst", f"-sha{size}", "-verify", tmp_path / "public.pem",
            "-sigopt", "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{size // 8}",
            "-signature", tmp_path / "signature", tmp_path / "data",
        ],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.stdout.strip() == "Verified OK", done.stderr


def test_an_unknown_algorithm_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match='signature algorithm is "rsa-md5", expected one of rsa-sha1, '):
        TestIdp().response(algorithm="rsa-md5")


def test_an_algorithm_that_does_not_fit_a_given_key_is_refused() -> None:
    idp = TestIdp(algorithm="ecdsa-sha256", key=SigningKey.generate("rsa-sha256"))
    with pytest.raises(ValueError, match='signature algorithm is "ecdsa-sha256", the key is'):
        idp.response()


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="now has no time zone"):
        TestIdp().response(now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_adfs_writes_distinguished_names_as_active_directory_does() -> None:
    response = TestIdp("adfs").response(groups=["Sales, EMEA", " x#1 "], now=NOW)
    assert values(response, "memberOf") == [
        [
            "CN=Sales\\, EMEA,OU=Groups,DC=corp,DC=example",
            "CN=\\ x\\#1\\ ,OU=Groups,DC=corp,DC=example",
        ]
    ]
    assertion = tree(response).find(f"{SAML}Assertion")
    assert assertion is not None
    assert [etree.QName(e).localname for e in assertion] == [
        "Issuer", "Signature", "Subject", "Conditions", "AttributeStatement", "AuthnStatement",
    ]  # fmt: skip
    assert not [a for a in assertion.iter(f"{SAML}Attribute") if "NameFormat" in a.attrib]
    assert not [v for v in assertion.iter(f"{SAML}AttributeValue") if v.attrib]
    conditions = assertion.find(f"{SAML}Conditions")
    assert conditions is not None
    assert conditions.attrib["NotBefore"] == "2026-11-24T09:30:00.000Z"
    assert conditions.attrib["NotOnOrAfter"] == "2026-11-24T10:30:00.000Z"


def test_keycloak_sends_typed_values_and_a_session_bound() -> None:
    found = tree(TestIdp("keycloak").response(groups=["A", "B"], now=NOW))
    group = next(a for a in found.iter(f"{SAML}Attribute") if a.get("Name") == "memberOf")
    assert [(v.text, v.get(f"{XSI}type")) for v in group] == [("A", "xs:string"), ("B", "xs:string")]
    assert [dict(v.nsmap).get("xs") for v in group] == ["http://www.w3.org/2001/XMLSchema"] * 2
    statement = next(found.iter(f"{SAML}AuthnStatement"))
    assert statement.get("SessionNotOnOrAfter") == "2026-11-24T19:30:00.000Z"


def test_keycloak_roles_come_as_one_attribute_each() -> None:
    assert values(TestIdp("keycloak-roles").response(groups=["a", "b", "c"]), "Role") == [["a"], ["b"], ["c"]]


def test_pingfederate_joins_the_groups_in_one_value() -> None:
    response = TestIdp("pingfederate").response(groups=["red", "green, dark", "blue"])
    assert values(response, "memberOf") == [['red,"green, dark",blue']]


def test_onelogin_joins_distinguished_names_with_semicolons() -> None:
    response = TestIdp("onelogin-dn").response(groups=["A", "B"])
    assert values(response, "memberOf") == [
        ["CN=A,OU=Groups,DC=corp,DC=example;CN=B,OU=Groups,DC=corp,DC=example"]
    ]


@pytest.mark.parametrize(
    ("who", "expected"),
    [("adfs", []), ("keycloak", []), ("authentik", [[]]), ("lemonldap", [[]]), ("onelogin", [[""]])],
)
def test_no_groups_are_sent_as_the_product_does(who: str, expected: list[list[str]]) -> None:
    idp = TestIdp(who)
    assert values(idp.response(groups=[]), idp.persona.group_attribute) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [("absent", []), ("no_values", [[]]), ("empty_value", [[""]]), ("nil", [[None]]), ("no_statement", [])],
)
def test_every_form_of_no_groups_can_be_asked_for(form: str, expected: list[list[str]]) -> None:
    response = TestIdp("simplesamlphp").response(groups=[], no_groups=form)  # type: ignore[arg-type]
    assert values(response, "memberOf") == expected
    assert (next(tree(response).iter(f"{SAML}AttributeStatement"), None) is None) == (form == "no_statement")


def test_entra_sends_a_link_in_place_of_more_than_150_groups() -> None:
    idp = TestIdp("entra")
    link = "http://schemas.microsoft.com/claims/groups.link"
    at_limit = idp.response(groups=[f"g{n}" for n in range(150)])
    over = idp.response(groups=[f"g{n}" for n in range(151)])
    assert len(values(at_limit, idp.persona.group_attribute)[0]) == 150
    assert values(at_limit, link) == []
    assert values(over, idp.persona.group_attribute) == []
    assert str(values(over, link)[0][0]).endswith("/getMemberObjects")


def test_google_cuts_at_75_groups() -> None:
    assert len(values(TestIdp("google").response(groups=[f"g{n}" for n in range(80)]), "memberOf")[0]) == 75


def test_exact_values_are_written_untouched() -> None:
    given_values = [" two ", None, "", "x\r\ny"]
    assert values(TestIdp("adfs").response(values=given_values), "memberOf") == [given_values]


def test_the_keys_are_made_once_per_process() -> None:
    assert TestIdp("adfs").key is TestIdp("okta").key


def test_a_roll_over_publishes_both_keys_and_signs_with_one(tmp_path: Path) -> None:
    idp = TestIdp()
    old = idp.certificate_pem
    new = idp.publish_key()
    assert idp.metadata_xml.count("KeyDescriptor use") == 2
    assert xmlsec_verifies(idp.response(now=NOW), old, tmp_path)
    idp.use_key(new, retire_others=True)
    assert not xmlsec_verifies(idp.response(now=NOW), old, tmp_path)
    assert xmlsec_verifies(idp.response(now=NOW), new.certificate_pem, tmp_path)
    assert idp.certificates_pem == (new.certificate_pem,)


@pytest.mark.parametrize(
    "encryption", ["aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc"]
)
def test_xmlsec_decrypts_what_was_encrypted(encryption: str, tmp_path: Path) -> None:
    sp = SigningKey.generate()
    idp = TestIdp("simplesamlphp")
    response = idp.response(groups=["A"], encrypt_to=sp.certificate_pem, encryption=encryption, now=NOW)
    assert tree(response).find(f"{SAML}Assertion") is None
    (tmp_path / "in.xml").write_bytes(base64.b64decode(response))
    (tmp_path / "sp.pem").write_text(sp.private_key_pem)
    done = subprocess.run(
        [program("xmlsec1"), "--decrypt", "--privkey-pem", tmp_path / "sp.pem", "--output", tmp_path / "out.xml", tmp_path / "in.xml"],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{SAML}Assertion" in {e.tag for e in etree.parse(tmp_path / "out.xml").iter()}


@pytest.mark.parametrize("size", [256, 384, 512])
def test_openssl_decrypts_the_key_under_oaep_with_equal_digests(size: int, tmp_path: Path) -> None:
    # xmlsec1 before 1.3 has no RSA-OAEP of XML Encryption 1.1
    sp = SigningKey.generate()
    response = TestIdp("generic").response(
        encrypt_to=sp.certificate_pem, encryption="aes192-gcm", key_transport=f"rsa-oaep-sha{size}"
    )
    encrypted_key = next(tree(response).iter("{http://www.w3.org/2001/04/xmlenc#}EncryptedKey"))
    value = next(encrypted_key.iter("{http://www.w3.org/2001/04/xmlenc#}CipherValue"))
    (tmp_path / "key").write_bytes(base64.b64decode(value.text or ""))
    (tmp_path / "sp.pem").write_text(sp.private_key_pem)
    done = subprocess.run(
        [
            program("openssl"), "pkeyutl", "-decrypt", "-inkey", tmp_path / "sp.pem", "-in", tmp_path / "key",
            "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", f"rsa_oaep_md:sha{size}",
            "-pkeyopt", f"rsa_mgf1_md:sha{size}",
        ],
        capture_output=True,
    )  # fmt: skip
    assert len(done.stdout) == 24, done.stderr


def test_shibboleth_encrypts_when_it_knows_the_service_provider() -> None:
    certificate = SigningKey.generate().certificate_pem
    assert tree(TestIdp("shibboleth").response()).find(f"{SAML}EncryptedAssertion") is None
    encrypted = tree(TestIdp("shibboleth", sp_certificate=certificate).response())
    assert encrypted.find(f"{SAML}EncryptedAssertion") is not None


def test_every_persona_names_its_sources_and_its_preset() -> None:
    assert len(personas()) == len({p.name for p in personas()})
    for each in personas():
        assert each.sources, each.name
        assert each.preset, each.name


def test_an_unknown_persona_is_answered_with_near_names() -> None:
    with pytest.raises(LookupError, match='no persona is called "keyclok"; did you mean keycloak'):
        persona("keyclok")


def test_a_persona_of_ones_own_is_taken(tmp_path: Path) -> None:
    own = Persona(
        name="own", product="Own", preset="generic", entity_id="urn:own", sso_url="https://own.example/sso",
        group_attribute="teams", sign="both",
    )  # fmt: skip
    idp = TestIdp(own)
    response = idp.response(groups=["A"], attributes={"shoe": "43"}, now=NOW)
    assert values(response, "teams") == [["A"]]
    assert values(response, "shoe") == [["43"]]
    assert xmlsec_verifies(response, idp.certificate_pem, tmp_path)


def test_options_of_a_response_reach_the_wire() -> None:
    response = TestIdp("generic").response(
        user="bob",
        request_id="_request",
        issuer="urn:other",
        audience=["urn:a", "urn:b"],
        recipient="https://other.example/acs",
        destination="",
        session_lifetime=timedelta(hours=2),
        response_id="_response",
        assertion_id="_assertion",
        name_id="B0B",
        name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        now=NOW,
    )
    found = tree(response)
    assert {k: found.get(k) for k in ("ID", "Destination", "InResponseTo")} == {
        "ID": "_response", "Destination": None, "InResponseTo": "_request",
    }  # fmt: skip
    assert {e.text for e in found.iter(f"{SAML}Issuer")} == {"urn:other"}
    assert [e.text for e in found.iter(f"{SAML}Audience")] == ["urn:a", "urn:b"]
    data = next(found.iter(f"{SAML}SubjectConfirmationData"))
    assert data.get("Recipient") == "https://other.example/acs"
    assert next(found.iter(f"{SAML}AuthnStatement")).get("SessionNotOnOrAfter") == "2026-11-24T11:30:00Z"
    assert [(e.text, str(e.get("Format")).rpartition(":")[2]) for e in found.iter(f"{SAML}NameID")] == [
        ("B0B", "transient")
    ]


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1))
def test_an_escaped_dn_value_has_no_bare_special_character(text: str) -> None:
    written = escape_dn_value(text)
    assert not written.startswith(" ")
    index = 0
    read = ""
    while index < len(written):
        if written[index] == "\\":
            pair = written[index + 1 : index + 3]
            if len(pair) == 2 and all(c in "0123456789ABCDEF" for c in pair):
                read += chr(int(pair, 16))
                index += 3
                continue
            index += 1
        else:
            assert written[index] not in ',+<>;"=#'
        read += written[index]
        index += 1
    assert read == text


def test_importing_testing_loads_neither_lxml_nor_cryptography() -> None:
    code = "import sys, memberof.testing; print([m for m in ('lxml', 'cryptography') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_a_missing_extra_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['lxml'] = None\n"
        "try:\n    from memberof.testing import TestIdp\n"
        "except ImportError as error:\n    print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "memberof.testing.TestIdp needs lxml: pip install memberof[test]"


@pytest.mark.parametrize("who", [p.name for p in personas() if p.name != "entra-guid"])
@pytest.mark.parametrize("groups", [["Sales, EMEA", "Ärzte & Söhne", "On-call"], ["Staff"], []])
def test_the_preset_of_each_persona_reads_its_groups_back(who: str, groups: list[str]) -> None:
    idp = TestIdp(who)
    wire: dict[str, list[str | None]] = {}
    for name, found in attributes(idp.response(groups=groups)):
        wire.setdefault(name, []).extend(found)
    extractor = memberof.GroupExtractor.preset(idp.persona.preset, **idp.persona.preset_options)
    claim = extractor.extract(wire)
    assert list(claim.groups) == groups
    if groups:
        assert claim.status == "present"
    else:
        assert claim.status == ("absent" if idp.persona.no_groups == "absent" else "empty")
    assert claim.complete == (claim.status != "absent")
    assert claim.warnings == ()


def test_object_ids_of_entra_never_become_groups() -> None:
    idp = TestIdp("entra-guid")
    wire = dict(attributes(idp.response(groups=["Staff"])))
    claim = memberof.GroupExtractor.preset("entra").extract(wire)
    assert (claim.groups, [w.code for w in claim.warnings]) == ((), ["claim.only_guids"])
