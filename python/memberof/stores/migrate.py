"""Tables made and brought up to date by alembic scripts: the store's own, in this package, and those of an adapter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import inspect, text

from memberof.errors import ConfigurationError
from memberof.stores.dialect import POSTGRESQL

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table

    from memberof.stores.engine import Transactions

SCRIPTS = Path(__file__).parent / "migrations"
VERSIONS = SCRIPTS / "versions"


class Migrated(Protocol):
    """Tables under one prefix that alembic scripts make."""

    @property
    def prefix(self) -> str:
        """How their names begin."""
        ...

    @property
    def schema(self) -> str | None:
        """Schema of the database."""
        ...

    @property
    def metadata(self) -> MetaData:
        """Where SQLAlchemy knows them from."""
        ...

    def all(self) -> tuple[Table, ...]:
        """Return the tables; the first one there says that they are there."""
        ...


def version_table(tables: Migrated) -> str:
    """Return the name of the table in which alembic keeps the version."""
    return f"{tables.prefix}alembic_version"


def bring_up(
    connection: Connection,
    tables: Migrated,
    transactions: Transactions,
    *,
    only_fresh: bool,
    versions: Path = VERSIONS,
) -> None:
    """Create the tables or bring them up to date, on a connection without a transaction.

    Args:
        connection: Of the database.
        tables: Which tables.
        transactions: How transactions begin there.
        only_fresh: Do nothing where there are tables of any version.
        versions: The folder of the alembic versions.

    Raises:
        ConfigurationError: The tables were made by other means (``config.migrations``).

    """
    if only_fresh:
        fresh = _is_fresh(connection, tables)
        connection.rollback()
        if not fresh:
            return
    with transactions.begin(connection, write=True, bound=False):
        if connection.dialect.name == POSTGRESQL:
            # Two processes that start together must not both create the tables.
            connection.execute(text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": transactions.gate})
        # Looked at again: another process may have been first.
        if not only_fresh or _is_fresh(connection, tables):
            _upgrade(connection, tables, versions)


def _is_fresh(connection: Connection, tables: Migrated) -> bool:
    return not inspect(connection).has_table(tables.all()[0].name, schema=tables.schema)


def _upgrade(connection: Connection, tables: Migrated, versions: Path) -> None:
    from alembic import command
    from alembic.config import Config

    has_version = inspect(connection).has_table(version_table(tables), schema=tables.schema)
    if not has_version and not _is_fresh(connection, tables):
        raise ConfigurationError(
            f"the tables {tables.prefix}… are there, but {version_table(tables)} is not",
            "config.migrations",
            "they were made by the application's own migrations: let those go on, and don't call migrate()",
        )
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["tables"] = tables
    command.upgrade(config, "head")
