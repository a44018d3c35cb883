"""Parts of JSON documents, taken or refused with their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memberof.audit.sources.files import Name, fault, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator


class Node:
    """A value of a document and where it stands, such as ``groups[3].members``."""

    __slots__ = ("path", "place", "value")

    def __init__(self, path: Name, value: Any, place: str = "") -> None:
        self.path: Name = path
        self.value: Any = value
        self.place: str = place

    def items(self, name: str = "") -> Iterator[Node]:
        """Go through a list: the value itself, or one of its fields; a field that isn't there is an empty one.

        Raises:
            AuditError: ``audit.json_shape``: it is no list.

        """
        node = self.get(name) if name else self
        if name and node.value is None:
            return
        if not isinstance(node.value, list):
            raise node.fault("expected a list")
        for number, value in enumerate(node.value):
            yield Node(self.path, value, f"{node.place}[{number}]")

    def get(self, name: str) -> Node:
        """Return a field; its value is None where there is none.

        Raises:
            AuditError: ``audit.json_shape``: the value is no object.

        """
        if not isinstance(self.value, dict):
            raise self.fault("expected an object")
        return Node(self.path, self.value.get(name), f"{self.place}.{name}" if self.place else name)

    def has(self, name: str) -> bool:
        """Whether there is a field."""
        return isinstance(self.value, dict) and name in self.value

    def text(self, name: str) -> str | None:
        """Return a field that is a text; None or an empty one: None.

        Raises:
            AuditError: ``audit.json_shape``: it is something else.

        """
        node = self.get(name)
        if node.value is None or isinstance(node.value, str):
            return node.value or None
        raise node.fault("expected a text")

    def needs(self, name: str) -> str:
        """Return a field that must be a text.

        Raises:
            AuditError: ``audit.json_shape``: there is none.

        """
        found = self.text(name)
        if found is None:
            raise self.fault(f"expected {name}")
        return found

    def fault(self, fact: str, code: str = "audit.json_shape", hint: str | None = None) -> Exception:
        """Return the error that names this place."""
        return fault(self.path, self.place, fact, code, hint)


def documents(*paths: Name) -> Iterator[Node]:
    """Read files, each one JSON document."""
    for path in paths:
        yield Node(path, read_json(path))
