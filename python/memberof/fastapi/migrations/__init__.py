"""Versions of alembic; see :mod:`memberof.stores.migrate`."""
