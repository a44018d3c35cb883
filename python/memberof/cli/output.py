"""Where output goes: plain text into files and pipes, colours into a terminal where rich is installed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from memberof.doctor.report import report, shown
from memberof.doctor.text import columns, sections_as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memberof.cli.terminal import Terminal
    from memberof.doctor import Diagnosis
    from memberof.doctor.report import Section
    from memberof.errors import MemberOfError


def print_report(diagnosis: Diagnosis) -> None:
    """Print a diagnosis."""
    print_sections(report(diagnosis))


def print_sections(parts: Sequence[Section]) -> None:
    """Print the parts of a report; the first is its verdict."""
    terminal = _terminal()
    if terminal is not None:
        terminal.sections(parts)
    else:
        _write(sections_as_text(parts))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    terminal = _terminal()
    if terminal is not None:
        terminal.table(header, rows)
    else:
        _write("\n".join(columns([header, *rows])))


def print_json(value: Any) -> None:
    """Print JSON, for programs and for people: letters of all scripts stand as they are, what steers a terminal doesn't."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    _write("".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text))


def say_error(error: MemberOfError) -> None:
    """Print a refusal to standard error."""
    lines = [f"memberof: {error.message} [{error.code}]"]
    lines += [f"  → {error.hint}"] if error.hint else []
    sys.stderr.write("\n".join(map(shown, lines)) + "\n")


def say(text: str) -> None:
    """Print a sentence to standard error, where it is in nobody's way."""
    sys.stderr.write(f"memberof: {shown(text)}\n")


def _terminal() -> Terminal | None:
    if not _is_terminal():
        return None
    try:
        from memberof.cli.terminal import Terminal
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "rich":
            raise
        return None
    return Terminal()


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _write(text: str) -> None:
    # A name in a script that the terminal's encoding hasn't is better escaped than lost.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
