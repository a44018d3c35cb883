"""A diagnosis, and other reports of sections, as a small piece of HTML, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from memberof.doctor.report import report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memberof.doctor.diagnosis import Diagnosis
    from memberof.doctor.report import Item, Section

_COLOURS = {"": "inherit", "good": "#1a7f37", "bad": "#cf222e", "warn": "#9a6700"}


def as_html(diagnosis: Diagnosis) -> str:
    """Write it, every text escaped; no script, no link, nothing loaded."""
    return sections_as_html(report(diagnosis))


def sections_as_html(parts: Iterable[Section]) -> str:
    """Write the parts of a report."""
    return f"<div>{''.join(map(_section, parts))}</div>"


def _section(part: Section) -> str:
    body = "".join(f"<p>{escape(line)}</p>" for line in part.lines)
    if part.pairs:
        pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in part.pairs)
        body += f"<dl>{pairs}</dl>"
    if part.items:
        body += f"<ul>{''.join(map(_item, part.items))}</ul>"
    if part.rows:
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in part.header)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in part.rows)
        body += f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    if part.code:
        body += f"<pre><code>{escape(part.code)}</code></pre>"
    colour = _COLOURS[part.tone]
    return f'<section><strong style="color:{colour}">{escape(part.title)}</strong>{body}</section>'


def _item(item: Item) -> str:
    code = f" <code>{escape(item.code)}</code>" if item.code else ""
    hint = f"<br>→ {escape(item.hint)}" if item.hint else ""
    return f"<li>{escape(item.text)}{code}{hint}</li>"
