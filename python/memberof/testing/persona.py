"""What one identity-provider product puts on the wire: the data that ``TestIdp`` writes Responses from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Signed = Literal["assertion", "response", "both", "nothing"]
NoGroups = Literal["absent", "no_values", "empty_value", "nil", "no_statement"]
Layout = Literal["values", "attributes", "joined"]
ValueForm = Literal["name", "dn", "path", "guid", "domain"]

BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"

NAME_ID_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
NAME_ID_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
NAME_ID_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
NAME_ID_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

PASSWORD_TRANSPORT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 - a class of authentication

# Escaped by Active Directory (Microsoft, "Active Directory: Characters to Escape"); line ends as hex pairs
# (Microsoft Learn, "Distinguished Names").
_DN_SPECIAL = frozenset(',\\#+<>;"=')


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherAttribute:
    """An attribute beside the groups, as the product names it."""

    name: str
    holds: Literal["mail", "user", "display"]
    friendly_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    r"""One product in one set-up, as its Responses look.

    Args:
        name: Short name, such as ``"adfs"``.
        product: What a person calls it.
        preset: The ``GroupExtractor.preset`` that reads it.
        entity_id: The issuer.
        sso_url: Where its sign-in page is.
        group_attribute: ``Name`` of the attribute that carries the groups.
        name_format: ``NameFormat`` of attributes, None if it sends none.
        friendly_name: ``FriendlyName`` of the group attribute, None if it sends none.
        value_type: ``xsi:type`` of values, None if it sends none.
        types_declared_on: The element that declares the ``xs`` and ``xsi`` prefixes.
        value_form: How a group is written: its name, a DN below ``dn_base``, ``/name``, an object GUID, ``DOMAIN\\name``.
        layout: One Attribute with n values, one Attribute per value, or one value joined by ``delimiter``.
        no_groups: What is sent for a user without groups.
        limit: Most groups it sends, None if no limit is known.
        over_limit: Beyond ``limit``: the groups.link attribute in their place, or the first ``limit`` only.
        attributes_first: AttributeStatement stands before AuthnStatement.
        protocol_prefix: Prefix of the protocol namespace.
        assertion_prefix: Prefix of the assertion namespace, None for a default namespace.
        assertion_declared_on: Whether the root declares the assertion namespace or each child does.
        signature_prefix: Prefix of ``ds:Signature``, None for a default namespace.
        key_info_unprefixed: ``KeyInfo`` alone is in a default namespace (AD FS).
        prefix_list: ``InclusiveNamespaces PrefixList`` of the signature's transform.
        attribute_order: Order of the root's XML attributes.
        issuer_format: The Issuer bears the entity format.
        consent: ``Consent`` of the Response, None if it sends none.
        sign: What is signed.
        algorithm: Signature algorithm.
        encrypt: The assertion is encrypted when a certificate to encrypt to is known.
        milliseconds: Times have three decimals.
        not_before: Conditions, from the time of issue.
        not_on_or_after: Conditions, from the time of issue.
        subject_lifetime: SubjectConfirmationData, from the time of issue.
        session_lifetime: SessionNotOnOrAfter, from the time of issue; None if it sends none.
        name_id_format: ``Format`` of the NameID.
        authn_context: AuthnContextClassRef.
        others: The attributes beside the groups.
        dn_base: What follows the first RDN under ``value_form="dn"``.
        delimiter: Between values under ``layout="joined"``.
        preset_options: What must be said beside the preset to read it.
        sources: Where the facts come from.

    """

    name: str
    product: str
    preset: str
    entity_id: str
    sso_url: str
    group_attribute: str = "memberOf"
    name_format: str | None = None
    friendly_name: str | None = None
    value_type: str | None = None
    types_declared_on: Literal["value", "assertion", "response"] = "value"
    value_form: ValueForm = "name"
    layout: Layout = "values"
    no_groups: NoGroups = "absent"
    limit: int | None = None
    over_limit: Literal["link", "cut", "send"] = "send"
    attributes_first: bool = False
    protocol_prefix: str = "samlp"
    assertion_prefix: str | None = "saml"
    assertion_declared_on: Literal["root", "child"] = "child"
    signature_prefix: str | None = "ds"
    key_info_unprefixed: bool = False
    prefix_list: str | None = None
    attribute_order: tuple[str, ...] = (
        "ID",
        "Version",
        "IssueInstant",
        "Destination",
        "Consent",
        "InResponseTo",
    )
    issuer_format: bool = False
    consent: str | None = None
    sign: Signed = "assertion"
    algorithm: str = "rsa-sha256"
    encrypt: bool = False
    milliseconds: bool = False
    not_before: timedelta = timedelta(minutes=-5)
    not_on_or_after: timedelta = timedelta(minutes=5)
    subject_lifetime: timedelta = timedelta(minutes=5)
    session_lifetime: timedelta | None = None
    name_id_format: str = NAME_ID_PERSISTENT
    authn_context: str = PASSWORD_TRANSPORT
    others: tuple[OtherAttribute, ...] = ()
    dn_base: str = "OU=Groups,DC=corp,DC=example"
    delimiter: str = ","
    preset_options: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def wire_values(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """Write the groups as the product does: the texts of the AttributeValues, in order."""
        values = tuple(self._wire_value(group) for group in groups)
        if self.layout == "joined" and values:
            return (self.delimiter.join(_quoted(value, self.delimiter) for value in values),)
        return values

    def _wire_value(self, group: str) -> str:
        match self.value_form:
            case "name":
                return group
            case "dn":
                return f"CN={escape_dn_value(group)},{self.dn_base}"
            case "path":
                return f"/{group}"
            case "guid":
                return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.entity_id}{group}"))
            case "domain":
                return f"CORP\\{group}"


def escape_dn_value(text: str) -> str:
    """Write an attribute value of a DN as Active Directory does.

    Source: TechNet wiki "Active Directory: Characters to Escape"; Microsoft Learn "Distinguished Names".
    """
    last = len(text) - 1
    written: list[str] = []
    for index, character in enumerate(text):
        if character in _DN_SPECIAL or (character == " " and index in (0, last)):
            written.append("\\" + character)
        elif character < " ":
            written.append(f"\\{ord(character):02X}")
        else:
            written.append(character)
    return "".join(written)


def _quoted(value: str, delimiter: str) -> str:
    # NOTE: no product documents how it writes its delimiter inside a name; quotes are RFC 4180's.
    if delimiter in value or value.startswith('"'):
        return '"' + value.replace('"', '""') + '"'
    return value
