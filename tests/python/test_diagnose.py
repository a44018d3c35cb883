"""The doctor: captured Responses, every persona, whatever people hand over, and what must never be shown."""

from __future__ import annotations

import base64
import binascii
import json
import pickle
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memberof
from memberof.testing import TestIdp, personas

VECTORS = Path(__file__).parent.parent / "vectors"
SAMPLES = json.loads((VECTORS / "idp" / "cases.json").read_text())
CASES = SAMPLES["cases"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
GROUPS = ["Sales, EMEA", "Ärzte & Söhne <x>", "On-call"]
PRODUCTS = {
    "keycloak": "Keycloak",
    "lemonldap": "LemonLDAP::NG",
    "openldap": "SimpleSAMLphp",  # OpenLDAP behind it
    "simplesamlphp": "SimpleSAMLphp",
    "djangosaml2idp2": "an identity provider built on pysaml2 (such as djangosaml2idp)",
    "npm-boxyhq-saml20": "an identity provider built on @boxyhq/saml20 (such as Mock SAML)",
}


def form_value(case: dict[str, Any]) -> str:
    return (VECTORS / "idp" / case["file"]).read_text()


def sample(name: str = "simplesamlphp/both-dn3") -> str:
    return form_value(next(case for case in CASES if case["id"] == name))


def pem(path: str) -> str:
    key = base64.encodebytes((VECTORS / "idp" / path).read_bytes()).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----\n"


def verified(case: dict[str, Any]) -> memberof.Diagnosis:
    identity_provider = memberof.IdentityProvider(
        entity_id=case["idp_entity_id"], certificates=[(VECTORS / "idp" / case["idp_cert"]).read_text()]
    )
    return memberof.diagnose(
        form_value(case),
        identity_provider=identity_provider,
        entity_id=SAMPLES["sp_entity_id"],
        acs_url=SAMPLES["acs_url"],
        decryption_key=pem(case["sp_key"]) if case["sp_key"] else None,
    )


def output(diagnosis: memberof.Diagnosis) -> str:
    """Everything that a diagnosis can print."""
    parts = [str(diagnosis), diagnosis._repr_html_(), repr(diagnosis)]
    parts.append(json.dumps(diagnosis.to_dict(), ensure_ascii=False))
    return "\n".join(parts)


def codes(diagnosis: memberof.Diagnosis) -> list[str]:
    return [finding.code for finding in diagnosis.findings]


# Captured Responses.


def expected_format(case: dict[str, Any]) -> str | None:
    """The format that the values can tell: one name is a list of one, too."""
    values = case.get("wire_values_seen") or case["configured_values"] or []
    if not any(value and value.strip() for value in values):
        return None
    if case["format"] == "csv" and "," not in values[0]:
        return "array"
    return case["format"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_captured_response_is_recognised_and_read(case: dict[str, Any]) -> None:
    diagnosis = verified(case) if case["encrypted"] else memberof.diagnose(form_value(case))
    assert diagnosis.product == PRODUCTS[case["id"].split("/")[0]]
    if case["encrypted"] and case["expect"] == "policy":
        # The cipher is refused: its content stays unseen.
        assert (diagnosis.status, diagnosis.groups) == (None, ())
        return
    sent = case["attribute_elements_on_wire"] > 0
    assert diagnosis.attribute == (case["attribute_name"] if sent else None)
    assert diagnosis.format == expected_format(case)
    reader = memberof.GroupExtractor(case["attribute_name"], case["format"])
    claim = reader.extract(
        {each.name: each.values for each in with_values(case).attributes if each.values is not None}
    )
    assert diagnosis.status == claim.status
    assert diagnosis.groups == claim.groups
    assert diagnosis.malformed == len(claim.malformed)


def with_values(case: dict[str, Any]) -> memberof.Diagnosis:
    if case["encrypted"]:
        identity_provider = memberof.IdentityProvider(
            entity_id=case["idp_entity_id"], certificates=[(VECTORS / "idp" / case["idp_cert"]).read_text()]
        )
        return memberof.diagnose(
            form_value(case),
            identity_provider=identity_provider,
            entity_id=SAMPLES["sp_entity_id"],
            decryption_key=pem(case["sp_key"]),
            show_values=True,
        )
    return memberof.diagnose(form_value(case), show_values=True)


@pytest.mark.parametrize("case", [c for c in CASES if c["expect"] == "accept"], ids=lambda case: case["id"])
def test_a_captured_response_verifies_as_of_its_own_time(case: dict[str, Any]) -> None:
    diagnosis = verified(case)
    assert diagnosis.verified
    assert diagnosis.verification.unchecked == (
        "which request it answers",
        "the time now",
        "whether it was used before",
    )
    if not case["encrypted"]:
        assert diagnosis.groups == memberof.diagnose(form_value(case)).groups
    assert str(diagnosis).startswith("VERIFIED\n")
    assert "NOT VERIFIED" not in output(diagnosis)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_configuration_it_prints_reads_the_groups_it_shows(case: dict[str, Any]) -> None:
    diagnosis = with_values(case)
    if diagnosis.status is None:
        assert diagnosis.configuration == ""
        return
    names: dict[str, Any] = {}
    exec(diagnosis.configuration, names)
    attributes = {each.name: each.values for each in diagnosis.attributes}
    assert names["extractor"].extract(attributes).groups == diagnosis.groups


# Personas.

_UNKNOWN = {"pingfederate", "fortiauthenticator", "generic", "aws"}  # nothing on these wires is theirs alone
_TITLES = {
    "adfs": "Microsoft AD FS",
    "adfs-names": "Microsoft AD FS",
    "entra": "Microsoft Entra ID",
    "keycloak": "Keycloak",
    "okta": "Okta",
    "google": "Google Workspace",
    "onelogin": "OneLogin",
    "pingone": "PingOne",
    "shibboleth": "Shibboleth IdP",
    "lemonldap": "LemonLDAP::NG",
    "openldap": "SimpleSAMLphp",  # OpenLDAP behind it
    "simplesamlphp": "SimpleSAMLphp",
    "auth0": "Auth0",
    "authentik": "authentik",
    "jumpcloud": "JumpCloud",
    "wso2": "WSO2 Identity Server",
}


@pytest.mark.parametrize("who", [p.name for p in personas()])
def test_every_persona_is_recognised_and_its_groups_are_found(who: str) -> None:
    idp = TestIdp(who)
    response = idp.response(groups=GROUPS, now=NOW)
    diagnosis = memberof.diagnose(response, metadata=idp.metadata_xml)
    assert diagnosis.verified
    assert diagnosis.verification.unchecked[:2] == ("the audience", "the address it was sent to")
    if idp.persona.preset in _UNKNOWN:
        assert diagnosis.product is None
    else:
        assert diagnosis.product == _TITLES[idp.persona.preset]
        assert diagnosis.preset == idp.persona.preset
    if who == "keycloak-roles":
        assert (diagnosis.attribute, diagnosis.groups) == (None, ())
        assert [(one.name, one.why) for one in diagnosis.candidates] == [("Role", "roles")]
        assert "Role" not in diagnosis.configuration
        asked = memberof.diagnose(response, attribute="Role")
        assert asked.groups == tuple(GROUPS)
        return
    assert diagnosis.attribute == idp.persona.group_attribute
    if who == "entra-guid":
        assert diagnosis.groups == ()
        assert diagnosis.problems[0].code == "claim.only_guids"
        assert any("send names instead of identifiers" in text for text in diagnosis.advice)
    elif who == "keycloak-path":
        assert (diagnosis.format, diagnosis.groups) == ("path", tuple(f"/{name}" for name in GROUPS))
    else:
        assert diagnosis.groups == tuple(GROUPS)


@pytest.mark.parametrize("who", [p.name for p in personas() if p.preset in _TITLES])
def test_every_preset_of_the_product_is_one_that_exists_and_its_page_too(who: str) -> None:
    diagnosis = memberof.diagnose(TestIdp(who).response(groups=["Sales"], now=NOW))
    assert diagnosis.preset in {preset.name for preset in memberof.GroupExtractor.presets()}
    if diagnosis.page is not None:
        assert (VECTORS.parent.parent / diagnosis.page).is_file()


@pytest.mark.parametrize(
    ("issuer", "product"),
    [
        ("http://adfs.corp.example/adfs/services/trust", "Microsoft AD FS"),
        ("https://sts.windows.net/7b1f7b2e-5d0c-4f3a-9a57-0c8d3f9e6a11/", "Microsoft Entra ID"),
        ("https://sso.corp.example/auth/realms/corp", "Keycloak"),
        ("http://www.okta.com/exk1fcia6d6EMsf331d8", "Okta"),
        ("https://accounts.google.com/o/saml2?idpid=C00000000", "Google Workspace"),
        ("https://app.onelogin.com/saml/metadata/503983", "OneLogin"),
        ("https://auth.pingone.eu/0f0c/", "PingOne"),
        ("https://idp.campus.example/idp/shibboleth", "Shibboleth IdP"),
        ("https://ssp.corp.example/simplesaml/saml2/idp/metadata.php", "SimpleSAMLphp"),
        ("urn:corp.eu.auth0.com", "Auth0"),
        ("https://portal.sso.us-east-1.amazonaws.com/saml/assertion/NTQ4", "AWS IAM Identity Center"),
        ("https://idp.example/okta.com/", None),
        ("https://notokta.com/", None),
    ],
)
def test_an_issuer_of_a_vendor_names_the_product(issuer: str, product: str | None) -> None:
    diagnosis = memberof.diagnose(TestIdp("generic", entity_id=issuer).response(groups=["Sales"], now=NOW))
    assert diagnosis.product == product


def test_groups_that_were_left_out_are_said_to_be() -> None:
    diagnosis = memberof.diagnose(TestIdp("entra").response(groups=[f"g{n}" for n in range(151)], now=NOW))
    assert diagnosis.status == memberof.ClaimStatus.OVERAGE
    assert diagnosis.groups == ()
    assert [finding.code for finding in diagnosis.problems] == ["claim.overage"]
    assert any("send fewer groups, at Microsoft Entra ID" in text for text in diagnosis.advice)
    assert "getMemberObjects" not in output(diagnosis)


@pytest.mark.parametrize("no_groups", ["no_values", "empty_value", "nil"])
def test_an_attribute_that_says_none_is_empty_and_no_problem(no_groups: Any) -> None:
    diagnosis = memberof.diagnose(TestIdp("okta").response(groups=[], no_groups=no_groups, now=NOW))
    assert (diagnosis.status, diagnosis.attribute) == ("empty", "memberOf")
    assert diagnosis.problems == ()


@pytest.mark.parametrize("no_groups", ["absent", "no_statement"])
def test_a_missing_attribute_is_a_problem_with_the_way_to_send_it(no_groups: Any) -> None:
    diagnosis = memberof.diagnose(TestIdp("okta").response(groups=[], no_groups=no_groups, now=NOW))
    assert (diagnosis.status, diagnosis.attribute) == ("absent", None)
    assert [finding.code for finding in diagnosis.problems] == ["doctor.no_group_attribute"]
    assert any("Group Attribute Statements" in text for text in diagnosis.advice)
    assert diagnosis.page == "docs/idp/okta.md"


# What people hand over.


RAW = base64.b64decode(sample()).decode()
WAYS = {
    "form value": sample(),
    "form value in lines": "\n".join(sample()[at : at + 76] for at in range(0, len(sample()), 76)),
    "URL-encoded": quote(sample(), safe=""),
    "form body": urlencode({"RelayState": "x", "SAMLResponse": sample().strip()}),
    "XML": RAW,
    "XML with a declaration": f'\ufeff<?xml version="1.0"?>\n{RAW}',
    "bytes": sample().encode(),
    "bytearray": bytearray(sample().encode()),
    "UTF-16, as PowerShell writes it": sample().encode("utf-16"),
    "page that posts it": f'<html><form method=post><input type=hidden name="SAMLResponse" value="{sample()}"></form></html>',
    "fragment of a page": f'<form method="post"><input name=SAMLResponse value="{sample().strip()}"/></form>',
    "HAR file": (VECTORS / "doctor" / "sign-in.har").read_bytes(),
    "path": VECTORS / "doctor" / "sign-in.har",
    "curl line, bash": f"curl 'http://127.0.0.1:9/acs' -H 'accept: */*' --data-raw 'SAMLResponse={quote(sample().strip(), safe='')}&RelayState=x'",
    "curl line, cmd": f'curl ^"http://127.0.0.1:9/acs^" --data-raw ^"SAMLResponse={quote(sample().strip(), safe="").replace("%", "^%^")}^&RelayState=x^"',
    "parsed form of the developer tools": f"SAMLResponse: {sample().strip()}\nRelayState: x",
    "SAML-tracer": json.dumps(
        {
            "requests": [
                {
                    "method": "POST",
                    "url": "http://127.0.0.1:9/acs",
                    "post": [["SAMLResponse", sample()]],
                    "saml": RAW,
                }
            ]
        }
    ),
    "SAML-tracer, decoded only": json.dumps({"requests": [{"method": "POST", "saml": RAW}]}),
    "JSON of a form": json.dumps({"SAMLResponse": sample(), "RelayState": ["x"]}),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_people_have_in_hand_is_read_and_verifies(way: str) -> None:
    certificate = (VECTORS / "idp" / "simplesamlphp" / "idp-cert.pem").read_text()
    idp = memberof.IdentityProvider(entity_id="https://idp-ssp.example.test/idp", certificates=[certificate])
    diagnosis = memberof.diagnose(WAYS[way], identity_provider=idp)
    assert diagnosis.verification.code is None
    assert diagnosis.groups == ("Group1", "Group2", "Group3")
    assert "Response 1 of" not in diagnosis.seen.where


def test_of_several_responses_the_last_is_looked_at_unless_another_is_asked_for() -> None:
    both = f"SAMLResponse={quote(sample())}&x=1\nSAMLResponse={quote(sample('simplesamlphp/both-groups3'))}"
    last = memberof.diagnose(both)
    assert last.groups == ("admins", "developers", "qa-team")
    assert last.seen.where == "the form data (Response 2 of 2)"
    assert memberof.diagnose(both, index=1).groups == ("Group1", "Group2", "Group3")
    with pytest.raises(memberof.DiagnosisError, match="no Response number 3") as refused:
        memberof.diagnose(both, index=3)
    assert refused.value.code == "doctor.no_such_response"


def test_a_har_file_says_which_request_it_was() -> None:
    assert memberof.diagnose(WAYS["HAR file"]).seen.where == "request 3 of the HAR file"


def test_attributes_of_another_library_are_read_as_such() -> None:
    given = {
        "memberOf": ["CN=Sales\\, EMEA,OU=Groups,DC=corp,DC=example"],
        "mail": "ada@example.test",
        "nil": None,
    }
    diagnosis = memberof.diagnose(given)
    assert (diagnosis.verified, diagnosis.verification.code) == (False, "doctor.mapping")
    assert (diagnosis.format, diagnosis.groups) == ("ldap", ("Sales, EMEA",))
    assert diagnosis.seen.kind == "attributes"
    assert memberof.diagnose(json.dumps(given)).groups == diagnosis.groups
    assert memberof.diagnose(json.dumps({"attributes": given})).groups == diagnosis.groups
    assert diagnosis.problems == ()
    with pytest.raises(TypeError, match="value of attribute"):
        memberof.diagnose({"memberOf": {"a": 1}})
    with pytest.raises(TypeError):
        memberof.diagnose(5)  # type: ignore[arg-type]


def test_a_verified_assertion_is_taken_as_it_is() -> None:
    idp = TestIdp("adfs")
    provider = memberof.ServiceProvider(
        entity_id=idp.sp_entity_id,
        acs_url=idp.acs_url,
        identity_provider=memberof.IdentityProvider.from_metadata(idp.metadata_xml),
    )
    response = idp.response(groups=GROUPS, request_id="_1", now=NOW)
    diagnosis = memberof.diagnose(provider.verify(response, request_id="_1", now=NOW))
    assert diagnosis.verified
    assert (diagnosis.product, diagnosis.findings) == ("Microsoft AD FS", ())
    assert diagnosis.groups == tuple(GROUPS)
    whole = memberof.diagnose(response, service_provider=provider)
    assert whole.verified
    assert whole.groups == tuple(GROUPS)


# What is no Response.


def deflated(xml: str) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(xml.encode()) + packer.flush()).decode()


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


def document(name: str, namespace: str = "urn:oasis:names:tc:SAML:2.0:protocol") -> str:
    return f'<x:{name} xmlns:x="{namespace}" ID="_1"/>'


def from_file(name: str) -> str:
    return (VECTORS / "doctor" / name).read_text()


BROKEN = {
    "nothing": ("", "doctor.empty"),
    "white space": (" \n", "doctor.empty"),
    "not base64": (from_file("not-base64.txt"), "doctor.not_base64"),
    "base64url": ("PHNhbWw_-A==", "doctor.not_base64"),
    "bad padding": ("PHNh=A==", "doctor.not_base64"),
    "cut off in a quartet": (from_file("cut-off.txt"), "doctor.base64_truncated"),
    "cut off between quartets": (sample()[:2048], "doctor.truncated"),
    "XML cut off": (RAW[:3000], "doctor.truncated"),
    "base64 of something else": (encoded("a session token"), "doctor.not_xml"),
    "not text": (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "doctor.not_text"),
    "sign-in page": (from_file("sign-in-page.html"), "doctor.html_page"),
    "page with a broken declaration": ("<html><![x[<p>", "doctor.html_page"),
    "page in base64": (encoded("<html><body/></html>"), "doctor.html_page"),
    "request in a URL": (from_file("request.txt"), "doctor.request"),
    "request in a form": (f"SAMLRequest={encoded(document('AuthnRequest'))}", "doctor.request"),
    "request alone, deflated": (deflated(document("AuthnRequest")), "doctor.request"),
    "request alone": (encoded(document("AuthnRequest")), "doctor.request"),
    "HAR without a Response": (from_file("without-response.har"), "doctor.har_without_response"),
    "HAR that is cut off": (from_file("sign-in.har")[:5000], "doctor.not_json"),
    "JSON without a Response": ('{"a": {"b": [1, 2]}}', "doctor.json_without_response"),
    "JSON with attributes in attributes": (
        '{"attributes":' * 900 + "{}" + "}" * 900,
        "doctor.json_without_response",
    ),
    "JSON that is too deep": ("[" * 100_000, "doctor.not_json"),
    "LogoutResponse": (from_file("logout.txt"), "doctor.logout"),
    "LogoutRequest": (encoded(document("LogoutRequest")), "doctor.logout"),
    "ArtifactResponse": (document("ArtifactResponse"), "doctor.artifact"),
    "metadata": (document("EntityDescriptor", "urn:oasis:names:tc:SAML:2.0:metadata"), "doctor.metadata"),
    "SAML 1.1": (document("Response", "urn:oasis:names:tc:SAML:1.0:protocol"), "doctor.not_saml"),
    "WS-Federation": (document("RequestSecurityTokenResponse", "urn:t"), "doctor.ws_federation"),
    "SOAP": (document("Envelope", "http://schemas.xmlsoap.org/soap/envelope/"), "doctor.soap"),
    "other XML": ("<rss/>", "doctor.not_saml"),
    "DOCTYPE": (from_file("doctype.xml"), "xml.doctype"),
    "malformed XML": (RAW.replace("<saml:Subject>", "<saml:Subject", 1), "xml.malformed"),
    "half a surrogate pair": (f"{RAW[:-20]}\ud800{RAW[-20:]}", "xml.encoding"),
    "more than the limit": (encoded(RAW.replace("dn3", "x" * 1_100_000, 1)), "xml.too_large"),
    "form value beyond all limits": ("A" * 4_000_000, "xml.too_large"),
    "too deep": ("<a>" * 70 + "</a>" * 70, "xml.too_deep"),
    "no such file": (Path("/nonexistent/response.txt"), "doctor.file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_response_is_refused_with_a_code_that_says_what_it_is(name: str) -> None:
    source, code = BROKEN[name]
    with pytest.raises(memberof.DiagnosisError) as refused:
        memberof.diagnose(source)
    assert refused.value.code == code
    assert len(str(refused.value)) < 400


def test_a_response_by_redirect_is_shown_and_refused() -> None:
    diagnosis = memberof.diagnose(deflated(RAW), metadata=TestIdp().metadata_xml)
    assert diagnosis.groups == ("Group1", "Group2", "Group3")
    assert (diagnosis.verified, diagnosis.problems[0].code) == (False, "doctor.redirect_binding")


def test_an_assertion_alone_is_shown_and_refused() -> None:
    assertion = RAW[RAW.index("<saml:Assertion") : RAW.index("</samlp:Response>")]
    assertion = assertion.replace(
        "<saml:Assertion", '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', 1
    )
    diagnosis = memberof.diagnose(assertion)
    assert diagnosis.groups == ("Group1", "Group2", "Group3")
    assert (diagnosis.verified, diagnosis.problems[0].code) == (False, "doctor.assertion_only")
    assert str(diagnosis).startswith("NOT VERIFIED\n")


@pytest.mark.parametrize(
    "arguments",
    [
        {"metadata": "<x/>"},
        {"delimiter": ";"},
        {"preset": "adsf"},
        {"format": "xml"},
        {"format": "array", "delimiter": ";"},
        {"metadata": TestIdp().metadata_xml, "entity_id": "e", "acs_url": "nowhere"},
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(memberof.ConfigurationError):
        memberof.diagnose(sample(), **arguments)


# Verification is loud, and nothing of it signs anybody in.


def test_without_metadata_it_is_not_verified_and_says_so_first() -> None:
    diagnosis = memberof.diagnose(sample())
    assert (diagnosis.verified, diagnosis.verification.code) == (False, "doctor.no_metadata")
    text = str(diagnosis)
    assert text.startswith("NOT VERIFIED\n")
    assert "sign anybody in" in text
    assert ">NOT VERIFIED<" in diagnosis._repr_html_()
    assert diagnosis.to_dict()["verified"] is False
    assert diagnosis.problems == ()


def test_a_forged_response_is_not_verified_and_says_why() -> None:
    idp = TestIdp("okta")
    forged = base64.b64decode(idp.response(groups=["Users"], now=NOW)).replace(b">Users<", b">Owner<")
    diagnosis = memberof.diagnose(base64.b64encode(forged), metadata=idp.metadata_xml)
    assert not diagnosis.verified
    assert diagnosis.problems[0].code == diagnosis.verification.code == "dsig.digest_mismatch"
    assert str(diagnosis).startswith("NOT VERIFIED\n")
    other = memberof.diagnose(idp.response(groups=["Users"], now=NOW), metadata=TestIdp("adfs").metadata_xml)
    assert not other.verified


def test_what_is_read_of_a_verified_response_is_what_was_signed() -> None:
    idp = TestIdp("okta")
    for name, forged in _forged(idp):
        diagnosis = memberof.diagnose(forged, metadata=idp.metadata_xml)
        assert diagnosis.verified is False, name


def _forged(idp: TestIdp) -> list[tuple[str, str]]:
    from services.forgeries import FORGERIES

    found = []
    for name, code in FORGERIES.items():
        # What only our own settings or the clock refuse is genuine all the same.
        if not code.startswith(("dsig.", "saml.assertion_", "saml.signature_", "saml.unsigned")):
            continue
        found.append((name, idp.forge(name, now=NOW)))
    assert len(found) > 10
    return found


def test_no_door_takes_a_diagnosis() -> None:
    diagnosis = memberof.diagnose(sample())
    assert not isinstance(diagnosis, memberof.VerifiedAssertion | memberof.GroupClaim)
    with pytest.raises(TypeError):
        memberof.GroupExtractor("memberOf", "ldap").extract(diagnosis)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        memberof.GroupExtractor("memberOf", "ldap").extract(diagnosis.attributes)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        memberof.reconcile(diagnosis, memberof.UserState(groups={}))  # type: ignore[arg-type]
    with pytest.raises((AttributeError, TypeError)):
        memberof.subject(diagnosis)
    sync = memberof.GroupSync(
        memberof.GroupExtractor("memberOf", "ldap"), memberof.InMemoryStore(), source="https://x", mode="on"
    )
    with pytest.raises((TypeError, AttributeError, memberof.ConfigurationError)):
        sync.login("alice", diagnosis)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        diagnosis.groups = ("Admins",)  # type: ignore[misc]


def test_an_encrypted_assertion_without_its_key_shows_what_is_outside() -> None:
    value = sample("simplesamlphp/enc-both-groups3")
    diagnosis = memberof.diagnose(value)
    assert (diagnosis.status, diagnosis.groups, diagnosis.attributes) == (None, (), ())
    assert [finding.code for finding in diagnosis.problems] == ["doctor.encrypted"]
    assert diagnosis.seen.encrypted == (("EncryptedAssertion", "aes128-cbc"),)
    assert diagnosis.seen.issuer == "https://idp-ssp.example.test/idp"
    certificate = (VECTORS / "idp" / "simplesamlphp" / "idp-cert.pem").read_text()
    idp = memberof.IdentityProvider(entity_id="https://idp-ssp.example.test/idp", certificates=[certificate])
    unsaid = memberof.diagnose(value, identity_provider=idp, decryption_key=pem("simplesamlphp/sp-key.der"))
    assert unsaid.problems[0].code == "doctor.entity_id"
    keyless = memberof.diagnose(value, identity_provider=idp, entity_id=SAMPLES["sp_entity_id"])
    assert keyless.problems[0].code == "xmlenc.no_key"


def test_a_sign_in_that_the_identity_provider_refused_says_so() -> None:
    idp = TestIdp("okta")
    value = base64.b64encode(
        base64.b64decode(idp.response(now=NOW)).replace(b":status:Success", b":status:AuthnFailed")
    )
    for diagnosis in (memberof.diagnose(value), memberof.diagnose(value, metadata=idp.metadata_xml)):
        assert "saml.status" in codes(diagnosis)
        assert diagnosis.status is None
        assert diagnosis.groups == ()


@pytest.mark.parametrize(
    ("changes", "code", "level"),
    [
        ({"sign": "nothing"}, "saml.unsigned", "problem"),
        (
            {"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
            "saml.no_stable_subject",
            "problem",
        ),
        (
            {"name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
            "saml.email_subject",
            "warning",
        ),
    ],
)
def test_what_stops_a_sign_in_is_found_without_metadata(
    changes: dict[str, Any], code: str, level: str
) -> None:
    diagnosis = memberof.diagnose(TestIdp("okta").response(groups=["Sales"], now=NOW, **changes))
    assert [(one.code, one.level) for one in diagnosis.findings] == [(code, level)]
    assert diagnosis.findings[0].hint


def test_sha1_is_found_without_metadata() -> None:
    diagnosis = memberof.diagnose(sample("simplesamlphp/sha1-dn3"))
    assert [finding.code for finding in diagnosis.problems] == ["dsig.algorithm_weak"]


# Which attribute, which format.


@pytest.mark.parametrize(
    ("name", "values", "format", "groups"),
    [
        ("memberOf", ["Sales", "R, D"], "array", ("Sales", "R, D")),
        ("memberOf", ["a;b"], "csv", ("a", "b")),
        ("memberOf", ["a,b"], "csv", ("a", "b")),
        ("memberOf", ["a\nb\n"], "csv", ("a", "b")),
        ("memberOf", ["a|b"], "csv", ("a", "b")),
        ("memberOf", ["a,,,b, c"], "csv", ("a", "b, c")),
        ("memberOf", ['["a", "b"]'], "json", ("a", "b")),
        ("memberOf", ["/a/b", "/c"], "path", ("/a/b", "/c")),
        ("memberOf", ["CORP\\a", "CORP\\b"], "domain", ("CORP\\a", "CORP\\b")),
        ("memberOf", ["CN=a,DC=x;CN=b,DC=x"], "ldap", ("a", "b")),
        ("memberOf", ["CN=a,DC=x|CN=b,DC=x"], "ldap", ("a", "b")),
        ("AppGroups", ["x", "y"], "array", ("x", "y")),
        ("http://example.test/claims/user-groups", ["x"], "array", ("x",)),
        ("group_names", ["x"], "array", ("x",)),
    ],
)
def test_the_attribute_and_its_format_are_found(
    name: str, values: list[str], format: str, groups: tuple[str, ...]
) -> None:
    diagnosis = memberof.diagnose({"mail": ["ada@example.test"], name: values})
    assert (diagnosis.attribute, diagnosis.format, diagnosis.groups) == (name, format, groups)
    names: dict[str, Any] = {}
    exec(diagnosis.configuration, names)
    assert names["extractor"].extract({name: values}).groups == groups


def test_one_value_with_a_comma_is_read_as_a_list_with_a_warning() -> None:
    diagnosis = memberof.diagnose({"memberOf": ["Sales, EMEA"]})
    assert [finding.code for finding in diagnosis.warnings] == ["doctor.list_or_name"]
    assert memberof.diagnose({"memberOf": ["Sales, EMEA"]}, format="array").groups == ("Sales, EMEA",)


def test_values_alone_make_a_candidate_that_is_named_and_not_shown() -> None:
    groups = ["CN=Board,OU=Groups,DC=corp", "CN=Payroll,OU=Groups,DC=corp"]
    given = {"x-17": groups, "manager": "CN=Eve Boss,OU=Users,DC=corp", "department": "Sales"}
    diagnosis = memberof.diagnose(given)
    assert (diagnosis.attribute, diagnosis.groups) == (None, ())
    assert [(one.name, one.count, one.why) for one in diagnosis.candidates] == [("x-17", 2, "values")]
    assert "attribute='x-17'" in diagnosis.configuration
    assert "Board" not in output(diagnosis)
    assert memberof.diagnose(given, attribute="x-17").groups == ("Board", "Payroll")


def test_an_attribute_that_was_asked_for_and_is_not_there_is_absent_and_the_right_one_is_named() -> None:
    diagnosis = memberof.diagnose(sample(), attribute="groups")
    assert (diagnosis.attribute, diagnosis.status, diagnosis.groups) == (None, "absent", ())
    assert diagnosis.problems[0].message == 'there is no attribute "groups"'
    assert "claim.other_attribute" in codes(diagnosis)
    names: dict[str, Any] = {}
    exec(diagnosis.configuration, names)
    assert names["extractor"] == memberof.GroupExtractor.preset("simplesamlphp")


def test_a_format_that_was_asked_for_and_reads_otherwise_than_the_values_look_is_warned_of() -> None:
    diagnosis = memberof.diagnose(sample("simplesamlphp/both-csv3"), format="array")
    assert diagnosis.groups == ("admins,developers,qa-team",)
    assert "doctor.other_format" in codes(diagnosis)


def test_a_format_that_was_asked_for_and_does_not_fit_is_a_problem() -> None:
    diagnosis = memberof.diagnose(sample(), format="array")
    assert (diagnosis.groups, diagnosis.malformed) == ((), 3)
    assert [(one.code, one.count) for one in diagnosis.problems] == [("claim.looks_like_dn", 3)]


def test_names_that_look_alike_are_told_apart_by_their_characters() -> None:
    names = ("Sales", "\u0405ales")
    diagnosis = memberof.diagnose({"memberOf": ["Staff", *names]})
    assert diagnosis.look_alike == (names,)
    assert codes(diagnosis) == ["doctor.look_alike"]
    assert r"'Sales' and '\u0405ales'" in str(diagnosis)


# Privacy.


def test_values_are_shown_only_when_asked_for() -> None:
    assert "dn3@example.test" not in output(memberof.diagnose(sample()))
    asked = memberof.diagnose(sample(), show_values=True)
    assert "Jörg" in str(asked)
    assert "Jörg" in asked._repr_html_()
    assert asked.to_dict()["attributes"][1]["values"] == ["dn3@example.test"]


secrets = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=20).map(
    lambda text: f"zq{text}"
)
other_names = st.sampled_from(
    [
        "mail",
        "uid",
        "displayName",
        "manager",
        "Role",
        "department",
        "urn:oid:0.9.2342.19200300.100.1.3",
        "groupie",
        "x",
    ]
)


@given(
    who=st.sampled_from([p.name for p in personas()]),
    name_id=secrets,
    others=st.dictionaries(other_names, st.lists(secrets, min_size=1, max_size=3), min_size=1),
    as_dn=st.booleans(),
    mode=st.sampled_from(["plain", "verified", "forged", "mapping"]),
)
def test_no_name_of_the_subject_and_no_other_value_is_ever_shown(
    who: str, name_id: str, others: dict[str, list[str]], as_dn: bool, mode: str
) -> None:
    idp = TestIdp(who)
    if as_dn:
        others = {
            name: [f"CN={value},OU=Users,DC=corp" for value in values] for name, values in others.items()
        }
    if who == "keycloak-roles":
        others.pop("Role", None)
    value = idp.response(name_id=name_id, user="alice", groups=["Sales"], attributes=others, now=NOW)
    options: dict[str, Any] = {"metadata": idp.metadata_xml} if mode == "verified" else {}
    source: Any = value
    if mode == "forged":
        options = {"metadata": TestIdp("generic", entity_id="https://other.example").metadata_xml}
    if mode == "mapping":
        source = {"memberOf": ["Sales"], **others}
    shown = output(memberof.diagnose(source, **options))
    assert name_id not in shown
    for values in others.values():
        for each in values:
            assert each.removeprefix("CN=").split(",")[0] not in shown


def test_what_steers_a_terminal_is_written_as_an_escape() -> None:
    evil = "\x1b[31mred\x9b0m\u202eevil\u2028<script>[bold]"
    diagnosis = memberof.diagnose({"memberOf": ["ok", f"a\u202e{evil}"], evil: ["x"]})
    text = str(diagnosis)
    assert all(one.isprintable() or one == "\n" for one in text)
    assert "\\x1b[31mred" in text
    assert "<script>" not in diagnosis._repr_html_()


# Laws.


def refusal(source: Any) -> str | None:
    """The code of the refusal, or None for a diagnosis, which can be printed in every way."""
    try:
        output(memberof.diagnose(source))
    except memberof.DiagnosisError as error:
        return error.code
    return None


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_whatever_is_handed_over_is_diagnosed_or_refused(source: bytes | str) -> None:
    code = refusal(source)
    assert code is None or code.startswith(("doctor.", "xml."))


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=20),
        st.sampled_from([sample(), RAW, f"SAMLResponse={quote(sample())}"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "log",
                    "entries",
                    "requests",
                    "name",
                    "value",
                    "SAMLResponse",
                    "post",
                    "memberOf",
                    "attributes",
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


@given(json_values)
def test_whatever_json_is_handed_over_is_diagnosed_or_refused(value: Any) -> None:
    code = refusal(json.dumps(value))
    assert code is None or code.startswith(("doctor.", "xml."))


@given(
    case=st.sampled_from(CASES),
    at=st.floats(0, 1),
    cut=st.integers(0, 40),
    new=st.binary(max_size=8),
)
def test_a_damaged_response_is_diagnosed_or_refused(
    case: dict[str, Any], at: float, cut: int, new: bytes
) -> None:
    xml = base64.b64decode(form_value(case))
    place = int(at * len(xml))
    damaged = binascii.b2a_base64(xml[:place] + new + xml[place + cut :])
    code = refusal(damaged)
    assert code is None or code.startswith(("doctor.", "xml."))


@given(
    st.dictionaries(
        st.text(max_size=12),
        st.one_of(
            st.none(), st.text(max_size=20), st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=4)
        ),
        max_size=4,
    )
)
def test_whatever_attributes_are_handed_over_are_diagnosed(attributes: dict[str, Any]) -> None:
    diagnosis = memberof.diagnose(attributes)
    output(diagnosis)
    json.dumps(diagnosis.to_dict())
    assert pickle.loads(pickle.dumps(diagnosis)) == diagnosis
