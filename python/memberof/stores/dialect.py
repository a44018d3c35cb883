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

    def texts(self, parameter: str) -> str:
        """Return a subquery of the texts of a JSON array."""
        if self.dialect == SQLITE:
            return f"(SELECT value FROM json_each(:{parameter}))"
        return f"(SELECT json_array_elements_text(CAST(:{parameter} AS json)))"

    def user(self, place: int) -> str:
        """Return the user's ID at ``place`` of such an item."""
        return self.item(place)

    def users(self, parameter: str) -> str:
        """Return a subquery of the users' IDs of a JSON array."""
        return self.texts(parameter)

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
        """Return the CTEs that remove the memberships of ``:gone``; the last one is ``w_gone``, a row for each."""
        return f"""w_gone AS (DELETE FROM {self.memberships} WHERE tenant = :tenant AND (user_id, group_name) IN
            (SELECT {self.item(0)}, {self.item(1)} FROM {self.rows("gone")}) RETURNING 1)"""

    def came(self, event_id: str) -> str:
        """Return the CTEs that add the memberships of ``:came``; the last one is ``w_came``, a row for each."""
        return f"""w_came AS (INSERT INTO {self.memberships} (tenant, user_id, group_name, source, event_id, since)
            SELECT :tenant, {self.item(0)}, {self.item(1)}, {self.item(2)}, {self.came_event(event_id)},
                {self.item(4, "bigint")} FROM {self.rows("came")} ON CONFLICT DO NOTHING RETURNING 1)"""

    def came_event(self, event_id: str) -> str:
        """Return the event of a membership of ``:came``: what a login makes gets the ID of the event written with it."""
        given = self.item(3, "bigint")
        return f"CASE WHEN {self.item(2)} IS NULL THEN {given} ELSE coalesce({given}, {event_id}) END"


def dumps(values: Sequence[Any]) -> str:
    """Return a JSON array as one parameter."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
