"""Read what a service provider asks an identity provider for."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass

from lxml import etree

from memberof.testing.response import ASSERTION, PROTOCOL

_MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """A request to sign somebody in.

    Args:
        id: Its ID, which the Response answers.
        issuer: Entity ID of the service provider.
        acs_url: Where it wants the Response, if it says so.
        force_authn: Whether the user must prove anew who she is.

    """

    id: str
    issuer: str
    acs_url: str | None
    force_authn: bool


def read_redirect(saml_request: str) -> AuthnRequest:
    """Read the parameter SAMLRequest of the HTTP-Redirect binding: base64 of DEFLATE (SAML Bindings 3.4.4.1).

    Raises:
        ValueError: It is no AuthnRequest, or a very long one.

    """
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        xml = decompressor.decompress(_decode(saml_request), _MAX_BYTES)
    except zlib.error:
        raise ValueError("SAMLRequest is not compressed with DEFLATE") from None
    return _read(xml)


def read_post(saml_request: str) -> AuthnRequest:
    """Read the form value SAMLRequest of the HTTP-POST binding: base64 (SAML Bindings 3.5.4).

    Raises:
        ValueError: It is no AuthnRequest, or a very long one.

    """
    return _read(_decode(saml_request)[:_MAX_BYTES])


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("SAMLRequest is not base64") from None


def _read(xml: bytes) -> AuthnRequest:
    try:
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        raise ValueError("SAMLRequest is not XML") from None
    issuer = root.findtext(f"{{{ASSERTION}}}Issuer")
    if root.tag != f"{{{PROTOCOL}}}AuthnRequest" or not issuer or not root.get("ID"):
        raise ValueError("SAMLRequest is no AuthnRequest with an ID and an Issuer")
    return AuthnRequest(
        root.attrib["ID"],
        issuer.strip(),
        root.get("AssertionConsumerServiceURL"),
        root.get("ForceAuthn", "false") in ("true", "1"),
    )
