"""What a database said, as a :class:`memberof.StoreError` with a stable code.

Messages name the driver's error class and SQLSTATE only: the texts of drivers quote statements and keys, and with
them names of people and groups.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from memberof.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

UNAVAILABLE_HINT = (
    "nothing was changed unless the connection broke in the very commit; the user signs in again"
)

# SQLSTATE, by its first characters, longest first: PostgreSQL, appendix A.
STATES: tuple[tuple[str, str, str, str], ...] = (
    ("40001", "store.conflict", "another transaction won", "retry the request"),
    (
        "40P01",
        "store.conflict",
        "another transaction won",
        "retry the request; one transaction that logs in and then administers needs store.using(…, alone=True)",
    ),
    ("42P01", "store.schema", "a table of the store is missing", "call store.migrate() once"),
    ("42703", "store.schema", "a column of the store is missing", "call store.migrate() once"),
    (
        "3F000",
        "store.schema",
        "the store's schema is missing",
        "create the schema, then call store.migrate()",
    ),
    (
        "42501",
        "store.denied",
        "the database role may not do this",
        "grant it SELECT, INSERT, UPDATE and DELETE",
    ),
    ("25006", "store.read_only", "the database is read-only", "connect to the primary server"),
    ("53100", "store.full", "the disk is full", "make room, then sign in again"),
    ("55P03", "store.busy", "a lock was not to be had in time", "look for a transaction that stays open"),
    ("57014", "store.busy", "the statement was cancelled", "look at statement_timeout and lock_timeout"),
    ("53", "store.unavailable", "the database has no room for this", "look at its connections and memory"),
    ("57", "store.unavailable", "the database is going down", UNAVAILABLE_HINT),
    ("08", "store.unavailable", "the database is gone", UNAVAILABLE_HINT),
    ("28", "store.denied", "the database refuses the sign-in", "look at the user and password of the URL"),
    ("3D", "store.unavailable", "there is no such database", "create it, or look at the URL"),
)

# Primary result codes: sqlite.org/rescode.html.
RESULTS: dict[int, tuple[str, str, str]] = {
    sqlite3.SQLITE_BUSY: (
        "store.busy",
        "the database is locked",
        "look for a program that holds a write open",
    ),
    sqlite3.SQLITE_LOCKED: ("store.busy", "a table is locked", "look for a program that holds a write open"),
    sqlite3.SQLITE_FULL: ("store.full", "the disk is full", "make room, then sign in again"),
    sqlite3.SQLITE_READONLY: (
        "store.read_only",
        "the database is read-only",
        "look at the file's permissions",
    ),
    sqlite3.SQLITE_PERM: ("store.denied", "the database file may not be opened", "look at its permissions"),
    sqlite3.SQLITE_CANTOPEN: ("store.unavailable", "the database file cannot be opened", "look at the path"),
    sqlite3.SQLITE_IOERR: ("store.unavailable", "reading or writing the disk failed", UNAVAILABLE_HINT),
    sqlite3.SQLITE_CORRUPT: ("store.corrupt", "the database file is damaged", "restore it from a backup"),
    sqlite3.SQLITE_NOTADB: ("store.corrupt", "the file is no SQLite database", "look at the path"),
}


def store_error(error: DBAPIError) -> StoreError:
    """Return the refusal that says what the database said through SQLAlchemy."""
    return refusal(error.orig, invalidated=error.connection_invalidated)


def refusal(cause: BaseException | None, *, invalidated: bool = False) -> StoreError:
    """Return the refusal that says what a driver said.

    Args:
        cause: The driver's error.
        invalidated: The connection is known to be gone.

    """
    kind = type(cause).__name__
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        for prefix, code, fact, hint in STATES:
            if state.startswith(prefix):
                return StoreError(f"{fact} ({kind}, SQLSTATE {state})", code, hint)
    result = getattr(cause, "sqlite_errorcode", None)
    if result == sqlite3.SQLITE_BUSY_SNAPSHOT:
        return StoreError(
            "another transaction won (SQLITE_BUSY_SNAPSHOT)", "store.conflict", "retry the request"
        )
    if isinstance(result, int):
        known = RESULTS.get(result & 0xFF)
        if known:
            code, fact, hint = known
            return StoreError(f"{fact} ({cause.sqlite_errorname})", code, hint)  # type: ignore[union-attr]
        if "no such table" in str(cause) or "no such column" in str(cause):
            return StoreError(
                f"a table or column of the store is missing ({kind})",
                "store.schema",
                "call store.migrate() once",
            )
    if invalidated or kind in {"OperationalError", "InterfaceError", "AdminShutdown"}:
        return StoreError(f"the database is gone ({kind})", "store.unavailable", UNAVAILABLE_HINT)
    suffix = f", SQLSTATE {state}" if isinstance(state, str) else ""
    return StoreError(
        f"the database refused ({kind}{suffix})", "store.failed", "look at the database's own log"
    )
