"""A diagnosis as plain text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from memberof.doctor.report import report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memberof.doctor.diagnosis import Diagnosis
    from memberof.doctor.report import Item, Section

_WIDTH = 100
_INDENT = "  "


def as_text(diagnosis: Diagnosis) -> str:
    """Write it, at most 100 columns wide where its texts can be folded."""
    return sections_as_text(report(diagnosis))


def sections_as_text(parts: Iterable[Section]) -> str:
    """Write the parts of a report."""
    return "\n\n".join("\n".join(_section(part)) for part in parts)


def _section(part: Section) -> Iterator[str]:
    yield part.title
    for line in part.lines:
        yield from _folded(line, _INDENT, _INDENT)
    width = max((len(name) for name, _ in part.pairs), default=0)
    for name, value in part.pairs:
        yield from _folded(value, f"{_INDENT}{name:<{width}}  ", " " * (width + 4))
    if part.pairs and part.items:
        yield ""
    for item in part.items:
        yield from _item(item)
    if part.rows:
        yield from (f"{_INDENT}{line}" for line in columns([part.header, *part.rows]))
    yield from (f"{_INDENT}{_INDENT}{line}".rstrip() for line in part.code.splitlines())


def _item(item: Item) -> Iterator[str]:
    text = f"{item.text} [{item.code}]" if item.code else item.text
    yield from _folded(text, f"{_INDENT}- ", f"{_INDENT}{_INDENT}")
    if item.hint:
        yield from _folded(f"→ {item.hint}", f"{_INDENT}{_INDENT}", f"{_INDENT}{_INDENT}  ")


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write a table, each column as wide as it needs."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _folded(text: str, first: str, others: str) -> list[str]:
    # Names are never cut: one that is longer than a line stands out of it.
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    ) or [first.rstrip()]
