"""TestIdp and the verifier: two programs without common code agree on every persona, algorithm and forgery."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from services.forgeries import FORGERIES

import memberof
from memberof.testing import SigningKey, TestIdp, forgeries, personas

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
GROUPS = ["Sales, EMEA", "Ärzte & Söhne <x>", "On-call"]

CODES = {name: code for name, code in FORGERIES.items() if code != "accepted"}


def service_provider(idp: TestIdp, **options: Any) -> memberof.ServiceProvider:
    return memberof.ServiceProvider(
        entity_id=idp.sp_entity_id,
        acs_url=idp.acs_url,
        identity_provider=memberof.IdentityProvider.from_metadata(idp.metadata_xml),
        **options,
    )


def verified(idp: TestIdp, response: str, **options: Any) -> memberof.VerifiedAssertion:
    return service_provider(idp, **options).verify(response, request_id="_request", now=NOW)


def groups(idp: TestIdp, assertion: memberof.VerifiedAssertion) -> list[str]:
    extractor = memberof.GroupExtractor.preset(idp.persona.preset, **idp.persona.preset_options)
    return list(extractor.extract(assertion).groups)


@pytest.mark.parametrize("who", [p.name for p in personas() if p.name != "entra-guid"])
def test_every_persona_is_verified_and_read(who: str) -> None:
    idp = TestIdp(who)
    assertion = verified(idp, idp.response(user="bob", groups=GROUPS, request_id="_request", now=NOW))
    assert groups(idp, assertion) == GROUPS
    assert assertion.issuer == idp.entity_id
    assert assertion.issue_instant == NOW
    lifetime = idp.persona.session_lifetime
    assert assertion.session_not_on_or_after == (NOW + lifetime if lifetime else None)


@pytest.mark.parametrize("place", ["assertion", "response", "both"])
@pytest.mark.parametrize("canonicalization", ["exclusive", "exclusive-comments", "inclusive", "inclusive11"])
@pytest.mark.parametrize(
    "algorithm", [f"{k}-sha{n}" for k in ("rsa", "rsa-pss", "ecdsa") for n in (256, 384, 512)]
)
def test_every_algorithm_and_canonicalization_is_verified(
    algorithm: str, canonicalization: str, place: str
) -> None:
    idp = TestIdp("okta", algorithm=algorithm)
    response = idp.response(
        groups=GROUPS,
        request_id="_request",
        now=NOW,
        sign=place,
        canonicalization=canonicalization,  # type: ignore[arg-type]
    )
    assert groups(idp, verified(idp, response)) == GROUPS


@pytest.mark.parametrize("place", ["assertion", "response", "both"])
@pytest.mark.parametrize(
    "key_transport", ["rsa-oaep-mgf1p", "rsa-oaep-sha256", "rsa-oaep-sha384", "rsa-oaep-sha512"]
)
@pytest.mark.parametrize("encryption", [f"aes{n}-{mode}" for n in (128, 192, 256) for mode in ("gcm", "cbc")])
def test_every_encryption_is_decrypted(encryption: str, key_transport: str, place: str) -> None:
    own = SigningKey.generate()
    idp = TestIdp("shibboleth", sp_certificate=own.certificate_pem)
    response = idp.response(
        groups=GROUPS,
        request_id="_request",
        now=NOW,
        sign=place,
        encryption=encryption,
        key_transport=key_transport,  # type: ignore[arg-type]
    )
    assertion = verified(idp, response, decryption_key=own.private_key_pem)
    assert groups(idp, assertion) == GROUPS


def test_the_table_names_every_forgery() -> None:
    assert set(CODES) == {kind.name for kind in forgeries() if not kind.read_whole}


@pytest.mark.parametrize("who", ["adfs", "keycloak", "entra", "okta", "simplesamlphp"])
@pytest.mark.parametrize("kind", list(CODES))
def test_every_forgery_is_refused_with_its_code(kind: str, who: str) -> None:
    idp = TestIdp(who)
    # two forgeries are about the request itself
    asked = {} if kind in ("unsolicited", "wrong-request") else {"request_id": "_request"}
    with pytest.raises(memberof.VerificationError) as refusal:
        verified(idp, idp.forge(kind, now=NOW, **asked))
    assert refusal.value.code == CODES[kind]
    assert "Administrators" not in str(refusal.value)
    assert "attacker" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["comment-in-value", "cdata-in-value"])
@pytest.mark.parametrize("who", ["adfs", "keycloak", "entra", "okta", "simplesamlphp"])
def test_what_may_be_accepted_is_read_whole(kind: str, who: str) -> None:
    idp = TestIdp(who)
    assertion = verified(idp, idp.forge(kind, groups=GROUPS, now=NOW, request_id="_request"))
    assert groups(idp, assertion) == GROUPS
    assert str(assertion.name_id).split("@")[0] == "alice"


def test_both_keys_of_a_roll_over_are_taken_and_a_retired_one_is_not() -> None:
    idp = TestIdp("keycloak", key=SigningKey.generate())
    old = idp.response(request_id="_request", now=NOW)
    new_key = idp.publish_key()
    verified(idp, old)
    idp.use_key(new_key)
    verified(idp, idp.response(request_id="_request", now=NOW))
    verified(idp, old)
    idp.use_key(new_key, retire_others=True)
    with pytest.raises(memberof.VerificationError) as refusal:
        verified(idp, old)
    assert refusal.value.code == "dsig.invalid"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("absent", "absent"),
        ("no_values", "empty"),
        ("empty_value", "empty"),
        ("nil", "empty"),
        ("no_statement", "absent"),
    ],
)
def test_every_form_of_no_groups_is_told_apart_in_a_verified_assertion(form: str, status: str) -> None:
    idp = TestIdp("simplesamlphp")
    assertion = verified(idp, idp.response(no_groups=form, request_id="_request", now=NOW))  # type: ignore[arg-type]
    claim = memberof.GroupExtractor.preset("simplesamlphp").extract(assertion)
    assert (claim.status, claim.groups) == (status, ())


def test_an_assertion_that_we_verified_is_read_as_sent_whatever_library_was_named() -> None:
    idp = TestIdp("generic")
    assertion = verified(idp, idp.response(values=["", "A"], request_id="_request", now=NOW))
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array", library="pysaml2")
    absent = verified(idp, idp.response(request_id="_request", now=NOW))
    assert extractor.extract(assertion).groups == ("A",)
    assert [w.code for w in extractor.extract(absent).warnings] == []


def test_overage_is_found_in_a_verified_assertion() -> None:
    idp = TestIdp("entra")
    response = idp.response(groups=[f"g{n}" for n in range(151)], request_id="_request", now=NOW)
    assert memberof.GroupExtractor.preset("entra").extract(verified(idp, response)).status == "overage"
