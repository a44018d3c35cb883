"""First tables.

Revision ID: web0001
Revises:
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "web0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    prefix, schema = _where()
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    micros = sa.BigInteger()

    def required(*names: str, kind: sa.types.TypeEngine[Any] = text) -> list[sa.Column[Any]]:
        return [sa.Column(name, kind, nullable=False) for name in names]

    op.create_table(
        f"{prefix}sessions",
        *required("key", "user_id", "tenant", "provider", "session_index", "name", "email"),
        *required("created_at", "expires_at", kind=micros),
        sa.PrimaryKeyConstraint("key", name=f"{prefix}sessions_pkey"),
        schema=schema,
    )
    op.create_index(f"{prefix}sessions_by_user", f"{prefix}sessions", ["tenant", "user_id"], schema=schema)
    op.create_index(f"{prefix}sessions_by_end", f"{prefix}sessions", ["expires_at"], schema=schema)
    op.create_table(
        f"{prefix}subjects",
        *required("provider", "key", "user_id"),
        *required("created_at", kind=micros),
        sa.PrimaryKeyConstraint("provider", "key", name=f"{prefix}subjects_pkey"),
        schema=schema,
    )
    op.create_index(f"{prefix}subjects_by_user", f"{prefix}subjects", ["provider", "user_id"], schema=schema)
    op.create_table(
        f"{prefix}pending",
        *required("handle", "request_id", "secret_hash", "provider", "relay_state", "return_to"),
        *required("restarted", kind=sa.Boolean()),
        *required("expires_at", kind=micros),
        sa.PrimaryKeyConstraint("handle", name=f"{prefix}pending_pkey"),
        schema=schema,
    )
    op.create_index(f"{prefix}pending_by_end", f"{prefix}pending", ["expires_at"], schema=schema)


def downgrade() -> None:
    """Drop the tables."""
    prefix, schema = _where()
    for name in ("pending", "subjects", "sessions"):
        op.drop_table(f"{prefix}{name}", schema=schema)


def _where() -> tuple[str, str | None]:
    tables = context.config.attributes["tables"]
    return tables.prefix, tables.schema
