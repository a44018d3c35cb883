"""Change the bytes of a signed Response: declarations, comments, encodings, and what a Signature points to."""

from __future__ import annotations

import base64
import hmac
import re
from html import unescape
from typing import TYPE_CHECKING

from memberof.testing.signature import DS, SignatureStyle, canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml import etree

_VALUE = re.compile(rb"(<[\w:]*AttributeValue[^>]*>)([^<]+)(</[\w:]*AttributeValue>)")
_NAME_ID = re.compile(rb"(<[\w:]*NameID[^>]*>)([^<]+)(</[\w:]*NameID>)")
_URI = re.compile(rb'(<[\w:]*Reference URI=")[^"]*(")')
_BOMB_LEVELS = 12
_DEPTH = 100_000


def change_value(xml: bytes) -> bytes:
    """Put another text in the last attribute value."""
    last = list(_VALUE.finditer(xml))[-1]
    return xml[: last.start(2)] + b"Administrators" + xml[last.end(2) :]


def comment_in_value(xml: bytes) -> bytes:
    """Split the NameID and every value by a comment; exclusive canonicalisation leaves it out of the digest."""
    return _NAME_ID.sub(_split(b"<!---->"), _VALUE.sub(_split(b"<!---->"), xml))


def cdata_in_value(xml: bytes) -> bytes:
    """Write the first letter of every value as CDATA; the digest is the same."""
    return _VALUE.sub(_first_as_cdata, xml)


def instruction_in_value(xml: bytes) -> bytes:
    """Split the NameID by a processing instruction."""
    return _NAME_ID.sub(_split(b"<?evil?>"), xml)


def doctype(xml: bytes) -> bytes:
    """Declare a document type."""
    return b"<!DOCTYPE x>" + xml


def entity(xml: bytes) -> bytes:
    """Declare an entity and use it in the status, outside what is signed by an Assertion."""
    return b'<!DOCTYPE x [<!ENTITY e "evil">]>' + xml.replace(b"Status>", b"Status>&e;", 1)


def entity_bomb(xml: bytes) -> bytes:
    """Declare entities each of which is ten times the one before."""
    declared = b'<!ENTITY e0 "evilevil">'
    for level in range(1, _BOMB_LEVELS):
        declared += b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * 10)
    return (
        b"<!DOCTYPE x [" + declared + b"]>" + xml.replace(b"Status>", b"Status>&e%d;" % (_BOMB_LEVELS - 1), 1)
    )


def external_entity(xml: bytes) -> bytes:
    """Declare an entity that is a file."""
    return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + xml.replace(
        b"Status>", b"Status>&e;", 1
    )


def utf16(xml: bytes) -> bytes:
    """Write the document in UTF-16, with its byte-order mark."""
    return ('<?xml version="1.0" encoding="UTF-16"?>' + xml.decode()).encode("utf-16")


def deep_nesting(xml: bytes) -> bytes:
    """Nest elements beyond any stack."""
    return xml.replace(b"Status>", b"Status>" + b"<x>" * _DEPTH + b"</x>" * _DEPTH, 1)


def truncated(xml: bytes) -> bytes:
    """Leave out the last third."""
    return xml[: len(xml) * 2 // 3]


def empty_reference(xml: bytes) -> bytes:
    """Refer to the whole document."""
    return _URI.sub(rb"\1\2", xml)


def file_reference(xml: bytes) -> bytes:
    """Refer to a file."""
    return _URI.sub(rb"\1file:///etc/hostname\2", xml)


def second_reference(xml: bytes) -> bytes:
    """Write every Reference twice."""
    return re.sub(rb"(<[\w:]*Reference URI=.*?</[\w:]*Reference>)", rb"\1\1", xml, flags=re.DOTALL)


def xpath_transform(xml: bytes) -> bytes:
    """Put an XPath transform in front of the others."""
    xpath = b"http://www.w3.org/TR/1999/REC-xpath-19991116"
    return re.sub(
        rb'(<([\w:]*)Transforms>)',
        rb'\1<\2Transform Algorithm="' + xpath + rb'"><\2XPath>not(ancestor-or-self::*[local-name()="AttributeStatement"])</\2XPath></\2Transform>',
        xml,
    )  # fmt: skip


def comment_in_digest(xml: bytes) -> bytes:
    """Put a comment in front of the digest: readers of the first text node see another value than others."""
    return re.sub(rb"(<[\w:]*DigestValue>)", rb"\1ZXZpbA==<!---->", xml)


def sign_with_hmac(response: etree._Element, secret: bytes) -> etree._Element:
    """Replace every signature value by an HMAC, the method by hmac-sha256."""
    for signature in response.iter(f"{{{DS}}}Signature"):
        signed_info, value = signature[0], signature[1]
        method = signed_info.find(f"{{{DS}}}SignatureMethod")
        if method is not None:
            method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
        mac = hmac.digest(secret, canonical_bytes(signed_info, SignatureStyle()), "sha256")
        value.text = base64.b64encode(mac).decode("ascii")
    return response


def _split(between: bytes) -> Callable[[re.Match[bytes]], bytes]:
    """What re.sub puts for a match: its text with something in the middle."""

    def split(match: re.Match[bytes]) -> bytes:
        units = _units(match[2])
        middle = max(1, len(units) // 2)
        return match[1] + b"".join(units[:middle]) + between + b"".join(units[middle:]) + match[3]

    return split


def _first_as_cdata(match: re.Match[bytes]) -> bytes:
    first, *rest = _units(match[2])
    plain = first if not first.startswith(b"&") else unescape(first.decode()).encode()
    return match[1] + b"<![CDATA[" + plain + b"]]>" + b"".join(rest) + match[3]


def _units(text: bytes) -> list[bytes]:
    """The characters of a text as they are written: a reference is one of them."""
    return [unit.encode() for unit in re.findall(r"&[^;]+;|.", text.decode(), re.DOTALL)]
