"""Verify one Response and read its groups, from Python: ours beside minisaml, python3-saml and pysaml2, and the floor below all."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minisaml.response
from cryptography.x509 import load_pem_x509_certificate
from harness import ROOT, Row, Table, compare, save
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import Config

import memberof
from memberof.testing import SigningKey, TestIdp

if TYPE_CHECKING:
    from collections.abc import Callable

SP = "https://app.example/saml"
ACS = "https://app.example/saml/acs"
REQUEST = "_6c3f0e2d9b8a47715c4e1f0a9d8b7c6e"
SIZES = (20, 100, 1000)


def group_names(count: int) -> list[str]:
    return [f"App-Müller & Partner Abteilung {index:04d}" for index in range(count)]


def our_way(idp: TestIdp, response: str, **keys: Any) -> Callable[[], object]:
    sp = memberof.ServiceProvider(
        entity_id=SP,
        acs_url=ACS,
        identity_provider=memberof.IdentityProvider(
            entity_id=idp.entity_id, certificates=[idp.certificate_pem], sso_url=idp.sso_url
        ),
        **keys,
    )
    return lambda: sp.verify(response, request_id=REQUEST).attributes["memberOf"]


def minisaml_way(idp: TestIdp, response: str) -> Callable[[], object]:
    certificate = load_pem_x509_certificate(idp.certificate_pem.encode())

    def run() -> object:
        verified = minisaml.response.validate_response(
            data=response, certificate=certificate, expected_audience=SP, idp_issuer=idp.entity_id
        )
        return next(a.values for a in verified.attributes if a.name == "memberOf")

    return run


def python3_saml_way(idp: TestIdp, response: str) -> Callable[[], object]:
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": SP, "assertionConsumerService": {"url": ACS}},
            "idp": {
                "entityId": idp.entity_id,
                "singleSignOnService": {"url": idp.sso_url},
                "x509cert": idp.certificate_pem,
            },
            "security": {"wantNameId": True, "wantAssertionsSigned": True},
        }
    )
    request = {
        "https": "on",
        "http_host": "app.example",
        "script_name": "/saml/acs",
        "get_data": {},
        "post_data": {},
    }

    def run() -> object:
        verified = OneLogin_Saml2_Response(settings, response)
        verified.is_valid(request, REQUEST, raise_exceptions=True)
        return verified.get_attributes()["memberOf"]

    return run


def pysaml2_way(idp: TestIdp, response: str) -> Callable[[], object]:
    config = Config()
    config.load(
        {
            "entityid": SP,
            "metadata": {"inline": [idp.metadata_xml]},
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "allow_unknown_attributes": True,
            "service": {
                "sp": {
                    "endpoints": {"assertion_consumer_service": [(ACS, BINDING_HTTP_POST)]},
                    "want_response_signed": False,
                    "want_assertions_signed": True,
                }
            },
        }
    )
    client = Saml2Client(config)
    return lambda: client.parse_authn_request_response(response, BINDING_HTTP_POST, {REQUEST: "/"}).ava[
        "memberOf"
    ]


def rust_figures(responses: dict[str, str], idp: TestIdp, now: datetime) -> dict[str, dict[str, float]]:
    """Run the Rust bench (the floor, and our verifier without Python) on the same documents."""
    with tempfile.TemporaryDirectory() as folder:
        for name, response in responses.items():
            (Path(folder) / f"{name}.xml").write_bytes(base64.b64decode(response))
        (Path(folder) / "idp.pem").write_text(idp.certificate_pem)
        exchange = {
            "sp_entity_id": SP,
            "acs_url": ACS,
            "idp_entity_id": idp.entity_id,
            "request_id": REQUEST,
            "now": now.isoformat(),
        }
        (Path(folder) / "exchange.json").write_text(json.dumps(exchange))
        out = subprocess.run(
            ["cargo", "bench", "--quiet", "--bench", "verify", "--", folder],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    return {line["name"]: line for line in map(json.loads, out.splitlines())}


def main() -> None:
    now = datetime.now(UTC)
    idp = TestIdp("adfs", sp_entity_id=SP, acs_url=ACS)
    responses = {
        f"{count:04d}": idp.response(
            "alice", group_names(count), request_id=REQUEST, now=now, sign="assertion"
        )
        for count in SIZES
    }
    rust = rust_figures(responses, idp, now)
    table = Table(
        "verify",
        "Verify + read DN groups of one Response (RSA-2048/SHA-256, assertion signed)",
        "µs",
        "memberof",
        notes=[
            "Floor: one RSA verification with a parsed key, SHA-256 of the assertion, one quick-xml pull pass over the document.",
            "pysaml2 starts the xmlsec1 program for each signature.",
        ],
    )
    for count in SIZES:
        name = f"{count:04d}"
        response = responses[name]
        ways = {
            "memberof": our_way(idp, response),
            "minisaml": minisaml_way(idp, response),
            "python3-saml": python3_saml_way(idp, response),
            "pysaml2": pysaml2_way(idp, response),
        }
        answers = {name: tuple(way()) for name, way in ways.items()}
        if len(set(answers.values())) != 1:
            raise SystemExit(f"the libraries disagree on the values of {count} groups")
        figures = {name: seconds * 1e6 for name, seconds in compare(ways).items()}
        figures["floor (Rust)"] = rust[name]["floor_us"]
        figures["memberof (Rust)"] = rust[name]["verify_us"]
        table.rows.append(Row(f"{count:,} groups", figures))
    save(table)
    save(shapes(now))


def shapes(now: datetime) -> Table:
    """Other shapes of Response at 100 groups: signed twice, ECDSA, encrypted."""
    table = Table("verify_shapes", "Other shapes of Response, 100 groups", "µs", "memberof")
    ours = SigningKey.generate("rsa-sha256", "service provider")
    cases: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "response signed": ({"sign": "response"}, {}),
        "both signed": ({"sign": "both"}, {}),
        "ECDSA P-256": ({"sign": "assertion", "algorithm": "ecdsa-sha256"}, {}),
        "encrypted, AES-256-GCM, RSA-OAEP": (
            {"sign": "assertion", "encrypt_to": ours.certificate_pem},
            {"decryption_key": ours.private_key_pem},
        ),
    }
    for job, (wire, keys) in cases.items():
        idp = TestIdp("adfs", sp_entity_id=SP, acs_url=ACS, algorithm=wire.get("algorithm"))
        response = idp.response("alice", group_names(100), request_id=REQUEST, now=now, **wire)
        ways = {"memberof": our_way(idp, response, **keys)}
        if job == "response signed":  # minisaml reads neither of the others
            ways["minisaml"] = minisaml_way(idp, response)
        table.rows.append(Row(job, {name: seconds * 1e6 for name, seconds in compare(ways).items()}))
    return table


if __name__ == "__main__":
    main()
