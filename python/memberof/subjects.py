"""Who signed in: the stable subject of an assertion (rule R14)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from memberof.errors import VerificationError

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A user of an identity provider, compared exactly.

    Attributes:
        issuer: Entity ID of the identity provider.
        value: The NameID, or the value of the immutable attribute.
        format: Format of the NameID; None where there is none, or where an attribute identifies her.
        name_qualifier: Of the NameID.
        sp_name_qualifier: Of the NameID.
        attribute: The immutable attribute that identifies her; None: the NameID does.

    """

    issuer: str
    value: str
    format: str | None = None
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None
    attribute: str | None = None

    @property
    def key(self) -> str:
        """One text for all of it, to store beside an account; equal exactly where the subjects are equal."""
        parts = [
            self.issuer,
            self.attribute,
            self.format,
            self.name_qualifier,
            self.sp_name_qualifier,
            self.value,
        ]
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of what an administrator should know: ``saml.email_subject``, since addresses are reused."""
        looks_like_one = self.format in (None, UNSPECIFIED) and "@" in self.value
        is_email = self.attribute is None and (self.format == EMAIL or looks_like_one)
        return ("saml.email_subject",) if is_email else ()


def subject(assertion: Any, *, attribute: str | None = None) -> Subject:
    """Return the stable subject of a verified assertion.

    Args:
        assertion: A ``VerifiedAssertion``.
        attribute: Name of an immutable attribute to go by instead of the NameID: Entra's
            ``http://schemas.microsoft.com/identity/claims/objectidentifier``, AD's ``objectGUID``.

    Raises:
        VerificationError: ``saml.no_stable_subject``: the NameID is transient, empty or missing, or the attribute has
            not exactly one value that is more than white space.

    """
    if attribute is not None:
        values = [value for value in assertion.attributes.get(attribute, ()) if value and value.strip()]
        if len(values) != 1:
            _refuse(
                f'the attribute "{attribute}" has {len(values)} values, expected exactly one',
                "let the identity provider send this attribute for every user",
            )
        return Subject(issuer=assertion.issuer, value=values[0], attribute=attribute)
    name_id = assertion.name_id
    if name_id is None or not name_id.strip():
        _refuse(
            "the assertion has no NameID, expected one that stays the same",
            "let the identity provider send a persistent NameID, or name an immutable attribute",
        )
    if name_id.format == TRANSIENT:
        _refuse(
            "the NameID is transient, expected one that stays the same",
            "set the NameID format to persistent at the identity provider, or name an immutable attribute",
        )
    # An empty format or qualifier says no more than a missing one.
    return Subject(
        issuer=assertion.issuer,
        value=str(name_id),
        format=name_id.format or None,
        name_qualifier=name_id.name_qualifier or None,
        sp_name_qualifier=name_id.sp_name_qualifier or None,
    )


def _refuse(message: str, hint: str) -> None:
    raise VerificationError(message, "saml.no_stable_subject", hint)
