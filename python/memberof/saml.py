"""The Python-side values of verification: a subject's name, and what stands for "nobody asked"."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

__all__ = ["UNSOLICITED", "NameID", "Unsolicited"]


class Unsolicited(Enum):
    """The type of :data:`UNSOLICITED`, for annotations."""

    UNSOLICITED = "unsolicited"

    def __repr__(self) -> str:
        return "memberof.UNSOLICITED"


UNSOLICITED: Final = Unsolicited.UNSOLICITED
"""Pass it as ``request_id``, alone or among IDs, where a Response may come that nobody asked for.

It is refused unless ``ServiceProvider(allow_unsolicited=True)``: whoever can post to the application can sign a browser in
that way (login CSRF).
"""


class NameID(str):
    """The name of a subject (SAML Core 2.2.3), with what qualifies it. As a ``str`` it is the name alone.

    Two users may share a name and differ in format or qualifiers; compare :attr:`key` to tell them apart (rule R14).

    Args:
        value: The name, untouched.
        format: What kind of name it is, a URI, or None.
        name_qualifier: In whose domain it is unique, or None.
        sp_name_qualifier: For which service provider it was made, or None.

    """

    __slots__ = ("format", "name_qualifier", "sp_name_qualifier")

    format: str | None  # type: ignore[assignment]  # the attribute of the contract hides str.format
    name_qualifier: str | None
    sp_name_qualifier: str | None

    def __new__(  # noqa: D102
        cls,
        value: str,
        format: str | None = None,
        name_qualifier: str | None = None,
        sp_name_qualifier: str | None = None,
    ) -> NameID:
        self = super().__new__(cls, value)
        self.format = format
        self.name_qualifier = name_qualifier
        self.sp_name_qualifier = sp_name_qualifier
        return self

    @property
    def key(self) -> tuple[str, str | None, str | None, str | None]:
        """Value, format and qualifiers: what identifies the user at this identity provider."""
        return (str(self), self.format, self.name_qualifier, self.sp_name_qualifier)

    def __str__(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"NameID({str.__repr__(self)}, format={self.format!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), self.key)
