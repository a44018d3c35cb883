"""The Responses of tests/vectors, signed by others: accepted with exactly their values, refused with exactly their code."""

from __future__ import annotations

import base64
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

import memberof

VECTORS = Path(__file__).parent.parent / "vectors"
FOLDERS = sorted(path.parent for path in VECTORS.glob("[0-9][0-9][0-9]-*/case.toml"))


def key(name: str, ending: str) -> str:
    return (VECTORS / "keys" / f"{name}.{ending}").read_text()


def verify(folder: Path, case: dict) -> memberof.VerifiedAssertion:
    form = folder / "response.b64"
    value = form.read_bytes() if form.exists() else base64.b64encode((folder / "response.xml").read_bytes())
    sp, idp = case["service_provider"], case["identity_provider"]
    provider = memberof.ServiceProvider(
        entity_id=sp["entity_id"],
        acs_url=sp["acs_url"],
        identity_provider=memberof.IdentityProvider(
            entity_id=idp["entity_id"], certificates=[key(name, "crt") for name in idp["keys"]]
        ),
        decryption_key=[key(name, "key") for name in sp.get("decryption_keys", [])] or None,
        allow_unsolicited=sp.get("allow_unsolicited", False),
    )
    return provider.verify(
        value,
        request_id=case.get("request_id", memberof.UNSOLICITED),
        now=datetime.fromisoformat(case["now"]),
    )


def test_there_are_vectors_of_every_class() -> None:
    assert len(FOLDERS) >= 480


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_vector_is_accepted_with_its_values_or_refused_with_its_code(folder: Path) -> None:
    case = tomllib.loads((folder / "case.toml").read_text())
    expected = case["expect"]
    if "code" in expected:
        with pytest.raises((memberof.VerificationError, memberof.ConfigurationError)) as refused:
            verify(folder, case)
        # A key that is not trusted is a fault of the configuration.
        is_key = expected["code"].startswith("dsig.key_s") or expected["code"] == "dsig.key_unsupported"
        assert isinstance(refused.value, memberof.ConfigurationError) == is_key
        if not is_key:
            assert refused.value.code == expected["code"]
    else:
        assertion = verify(folder, case)
        assert assertion.name_id == expected.get("name_id")
        # TOML has no null: an empty table stands for xsi:nil, which Python gives as an empty string.
        assert dict(assertion.attributes) == {
            attribute["name"]: tuple("" if value == {} else value for value in attribute["values"])
            for attribute in expected.get("attribute", [])
        }
