"""A connection of SQLAlchemy's, as the statements of this package want one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, CursorResult, Dialect, Select


class SqlConnection:
    """Runs texts (:class:`memberof.stores.dialect.Runs`) and queries in the transaction that is open."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Mapping[str, Any], /) -> CursorResult[Any]:
        """Run a statement with ``:name`` parameters."""
        sql, places = _compiled(statement, self._connection.dialect)
        given = values if places is None else tuple(values[name] for name in places)
        return self._connection.exec_driver_sql(sql, given)

    def query(self, query: Select[Any]) -> CursorResult[Any]:
        """Run a query."""
        return self._connection.execute(query)


@lru_cache(maxsize=512)
def _compiled(statement: str, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    """Return it in the driver's words, once for all logins, and its parameters' order where they go by place."""
    compiled = text(statement).compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()) if compiled.positional else None
