"""Whose account a verified subject is (rule R14): pure decisions, so that no takeover hides in a query."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from memberof.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "EMAIL_NAME_ID",
    "Account",
    "Assertion",
    "CreateAccount",
    "Decision",
    "LinkAccount",
    "LinkPolicy",
    "NameId",
    "RefuseLogin",
    "Subject",
    "UseAccount",
    "flags_for",
    "is_email_name_id",
    "stable_subject",
    "whose_account",
]

_FORMAT = "urn:oasis:names:tc:SAML:{}:nameid-format:{}"
#: SAML Core 8.3.2.
EMAIL_NAME_ID = _FORMAT.format("1.1", "emailAddress")
_TRANSIENT = _FORMAT.format("2.0", "transient")
_UNSPECIFIED = _FORMAT.format("1.1", "unspecified")


class NameId(Protocol):
    """The part of a name identifier that is read here; the value is ``str()`` of it."""

    @property
    def format(self) -> str | None:
        """URI of its format."""
        ...

    @property
    def name_qualifier(self) -> str | None:
        """Domain of the name at the identity provider."""
        ...

    @property
    def sp_name_qualifier(self) -> str | None:
        """The service provider that it is meant for."""
        ...


class Assertion(Protocol):
    """The part of a verified assertion that is read here."""

    @property
    def issuer(self) -> str:
        """Entity ID of the identity provider."""
        ...

    @property
    def name_id(self) -> NameId | None:
        """The subject's name identifier."""
        ...

    @property
    def attributes(self) -> Mapping[str, Sequence[str]]:
        """Values by attribute name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who the identity provider says somebody is: compared exactly, in all parts.

    Attributes:
        source: Entity ID of the identity provider.
        value: Of the name identifier, or of ``attribute``.
        format: Of the name identifier; "" where none is named, or for an attribute.
        name_qualifier: "" where there is none.
        sp_name_qualifier: "" where there is none.
        attribute: Name of the immutable attribute that stands for the name identifier; "" for a name identifier.

    """

    source: str
    value: str
    format: str = ""
    name_qualifier: str = ""
    sp_name_qualifier: str = ""
    attribute: str = ""

    @property
    def key(self) -> str:
        """SHA-256 over all parts, hexadecimal: of one length, and exact where a database would fold case."""
        parts = [
            self.source,
            self.value,
            self.format,
            self.name_qualifier,
            self.sp_name_qualifier,
            self.attribute,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the application, as far as the decision needs it.

    Attributes:
        id: The application's own ID.
        active: Whether it may log in at all.
        privileged: Staff or superuser: never linked automatically.
        linked: A subject of the same identity provider is linked to it already.

    """

    id: str
    active: bool = True
    privileged: bool = False
    linked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """What may happen to a subject that no account is linked to.

    Attributes:
        create: Whether an account may be created.
        domains: Mail domains, lower case, whose existing accounts may be linked by e-mail address. Empty, as by
            default: never.

    """

    create: bool = True
    domains: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class UseAccount:
    """Log in to the account that the subject is linked to."""

    id: str


@dataclass(frozen=True, slots=True)
class LinkAccount:
    """Link the subject to this existing account, and log in."""

    id: str


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """Create an account, link the subject to it, and log in."""


@dataclass(frozen=True, slots=True)
class RefuseLogin:
    """Refuse, with a code for the log."""

    code: str
    message: str


Decision = UseAccount | LinkAccount | CreateAccount | RefuseLogin


def stable_subject(assertion: Assertion, *, attribute: str | None = None) -> Subject:
    """Return who logs in, by something that stays the same from login to login.

    Args:
        assertion: A verified assertion.
        attribute: An immutable attribute to use instead of the name identifier, such as Entra's
            ``http://schemas.microsoft.com/identity/claims/objectidentifier``; it must have exactly one value.

    Raises:
        VerificationError: ``saml.no_stable_subject``: the name identifier is missing, empty or transient (SAML Core
            8.3.8: a temporary value), or the attribute hasn't exactly one value.

    """
    if attribute:
        values = [value for value in assertion.attributes.get(attribute, ()) if value.strip()]
        if len(values) != 1:
            raise VerificationError(
                f'the attribute "{attribute}" identifies users and must have exactly one value; {len(values)} found',
                "saml.no_stable_subject",
                "let the identity provider send this attribute for every user",
            )
        return Subject(source=assertion.issuer, value=values[0], attribute=attribute)
    name_id = assertion.name_id
    value = "" if name_id is None else str(name_id)
    if name_id is None or not value.strip():
        raise VerificationError(
            "the assertion names no subject",
            "saml.no_stable_subject",
            "let the identity provider send a persistent NameID, or name an immutable attribute that identifies users",
        )
    if name_id.format == _TRANSIENT:
        raise VerificationError(
            "the NameID is transient, so that the same user can't be told at the next login",
            "saml.no_stable_subject",
            "set the NameID format to persistent at the identity provider, or name an immutable attribute",
        )
    return Subject(
        source=assertion.issuer,
        value=value,
        format=name_id.format or "",
        name_qualifier=name_id.name_qualifier or "",
        sp_name_qualifier=name_id.sp_name_qualifier or "",
    )


def is_email_name_id(subject: Subject) -> bool:
    """Say whether an e-mail address identifies the user: addresses are reused, so this deserves a warning."""
    if subject.attribute:
        return False
    return subject.format == EMAIL_NAME_ID or (
        subject.format in ("", _UNSPECIFIED) and _domain(subject.value) is not None
    )


def whose_account(
    *,
    owner: Account | None,
    same_email: Iterable[Account],
    same_name: Account | None,
    email: str,
    policy: LinkPolicy,
) -> Decision:
    """Decide whose account a subject gets.

    Args:
        owner: The account that this very subject is linked to.
        same_email: Accounts with the e-mail address that the identity provider sends, compared without case.
        same_name: The account that has the user name which a new account would get.
        email: That address; "" if none is sent.
        policy: What is allowed.

    Returns:
        Never another person's account: without a link, an existing account is only taken over by e-mail, in a domain
        that is listed, and if it is neither staff nor superuser nor linked to another subject of this
        identity provider (then the address has been given to a new person).

    """
    if owner is not None:
        if not owner.active:
            return RefuseLogin("account.inactive", "the account is not active")
        return UseAccount(owner.id)
    found = tuple(same_email)
    if found and _domain(email) in policy.domains:
        return _link(found)
    if found:
        return RefuseLogin(
            "account.email_taken",
            "an account with this e-mail address exists, and is not linked to this subject",
        )
    if same_name is not None:
        return RefuseLogin(
            "account.name_taken", "an account with this user name exists, and is not linked to this subject"
        )
    if not policy.create:
        return RefuseLogin("account.unknown", "no account is linked to this subject, and none may be created")
    return CreateAccount()


def flags_for(groups: Collection[str], flags_by_group: Mapping[str, Iterable[str]]) -> dict[str, bool]:
    """Return each flag that groups decide about, and whether one of its groups is among ``groups``.

    Args:
        groups: The groups in force after the login.
        flags_by_group: Flag → names of the groups that give it, e.g. ``{"is_staff": ["Editors"]}``.

    """
    return {
        flag: any(name in groups for name in ([names] if isinstance(names, str) else names))
        for flag, names in flags_by_group.items()
    }


def _link(found: Sequence[Account]) -> Decision:
    if len(found) > 1:
        return RefuseLogin("account.email_ambiguous", "several accounts have this e-mail address")
    account = found[0]
    if account.privileged:
        return RefuseLogin("account.privileged", "staff and superusers are never linked automatically")
    if account.linked:
        return RefuseLogin(
            "account.linked_elsewhere",
            "the account with this e-mail address is linked to another subject of this identity provider",
        )
    if not account.active:
        return RefuseLogin("account.inactive", "the account is not active")
    return LinkAccount(account.id)


def _domain(email: str) -> str | None:
    local, at, domain = email.rpartition("@")
    return domain.lower() if at and local and domain and not domain.isspace() else None
