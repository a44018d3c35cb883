"""What a message says, whoever wrote it: unverified, and good for nothing but looking."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from memberof._memberof import peek

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from memberof import Limits, VerifiedAssertion

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlimpsedAttribute:
    """All ``Attribute`` elements of one Name; a value is None where it is ``xsi:nil``."""

    name: str
    friendly_name: str | None = None
    name_format: str | None = None
    elements: int = 1
    types: Sequence[str] = ()
    values: Sequence[str | None] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """The fields of the Rust struct of this name; all but ``attributes`` may be shown to anybody who sees the login."""

    namespace: str
    name: str
    issuer: str | None
    issuer_format: str | None
    issue_instant: datetime | None
    destination: str | None
    in_response_to: str | None
    consent: str | None
    status: str | None
    signatures: Sequence[tuple[str, str]]
    assertions: int
    encrypted: Sequence[tuple[str, str]]
    audiences: Sequence[str]
    recipients: Sequence[str]
    not_before: datetime | None
    not_on_or_after: datetime | None
    session_not_on_or_after: datetime | None
    has_name_id: bool
    name_id_format: str | None
    authn_context: str | None
    attributes_first: bool
    protocol_prefix: str
    assertion_prefix: str
    signature_prefix: str | None
    types_declared_on: str | None
    attributes: Sequence[GlimpsedAttribute] = field(repr=False)

    @property
    def is_response(self) -> bool:
        """Whether it is a Response of SAML 2.0."""
        return (self.namespace, self.name) == (PROTOCOL, "Response")

    @property
    def is_assertion(self) -> bool:
        """Whether it is an Assertion of SAML 2.0 without its Response."""
        return (self.namespace, self.name) == (ASSERTION, "Assertion")

    @property
    def hides_assertion(self) -> bool:
        """Whether the assertion is encrypted."""
        return any(element == "EncryptedAssertion" for element, _ in self.encrypted)


def glimpse(message: bytes | VerifiedAssertion, limits: Limits | None = None) -> Glimpse:
    """Look at a message without verifying it, or at the signed bytes of one that was verified.

    Raises:
        VerificationError: No well-formed XML within the limits.

    """
    fields: dict[str, Any] = peek(message, limits=limits)
    attributes = tuple(GlimpsedAttribute(**attribute) for attribute in fields.pop("attributes"))
    return Glimpse(**fields, attributes=attributes)


def with_signed(seen: Glimpse, assertion: VerifiedAssertion, limits: Limits | None = None) -> Glimpse:
    """Return the look at a message with everything about the assertion taken from its signed bytes.

    What surrounds them stays: the prefixes and the order of the message aren't all kept in canonical XML.
    """
    signed = glimpse(assertion, limits)
    hidden = seen.hides_assertion
    return replace(
        seen,
        issuer=signed.issuer,
        issue_instant=signed.issue_instant,
        audiences=signed.audiences,
        recipients=signed.recipients,
        not_before=signed.not_before,
        not_on_or_after=signed.not_on_or_after,
        session_not_on_or_after=signed.session_not_on_or_after,
        has_name_id=signed.has_name_id,
        name_id_format=signed.name_id_format,
        authn_context=signed.authn_context,
        attributes_first=signed.attributes_first,
        assertion_prefix=signed.assertion_prefix if hidden else seen.assertion_prefix,
        attributes=signed.attributes,
    )
