"""Where SQLite and PostgreSQL differ: a JSON array as a table, and how a transaction begins.

Lists of any length travel as one JSON text: the statement stays the same, and drivers are slow on arrays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from memberof.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Dialect

    from memberof.stores.schema import Tables

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


class Runs(Protocol):
    """What runs the statements, in a transaction that its owner begins and ends."""

    def execute(self, statement: str, values: Mapping[str, Any], /) -> Any:
        """Run a statement with ``:name`` parameters; return its result, with the methods of SQLAlchemy's."""
        ...


@dataclass(frozen=True, slots=True)
class Names:
    """The tables' names, quoted, and the few words in which the databases differ, to be put into statements.

    A store whose groups or memberships stand in tables of another shape overrides what is said of them below.
    """

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

    def among(self, value: str, parameter: str) -> str:
        """Return the condition that a value is one of the texts of a JSON array: a look into an index for each."""
        if self.dialect == SQLITE:
            return f"{value} IN (SELECT value FROM json_each(:{parameter}))"
        # Of an array PostgreSQL expects few items, of a set-returning function a hundred, and reads the whole table.
        return f"{value} = ANY(ARRAY(SELECT json_array_elements_text(CAST(:{parameter} AS json))))"

    def user(self, place: int) -> str:
        """Return the user's ID at ``place`` of such an item."""
        return self.item(place)

    def among_users(self, value: str, parameter: str) -> str:
        """Return the same for users' IDs."""
        return self.among(value, parameter)

    @property
    def held(self) -> str:
        """What memberships are read from: (tenant, user_id, group_name, source, event_id, since)."""
        return self.memberships

    @property
    def known(self) -> str:
        """What groups are looked up in by key: (tenant, name, key, kind)."""
        return self.groups

    def made(self, after: str) -> str:
        """Return the CTEs that make new groups of ``:rows``, after the CTE ``after``; the last one is ``made``."""
        return f"""made AS (INSERT INTO {self.groups} (tenant, name, key, kind)
            SELECT :tenant, {self.item(0)}, {self.item(1)}, {self.item(2)}
            FROM {self.rows("rows")}, (SELECT count(*) FROM {after}) AS s
            ORDER BY {self.item(0)} ON CONFLICT DO NOTHING RETURNING 1)"""

    def gone(self) -> str:
        """Return the CTEs that remove ``:user`` from the groups ``:gone``; the last one is ``w_gone``, a row for each."""
        return f"""w_gone AS (DELETE FROM {self.memberships}
            WHERE tenant = :tenant AND user_id = :user AND {self.among("group_name", "gone")} RETURNING 1)"""

    def came(self, event_id: str) -> str:
        """Return the CTEs that put ``:user`` into the groups ``:came``; the last one is ``w_came``, a row for each.

        Their origin is ``:came_source``, ``:came_since`` and the event written with them.
        """
        return f"""w_came AS (INSERT INTO {self.memberships} (tenant, user_id, group_name, source, event_id, since)
            SELECT :tenant, :user, name, :came_source, {event_id}, :came_since
            FROM json_array_elements_text(CAST(:came AS json)) AS e(name) ON CONFLICT DO NOTHING RETURNING 1)"""


def dumps(values: Sequence[Any]) -> str:
    """Return a JSON array as one parameter."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
