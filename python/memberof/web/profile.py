"""What an identity provider says about a user, beside her subject and her groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memberof.subjects import Subject

__all__ = ["Profile", "ProfileNames", "read_profile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A user's names and address; "" for what is not sent."""

    username: str
    email: str
    first_name: str
    last_name: str

    @property
    def full_name(self) -> str:
        """First and last name; the user name where both are missing."""
        return f"{self.first_name} {self.last_name}".strip() or self.username


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileNames:
    """The attributes that the profile is read from, by their Name; "" for none.

    Attributes:
        username: "": the subject's own value.
        email: As said.
        first_name: As said.
        last_name: As said.

    """

    username: str = ""
    email: str = "email"
    first_name: str = "givenName"
    last_name: str = "sn"


def read_profile(
    subject: Subject,
    attributes: Mapping[str, Sequence[str]],
    names: ProfileNames,
    *,
    tenant: str,
    template: str,
) -> Profile:
    """Read the profile; the first value of an attribute counts.

    Args:
        subject: Who signed in.
        attributes: Of the verified assertion.
        names: Which attributes.
        tenant: "" where there is only one: user names of another tenant are made by ``template``.
        template: ``{username}@{tenant}``.

    """

    def first(name: str) -> str:
        values = [value.strip() for value in attributes.get(name, ()) if value.strip()] if name else []
        return values[0] if values else ""

    username = first(names.username) or subject.value
    return Profile(
        username=template.format(username=username, tenant=tenant) if tenant else username,
        email=first(names.email),
        first_name=first(names.first_name)[:150],
        last_name=first(names.last_name)[:150],
    )
