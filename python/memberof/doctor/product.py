"""What tells one product from another."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from memberof.doctor.glimpse import Glimpse


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What clues look at: of a message, or of a mapping of attributes, which has no glimpse."""

    names: Sequence[str]
    seen: Glimpse | None = None

    def issuer(self, pattern: str) -> bool:
        """Whether the issuer matches."""
        return bool(self.seen and self.seen.issuer and re.search(pattern, self.seen.issuer, re.IGNORECASE))

    def named(self, *starts: str) -> bool:
        """Whether an attribute's Name begins so."""
        return any(name.strip().startswith(starts) for name in self.names)

    def formats(self) -> set[str | None]:
        """The NameFormats of the attributes."""
        return {attribute.name_format for attribute in self.seen.attributes} if self.seen else set()

    def types(self) -> set[str]:
        """The ``xsi:type``s of the values."""
        return (
            {kind for attribute in self.seen.attributes for kind in attribute.types} if self.seen else set()
        )

    def signed(self, *elements: str) -> bool:
        """Whether exactly these are signed. Of an encrypted assertion only the Response's signature is seen."""
        if self.seen is None:
            return False
        found = {element for element, _ in self.seen.signatures}
        return found == (set(elements) - {"Assertion"} if self.seen.hides_assertion else set(elements))

    def lasts(self, start: timedelta, end: timedelta) -> bool:
        """Whether the Conditions span this, from the time of issue."""
        seen = self.seen
        return seen is not None and _offsets(seen.issue_instant, seen.not_before, seen.not_on_or_after) == [
            start,
            end,
        ]

    def session(self, length: timedelta) -> bool:
        """Whether the session ends so long after the time of issue."""
        seen = self.seen
        return seen is not None and _offsets(seen.issue_instant, seen.session_not_on_or_after) == [length]

    def prefixes(self, protocol: str, assertion: str, signature: str | None) -> bool:
        """Whether the namespaces bear these prefixes; "" is a default namespace."""
        seen = self.seen
        found = seen and (seen.protocol_prefix, seen.assertion_prefix, seen.signature_prefix)
        return found == (protocol, assertion, signature)


def _offsets(issued: datetime | None, *others: datetime | None) -> list[timedelta]:
    # Some take one reading of the clock for each.
    return [
        timedelta(seconds=round((other - issued).total_seconds())) for other in others if other and issued
    ]


Clue: TypeAlias = "tuple[int, str, Callable[[Facts], bool]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """An identity provider, how it is recognised, and where an administrator sends the groups.

    Args:
        name: The preset's name, or a name of its own.
        title: What a person calls it.
        presets: Format → preset; "" is the one for all other formats. Empty: there is none.
        page: The page of the documentation, or None.
        send: How groups are sent.
        clues: Points, what is seen, how.

    """

    name: str
    title: str
    presets: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None
    send: str = ""
    clues: tuple[Clue, ...] = ()

    def preset(self, format: str | None) -> str | None:
        """The preset for values of a format."""
        return self.presets.get(format or "", self.presets.get(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """A product, and what was seen of it."""

    product: Product
    because: tuple[str, ...]
