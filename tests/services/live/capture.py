"""Write what real identity providers send into tests/vectors/idp. ``make capture``.

The folders of the identity providers below are written anew, with new keys; the other captures stay as they are.
"""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

import memberof
from memberof.testing import SigningKey
from services.live.keycloak import Keycloak
from services.live.lemonldap import LemonLdap
from services.live.openldap import DirectoryBehindSimpleSamlPhp
from services.live.product import PASSWORD, ROOT, LiveIdp, Partner
from services.live.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

FOLDER = ROOT / "tests" / "vectors" / "idp"
ENTITY_ID, ACS_URL = "https://sp.example.test/metadata", "http://127.0.0.1:9/acs"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

THREE = ["admins", "developers", "qa-team"]
SPECIAL = [
    "Sales, EMEA",
    "Größe & Söhne",
    "日本語",
    "🚀 Launch",
    '<b>"Quoted"</b>',
    "a+b=c#d",
    "back\\slash",
    "it's",
]
HUNDRED = [f"Group {number:03}" for number in range(100)]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One sign-in to be captured."""

    name: str
    groups: Sequence[str] = ()
    options: dict[str, Any] = field(default_factory=dict)
    unsolicited: bool = False
    format: str = "array"
    expected: Sequence[str] | None = None
    prepare: Callable[[Any, str], None] | None = None
    note: str = ""


def signed_as(sign: str) -> dict[str, Any]:
    return {"sign": sign}


def nested(idp: Keycloak, user: str) -> None:
    idp.put_user_in(user, [("Company", "Sales"), ("Company", "Sales", "EMEA"), ("Partners", "EMEA")])


COMMON = (
    Wanted(name="groups0", note="user without groups"),
    Wanted(name="groups1", groups=THREE[:1]),
    Wanted(name="groups3", groups=THREE),
    Wanted(name="groups100", groups=HUNDRED),
    Wanted(name="names-special", groups=SPECIAL),
    Wanted(name="assertion-groups3", groups=THREE, options=signed_as("assertion")),
    Wanted(name="both-groups3", groups=THREE, options=signed_as("both")),
    Wanted(name="enc-groups3", groups=THREE, options={"encrypt": True}),
    Wanted(name="idpinit-groups3", groups=THREE, unsolicited=True),
)
PATHS = ("/Company/Sales", "/Company/Sales/EMEA", "/Partners/EMEA")
KEYCLOAK = (
    *COMMON,
    Wanted(
        name="path",
        options={"options": (("full.path", "true"),)},
        prepare=nested,
        format="path",
        expected=PATHS,
        note="full group path on",
    ),
    Wanted(
        name="nested",
        prepare=nested,
        expected=("EMEA", "Sales"),
        note="full group path off: parents are not sent, two groups of one name arrive twice",
    ),
    Wanted(
        name="attributes3",
        groups=THREE,
        options={"options": (("single", "false"),)},
        note="Single Group Attribute off",
    ),
    Wanted(
        name="no-statement",
        options={"options": (("email", "false"), ("scopes", "false"))},
        note="nothing is mapped but the groups, and there are none",
    ),
)
EVERYTHING: dict[str, tuple[Callable[[], LiveIdp], tuple[Wanted, ...]]] = {
    "keycloak": (Keycloak, KEYCLOAK),
    "lemonldap": (LemonLdap, COMMON),
    "openldap": (DirectoryBehindSimpleSamlPhp, COMMON),
}


def main(names: Sequence[str]) -> None:
    """Capture from all, or from those of these names."""
    chosen = {name: EVERYTHING[name] for name in names or EVERYTHING}
    index = json.loads((FOLDER / "cases.json").read_text())
    index["cases"] = [case for case in index["cases"] if case["id"].split("/")[0] not in chosen]
    for name, (make, wanted) in chosen.items():
        with make() as idp:
            index["cases"] += capture(idp, name, wanted)
    (FOLDER / "cases.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")


def capture(idp: LiveIdp, name: str, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
    """Sign in once for each, and return what is known of what came."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    key = SigningKey.generate(common_name="service provider of the captures")
    metadata = idp.metadata()
    trusted = memberof.IdentityProvider.from_metadata(metadata)
    pems = [ssl.DER_cert_to_PEM_cert(der) for der in trusted.certificates]
    write(folder / "idp-metadata.xml", metadata)
    write(folder / "idp-cert.pem", "".join(pems))
    write(folder / "sp-cert.pem", key.certificate_pem)
    der = key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (folder / "sp-key.der").write_bytes(der)
    sp = memberof.ServiceProvider(
        entity_id=ENTITY_ID,
        acs_url=ACS_URL,
        identity_provider=trusted,
        decryption_key=key.private_key_pem,
        allow_unsolicited=True,
    )
    return [sign_in(idp, name, one, sp, key) for one in wanted]


def sign_in(
    idp: LiveIdp, name: str, one: Wanted, sp: memberof.ServiceProvider, key: SigningKey
) -> dict[str, Any]:
    """Sign in, write the form value, and return what is known of it."""
    partner = Partner(
        entity_id=ENTITY_ID, acs_url=ACS_URL, certificate=key.certificate_pem, **dict(one.options)
    )
    idp.register(partner)
    user = f"captured-{one.name}"
    if one.prepare:
        one.prepare(idp, user)
    else:
        idp.put_user(user, list(one.groups))
    request = None if one.unsolicited else sp.login_request()
    visitor = Visitor()
    page = visitor.get(idp.unsolicited_url(partner) if request is None else request.redirect_url)
    form = visitor.credentials(page, user, PASSWORD).form("SAMLResponse")
    if form is None:
        raise RuntimeError(f"{name}/{one.name}: no Response")
    value = form.fields["SAMLResponse"]
    write(FOLDER / name / f"{one.name}.b64", value)
    assertion = sp.verify(value, request_id=memberof.UNSOLICITED if request is None else request.id)
    root = etree.fromstring(base64.b64decode(value))
    encrypted = root.find("{*}EncryptedAssertion") is not None
    names = [each.get("Name") for each in root.iterfind(".//{*}Attribute")]
    wire = list(assertion.attributes["memberOf"]) if "memberOf" in assertion.attributes else None
    expected = list(one.groups) if one.expected is None else list(one.expected)
    algorithms = {each.get("Algorithm") for each in root.iter(f"{DS}SignatureMethod")}
    types = {each.get(f"{XSI}type") for each in root.iterfind(".//{*}AttributeValue")}
    return {
        "id": f"{name}/{one.name}",
        "file": f"{name}/{one.name}.b64",
        "idp": idp.title,
        "version": idp.version,
        "idp_entity_id": assertion.issuer,
        "live_server": True,
        "flow": "unsolicited" if request is None else "sp-initiated (AuthnRequest, HTTP-Redirect)",
        "request_id": None if request is None else request.id,
        "issue_instant": assertion.issue_instant.isoformat().replace("+00:00", "Z"),
        "name_id": str(assertion.name_id),
        "signed": sorted(
            etree.QName(each.getparent()).localname.lower() for each in root.iter(f"{DS}Signature")
        ),
        "signature_algorithms": sorted(algorithms),
        "encrypted": encrypted,
        "encryption": sorted({each.get("Algorithm") for each in root.iter("{*}EncryptionMethod")}) or None,
        "sp_key": f"{name}/sp-key.der" if encrypted else None,
        "idp_cert": f"{name}/idp-cert.pem",
        "attribute_name": "memberOf",
        "attribute_elements_on_wire": int(wire is not None) if encrypted else names.count("memberOf"),
        "xsi_types_on_wire": sorted(each for each in types if each),
        "configured_values": wire,
        "format": "ldap" if idp.format == "ldap" else one.format,
        "expected_groups": expected,
        "order_significant": name == "lemonldap",
        "expect": "accept",
        "notes": [one.note] if one.note else [],
    }


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
