"""First tables.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    prefix, schema = _where()
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    micros = sa.BigInteger()

    def required(name: str, kind: sa.types.TypeEngine[Any] = text) -> sa.Column[Any]:
        return sa.Column(name, kind, nullable=False)

    op.create_table(
        f"{prefix}tenants",
        required("tenant"),
        required("source"),
        required("identity"),
        required("signature"),
        sa.Column("seen_at", micros),
        sa.Column("hold", text),
        sa.Column("window_from", micros),
        sa.Column("trusted_until", micros),
        sa.Column("history_from", micros),
        required("version", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant", name=f"{prefix}tenants_pkey"),
        schema=schema,
    )
    op.create_table(
        f"{prefix}groups",
        required("tenant"),
        required("name"),
        required("key"),
        required("kind"),
        sa.PrimaryKeyConstraint("tenant", "name", name=f"{prefix}groups_pkey"),
        sa.UniqueConstraint("tenant", "key", name=f"{prefix}groups_key"),
        sa.CheckConstraint("kind IN ('internal', 'external')", name=f"{prefix}groups_kind"),
        schema=schema,
    )
    groups = f"{schema}.{prefix}groups" if schema else f"{prefix}groups"
    op.create_table(
        f"{prefix}memberships",
        required("tenant"),
        required("user_id"),
        required("group_name"),
        sa.Column("source", text),
        sa.Column("event_id", sa.BigInteger()),
        required("since", micros),
        sa.PrimaryKeyConstraint("tenant", "user_id", "group_name", name=f"{prefix}memberships_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant", "group_name"],
            [f"{groups}.tenant", f"{groups}.name"],
            name=f"{prefix}memberships_group",
            onupdate="CASCADE",
        ),
        schema=schema,
    )
    op.create_index(
        f"{prefix}memberships_by_group",
        f"{prefix}memberships",
        ["tenant", "group_name", "user_id"],
        schema=schema,
    )
    op.create_table(
        f"{prefix}marks",
        required("tenant"),
        required("user_id"),
        required("source"),
        required("order_issued", micros),
        required("order_received", micros),
        required("login_at", micros),
        sa.Column("confirmed_at", micros),
        required("received", sa.Integer()),
        required("had", sa.Integer()),
        required("lost", sa.Integer()),
        required("emptied", sa.Boolean()),
        sa.Column("loss_at", micros),
        required("digest"),
        required("confirmation"),
        required("version", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant", "user_id", name=f"{prefix}marks_pkey"),
        schema=schema,
    )
    op.create_index(
        f"{prefix}marks_window", f"{prefix}marks", ["tenant", "source", "login_at"], schema=schema
    )
    op.create_table(
        f"{prefix}replays",
        required("tenant"),
        required("source"),
        required("assertion_id"),
        required("until", micros),
        sa.PrimaryKeyConstraint("tenant", "source", "assertion_id", name=f"{prefix}replays_pkey"),
        schema=schema,
    )
    op.create_table(
        f"{prefix}events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            primary_key=True,
        ),
        required("tenant"),
        required("kind"),
        required("at", micros),
        sa.Column("source", text),
        required("lossy", sa.Boolean()),
        required("body"),
        schema=schema,
        sqlite_autoincrement=True,
    )
    op.create_index(f"{prefix}events_by_id", f"{prefix}events", ["tenant", "id"], unique=True, schema=schema)
    op.create_index(f"{prefix}events_by_time", f"{prefix}events", ["tenant", "at"], schema=schema)
    op.create_table(
        f"{prefix}event_refs",
        required("tenant"),
        required("what"),
        required("name"),
        required("event_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant", "what", "name", "event_id", name=f"{prefix}event_refs_pkey"),
        schema=schema,
    )


def downgrade() -> None:
    """Drop the tables, and all that they hold."""
    prefix, schema = _where()
    for name in ("event_refs", "events", "replays", "marks", "memberships", "groups", "tenants"):
        op.drop_table(f"{prefix}{name}", schema=schema)


def _where() -> tuple[str, str | None]:
    tables = context.config.attributes["tables"]
    return tables.prefix, tables.schema
