"""A connection of SQLAlchemy's, as the statements of this package want one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import TextClause, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, CursorResult, Select


class SqlConnection:
    """Runs texts (:class:`memberof.stores.dialect.Runs`) and queries in the transaction that is open."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Mapping[str, Any], /) -> CursorResult[Any]:
        """Run a statement with ``:name`` parameters."""
        return self._connection.execute(_clause(statement), values)

    def query(self, query: Select[Any]) -> CursorResult[Any]:
        """Run a query."""
        return self._connection.execute(query)


@lru_cache(maxsize=512)
def _clause(statement: str) -> TextClause:
    return text(statement)
