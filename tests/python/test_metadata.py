"""``IdentityProvider.from_metadata``."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import memberof

VECTORS = Path(__file__).parent.parent / "vectors"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SSP = (VECTORS / "idp/simplesamlphp/idp-metadata.xml").read_text()
ROLLOVER = (VECTORS / "idp/simplesamlphp/idp-metadata-rollover.xml").read_text()
LIST_SIGNED = (VECTORS / "metadata/list-signed.xml").read_text()
FEDERATION = (VECTORS / "metadata/federation.crt").read_text()
ATTACKER = (VECTORS / "metadata/attacker.crt").read_text()
SSP_ID = "https://idp-ssp.example.test/idp"


def test_metadata_give_who_where_and_all_keys() -> None:
    idp = memberof.IdentityProvider.from_metadata(ROLLOVER, now=NOW)
    assert idp.entity_id == SSP_ID
    assert len(idp.certificates) == 2
    assert idp.sso_url is not None
    assert idp.sso_urls["urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"] == idp.sso_url
    assert (idp.valid_until, idp.cache_duration) == (None, None)
    assert (
        memberof.IdentityProvider.from_metadata(ROLLOVER.encode(), now=NOW).certificates == idp.certificates
    )


def test_the_clock_is_read_where_no_time_is_given() -> None:
    assert memberof.IdentityProvider.from_metadata(SSP).entity_id == SSP_ID


def test_freshness_is_kept() -> None:
    dated = SSP.replace(
        "<md:EntityDescriptor ",
        '<md:EntityDescriptor validUntil="2027-01-01T00:00:00Z" cacheDuration="PT6H" ',
    )
    idp = memberof.IdentityProvider.from_metadata(dated, now=NOW)
    assert idp.valid_until == datetime(2027, 1, 1, tzinfo=UTC)
    assert idp.cache_duration == timedelta(hours=6)
    with pytest.raises(memberof.ConfigurationError) as caught:
        memberof.IdentityProvider.from_metadata(dated, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert caught.value.code == "metadata.expired"


def test_signed_metadata_are_held_to_their_signature() -> None:
    for certificates in (FEDERATION, [FEDERATION], [ATTACKER, FEDERATION]):
        idp = memberof.IdentityProvider.from_metadata(
            LIST_SIGNED, entity_id=SSP_ID, signing_certificates=certificates, now=NOW
        )
        assert idp.certificates == memberof.IdentityProvider.from_metadata(SSP, now=NOW).certificates
    for xml, certificates, code in [
        (SSP, FEDERATION, "metadata.unsigned"),
        (LIST_SIGNED, ATTACKER, "dsig.invalid"),
        (LIST_SIGNED.replace("http://127.0.0.1", "http://127.0.0.2", 1), FEDERATION, "dsig.digest_mismatch"),
    ]:
        with pytest.raises(memberof.VerificationError) as caught:
            memberof.IdentityProvider.from_metadata(
                xml, entity_id=SSP_ID, signing_certificates=certificates, now=NOW
            )
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("xml", "arguments", "code"),
    [
        ("", {}, "metadata.xml"),
        ("<html/>", {}, "metadata.not_metadata"),
        ("\ud800", {}, "metadata.xml"),
        (LIST_SIGNED, {}, "metadata.several_identity_providers"),
        (LIST_SIGNED, {"entity_id": "x"}, "metadata.unknown_entity_id"),
        (SSP.replace('use="signing"', 'use="encryption"'), {}, "metadata.no_signing_key"),
        (SSP, {"signing_certificates": []}, "config.certificate"),
        (SSP, {"signing_certificates": "x"}, "config.certificate"),
        (SSP, {"now": datetime(2026, 11, 24)}, "config.naive_datetime"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_used_is_a_configuration_error(
    xml: str, arguments: dict[str, object], code: str
) -> None:
    with pytest.raises(memberof.ConfigurationError) as caught:
        memberof.IdentityProvider.from_metadata(xml, **arguments)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_other_types_are_type_errors() -> None:
    with pytest.raises(TypeError):
        memberof.IdentityProvider.from_metadata(None)  # type: ignore[arg-type]


def test_an_expired_certificate_and_an_unusable_key_warn_and_do_not_refuse() -> None:
    with pytest.warns(UserWarning, match="has expired"):
        memberof.IdentityProvider.from_metadata(SSP, now=datetime(2060, 1, 1, tzinfo=UTC))
    small = "".join((VECTORS / "sp/rsa1024.crt").read_text().strip().splitlines()[1:-1])
    first = ROLLOVER.split("<ds:X509Certificate>")[1].split("<")[0]
    with pytest.warns(UserWarning, match="is not used: the RSA key has 1024 bits"):
        idp = memberof.IdentityProvider.from_metadata(ROLLOVER.replace(first, small, 1), now=NOW)
    assert len(idp.certificates) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        memberof.IdentityProvider.from_metadata(SSP, now=NOW)


def test_a_response_verifies_with_either_key_of_a_rollover() -> None:
    import json

    cases = json.loads((VECTORS / "idp/cases.json").read_text())
    idp = memberof.IdentityProvider.from_metadata(ROLLOVER, now=NOW)
    sp = memberof.ServiceProvider(
        entity_id=cases["sp_entity_id"], acs_url=cases["acs_url"], identity_provider=idp
    )
    rollover = [one for one in cases["cases"] if "rollover" in one["id"]]
    assert len(rollover) == 2
    for case in rollover:
        now = datetime.fromisoformat(case["issue_instant"]) + timedelta(seconds=1)
        form = (VECTORS / "idp" / case["file"]).read_text()
        assertion = sp.verify(form, request_id=case["request_id"], now=now)
        assert list(assertion.attributes[case["attribute_name"]]) == case["configured_values"]
