"""Whose account a verified subject is (rule R14): pure decisions, so that no takeover hides in a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "Account",
    "CreateAccount",
    "Decision",
    "LinkAccount",
    "LinkPolicy",
    "RefuseLogin",
    "UseAccount",
    "flags_for",
    "whose_account",
]


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
