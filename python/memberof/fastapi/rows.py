"""Sessions, subjects and open requests in the store's database: what is read and written, and nothing decided."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from memberof.fastapi.tables import VERSIONS, web_tables
from memberof.stores.dialect import POSTGRESQL
from memberof.stores.rows import instant, micros
from memberof.web.pending import PendingRequest

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Insert, Row, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from memberof.fastapi.tables import WebTables
    from memberof.stores import AsyncSqlStore
    from memberof.subjects import Subject

__all__ = ["Rows", "SessionRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session that a sign-in began."""

    user_id: str
    tenant: str
    provider: str
    session_index: str
    name: str
    email: str
    created_at: datetime
    expires_at: datetime


class Rows:
    """The rows beside a store's.

    Args:
        store: Any tenant's store; these rows are in its database.

    """

    def __init__(self, store: AsyncSqlStore) -> None:
        self._store = store
        self.tables: WebTables = web_tables(store.tables)
        # Only PostgreSQL deletes in a WITH.
        self._takes_and_makes = store.dialect == POSTGRESQL
        self._take_and_make = _take_and_make(self.tables)

    async def migrate(self) -> None:
        """Create the tables, or bring them up to date."""
        await self._store.migrate_beside(self.tables, VERSIONS)

    async def keep_pending(self, request: PendingRequest) -> None:
        """Keep a request that is about to be sent."""
        values = {
            "handle": request.handle,
            "request_id": request.id,
            "secret_hash": request.secret_hash,
            "provider": request.provider,
            "relay_state": request.relay_state,
            "return_to": request.return_to,
            "restarted": request.restarted,
            "expires_at": micros(request.expires_at),
        }
        async with self._store.statements() as connection:
            await connection.execute(insert(self.tables.pending), values)

    async def pending(self, handles: Collection[str]) -> list[PendingRequest]:
        """Return the requests under these handles."""
        if not handles:
            return []
        table = self.tables.pending
        async with self._store.statements() as connection:
            found = await connection.execute(select(table).where(table.c.handle.in_(handles)))
            return [_pending(row) for row in found]

    async def user_of(self, provider: str, subject: Subject) -> str | None:
        """Return the user that a subject leads to."""
        async with self._store.statements() as connection:
            return await self._user_of(connection, provider, _key(subject))

    async def claim_subject(
        self, connection: AsyncConnection, provider: str, subject: Subject, *, now: datetime
    ) -> str | None:
        """Take a subject's row for this transaction: None, or the user whom another sign-in has given it meanwhile.

        Another first sign-in of the same subject waits here until this transaction has ended.
        """
        key = _key(subject)
        dialect = postgresql if connection.dialect.name == POSTGRESQL else sqlite
        row = {"provider": provider, "key": key, "user_id": "", "created_at": micros(now)}
        table = self.tables.subjects
        taking = dialect.insert(table).on_conflict_do_nothing().values(row).returning(table.c.key)
        if await connection.scalar(taking) is not None:
            return None
        return await self._user_of(connection, provider, key)

    async def link(self, connection: AsyncConnection, provider: str, subject: Subject, user_id: str) -> None:
        """Let a subject whose row was taken lead to a user."""
        table = self.tables.subjects
        here = (table.c.provider == provider) & (table.c.key == _key(subject))
        await connection.execute(update(table).where(here).values(user_id=user_id))

    async def linked(self, connection: AsyncConnection, provider: str, user_ids: Collection[str]) -> set[str]:
        """Return those users whom a subject of this provider leads to already."""
        table = self.tables.subjects
        where = (table.c.provider == provider) & table.c.user_id.in_(user_ids)
        return set((await connection.scalars(select(table.c.user_id).where(where))).all())

    async def begin_session(self, request: PendingRequest, session: SessionRow) -> str | None:
        """Consume a request and begin the session; return what the cookie shall hold, or None: it was consumed before."""
        token = secrets.token_urlsafe(32)
        values = {
            "key": _hash(token),
            "user_id": session.user_id,
            "tenant": session.tenant,
            "provider": session.provider,
            "session_index": session.session_index,
            "name": session.name,
            "email": session.email,
            "created_at": micros(session.created_at),
            "expires_at": micros(session.expires_at),
        }
        if not self._takes_and_makes:
            return token if await self._take_then_make(request, values) else None
        async with self._store.statements() as connection:
            made = await connection.scalar(self._take_and_make, {"handle": request.handle, **values})
        return None if made is None else token

    async def session(self, token: str) -> SessionRow | None:
        """Return the session of a cookie, whether or not it has ended."""
        table = self.tables.sessions
        async with self._store.statements() as connection:
            row = (await connection.execute(select(table).where(table.c.key == _hash(token)))).one_or_none()
        return None if row is None else _session(row)

    async def end_session(self, token: str) -> None:
        """End the session of a cookie."""
        await self._delete(self.tables.sessions, self.tables.sessions.c.key == _hash(token))

    async def end_sessions(self, user_id: str, tenant: str) -> int:
        """End all sessions of a user; return how many there were."""
        table = self.tables.sessions
        return await self._delete(table, (table.c.tenant == tenant) & (table.c.user_id == user_id))

    async def clean(self, now: datetime) -> int:
        """Remove sessions and requests that have ended; return how many."""
        tables = (self.tables.sessions, self.tables.pending)
        return sum([await self._delete(table, table.c.expires_at <= micros(now)) for table in tables])

    async def _take_then_make(self, request: PendingRequest, values: dict[str, Any]) -> bool:
        table = self.tables.pending
        async with self._store.transaction() as connection:
            gone = await connection.execute(delete(table).where(table.c.handle == request.handle))
            if gone.rowcount == 1:
                await connection.execute(insert(self.tables.sessions), values)
            return gone.rowcount == 1

    async def groups(self, user_id: str, tenant: str) -> frozenset[str]:
        """Return the names of a user's groups, as they are now."""
        table = self._store.tables.memberships
        where = (table.c.tenant == tenant) & (table.c.user_id == user_id)
        async with self._store.statements() as connection:
            return frozenset(await connection.scalars(select(table.c.group_name).where(where)))

    async def _delete(self, table: Table, where: ColumnElement[bool]) -> int:
        async with self._store.statements() as connection:
            return (await connection.execute(delete(table).where(where))).rowcount

    async def _user_of(self, connection: AsyncConnection, provider: str, key: str) -> str | None:
        table = self.tables.subjects
        where = (table.c.provider == provider) & (table.c.key == key)
        found: str | None = await connection.scalar(select(table.c.user_id).where(where))
        return found


def _take_and_make(tables: WebTables) -> Insert:
    """Delete the request and insert the session, if the request was still there: one statement."""
    pending, sessions = tables.pending, tables.sessions
    gone = (
        delete(pending).where(pending.c.handle == bindparam("handle")).returning(pending.c.handle).cte("gone")
    )
    row = [bindparam(column.name, type_=column.type) for column in sessions.columns]
    made = select(*row).select_from(gone)
    return insert(sessions).from_select(list(sessions.columns.keys()), made).returning(sessions.c.key)


def _key(subject: Subject) -> str:
    return _hash(subject.key)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _pending(row: Row[Any]) -> PendingRequest:
    return PendingRequest(
        id=row.request_id,
        handle=row.handle,
        secret_hash=row.secret_hash,
        provider=row.provider,
        relay_state=row.relay_state,
        return_to=row.return_to,
        restarted=row.restarted,
        expires_at=instant(row.expires_at),
    )


def _session(row: Row[Any]) -> SessionRow:
    return SessionRow(
        user_id=row.user_id,
        tenant=row.tenant,
        provider=row.provider,
        session_index=row.session_index,
        name=row.name,
        email=row.email,
        created_at=instant(row.created_at),
        expires_at=instant(row.expires_at),
    )
