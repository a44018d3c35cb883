"""Where SQLite and PostgreSQL differ: a JSON array as a table, and how a transaction begins.

Lists of any length travel as one JSON text: the statement stays the same, and drivers are slow on arrays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSON

from memberof.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Dialect, Select

    from memberof.stores.schema import Tables

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class Names:
    """The tables' names, quoted, and the few words in which the databases differ, to be put into statements."""

    dialect: str
    tenants: str
    groups: str
    memberships: str
    marks: str
    replays: str
    events: str
    event_refs: str

    @classmethod
    def of(cls, tables: Tables, dialect: Dialect) -> Names:
        """Return the names as this database wants them quoted."""
        if dialect.name not in {SQLITE, POSTGRESQL}:
            raise ConfigurationError(
                f'the database is "{dialect.name}", a store needs SQLite or PostgreSQL',
                "config.database",
                "use a sqlite:// or postgresql:// URL",
            )
        quote = dialect.identifier_preparer.format_table
        return cls(
            dialect.name,
            quote(tables.tenants),
            quote(tables.groups),
            quote(tables.memberships),
            quote(tables.marks),
            quote(tables.replays),
            quote(tables.events),
            quote(tables.event_refs),
        )

    def rows(self, parameter: str) -> str:
        """Return a FROM item ``e`` with one row for each item of a JSON array."""
        if self.dialect == SQLITE:
            return f"json_each(:{parameter}) AS e"
        return f"json_array_elements(CAST(:{parameter} AS json)) AS e(value)"

    def item(self, place: int, kind: str = "text") -> str:
        """Return the value at ``place`` of such an item, itself an array."""
        if self.dialect == SQLITE:
            return f"json_extract(e.value, '$[{place}]')"
        value = f"(e.value->>{place})"
        return value if kind == "text" else f"{value}::{kind}"

    def texts(self, parameter: str) -> str:
        """Return a subquery of the texts of a JSON array."""
        if self.dialect == SQLITE:
            return f"(SELECT value FROM json_each(:{parameter}))"
        return f"(SELECT json_array_elements_text(CAST(:{parameter} AS json)))"


def dumps(values: Sequence[Any]) -> str:
    """Return a JSON array as one parameter."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def among(column: ColumnElement[str], values: Iterable[str], dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column is one of these texts, however many they are."""
    parameter = bindparam(None, dumps(list(values)), type_=Text)
    found: Select[Any]
    if dialect == SQLITE:
        found = select(func.json_each(parameter).table_valued("value").c.value)
    else:
        found = select(func.json_array_elements_text(cast(parameter, JSON)).table_valued("value").c.value)
    return column.in_(found)
