"""Stores in SQL databases: :class:`SqlStore` for threads, :class:`AsyncSqlStore` for asyncio.

Both keep everything in SQLite or PostgreSQL through SQLAlchemy 2.1, in tables of their own (:mod:`.schema`) that can
live in the application's database and its transactions.

How a login stays right, whoever else is at work:

- The user's row in ``marks`` is locked from the first statement on, so two logins of hers come one after the other.
- What the plan touches is locked and compared with what the plan was made on; anything else means: begin anew.
- Locks are taken in one order: the tenant's gate (shared by logins, shut by an administrator's writes), the user's
  mark, the settings row, groups by name, memberships. No table is ever locked.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memberof.stores.aio import AsyncSqlStore
    from memberof.stores.sql import SqlStore

__all__ = ["AsyncSqlStore", "SqlStore"]

# Loaded on first use: the statements of this package serve stores on other connections too, without SQLAlchemy.
_HOMES = {"AsyncSqlStore": "aio", "SqlStore": "sql"}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'memberof.stores' has no attribute {name!r}")
        try:
            importlib.import_module("alembic")
            return getattr(importlib.import_module(f"memberof.stores.{_HOMES[name]}"), name)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            raise ImportError(
                f"memberof.stores needs the package {missing}: pip install memberof[sqlalchemy]", name=missing
            ) from error
