"""The tables of a store. Every key begins with the tenant; every time is microseconds since 1970 UTC.

| table | one row for |
|---|---|
| ``tenants`` | a tenant's settings: its source, whether the attribute was seen, a hold |
| ``groups`` | a group: name as shown, key as compared, kind |
| ``memberships`` | a user in a group, where that came from and when |
| ``marks`` | a user's logins: the row that every login of hers locks |
| ``replays`` | a used assertion ID |
| ``events``, ``event_refs`` | something that happened; the users and groups that it names |

Times are integers since SQLite has no type for instants, and PostgreSQL's would come back in the session's time zone.
Names live in ``memberships`` as they are shown, so that an application can join its own tables on (tenant, name).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

if TYPE_CHECKING:
    from sqlalchemy.schema import SchemaItem

DEFAULT_PREFIX = "memberof_"

# Names compare and sort by code point everywhere, as in Python, whatever the database's locale is.
text: Text = Text().with_variant(Text(collation="C"), "postgresql")


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one prefix, in one ``MetaData``."""

    prefix: str
    schema: str | None
    metadata: MetaData
    tenants: Table
    groups: Table
    memberships: Table
    marks: Table
    replays: Table
    events: Table
    event_refs: Table

    def all(self) -> tuple[Table, ...]:
        """Return the tables, each after those that it refers to."""
        return (
            self.tenants,
            self.groups,
            self.memberships,
            self.marks,
            self.replays,
            self.events,
            self.event_refs,
        )


def tables(
    prefix: str = DEFAULT_PREFIX, *, metadata: MetaData | None = None, schema: str | None = None
) -> Tables:
    """Return the tables under ``prefix``, added to ``metadata`` (a new one unless given) once."""
    into = MetaData() if metadata is None else metadata

    def table(name: str, *parts: SchemaItem, **options: Any) -> Table:
        known = into.tables.get(f"{schema}.{prefix}{name}" if schema else f"{prefix}{name}")
        return Table(f"{prefix}{name}", into, *parts, schema=schema, **options) if known is None else known

    def named(name: str) -> str:
        return f"{prefix}{name}"

    target = f"{schema}.{prefix}groups" if schema else f"{prefix}groups"
    return Tables(
        prefix=prefix,
        schema=schema,
        metadata=into,
        tenants=table(
            "tenants",
            Column("tenant", text, nullable=False),
            Column("source", text, nullable=False),
            Column("identity", text, nullable=False),
            Column("signature", text, nullable=False),
            Column("seen_at", BigInteger),
            Column("hold", text),
            Column("window_from", BigInteger),
            Column("trusted_until", BigInteger),
            Column("history_from", BigInteger),
            Column("version", BigInteger, nullable=False),
            PrimaryKeyConstraint("tenant", name=named("tenants_pkey")),
        ),
        groups=table(
            "groups",
            Column("tenant", text, nullable=False),
            Column("name", text, nullable=False),
            Column("key", text, nullable=False),
            Column("kind", text, nullable=False),
            PrimaryKeyConstraint("tenant", "name", name=named("groups_pkey")),
            UniqueConstraint("tenant", "key", name=named("groups_key")),
            CheckConstraint("kind IN ('internal', 'external')", name=named("groups_kind")),
        ),
        memberships=table(
            "memberships",
            Column("tenant", text, nullable=False),
            Column("user_id", text, nullable=False),
            Column("group_name", text, nullable=False),
            Column("source", text),
            Column("event_id", BigInteger),
            Column("since", BigInteger, nullable=False),
            PrimaryKeyConstraint("tenant", "user_id", "group_name", name=named("memberships_pkey")),
            ForeignKeyConstraint(
                ["tenant", "group_name"],
                [f"{target}.tenant", f"{target}.name"],
                name=named("memberships_group"),
                onupdate="CASCADE",
            ),
            Index(named("memberships_by_group"), "tenant", "group_name", "user_id"),
        ),
        marks=table(
            "marks",
            Column("tenant", text, nullable=False),
            Column("user_id", text, nullable=False),
            Column("source", text, nullable=False),
            Column("order_issued", BigInteger, nullable=False),
            Column("order_received", BigInteger, nullable=False),
            Column("login_at", BigInteger, nullable=False),
            Column("confirmed_at", BigInteger),
            Column("received", Integer, nullable=False),
            Column("had", Integer, nullable=False),
            Column("lost", Integer, nullable=False),
            Column("emptied", Boolean, nullable=False),
            Column("loss_at", BigInteger),
            Column("digest", text, nullable=False),
            Column("confirmation", text, nullable=False),
            # Grows with every write to the row or to her memberships: how a login notices that it waited.
            Column("version", BigInteger, nullable=False),
            PrimaryKeyConstraint("tenant", "user_id", name=named("marks_pkey")),
            Index(named("marks_window"), "tenant", "source", "login_at"),
        ),
        replays=table(
            "replays",
            Column("tenant", text, nullable=False),
            Column("source", text, nullable=False),
            Column("assertion_id", text, nullable=False),
            Column("until", BigInteger, nullable=False),
            PrimaryKeyConstraint("tenant", "source", "assertion_id", name=named("replays_pkey")),
        ),
        events=table(
            "events",
            # One counter for all tenants: PostgreSQL and SQLite both count up in a single-column key only.
            Column("id", BigInteger().with_variant(Integer, "sqlite"), autoincrement=True, primary_key=True),
            Column("tenant", text, nullable=False),
            Column("kind", text, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("source", text),
            Column("lossy", Boolean, nullable=False),
            Column("body", text, nullable=False),
            Index(named("events_by_id"), "tenant", "id", unique=True),
            Index(named("events_by_time"), "tenant", "at"),
            sqlite_autoincrement=True,
        ),
        event_refs=table(
            "event_refs",
            Column("tenant", text, nullable=False),
            Column("what", text, nullable=False),
            Column("name", text, nullable=False),
            Column("event_id", BigInteger, nullable=False),
            PrimaryKeyConstraint("tenant", "what", "name", "event_id", name=named("event_refs_pkey")),
        ),
    )
