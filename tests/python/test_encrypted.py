"""Encrypted assertions: a captured, signed assertion encrypted by OpenSSL (``cryptography``) in every way that is allowed, and in others."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

import memberof
from memberof.testing import TestIdp
from memberof.testing.signature import SignatureStyle, sign

VECTORS = Path(__file__).parent.parent / "vectors"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
DS = "http://www.w3.org/2000/09/xmldsig#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
DIGESTS = {
    "sha1": (DS + "sha1", hashes.SHA1()),
    "sha256": (XENC + "sha256", hashes.SHA256()),
    "sha384": (MORE + "sha384", hashes.SHA384()),
    "sha512": (XENC + "sha512", hashes.SHA512()),
}
CASES = json.loads((VECTORS / "idp/cases.json").read_text())
CASE = next(one for one in CASES["cases"] if one["id"] == "simplesamlphp/assertion-dn3")
RESPONSE = base64.b64decode((VECTORS / "idp" / CASE["file"]).read_text()).decode()
START = RESPONSE.index("<saml:Assertion ")
END = RESPONSE.index("</saml:Assertion>") + len("</saml:Assertion>")
ASSERTION = RESPONSE[START:END]


def public_key() -> rsa.RSAPublicKey:
    public = x509.load_pem_x509_certificate((VECTORS / "sp/rsa.crt").read_bytes()).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    return public


def sealed(plain: bytes, cipher: str, key: bytes) -> bytes:
    if cipher.endswith("gcm"):
        iv = os.urandom(12)
        return iv + AESGCM(key).encrypt(iv, plain, None)
    missing = 16 - len(plain) % 16
    iv = os.urandom(16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    # ISO 10126: random bytes, and the last one says how many they are.
    padded = plain + os.urandom(missing - 1) + bytes([missing])
    return iv + encryptor.update(padded) + encryptor.finalize()


def encrypted_key(
    key: bytes, transport: str, digest: str | None, mask: str | None, label: bytes | None, recipient: str = ""
) -> str:
    parts = "" if digest is None else f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{DIGESTS[digest][0]}"/>'
    if mask is not None:
        parts += f'<x:MGF xmlns:x="{XENC11}" Algorithm="{XENC11}mgf1{mask}"/>'
    if label is not None:
        parts += f"<xenc:OAEPparams>{base64.b64encode(label).decode()}</xenc:OAEPparams>"
    oaep = padding.OAEP(padding.MGF1(DIGESTS[mask or "sha1"][1]), DIGESTS[digest or "sha1"][1], label)
    wrapped = base64.b64encode(public_key().encrypt(key, oaep)).decode()
    return (
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}"{recipient}><xenc:EncryptionMethod Algorithm="{transport}">{parts}'
        f"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey>"
    )


def encrypted(
    *,
    cipher: str = "aes256-gcm",
    transport: str = XENC + "rsa-oaep-mgf1p",
    digest: str | None = None,
    mask: str | None = None,
    label: bytes | None = None,
    beside: bool = False,
    plain: bytes = ASSERTION.encode(),
    element: str = "Assertion",
) -> str:
    key = os.urandom(int(cipher[3:6]) // 8)
    value = base64.encodebytes(sealed(plain, cipher, key)).decode()
    own = encrypted_key(key, transport, digest, mask, label)
    uri = (XENC11 if cipher.endswith("gcm") else XENC) + cipher
    return (
        f'<saml:Encrypted{element}><xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{uri}"/>'
        + ("" if beside else f'<ds:KeyInfo xmlns:ds="{DS}">{own}</ds:KeyInfo>')
        + f"<xenc:CipherData><xenc:CipherValue>\n{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
        + (own if beside else "")
        + f"</saml:Encrypted{element}>"
    )


def verify(content: str, replay_cache: memberof.ReplayCache | None = None) -> memberof.VerifiedAssertion:
    idp = memberof.IdentityProvider(
        entity_id=CASE["idp_entity_id"], certificates=[(VECTORS / "idp" / CASE["idp_cert"]).read_text()]
    )
    sp = memberof.ServiceProvider(
        entity_id=CASES["sp_entity_id"],
        acs_url=CASES["acs_url"],
        identity_provider=idp,
        decryption_key=(VECTORS / "sp/rsa.key").read_text(),
    )
    now = datetime.fromisoformat(CASE["issue_instant"]) + timedelta(seconds=1)
    form = base64.b64encode((RESPONSE[:START] + content + RESPONSE[END:]).encode())
    return sp.verify(form, request_id=CASE["request_id"], now=now, replay_cache=replay_cache)


def accepted(content: str) -> None:
    assert list(verify(content).attributes[CASE["attribute_name"]]) == CASE["configured_values"]


def refused(content: str, code: str) -> None:
    with pytest.raises(memberof.VerificationError) as caught:
        verify(content)
    assert caught.value.code == code


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("mode", ["gcm", "cbc"])
def test_every_cipher_is_opened(bits: int, mode: str) -> None:
    accepted(encrypted(cipher=f"aes{bits}-{mode}"))


@pytest.mark.parametrize("transport", [XENC + "rsa-oaep-mgf1p", XENC11 + "rsa-oaep"])
@pytest.mark.parametrize("digest", [None, "sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("mask", [None, "sha1", "sha256", "sha384", "sha512"])
def test_every_pair_of_oaep_digests_is_opened_if_equal_and_named_if_mixed(
    transport: str, digest: str | None, mask: str | None
) -> None:
    content = encrypted(transport=transport, digest=digest, mask=mask)
    if transport.endswith("mgf1p") and mask not in (None, "sha1"):
        refused(content, "xmlenc.malformed")
    elif (digest or "sha1") == (mask or "sha1"):
        accepted(content)
    else:
        refused(content, "xmlenc.oaep_digest_mix")


@pytest.mark.parametrize("transport", [XENC + "rsa-oaep-mgf1p", XENC11 + "rsa-oaep"])
def test_oaep_parameters_are_the_label(transport: str) -> None:
    content = encrypted(transport=transport, label=b"\x00label")
    accepted(content)
    refused(
        content.replace(base64.b64encode(b"\x00label").decode(), base64.b64encode(b"\x00other").decode()),
        "xmlenc.failed",
    )


def test_the_key_may_stand_beside_the_data() -> None:
    accepted(encrypted(beside=True))


def test_of_several_encrypted_keys_ours_is_found() -> None:
    content = encrypted()
    foreign = encrypted_key(
        os.urandom(24), XENC + "rsa-oaep-mgf1p", None, None, None, ' Recipient="https://other.example"'
    )
    accepted(content.replace(f'<ds:KeyInfo xmlns:ds="{DS}">', f'<ds:KeyInfo xmlns:ds="{DS}">{foreign}', 1))


def test_an_xml_declaration_before_the_assertion_is_passed_over() -> None:
    accepted(encrypted(plain=b'<?xml version="1.0" encoding="UTF-8"?>\n' + ASSERTION.encode()))


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"text",
        b"\xff\xfe",
        ASSERTION.encode() * 2,
        b"x" + ASSERTION.encode(),
        b"<!DOCTYPE a>" + ASSERTION.encode(),
        ASSERTION.replace("Group1", "Group9").encode(),
        ASSERTION[: ASSERTION.index("<ds:Signature ")].encode()
        + ASSERTION[ASSERTION.index("</ds:Signature>") + len("</ds:Signature>") :].encode(),
        b"</context>" + ASSERTION.encode() + b"<context>",
        b"<a/>",
        RESPONSE.encode(),
    ],
)
@pytest.mark.parametrize("cipher", ["aes128-gcm", "aes128-cbc"])
def test_whatever_is_wrong_inside_the_answer_is_one(plain: bytes, cipher: str) -> None:
    with pytest.raises(memberof.VerificationError) as caught:
        verify(encrypted(plain=plain, cipher=cipher))
    assert caught.value.code == "xmlenc.failed"
    assert (
        caught.value.message
        == "EncryptedAssertion: the encrypted element could not be decrypted and verified"
    )


def in_advice(content: str) -> bytes:
    """The signed assertion with something in its Advice, which breaks its signature too: what is too large is refused before."""
    conditions = ASSERTION.index("<saml:AuthnStatement")
    return f"{ASSERTION[:conditions]}<saml:Advice>{content}</saml:Advice>{ASSERTION[conditions:]}".encode()


def with_references(count: int) -> bytes:
    start, end = (
        ASSERTION.index("<ds:Reference "),
        ASSERTION.index("</ds:Reference>") + len("</ds:Reference>"),
    )
    return (ASSERTION[:start] + ASSERTION[start:end] * count + ASSERTION[end:]).encode()


@pytest.mark.parametrize(
    "plain",
    [
        in_advice("<x>" * 10_000 + "</x>" * 10_000),
        in_advice("<x " + " ".join(f"a{n}=''" for n in range(40_000)) + "/>"),
        in_advice("<x/>" * 60_000),
        with_references(1_000),
    ],
    ids=["nesting", "attributes", "elements", "references"],
)
def test_hostile_sizes_inside_end_with_the_one_code(plain: bytes) -> None:
    refused(encrypted(plain=plain), "xmlenc.failed")


def test_more_bytes_inside_than_a_message_may_have_are_not_decrypted() -> None:
    refused(encrypted(plain=b"A" * 1_100_000), "xml.too_large")


def test_an_encrypted_assertion_beside_a_plain_one_is_refused() -> None:
    refused(ASSERTION + encrypted(), "saml.assertion_count")


def test_an_assertion_encrypted_anew_is_still_the_same_assertion() -> None:
    cache = memberof.InMemoryReplayCache()
    with pytest.raises(memberof.VerificationError):
        verify(encrypted(plain=b""), cache)
    assert len(cache) == 0
    assert verify(encrypted(), cache).id
    with pytest.raises(memberof.VerificationError) as caught:
        verify(encrypted(), cache)
    assert caught.value.code == "saml.replayed"


def with_encrypted_part(
    path: str, element: str, *, cipher: str = "aes256-gcm", plain: bytes | None = None
) -> tuple[TestIdp, str]:
    """A signed Response of the test identity provider with one part of its assertion encrypted."""
    idp = TestIdp()
    xml = etree.fromstring(base64.b64decode(idp.response("alice", ["A", "B"], request_id="_r", now=NOW)))
    for old in xml.xpath("//ds:Signature", namespaces={"ds": DS}):
        old.getparent().remove(old)
    part = xml.find(path)
    assert part is not None
    if plain is None:
        plain = etree.tostring(part, method="c14n", exclusive=True)
    content = f'<x xmlns:saml="{SAML}">{encrypted(plain=plain, cipher=cipher, element=element)}</x>'
    part.getparent().replace(part, etree.fromstring(content)[0])
    assertion = xml.find(f"{{{SAML}}}Assertion")
    assert assertion is not None
    sign(assertion, idp.key, "rsa-sha256", SignatureStyle())
    return idp, base64.b64encode(etree.tostring(xml)).decode()


def verify_with(idp: TestIdp, form: str, key: str | None = "rsa") -> memberof.VerifiedAssertion:
    trusted = memberof.IdentityProvider(entity_id=idp.entity_id, certificates=[idp.certificate_pem])
    sp = memberof.ServiceProvider(
        entity_id="https://sp.example.test/metadata",
        acs_url="https://sp.example.test/saml/acs",
        identity_provider=trusted,
        decryption_key=None if key is None else (VECTORS / f"sp/{key}.key").read_text(),
    )
    return sp.verify(form, request_id="_r", now=NOW)


NAME_ID = f".//{{{SAML}}}Subject/{{{SAML}}}NameID"
ATTRIBUTE = f".//{{{SAML}}}AttributeStatement/{{{SAML}}}Attribute"


@pytest.mark.parametrize("cipher", ["aes256-gcm", "aes128-cbc"])
def test_an_encrypted_name_and_an_encrypted_attribute_are_read(cipher: str) -> None:
    idp = TestIdp()
    plain = verify_with(idp, idp.response("alice", ["A", "B"], request_id="_r", now=NOW))
    named = verify_with(*with_encrypted_part(NAME_ID, "ID", cipher=cipher))
    assert plain.name_id is not None
    assert named.name_id is not None
    assert named.name_id.key == plain.name_id.key
    held = verify_with(*with_encrypted_part(ATTRIBUTE, "Attribute", cipher=cipher))
    assert dict(held.attributes) == dict(plain.attributes)


@pytest.mark.parametrize(("path", "element"), [(NAME_ID, "ID"), (ATTRIBUTE, "Attribute")])
def test_an_encrypted_part_that_cannot_be_read_refuses_and_is_never_absent(path: str, element: str) -> None:
    idp, form = with_encrypted_part(path, element)
    with pytest.raises(memberof.VerificationError) as caught:
        verify_with(idp, form, None)
    assert caught.value.code == "xmlenc.no_key"
    assert caught.value.message.startswith(f"Encrypted{element}: ")
    with pytest.raises(memberof.VerificationError) as caught:
        verify_with(idp, form, "../metadata/attacker")
    assert caught.value.code == "xmlenc.failed"
    for plain in (b"", b"<a/>", b"text"):
        idp, form = with_encrypted_part(path, element, plain=plain)
        with pytest.raises(memberof.VerificationError) as caught:
            verify_with(idp, form)
        assert caught.value.code == "xmlenc.failed"
