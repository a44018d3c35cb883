"""A diagnosis in words, once for the terminal, plain text and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from memberof.enums import ClaimStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from memberof.doctor.diagnosis import Diagnosis, Finding, SeenAttribute

Tone = Literal["", "good", "bad", "warn"]

#: More groups than this are counted, not listed: ``groups`` has all of them.
MAX_LISTED = 40
_FORMATS = "urn:oasis:names:tc:SAML:2.0:attrname-format:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a list, with what to do about it."""

    text: str
    hint: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a report: whatever of these it has, in this order."""

    title: str
    tone: Tone = ""
    lines: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    items: tuple[Item, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    code: str = ""


def report(diagnosis: Diagnosis) -> list[Section]:
    """Return the parts of a diagnosis, each text made safe to print."""
    parts = [_verdict(diagnosis), _around(diagnosis), _groups(diagnosis)]
    parts += [
        _findings("Problems", "bad", diagnosis.problems),
        _findings("Warnings", "warn", diagnosis.warnings),
        _attributes(diagnosis.attributes),
        Section(title="Read them with", code=diagnosis.configuration),
        _advice(diagnosis),
    ]
    return [part for part in parts if part.lines or part.pairs or part.items or part.rows or part.code]


def shown(text: str) -> str:
    """Return a text with everything that steers a terminal, or that can't be seen, written as an escape."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _verdict(diagnosis: Diagnosis) -> Section:
    verification = diagnosis.verification
    lines = [shown(f"{verification.message[:1].upper()}{verification.message[1:]}.")]
    if not diagnosis.verified:
        lines.append("Use nothing of what follows to sign anybody in.")
    if diagnosis.seen.issued_at is not None and diagnosis.seen.kind != "attributes":
        lines.append(f"Looked at as of its own time, {_time(diagnosis.seen.issued_at)}.")
    if verification.unchecked:
        lines.append(f"Not checked: {', '.join(verification.unchecked)}.")
    if diagnosis.verified:
        return Section(title="VERIFIED", tone="good", lines=tuple(lines))
    return Section(title="NOT VERIFIED", tone="bad", lines=tuple(lines))


def _around(diagnosis: Diagnosis) -> Section:
    seen = diagnosis.seen
    pairs = [
        ("found in", seen.where),
        ("issuer", seen.issuer or ""),
        ("audience", ", ".join(seen.audiences)),
        ("sent to", seen.destination or ""),
        ("issued", _time(seen.issued_at) if seen.issued_at else ""),
        ("valid until", _time(seen.not_on_or_after) if seen.not_on_or_after else ""),
        ("signed", _algorithms(seen.signed) if seen.kind != "attributes" else ""),
        ("encrypted", _algorithms(seen.encrypted)),
        ("status", seen.status or "" if seen.status != "Success" else ""),
        ("NameID", (seen.name_id_format or "").rpartition(":")[2]),
        ("looks like", diagnosis.product or "no product that is known"),
        ("because", ", ".join(diagnosis.because)),
    ]
    if seen.kind == "response" and not seen.signed:
        pairs = [(name, "nothing") if name == "signed" else (name, value) for name, value in pairs]
    title = {"response": "Response", "assertion": "Assertion", "attributes": "Attributes"}[seen.kind]
    return Section(title=title, pairs=tuple((name, shown(value)) for name, value in pairs if value))


def _algorithms(elements: Sequence[tuple[str, str]]) -> str:
    algorithms = {algorithm for _, algorithm in elements}
    if len(algorithms) == 1:
        return f"{' and '.join(dict.fromkeys(element for element, _ in elements))} ({algorithms.pop()})"
    return ", ".join(f"{element} ({algorithm})" for element, algorithm in elements)


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


_STATUSES = {
    ClaimStatus.PRESENT: "present",
    ClaimStatus.EMPTY: "empty: the attribute is there and says that there are none",
    ClaimStatus.ABSENT: "absent: there is no such attribute, which doesn't say that there are none",
    ClaimStatus.OVERAGE: "overage: there are too many, so the identity provider left all of them out",
}
_FOUND_BY = {
    "given": "as you said",
    "preset": "a name that this product uses",
    "well_known": "its name is well known",
    "name": "its name says so",
}


def _groups(diagnosis: Diagnosis) -> Section:
    if diagnosis.status is None:
        return Section(title="Groups", lines=("There is nothing to read: see below.",))
    attribute = ""
    if diagnosis.attribute is not None:
        attribute = f"{diagnosis.attribute} ({_FOUND_BY[diagnosis.found_by or 'given']})"
    delimiter = f", delimiter {diagnosis.delimiter!a}" if diagnosis.delimiter is not None else ""
    pairs = [
        ("attribute", attribute),
        ("format", f"{diagnosis.format}{delimiter}" if diagnosis.format else ""),
        ("status", _STATUSES[diagnosis.status]),
        ("values", _account(diagnosis)),
        ("look alike", "; ".join(" and ".join(map(ascii, names)) for names in diagnosis.look_alike)),
    ]
    items = [Item(text=shown(name)) for name in diagnosis.groups[:MAX_LISTED]]
    if len(diagnosis.groups) > MAX_LISTED:
        items.append(Item(text=f"and {len(diagnosis.groups) - MAX_LISTED} more"))
    return Section(
        title=f"Groups: {len(diagnosis.groups)}",
        pairs=tuple((name, shown(value)) for name, value in pairs if value),
        items=tuple(items),
    )


def _account(diagnosis: Diagnosis) -> str:
    """Where every value went, if not all of them are groups."""
    skipped = sum(count for _, count in diagnosis.dropped)
    if not (diagnosis.malformed or diagnosis.duplicates or skipped):
        return ""
    parts = [f"{len(diagnosis.groups)} groups"]
    parts += [f"{diagnosis.duplicates} repeated"] if diagnosis.duplicates else []
    parts += [f"{diagnosis.malformed} unreadable"] if diagnosis.malformed else []
    reasons = ", ".join(reason for reason, _ in diagnosis.dropped)
    parts += [f"{skipped} skipped ({reasons})"] if skipped else []
    return f"{diagnosis.received}: {', '.join(parts)}"


def _findings(title: str, tone: Tone, findings: Sequence[Finding]) -> Section:
    return Section(
        title=title,
        tone=tone,
        items=tuple(
            Item(
                text=shown(finding.message + (f" ({finding.count} values)" if finding.count > 1 else "")),
                hint=shown(finding.hint or ""),
                code=finding.code,
            )
            for finding in findings
        ),
    )


def _attributes(attributes: Sequence[SeenAttribute]) -> Section:
    with_values = any(attribute.values is not None for attribute in attributes)
    rows = []
    for attribute in attributes:
        count = str(attribute.count)
        if attribute.elements > 1:
            count += f" in {attribute.elements} elements"
        format = (attribute.name_format or "").removeprefix(_FORMATS)
        row = [
            attribute.name,
            attribute.friendly_name or "",
            count,
            format,
            ", ".join(attribute.types),
        ]
        if with_values:
            row.append(" | ".join("nil" if value is None else value for value in attribute.values or ()))
        rows.append(tuple(shown(cell) for cell in row))
    header = ["Name", "FriendlyName", "values", "NameFormat", "type", *(["what"] if with_values else [])]
    used = [place for place in range(len(header)) if any(row[place] for row in rows)]
    return Section(
        title=f"Attributes: {len(attributes)}",
        header=tuple(header[place] for place in used),
        rows=tuple(tuple(row[place] for place in used) for row in rows),
    )


def _advice(diagnosis: Diagnosis) -> Section:
    items = [Item(text=shown(text[:1].upper() + text[1:])) for text in diagnosis.advice]
    if diagnosis.page is not None:
        items.append(Item(text=f"See {diagnosis.page}"))
    return Section(title="At the identity provider", items=tuple(items))
