"""Responses that must be refused: signature wrapping, wrong words, and writing that parsers disagree on.

Each forgery is made as an attacker (or a broken identity provider) would make it: the genuine parts are genuinely
signed. ``read_whole`` marks the two that a strict reader may accept, provided that it reads the whole value.
"""

from __future__ import annotations

import base64
import copy
import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lxml import etree

from memberof.testing import wrapping, writing
from memberof.testing.identity_provider import encode
from memberof.testing.keys import SigningKey, shared_key
from memberof.testing.response import ASSERTION, find_assertion, new_id
from memberof.testing.signature import SignatureStyle, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from memberof.testing.identity_provider import TestIdp

    Maker = Callable[[TestIdp, "Evil", dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Forgery:
    """One way to forge a Response.

    Args:
        name: What ``forge`` is asked for.
        about: What is wrong, and what a careless reader would do.
        read_whole: It may be accepted, if the whole value is read; all others must be refused.

    """

    name: str
    about: str
    read_whole: bool = False


@dataclass(frozen=True, slots=True)
class Evil:
    """What the attacker wants to be read: another user, other groups."""

    user: str
    groups: tuple[str, ...]


def forgeries() -> tuple[Forgery, ...]:
    """All forgeries, in the order of the documentation."""
    return tuple(Forgery(name, about, name in _READ_WHOLE) for name, (about, _) in _MAKERS.items())


def forge(
    idp: TestIdp, name: str, evil_user: str, evil_groups: Iterable[str], options: dict[str, Any]
) -> str:
    """Make a forgery; ``options`` are those of ``TestIdp.response`` for its genuine parts.

    Raises:
        LookupError: No forgery has that name; the message names those near to it.

    """
    if name not in _MAKERS:
        near = difflib.get_close_matches(name, _MAKERS, n=3) or list(_MAKERS)
        raise LookupError(f'no forgery is called "{name}"; did you mean {", ".join(near)}?')
    options = {"user": "alice", "groups": ["Staff"], **options}
    return _MAKERS[name][1](idp, Evil(evil_user, tuple(evil_groups)), options)


def _tree(response: str) -> etree._Element:
    return etree.fromstring(base64.b64decode(response))


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _evil_twin(idp: TestIdp, evil: Evil, genuine: etree._Element) -> etree._Element:
    """The genuine element with the attacker's user and groups in it, without Signatures."""
    twin = copy.deepcopy(genuine)
    for signature in list(twin.iter("{http://www.w3.org/2000/09/xmldsig#}Signature")):
        parent = signature.getparent()
        assert parent is not None  # noqa: S101 - a Signature is never the root here
        parent.remove(signature)
    for element in twin.iterdescendants():
        if element.get("ID"):
            element.set("ID", new_id())
    for name_id in twin.iter(f"{{{ASSERTION}}}NameID"):
        name_id.text = evil.user
    for attribute in twin.iter(f"{{{ASSERTION}}}Attribute"):
        if attribute.get("Name") == idp.persona.group_attribute:
            for value in list(attribute):
                attribute.remove(value)
            for text in idp.persona.wire_values(evil.groups):
                etree.SubElement(attribute, f"{{{ASSERTION}}}AttributeValue").text = text
    return twin


def _wrapped(place: str, move: Callable[[etree._Element, etree._Element], etree._Element]) -> Any:
    """Sign a Response (or its Assertion), then let ``move`` set the evil twin and the genuine one side by side."""

    def make(idp: TestIdp, evil: Evil, options: dict[str, Any]) -> str:
        response = _tree(idp.response(**{**options, "sign": place}))
        genuine = response if place == "response" else find_assertion(response)
        return encode(move(genuine, _evil_twin(idp, evil, genuine)))

    return make


def _said(**changes: Any) -> Maker:
    """A Response that is signed as ever and says something else; a callable makes its value of the genuine options."""

    def make(idp: TestIdp, _evil: Evil, options: dict[str, Any]) -> str:
        made = {key: value(idp, options) if callable(value) else value for key, value in changes.items()}
        return idp.response(**{**options, **made})

    return make


def _written(change: Callable[[bytes], bytes]) -> Maker:
    """A signed Response whose bytes are changed afterwards."""

    def make(idp: TestIdp, _evil: Evil, options: dict[str, Any]) -> str:
        return _encode(change(base64.b64decode(idp.response(**options))))

    return make


def _signed_by_stranger(idp: TestIdp, evil: Evil, options: dict[str, Any]) -> str:
    stranger = copy.copy(idp)
    stranger.key = shared_key(idp.persona.algorithm, number=666)
    return stranger.response(**{**options, "user": evil.user, "groups": evil.groups})


def _signed_with_genuine_certificate_shown(idp: TestIdp, evil: Evil, options: dict[str, Any]) -> str:
    stranger = copy.copy(idp)
    stranger.key = SigningKey(shared_key(idp.persona.algorithm, number=666).private_key, idp.key.certificate)
    return stranger.response(**{**options, "user": evil.user, "groups": evil.groups})


def _changed_before_signing(change: Callable[[etree._Element], None]) -> Maker:
    """A Response with another structure, signed by the identity provider itself."""

    def make(idp: TestIdp, _evil: Evil, options: dict[str, Any]) -> str:
        response = _tree(idp.response(**{**options, "sign": "nothing"}))
        change(response)
        idp.sign(response, options.get("sign") or idp.persona.sign, algorithm=options.get("algorithm"))
        return encode(response)

    return make


def _hmac_with_certificate(idp: TestIdp, evil: Evil, options: dict[str, Any]) -> str:
    response = _tree(
        idp.response(**{**options, "user": evil.user, "groups": evil.groups, "sign": "assertion"})
    )
    return encode(writing.sign_with_hmac(response, idp.certificate_pem.encode()))


def _golden_metadata(idp: TestIdp, evil: Evil, options: dict[str, Any]) -> str:
    response = _tree(idp.response(**{**options, "user": evil.user, "groups": evil.groups, "sign": "nothing"}))
    metadata = etree.fromstring(idp.metadata_xml)
    metadata.set("ID", "_metadata")
    signature = sign(metadata, idp.key, idp.persona.algorithm, SignatureStyle())
    return encode(wrapping.signature_of_another_document(response, signature, metadata))


def _at(**offset: float) -> Callable[[TestIdp, dict[str, Any]], datetime]:
    return lambda _, options: (options.get("now") or datetime.now(UTC)) + timedelta(**offset)


_MAKERS: dict[str, tuple[str, Maker]] = {
    # signature wrapping, numbered as in "On Breaking SAML" and SAML Raider
    "xsw1": ("evil Response around; the signed one inside its Signature", _wrapped("response", wrapping.xsw1)),
    "xsw2": ("evil Response around; the signed one beside its Signature", _wrapped("response", wrapping.xsw2)),
    "xsw3": ("evil Assertion before the signed one", _wrapped("assertion", wrapping.xsw3)),
    "xsw4": ("evil Assertion around the signed one", _wrapped("assertion", wrapping.xsw4)),
    "xsw5": ("evil Assertion bears the Signature, the signed one stands behind", _wrapped("assertion", wrapping.xsw5)),
    "xsw6": ("evil Assertion bears the Signature, the signed one stands in it", _wrapped("assertion", wrapping.xsw6)),
    "xsw7": ("evil Assertion in Extensions", _wrapped("assertion", wrapping.xsw7)),
    "xsw8": ("the signed Assertion in an Object of the evil one's Signature", _wrapped("assertion", wrapping.xsw8)),
    "second-assertion": ("an unsigned Assertion after the signed one", _wrapped("assertion", wrapping.second_after)),
    "duplicate-id": ("an unsigned Assertion of the same ID", _wrapped("assertion", wrapping.same_id)),
    "object-in-signature": ("an evil Assertion hidden in the Signature's KeyInfo", _wrapped("assertion", wrapping.in_key_info)),
    # signatures that prove nothing
    "unsigned": ("no Signature", _said(sign="nothing")),
    "wrong-key": ("signed by a key that nobody trusts, its certificate in KeyInfo", _signed_by_stranger),
    "wrong-key-certificate-shown": ("signed by a stranger, the genuine certificate in KeyInfo", _signed_with_genuine_certificate_shown),
    "sha1": ("RSA-SHA1", _said(algorithm="rsa-sha1")),
    "hmac": ("HMAC-SHA256, keyed with the text of the public certificate", _hmac_with_certificate),
    "golden-metadata": ("the genuine Signature of the metadata, moved into a Response", _golden_metadata),
    "changed-group": ("a group changed after signing", _written(writing.change_value)),
    "two-references": ("a second Reference in SignedInfo", _written(writing.second_reference)),
    "empty-reference": ("a Reference to the whole document", _written(writing.empty_reference)),
    "file-reference": ("a Reference to a file", _written(writing.file_reference)),
    "xpath-transform": ("an XPath transform that leaves the groups out of the digest", _written(writing.xpath_transform)),
    "digest-comment": ("a comment inside DigestValue", _written(writing.comment_in_digest)),
    # genuine words that are not for us, or not for now
    "expired": ("issued two days ago", _said(now=_at(days=-2))),
    "not-yet-valid": ("issued two days ahead", _said(now=_at(days=2))),
    "wrong-audience": ("for another service provider", _said(audience=("https://other.example.test/metadata",))),
    "two-audience-restrictions": ("for us and, by a second restriction, for others only", _changed_before_signing(wrapping.second_audience)),
    "no-audience": ("for nobody in particular", _said(audience=())),
    "wrong-recipient": ("recipient is another address", _said(recipient="https://other.example.test/acs")),
    "wrong-destination": ("destination is another address", _said(destination="https://other.example.test/acs")),
    "wrong-issuer": ("signed by the right key, issued by another name", _said(issuer="https://other.example.test/idp")),
    "wrong-request": ("answers another request", _said(request_id="_00000000000000000000000000000000")),
    "unsolicited": ("answers no request", _said(request_id=None)),
    "failed-status": ("the status says that the sign-in failed, and an Assertion is there all the same", _changed_before_signing(wrapping.failed_status)),
    "holder-of-key": ("the subject is confirmed by a key, not by bearing", _changed_before_signing(wrapping.holder_of_key)),
    "no-confirmation": ("no SubjectConfirmation", _changed_before_signing(wrapping.no_confirmation)),
    "unknown-condition": ("a condition that nobody knows", _changed_before_signing(wrapping.unknown_condition)),
    # writing that parsers disagree on
    "comment-in-value": ("a comment inside a group and the NameID, after signing: careless readers stop there", _written(writing.comment_in_value)),
    "cdata-in-value": ("CDATA inside a group, after signing", _written(writing.cdata_in_value)),
    "instruction-in-value": ("a processing instruction inside the NameID, after signing", _written(writing.instruction_in_value)),
    "doctype": ("a document type declaration", _written(writing.doctype)),
    "entity": ("a declared entity in front", _written(writing.entity)),
    "entity-bomb": ("entities that grow to gigabytes", _written(writing.entity_bomb)),
    "external-entity": ("an entity that reads a file", _written(writing.external_entity)),
    "utf-16": ("the document in UTF-16", _written(writing.utf16)),
    "deep-nesting": ("100,000 nested elements", _written(writing.deep_nesting)),
    "truncated": ("the first two thirds", _written(writing.truncated)),
    "not-xml": ("base64 of a text", lambda _idp, _evil, _options: _encode(b"SAML or not, that is the question")),
    "not-base64": ("not base64", lambda _idp, _evil, _options: "%%% not base64 %%%"),
    "empty": ("nothing", lambda _idp, _evil, _options: ""),
}  # fmt: skip

_READ_WHOLE = frozenset({"comment-in-value", "cdata-in-value"})
