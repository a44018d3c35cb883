"""The tables beside the store's: sessions, subjects, open requests. Every time is microseconds since 1970 UTC.

| table | one row for |
|---|---|
| ``web_sessions`` | a session that a sign-in began (rule R12); its key is a hash of what the cookie holds |
| ``web_subjects`` | a subject of an identity provider, and the user it leads to (rule R14) |
| ``web_pending`` | a request that was sent to an identity provider and not answered yet |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Boolean, Column, Index, PrimaryKeyConstraint, Table

from memberof.stores.schema import text

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from memberof.stores.schema import Tables

VERSIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class WebTables:
    """The tables of one prefix, in the ``MetaData`` of the store's."""

    prefix: str
    schema: str | None
    metadata: MetaData
    sessions: Table
    subjects: Table
    pending: Table

    def all(self) -> tuple[Table, ...]:
        """Return the tables."""
        return self.sessions, self.subjects, self.pending


def web_tables(store: Tables) -> WebTables:
    """Return the tables that stand beside a store's, added to its ``MetaData`` once."""
    prefix, schema, into = f"{store.prefix}web_", store.schema, store.metadata

    def table(name: str, *parts: Column[object] | Index | PrimaryKeyConstraint) -> Table:
        known = into.tables.get(f"{schema}.{prefix}{name}" if schema else f"{prefix}{name}")
        return Table(f"{prefix}{name}", into, *parts, schema=schema) if known is None else known

    def named(name: str) -> str:
        return f"{prefix}{name}"

    return WebTables(
        prefix=prefix,
        schema=schema,
        metadata=into,
        sessions=table(
            "sessions",
            Column("key", text, nullable=False),
            Column("user_id", text, nullable=False),
            Column("tenant", text, nullable=False),
            Column("provider", text, nullable=False),
            Column("session_index", text, nullable=False),
            Column("name", text, nullable=False),
            Column("email", text, nullable=False),
            Column("created_at", BigInteger, nullable=False),
            Column("expires_at", BigInteger, nullable=False),
            PrimaryKeyConstraint("key", name=named("sessions_pkey")),
            Index(named("sessions_by_user"), "tenant", "user_id"),
            Index(named("sessions_by_end"), "expires_at"),
        ),
        subjects=table(
            "subjects",
            Column("provider", text, nullable=False),
            Column("key", text, nullable=False),
            Column("user_id", text, nullable=False),
            Column("created_at", BigInteger, nullable=False),
            PrimaryKeyConstraint("provider", "key", name=named("subjects_pkey")),
            Index(named("subjects_by_user"), "provider", "user_id"),
        ),
        pending=table(
            "pending",
            Column("handle", text, nullable=False),
            Column("request_id", text, nullable=False),
            Column("secret_hash", text, nullable=False),
            Column("provider", text, nullable=False),
            Column("relay_state", text, nullable=False),
            Column("return_to", text, nullable=False),
            Column("restarted", Boolean, nullable=False),
            Column("expires_at", BigInteger, nullable=False),
            PrimaryKeyConstraint("handle", name=named("pending_pkey")),
            Index(named("pending_by_end"), "expires_at"),
        ),
    )
