"""A connection of SQLAlchemy's, as the statements of this package want one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from memberof.stores.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, CursorResult, Dialect, Select


class SqlConnection:
    """Runs texts (:class:`memberof.stores.dialect.Runs`) and queries in the transaction that is open."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Mapping[str, Any], /) -> Answer | CursorResult[Any]:
        """Run a statement with ``:name`` parameters."""
        connection = self._connection
        sql, places = _compiled(statement, connection.dialect)
        given = values if places is None else tuple(values[name] for name in places)
        if connection.dispatch.before_cursor_execute or connection.dispatch.after_cursor_execute:
            return connection.exec_driver_sql(sql, given)
        # Nobody listens: straight to the driver, which takes half of the time of a small statement.
        cursor = connection.connection.cursor()
        try:
            cursor.execute(sql, given)
            return Answer(cursor)
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._failed(error, cursor) from None
        finally:
            cursor.close()

    def query(self, query: Select[Any]) -> CursorResult[Any]:
        """Run a query."""
        return self._connection.execute(query)

    def _failed(self, error: Any, cursor: Any) -> BaseException:
        """Return the driver's error as SQLAlchemy would raise it; a connection that is gone leaves the pool."""
        connection = self._connection
        gone = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        if gone:
            connection.invalidate(error)
        dialect = connection.dialect
        found: BaseException = DBAPIError.instance(
            None,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=gone,
            dialect=dialect,
        )
        return found


@lru_cache(maxsize=512)
def _compiled(statement: str, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    """Return it in the driver's words, once for all logins, and its parameters' order where they go by place."""
    compiled = text(statement).compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()) if compiled.positional else None
