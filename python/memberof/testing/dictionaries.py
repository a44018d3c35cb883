"""The dictionaries that python3-saml and pysaml2 make of a Response, with what each of them blurs.

Measured against python3-saml 1.16.0 and pysaml2 7.5.5: white space around values is gone in both; python3-saml turns
an empty, blank or nil value into no value; pysaml2 turns it into ``""`` and, unless told otherwise, leaves out every
attribute that its maps don't know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memberof.testing.persona import UNSPECIFIED, URI
from memberof.testing.response import ASSERTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"

# What pysaml2's attribute maps (adfs_v20, saml_uri) know of the names that personas send, by format and Name.
_PYSAML2_NAMES = {
    (UNSPECIFIED, f"{_CLAIMS}/emailaddress"): "emailAddress",
    (UNSPECIFIED, f"{_CLAIMS}/name"): "name",
    (UNSPECIFIED, "http://schemas.xmlsoap.org/claims/group"): "group",
    (URI, "urn:oid:0.9.2342.19200300.100.1.3"): "mail",
    (URI, "urn:oid:2.16.840.1.113730.3.1.241"): "displayName",
    (URI, "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"): "eduPersonPrincipalName",
    (URI, "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"): "isMemberOf",
}


def as_python3_saml(response: etree._Element, *, allow_repeated: bool) -> dict[str, list[str]]:
    """What ``OneLogin_Saml2_Auth.get_attributes()`` returns.

    Raises:
        ValueError: An attribute is repeated and that is not allowed; python3-saml refuses the login then.

    """
    found: dict[str, list[str]] = {}
    for attribute in _attributes(response):
        name = attribute.attrib["Name"]
        if name in found and not allow_repeated:
            raise ValueError(f'python3-saml refuses this response: the attribute "{name}" is repeated')
        found.setdefault(name, []).extend(text for text in _texts(attribute) if text)
    return found


def as_pysaml2(response: etree._Element, *, allow_unknown_attributes: bool) -> dict[str, list[str]]:
    """What ``AuthnResponse.ava`` holds."""
    found: dict[str, list[str]] = {}
    for attribute in _attributes(response):
        name = attribute.attrib["Name"]
        name_format = attribute.get("NameFormat", UNSPECIFIED)
        known = _PYSAML2_NAMES.get((name_format, name.lower()))
        if known is not None or allow_unknown_attributes:
            found.setdefault(known or name, []).extend(_texts(attribute))
    return found


def _attributes(response: etree._Element) -> Iterator[etree._Element]:
    return response.iter(f"{{{ASSERTION}}}Attribute")


def _texts(attribute: etree._Element) -> list[str]:
    return [(value.text or "").strip() for value in attribute]
