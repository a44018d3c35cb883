"""Run by alembic: the connection and the names of the tables come from :mod:`memberof.stores.migrate`."""

from __future__ import annotations

from alembic import context

from memberof.stores.migrate import version_table

tables = context.config.attributes["tables"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    version_table=version_table(tables),
    version_table_schema=tables.schema,
    # The caller's transaction is the one that counts.
    transactional_ddl=False,
)
context.run_migrations()
