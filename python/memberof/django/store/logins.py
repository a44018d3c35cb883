"""A login over Django's connection: opened and written by the statements of :mod:`memberof.stores`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from django.db import connections

from memberof import group_key
from memberof.django.models import TenantRecord
from memberof.django.store.connection import DjangoConnection, user_text
from memberof.django.store.groups import record_unrecorded, unrecorded
from memberof.django.store.names import names_on
from memberof.django.store.writing import DjangoWriter
from memberof.enums import GroupKind
from memberof.store import Reach, StaleStateError
from memberof.stores.dialect import POSTGRESQL
from memberof.stores.postgresql import PostgresLogin
from memberof.stores.sqlite import SqliteLogin

if TYPE_CHECKING:
    from memberof.records import Writes
    from memberof.store import LoginAttempt, LoginOpening

__all__ = ["DjangoLogin", "begin_alone", "login_on"]


class DjangoLogin:
    """One login in the transaction that is open."""

    def __init__(self, tenant: str, using: str, login: PostgresLogin | SqliteLogin) -> None:
        self._tenant = tenant
        self._using = using
        self._login = login

    def open(self, attempt: LoginAttempt, *, again: bool) -> LoginOpening:
        """Record the assertion ID, move the mark, read the state; ``again``: after the state moved.

        Raises:
            StaleStateError: A group that was received was made past our signals: it must be recorded first.

        """
        if again:
            record_unrecorded(self._tenant, self._using, attempt.keys)
        opened = self._login.open(attempt, again=again)
        doubtful = set() if again else _doubtful(attempt, opened)
        if doubtful:
            names = (name for _, name in unrecorded(self._tenant, self._using))
            if any(group_key(name, attempt.identity) in doubtful for name in names):
                raise StaleStateError("unrecorded")
        return replace(opened, reach={name: _texts(reach) for name, reach in opened.reach.items()})

    def write(self, opened: LoginOpening, writes: Writes) -> int | None:
        """Write what was decided on the opening."""
        return self._login.write(opened, writes)


def _doubtful(attempt: LoginAttempt, opened: LoginOpening) -> set[str]:
    """Return the received keys whose group may have been made past our signals.

    The opening knows such a group by its very name, as an internal one; not by a name that is spelt or folded otherwise.
    """
    internal = {group.key for group in opened.groups if group.kind == GroupKind.INTERNAL}
    unmet = set(attempt.keys) - {group.key for group in opened.groups}
    spelt = unmet if attempt.identity != "exact" else {key for key in unmet if not key.isascii()}
    return (internal & set(attempt.keys)) | spelt


def login_on(tenant: str, using: str, *, again: bool) -> DjangoLogin:
    """Return a login on a database; ``again``: after the state moved."""
    connection, names = DjangoConnection(using), names_on(using)
    writer = partial(DjangoWriter, using=using, avoid_taken=again)
    made: PostgresLogin | SqliteLogin
    if connections[using].vendor == POSTGRESQL:
        made = PostgresLogin(connection, names, tenant, gate(tenant), writer)
    else:
        take_write_lock(tenant, using)
        made = SqliteLogin(connection, names, tenant, writer)
    return DjangoLogin(tenant, using, made)


def begin_alone(tenant: str, using: str) -> None:
    """Keep every login of the tenant, and every other operation on it, out until the transaction ends."""
    if connections[using].vendor == POSTGRESQL:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [gate(tenant)])
    else:
        take_write_lock(tenant, using)


def take_write_lock(tenant: str, using: str) -> None:
    """Take SQLite's one write lock before anything is read, where the settings don't take it in BEGIN."""
    if str(connections[using].transaction_mode or "").upper() not in {"IMMEDIATE", "EXCLUSIVE"}:
        # A write takes it whether or not it meets a row.
        TenantRecord.objects.using(using).filter(tenant=tenant, version=-1).update(version=-1)


def gate(tenant: str) -> int:
    """Return the number of a tenant's advisory lock."""
    return int.from_bytes(hashlib.sha256(b"memberof.django/" + tenant.encode()).digest()[:8]) >> 1


def _texts(reach: Reach) -> Reach:
    """Return it with users' IDs as the records hold them."""
    return Reach(others=tuple(sorted(map(user_text, reach.others))), strangers=reach.strangers)
