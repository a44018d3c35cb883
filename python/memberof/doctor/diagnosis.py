"""What was found, as data. Nothing in it signs anybody in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from memberof.doctor.carrier import Candidate
    from memberof.enums import ClaimStatus

Level = Literal["problem", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that an administrator should know.

    Attributes:
        code: Stable code, such as ``claim.only_guids``, ``dsig.digest_mismatch`` or ``doctor.no_group_attribute``.
        message: The fact, and what to change where. It holds no values.
        level: ``"problem"``: sign-ins are refused, or groups are lost; ``"warning"``: worth a look.
        hint: What an operator can change, or None.
        count: To how many values it applies.

    """

    code: str
    message: str
    level: Level
    hint: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether the message was verified, and against what.

    Attributes:
        verified: Whether an identity provider that was named by the caller signed it.
        message: One sentence.
        code: Why not: the code of the refusal, ``doctor.no_metadata`` or ``doctor.mapping``; None if verified.
        hint: What an operator can change, or None.
        unchecked: What a sign-in checks as well and this look did not.

    """

    verified: bool
    message: str
    code: str | None = None
    hint: str | None = None
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAttribute:
    """An attribute, without its values unless they were asked for.

    Attributes:
        name: The Name.
        friendly_name: The FriendlyName, or None.
        name_format: The NameFormat, or None where none is sent or none could be seen.
        types: The ``xsi:type``s of its values, each once.
        elements: How many ``Attribute`` elements bear the name.
        count: How many values there are.
        values: The values, None for ``xsi:nil``; None as a whole unless ``show_values=True``.

    """

    name: str
    count: int
    friendly_name: str | None = None
    name_format: str | None = None
    types: tuple[str, ...] = ()
    elements: int = 1
    values: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What stands around the attributes. Everything is as the message says, verified or not.

    Attributes:
        kind: ``"response"``, ``"assertion"`` (one without its Response) or ``"attributes"`` (a mapping).
        where: Where it was found.
        issuer: Entity ID of whom it says it is from.
        issued_at: IssueInstant, an aware datetime: the time at which it is looked at.
        not_on_or_after: When its Conditions end, an aware datetime.
        destination: Where it was posted.
        audiences: For whom it is.
        signed: ``("Response", algorithm)`` and ``("Assertion", algorithm)``, as far as they are signed.
        encrypted: ``("EncryptedAssertion", algorithm)`` and the like.
        status: The status code, without its common beginning: ``"Success"``.
        name_id_format: Format of the NameID. Its value is never kept.

    """

    kind: Literal["response", "assertion", "attributes"]
    where: str
    issuer: str | None = None
    issued_at: datetime | None = None
    not_on_or_after: datetime | None = None
    destination: str | None = None
    audiences: tuple[str, ...] = ()
    signed: tuple[tuple[str, str], ...] = ()
    encrypted: tuple[tuple[str, str], ...] = ()
    status: str | None = None
    name_id_format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What ``memberof.diagnose`` found, for people.

    It is no ``VerifiedAssertion`` and no ``GroupClaim``, whatever ``verified`` says, and no part of memberof takes it
    for one.

    Attributes:
        verification: Whether it was verified; ``verified`` is short for its first field.
        seen: What stands around the attributes.
        attributes: All attributes, in document order.
        attribute: Name of the attribute that carries the groups, or None.
        found_by: ``"given"``, ``"preset"``, ``"well_known"`` or ``"name"``; None where there is none.
        candidates: Attributes that may carry groups, where none was found; their values are not shown.
        status: How the identity provider spoke of groups; None where nothing could be read (encrypted, refused).
        format: The format of the values; None where no value tells it.
        delimiter: The delimiter of the format, or None for its default.
        groups: The names read, in the order first seen.
        look_alike: Groups whose names can't be told apart by eye, each as a tuple of them (UTS 39).
        malformed: How many values can't be read under the format.
        dropped: How many values are deliberately no groups, by reason.
        received: How many values there were, items of lists counted one by one.
        duplicates: How many values repeated a group.
        product: What it seems to come from, or None.
        preset: The preset of the configuration, or None.
        because: What the product was recognised by.
        findings: Problems first.
        configuration: Python that reads these groups.
        advice: What to change at the identity provider.
        page: The page of the documentation about it, or None.

    """

    verification: Verification
    seen: Seen
    attributes: tuple[SeenAttribute, ...] = ()
    attribute: str | None = None
    found_by: str | None = None
    candidates: tuple[Candidate, ...] = ()
    status: ClaimStatus | None = None
    format: str | None = None
    delimiter: str | None = None
    groups: tuple[str, ...] = ()
    look_alike: tuple[tuple[str, ...], ...] = ()
    malformed: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    received: int = 0
    duplicates: int = 0
    product: str | None = None
    preset: str | None = None
    because: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    configuration: str = ""
    advice: tuple[str, ...] = ()
    page: str | None = None

    @property
    def verified(self) -> bool:
        """Whether an identity provider that was named by the caller signed it."""
        return self.verification.verified

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings for which sign-ins are refused or groups are lost."""
        return tuple(finding for finding in self.findings if finding.level == "problem")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The other findings."""
        return tuple(finding for finding in self.findings if finding.level == "warning")

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, JSON-safe: times as ISO 8601 text, ``problems`` as their codes."""
        found: dict[str, Any] = _safe(asdict(self))
        return {
            "verified": self.verified,
            "problems": [finding.code for finding in self.problems],
            **found,
        }

    def __str__(self) -> str:
        from memberof.doctor.text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from memberof.doctor.page import as_html

        return as_html(self)


def _safe(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _safe(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_safe(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
