"""Login requests and our metadata: what leaves, and who can check it."""

from __future__ import annotations

import base64
import importlib.util
import pickle
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

import memberof

VECTORS = Path(__file__).parent.parent / "vectors"
KEYS = VECTORS / "sp"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
IDP_CERTIFICATE = (VECTORS / "idp/simplesamlphp/idp-cert.pem").read_text()
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


def key(name: str) -> str:
    return (KEYS / f"{name}.key").read_text()


def certificate(name: str) -> str:
    return (KEYS / f"{name}.crt").read_text()


def provider(**options: object) -> memberof.ServiceProvider:
    idp = memberof.IdentityProvider(
        entity_id="https://idp.example/metadata",
        certificates=[IDP_CERTIFICATE],
        sso_url="https://idp.example/sso?tenant=1",
    )
    urls = ["https://sp.example/acs", "https://other.example/acs"]
    return memberof.ServiceProvider(
        entity_id="https://sp.example/metadata",
        acs_url=urls,
        identity_provider=idp,
        **options,  # type: ignore[arg-type]
    )


def sent(url: str) -> etree._Element:
    value = parse_qs(urlsplit(url).query, strict_parsing=True)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(value), wbits=-15))


def test_a_redirect_has_an_id_a_url_and_the_relay_state() -> None:
    request = provider().login_request("next=1", now=NOW)
    assert request.redirect_url.startswith("https://idp.example/sso?tenant=1&SAMLRequest=")
    assert parse_qs(urlsplit(request.redirect_url).query)["RelayState"] == ["next=1"]
    assert request.relay_state == "next=1"
    xml = sent(request.redirect_url)
    assert xml.tag == f"{SAMLP}AuthnRequest"
    assert xml.get("ID") == request.id
    assert xml.get("IssueInstant") == "2026-11-24T06:00:00Z"
    assert xml.get("Destination") == "https://idp.example/sso?tenant=1"
    assert xml.get("AssertionConsumerServiceURL") == "https://sp.example/acs"
    assert xml.findtext(f"{SAML}Issuer") == "https://sp.example/metadata"


def test_ids_are_random_and_long() -> None:
    sp = provider()
    ids = {sp.login_request().id for _ in range(200)}
    assert len(ids) == 200
    assert all(re.fullmatch(r"_[0-9a-f]{40}", one) for one in ids)


def test_options_reach_the_request() -> None:
    request = provider().login_request(
        acs_url="https://other.example/acs",
        force_authn=True,
        is_passive=True,
        name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        requested_authn_context=["urn:mfa", "urn:password"],
        authn_context_comparison="minimum",
        now=NOW,
    )
    xml = sent(request.redirect_url)
    assert (xml.get("ForceAuthn"), xml.get("IsPassive")) == ("true", "true")
    assert xml.get("AssertionConsumerServiceURL") == "https://other.example/acs"
    policy = xml.find(f"{SAMLP}NameIDPolicy")
    assert policy is not None
    assert policy.get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    context = xml.find(f"{SAMLP}RequestedAuthnContext")
    assert context is not None
    assert context.get("Comparison") == "minimum"
    assert [one.text for one in context] == ["urn:mfa", "urn:password"]


@pytest.mark.parametrize("name", ["rsa", "p256", "p384", "p521"])
def test_a_signed_redirect_verifies_with_another_library(name: str) -> None:
    request = provider(signing_key=key(name)).login_request("r", now=NOW)
    signed, _, signature_text = urlsplit(request.redirect_url).query.partition("&Signature=")
    signed = signed[signed.index("SAMLRequest=") :]
    signature = base64.b64decode(unquote(signature_text))
    public = x509.load_pem_x509_certificate(certificate(name).encode()).public_key()
    algorithm = parse_qs(signed)["SigAlg"][0]
    if isinstance(public, rsa.RSAPublicKey):
        assert algorithm == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
        public.verify(signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return
    assert isinstance(public, ec.EllipticCurvePublicKey)
    bits = {"p256": 256, "p384": 384, "p521": 512}[name]
    assert algorithm == f"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha{bits}"
    half = len(signature) // 2
    der = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    digest = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}[bits]
    public.verify(der, signed.encode(), ec.ECDSA(digest))


def enveloped_signature_is_good(xml: etree._Element, public: rsa.RSAPublicKey) -> None:
    """Check an enveloped signature with lxml's canonicalisation and cryptography's RSA."""
    signature = xml.find(f"{DS}Signature")
    assert signature is not None
    info = signature.find(f"{DS}SignedInfo")
    assert info is not None
    value = base64.b64decode(signature.findtext(f"{DS}SignatureValue") or "")
    public.verify(
        value, etree.tostring(info, method="c14n", exclusive=True), padding.PKCS1v15(), hashes.SHA256()
    )
    reference = info.find(f"{DS}Reference")
    assert reference is not None
    assert reference.get("URI") == f"#{xml.get('ID')}"
    expected = base64.b64decode(reference.findtext(f"{DS}DigestValue") or "")
    xml.remove(signature)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(etree.tostring(xml, method="c14n", exclusive=True))
    assert digest.finalize() == expected


def rsa_public() -> rsa.RSAPublicKey:
    public = x509.load_pem_x509_certificate(certificate("rsa").encode()).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    return public


def test_a_form_carries_the_request_signed_inside() -> None:
    sp = provider(signing_key=key("rsa"), certificate=certificate("rsa"))
    form = sp.login_request('"><script>', binding="post", now=NOW)
    assert form.action == "https://idp.example/sso?tenant=1"
    assert form.fields["RelayState"] == '"><script>'
    xml = etree.fromstring(base64.b64decode(form.fields["SAMLRequest"]))
    assert xml.get("ID") == form.id
    assert [etree.QName(child).localname for child in xml] == ["Issuer", "Signature"]
    enveloped_signature_is_good(xml, rsa_public())
    assert '"><script>' not in form.html
    assert "&quot;&gt;&lt;script&gt;" in form.html
    page = etree.HTML(form.html)
    assert {one.get("name"): one.get("value") for one in page.iter("input")} == form.fields
    assert page.find(".//form").get("action") == form.action


def test_requests_print_as_constructors_and_pickle() -> None:
    sp = provider()
    for request in (sp.login_request("r", now=NOW), sp.login_request("r", binding="post", now=NOW)):
        assert pickle.loads(pickle.dumps(request)) == request
        assert (
            eval(repr(request), {"LoginRequest": memberof.LoginRequest, "LoginForm": memberof.LoginForm})
            == request
        )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"relay_state": "é" * 41}, "request.relay_state_too_long"),
        ({"binding": "artifact"}, "config.binding"),
        ({"acs_url": "https://evil.example/acs"}, "config.unknown_acs_url"),
        ({"authn_context_comparison": "about"}, "config.authn_context_comparison"),
        ({"requested_authn_context": "urn:\0"}, "request.unwritable"),
        ({"now": datetime(2026, 11, 24)}, "config.naive_datetime"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_asked_is_a_configuration_error(arguments: dict[str, object], code: str) -> None:
    with pytest.raises(memberof.ConfigurationError) as caught:
        provider().login_request(**arguments)  # type: ignore[call-overload]
    assert caught.value.code == code


def test_without_a_location_a_request_says_what_the_identity_provider_offers() -> None:
    idp = memberof.IdentityProvider(entity_id="https://idp.example", certificates=[IDP_CERTIFICATE])
    sp = memberof.ServiceProvider(entity_id="sp", acs_url="https://sp.example/acs", identity_provider=idp)
    with pytest.raises(memberof.ConfigurationError) as caught:
        sp.login_request()
    assert caught.value.code == "config.no_sso_location"


def test_metadata_carry_all_urls_keys_and_formats() -> None:
    sp = provider(
        signing_key=key("p256"),
        decryption_key=[key("rsa")],
        certificate=[certificate("rsa"), certificate("p256")],
    )
    xml = etree.fromstring(sp.metadata(valid_until=datetime(2027, 1, 1, tzinfo=UTC)).encode())
    assert xml.tag == f"{MD}EntityDescriptor"
    assert xml.get("entityID") == "https://sp.example/metadata"
    assert xml.get("validUntil") == "2027-01-01T00:00:00Z"
    role = xml.find(f"{MD}SPSSODescriptor")
    assert role is not None
    assert role.get("WantAssertionsSigned") == "true"
    assert role.get("AuthnRequestsSigned") == "true"

    def inside(pem: str) -> str:
        return "".join(pem.strip().splitlines()[1:-1])

    found = {
        one.get("use"): one.findtext(f".//{DS}X509Certificate") for one in role.iter(f"{MD}KeyDescriptor")
    }
    assert found == {"signing": inside(certificate("p256")), "encryption": inside(certificate("rsa"))}
    methods = [one.get("Algorithm") for one in role.iter(f"{MD}EncryptionMethod")]
    assert methods[0] == "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    services = [
        (one.get("Location"), one.get("index"), one.get("isDefault"))
        for one in role.iter(f"{MD}AssertionConsumerService")
    ]
    assert services == [("https://sp.example/acs", "0", "true"), ("https://other.example/acs", "1", None)]
    assert [one.text for one in role.iter(f"{MD}NameIDFormat")] == [
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    ]
    assert role.find(f"{MD}SingleLogoutService") is None


def test_signed_metadata_verify_with_another_library() -> None:
    sp = provider(signing_key=key("rsa"), certificate=certificate("rsa"))
    xml = etree.fromstring(sp.metadata(sign=True).encode())
    enveloped_signature_is_good(xml, rsa_public())


@pytest.mark.parametrize(
    ("options", "sign", "code"),
    [
        ({"signing_key": key("rsa")}, False, "config.certificate_missing"),
        ({"decryption_key": key("rsa")}, False, "config.certificate_missing"),
        (
            {"decryption_key": key("rsa"), "certificate": certificate("rsa")},
            True,
            "config.signing_key_missing",
        ),
    ],
)
def test_metadata_without_a_certificate_are_a_configuration_error(
    options: dict[str, object], sign: bool, code: str
) -> None:
    with pytest.raises(memberof.ConfigurationError) as caught:
        provider(**options).metadata(sign=sign)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"signing_key": "no key"}, "config.private_key"),
        ({"signing_key": key("rsa1024")}, "config.private_key"),
        ({"decryption_key": key("p256")}, "config.private_key"),
        (
            {"decryption_key": [key("rsa"), key("rsa").replace("PRIVATE", "RSA PRIVATE")]},
            "config.private_key",
        ),
        ({"certificate": key("rsa")}, "config.certificate"),
        ({"signing_key": key("rsa"), "certificate": certificate("p256")}, "config.certificate_mismatch"),
    ],
)
def test_keys_that_do_not_do_are_refused_at_once_and_never_quoted(
    options: dict[str, object], code: str
) -> None:
    with pytest.raises(memberof.ConfigurationError) as caught:
        provider(**options)
    assert caught.value.code == code
    assert "MII" not in str(caught.value)


def test_a_decryption_key_opens_a_captured_encrypted_response() -> None:
    import json

    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_der_private_key,
    )

    cases = json.loads((VECTORS / "idp/cases.json").read_text())
    case = next(one for one in cases["cases"] if one["id"] == "simplesamlphp/enc-both-groups3")
    private = load_der_private_key((VECTORS / "idp" / case["sp_key"]).read_bytes(), None)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    now = datetime.fromisoformat(case["issue_instant"]).replace(tzinfo=UTC)
    idp = memberof.IdentityProvider(entity_id=case["idp_entity_id"], certificates=[IDP_CERTIFICATE])

    def verify(**options: object) -> memberof.VerifiedAssertion:
        sp = memberof.ServiceProvider(
            entity_id=cases["sp_entity_id"],
            acs_url=cases["acs_url"],
            identity_provider=idp,
            **options,  # type: ignore[arg-type]
        )
        form = (VECTORS / "idp" / case["file"]).read_text()
        return sp.verify(form, request_id=case["request_id"], now=now)

    for keys in (pem, [pem], [key("rsa"), pem]):
        assert (
            list(verify(decryption_key=keys).attributes[case["attribute_name"]]) == case["configured_values"]
        )
    with pytest.raises(memberof.VerificationError) as caught:
        verify()
    assert caught.value.code == "xmlenc.no_key"
    with pytest.raises(memberof.VerificationError) as caught:
        verify(decryption_key=key("rsa"))
    assert caught.value.code == "xmlenc.failed"


@pytest.mark.optional
def test_what_is_sent_fits_the_schemas_of_oasis() -> None:
    spec = importlib.util.find_spec("onelogin")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("python3-saml, which brings the schemas, is not installed: pip install python3-saml")
    schemas = Path(next(iter(spec.submodule_search_locations))) / "saml2/schemas"

    def schema(name: str) -> etree.XMLSchema:
        return etree.XMLSchema(etree.parse(schemas / f"saml-schema-{name}-2.0.xsd"))

    sp = provider(signing_key=key("rsa"), decryption_key=key("rsa"), certificate=certificate("rsa"))
    for xml in (sp.metadata(), sp.metadata(sign=True, valid_until=NOW), provider().metadata()):
        schema("metadata").assertValid(etree.fromstring(xml.encode()))
    form = sp.login_request(
        binding="post",
        force_authn=True,
        is_passive=True,
        name_id_format="urn:format",
        requested_authn_context=["urn:a", "urn:b"],
        authn_context_comparison="better",
    )
    schema("protocol").assertValid(etree.fromstring(base64.b64decode(form.fields["SAMLRequest"])))
    schema("protocol").assertValid(sent(provider().login_request().redirect_url))
