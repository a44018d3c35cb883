"""Files that an audit reads: opened, decoded, and refused with their name, the line, and what was expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from memberof.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator

Name: TypeAlias = str | Path


def read_bytes(path: Name) -> bytes:
    """Read a file.

    Raises:
        AuditError: ``audit.file``.

    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise AuditError(f'"{path}" cannot be read: {error.strerror}', "audit.file") from None


def read_text(path: Name) -> str:
    """Read a text: UTF-8, or UTF-16 as Windows writes it, with a mark at its beginning or without.

    Raises:
        AuditError: ``audit.file``, ``audit.not_text``.

    """
    data = read_bytes(path)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault(path, line, f"expected {encoding.upper()[:5]} text", "audit.not_text") from None


def read_json(path: Name) -> Any:
    """Read one JSON document.

    Raises:
        AuditError: ``audit.file``, ``audit.not_text``, ``audit.not_json``.

    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise fault(path, error.lineno, f"expected JSON: {error.msg.lower()}", "audit.not_json") from None
    except RecursionError:
        raise fault(path, 1, "expected JSON: nested too deeply", "audit.not_json") from None


def read_json_lines(path: Name) -> Iterator[tuple[int, Any]]:
    """Read a JSON document a line, each with the number of its line; empty lines are passed over.

    Raises:
        AuditError: ``audit.file``, ``audit.not_text``, ``audit.not_json``.

    """
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (json.JSONDecodeError, RecursionError):
                raise fault(path, number, "expected one JSON object a line", "audit.not_json") from None


def fault(path: Name, place: int | str | None, fact: str, code: str, hint: str | None = None) -> AuditError:
    """Return the error that says what is wrong in which place of a file: a line's number, or words."""
    where = f"line {place}" if isinstance(place, int) else place
    return AuditError(f'"{path}"{f", {where}" if where else ""}: {fact}', code, hint)
