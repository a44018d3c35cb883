"""What a statement gave, read at once: the same for every driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Answer:
    """The rows of a statement, and how many it met; the methods are those of SQLAlchemy's results."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, cursor: Any) -> None:
        self.rowcount: int = cursor.rowcount
        self._rows: Sequence[tuple[Any, ...]] = cursor.fetchall() if cursor.description else ()

    def all(self) -> Sequence[tuple[Any, ...]]:
        """Return all rows."""
        return self._rows

    def one(self) -> tuple[Any, ...]:
        """Return the one row."""
        (row,) = self._rows
        return row

    def scalar_one(self) -> Any:
        """Return the first value of the one row."""
        return self.one()[0]

    def scalars(self) -> Iterator[Any]:
        """Yield the first value of every row."""
        return (row[0] for row in self._rows)
