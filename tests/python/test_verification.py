"""What is accepted and what is refused, with exact codes; signed by lxml and cryptography, which share no code with us."""

from __future__ import annotations

import base64
import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from services.forgeries import FORGERIES

import memberof
from memberof.testing import SigningKey, TestIdp, forgeries, personas

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPTIONS: dict[str, Any] = {
    "acs_url": "https://sp.example/acs",
    "sp_entity_id": "https://sp.example",
    "request_id": "_req",
    "now": NOW,
}
GROUPS = ["Staff", "Größe & Söhne <1>", "a\tb", 'quote "x"']


def service_provider(idp: TestIdp, **changes: Any) -> memberof.ServiceProvider:
    arguments = {
        "entity_id": "https://sp.example",
        "acs_url": "https://sp.example/acs",
        "identity_provider": memberof.IdentityProvider(
            entity_id=idp.entity_id, certificates=idp.certificates_pem
        ),
    }
    return memberof.ServiceProvider(**arguments | changes)


def code(idp: TestIdp, response: str | bytes, **changes: Any) -> str:
    try:
        service_provider(idp, **changes).verify(response, request_id="_req", now=NOW)
    except memberof.VerificationError as error:
        return error.code
    return "accepted"


IDP = TestIdp("keycloak")


def test_every_forgery_has_its_code_here() -> None:
    assert [forgery.name for forgery in forgeries()] == list(FORGERIES)


@pytest.mark.parametrize(("name", "expected"), FORGERIES.items())
def test_a_forgery_is_refused_with_its_code(name: str, expected: str) -> None:
    idp = TestIdp("adfs")
    response = idp.forge(name, **OPTIONS)
    assert code(idp, response) == expected
    if expected == "accepted":
        read = service_provider(idp).verify(response, request_id="_req", now=NOW)
        whole = service_provider(idp).verify(
            idp.response("alice", ["Staff"], **OPTIONS), request_id="_req", now=NOW
        )
        assert read.attributes["memberOf"] == whole.attributes["memberOf"]


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
@pytest.mark.parametrize("canonicalization", ["exclusive", "exclusive-comments", "inclusive", "inclusive11"])
@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-pss-sha384", "ecdsa-sha256"])
def test_every_way_of_signing_gives_the_same_values(
    signed: Any, canonicalization: str, algorithm: str
) -> None:
    idp = TestIdp("keycloak", key=SigningKey.generate(algorithm), algorithm=algorithm)
    response = idp.response(
        "alice", GROUPS, sign=signed, canonicalization=canonicalization, algorithm=algorithm, **OPTIONS
    )
    assertion = service_provider(idp).verify(response, request_id="_req", now=NOW)
    assert [
        value for values in assertion.attributes.values() for value in values if value in GROUPS
    ] == GROUPS


@pytest.mark.parametrize(
    "algorithm",
    [
        "rsa-sha256", "rsa-sha384", "rsa-sha512", "rsa-pss-sha256", "rsa-pss-sha384", "rsa-pss-sha512",
        "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512",
    ],
)  # fmt: skip
def test_every_algorithm_is_accepted(algorithm: str) -> None:
    idp = TestIdp("keycloak", key=SigningKey.generate(algorithm), algorithm=algorithm)
    assert code(idp, idp.response("alice", GROUPS, algorithm=algorithm, **OPTIONS)) == "accepted"


def test_every_curve_goes_with_every_hash() -> None:
    for own, used in itertools.product(["ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512"], repeat=2):
        idp = TestIdp("keycloak", key=SigningKey.generate(own), algorithm=used)
        assert code(idp, idp.response("alice", algorithm=used, **OPTIONS)) == "accepted", (own, used)


def test_every_persona_is_accepted() -> None:
    for name in personas():
        idp = TestIdp(name)
        assert code(idp, idp.response("alice", ["Staff"], **OPTIONS)) == "accepted", name


def test_a_key_of_another_kind_says_so() -> None:
    rsa, ec = (
        TestIdp("keycloak", key=SigningKey.generate(kind), algorithm=kind)
        for kind in ("rsa-sha256", "ecdsa-sha256")
    )
    assert code(rsa, ec.response("alice", algorithm="ecdsa-sha256", **OPTIONS)) == "dsig.key_kind"


def test_of_two_keys_in_a_rollover_either_may_sign() -> None:
    old, new = (
        TestIdp("keycloak", key=SigningKey.generate(kind), algorithm=kind)
        for kind in ("rsa-sha256", "ecdsa-sha384")
    )
    idp = memberof.IdentityProvider(
        entity_id=old.entity_id, certificates=[old.certificate_pem, new.certificate_pem]
    )
    for signer, algorithm in ((old, "rsa-sha256"), (new, "ecdsa-sha384")):
        response = signer.response("alice", algorithm=algorithm, **OPTIONS)
        assert code(old, response, identity_provider=idp) == "accepted"


@pytest.mark.parametrize("bits", [1024, 2047])
def test_a_short_rsa_key_is_never_trusted(bits: int) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = SigningKey.from_pem(_pem(rsa.generate_private_key(public_exponent=65537, key_size=bits)))
    with pytest.raises(memberof.ConfigurationError, match=f"the RSA key has {bits} bits"):
        memberof.IdentityProvider(entity_id="x", certificates=[key.certificate_pem])


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as s

    return bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))


def changed(change: Callable[[str], str]) -> str:
    """A signed Response whose text was changed after signing."""
    text = base64.b64decode(IDP.response("alice", GROUPS, sign="assertion", **OPTIONS)).decode()
    after = change(text)
    assert after != text
    return base64.b64encode(after.encode()).decode()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda xml: "\ufeff" + xml, "accepted"),
        (lambda xml: xml + "<!-- harmless, outside -->", "accepted"),
        (lambda xml: xml + "<x/>", "xml.malformed"),
        (lambda xml: xml + "x", "xml.malformed"),
        (lambda xml: xml.replace("<samlp:Status>", "<samlp:Status>&", 1), "xml.malformed"),
        (lambda xml: xml.replace("<samlp:Status>", "<samlp:Status>&nbsp;", 1), "xml.malformed"),
        (lambda xml: xml.replace("<samlp:Status>", "<samlp:Status><p:x/>", 1), "xml.malformed"),
        (lambda xml: xml.replace(' Version="2.0"', ' Version="2.0" Version="2.0"', 1), "xml.malformed"),
        (lambda xml: xml.replace(' Version="2.0"', ' Version="1.1"', 1), "saml.version"),
        (lambda xml: xml.replace("status:Success", "status:Responder", 1), "saml.status"),
        (lambda xml: xml.replace("<samlp:Status>", "text<samlp:Status>", 1), "saml.unexpected_content"),
        (lambda xml: xml.replace("<samlp:Status>", "<samlp:Status/><samlp:Status>", 1), "saml.unexpected_content"),
    ],
)  # fmt: skip
def test_a_change_outside_the_signature_is_judged(change: Callable[[str], str], expected: str) -> None:
    assert code(IDP, changed(change)) == expected


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        ("<x>" * 10_000 + "</x>" * 10_000, "xml.too_deep"),
        ("<x " + " ".join(f"a{n}=''" for n in range(80_000)) + "/>", "xml.too_many_attributes"),
        ("<x " + " ".join(f"xmlns:a{n}='urn:x'" for n in range(1_000)) + "/>", "xml.too_many_namespaces"),
        ("<x/>" * 100_000, "xml.too_many_elements"),
        ("x" * 1_100_000, "xml.too_large"),
    ],
    ids=["nesting", "attributes", "namespaces", "elements", "bytes"],
)
def test_hostile_sizes_end_with_a_code(padding: str, expected: str) -> None:
    extensions = f"<samlp:Extensions>{padding}</samlp:Extensions><samlp:Status>"
    response = changed(lambda xml: xml.replace("<samlp:Status>", extensions, 1))
    assert code(IDP, response) == expected


def test_a_thousand_references_are_counted_and_not_followed() -> None:
    def many(xml: str) -> str:
        found = re.search(r"<(\w+:)?Reference .*?</(\w+:)?Reference>", xml, re.DOTALL)
        assert found
        start, end = found.span()
        return xml[:end] + xml[start:end] * 999 + xml[end:]

    assert code(IDP, changed(many)) == "dsig.reference_count"


def test_a_bomb_of_100_megabytes_is_not_read() -> None:
    bomb = b"A" * 100_000_000
    assert code(IDP, bomb) == "xml.too_large"


def test_an_expired_certificate_warns_and_still_counts() -> None:
    private_key = IDP.key.private_key
    assert isinstance(private_key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an identity provider of old")])
    expired = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2016, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2017, 1, 1, tzinfo=UTC))
        .sign(private_key, hashes.SHA256())
    )
    pem = expired.public_bytes(serialization.Encoding.PEM).decode()
    with pytest.warns(UserWarning, match="has expired; it still counts"):
        identity_provider = memberof.IdentityProvider(entity_id=IDP.entity_id, certificates=[pem])
    sp = service_provider(IDP, identity_provider=identity_provider)
    response = IDP.response("alice", GROUPS, **OPTIONS)
    assert sp.verify(response, request_id="_req", now=NOW).attributes["memberOf"] == tuple(GROUPS)


def test_threads_share_one_service_provider() -> None:
    sp = service_provider(IDP)
    responses = [
        IDP.response("alice", [f"G{number}-{n}" for n in range(50)], **OPTIONS) for number in range(16)
    ]

    def read(number: int) -> bool:
        verified = sp.verify(responses[number % 16], request_id="_req", now=NOW)
        return verified.attributes["memberOf"] == tuple(f"G{number % 16}-{n}" for n in range(50))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(400)))


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(memberof.ConfigurationError) as caught:
        memberof.Limits(max_depth=0)
    assert caught.value.code == "config.limits"
