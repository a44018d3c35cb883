"""Opening and writing a login on SQLite: one immediate transaction, so nothing moves under it.

Without a change that is four statements: the state, the mark, the assertion ID, and (only then) what guards ask for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from memberof.stores import rows
from memberof.stores.dialect import Names, Runs, dumps
from memberof.stores.opening import (
    Found,
    first_tenant,
    opening,
    reach_of,
    replayed,
    window_of,
)
from memberof.stores.writing import Writer, tenant_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.records import Writes
    from memberof.store import BreakerWindow, LoginAttempt, LoginOpening


class SqliteLogin:
    """One login in the open transaction of one connection."""

    def __init__(
        self, connection: Runs, names: Names, tenant: str, writer: Callable[..., Writer] = Writer
    ) -> None:
        self._connection = connection
        self._names = names
        self._tenant = tenant
        self._writer = writer

    def open(self, attempt: LoginAttempt, *, again: bool = False) -> LoginOpening:  # noqa: ARG002
        """Record the assertion ID, move the mark, read the state; ``again`` changes nothing here."""
        used, *state = self._run(
            "state",
            user=attempt.user,
            source=attempt.source,
            assertion_id=attempt.assertion_id,
            keys=dumps(attempt.keys),
        ).one()
        found = Found.parse(*state)
        if used:
            return replayed(attempt, found)
        if found.tenant is None:
            self._run("tenant", **{**tenant_values(first_tenant(attempt), None), "version": 1})
        made = opening(
            attempt,
            found,
            window=self._window(attempt, found),
            reach=self._reach(attempt, found),
            sole=self._sole(attempt, found),
        )
        if not made.older:
            values = zip(rows.MARK_COLUMNS, rows.mark_row(made.mark), strict=True)
            self._run("mark", **dict(values))
        self._run(
            "replay",
            source=attempt.source,
            assertion_id=attempt.assertion_id,
            until=rows.micros(attempt.replay_until),
        )
        return made

    def write(self, opened: LoginOpening, writes: Writes) -> int | None:
        """Write what was decided on the opening."""
        writer = self._writer(self._connection, self._names, self._tenant)
        return writer.write(writes, opened_for=opened.mark.user)

    def _window(self, attempt: LoginAttempt, found: Found) -> BreakerWindow | None:
        if not attempt.window_users or not found.may_detach(attempt):
            return None
        tenant = first_tenant(attempt) if found.tenant is None else rows.tenant_of(found.tenant)
        window_from = max(attempt.window_from, tenant.window_from or attempt.window_from)
        return window_of(
            self._run(
                "window",
                user=attempt.user,
                source=attempt.source,
                window_from=rows.micros(window_from),
                window_users=attempt.window_users,
            ).one()
        )

    def _reach(self, attempt: LoginAttempt, found: Found) -> Any:
        internal = found.may_adopt(attempt) if attempt.wants_reach else []
        if not internal:
            return None
        pairs = self._run("reach", user=attempt.user, source=attempt.source, names=dumps(internal)).all()
        return reach_of(pairs, internal)

    def _sole(self, attempt: LoginAttempt, found: Found) -> list[str]:
        guarded = found.guarded(attempt)
        if not guarded:
            return []
        return list(self._run("sole", user=attempt.user, names=dumps(guarded)).scalars())

    def _run(self, what: str, **values: Any) -> Any:
        return self._connection.execute(statement(self._names, what), {"tenant": self._tenant, **values})


@lru_cache(maxsize=64)
def statement(names: Names, what: str) -> str:
    """Return one of the statements, made once for each set of names."""
    return _statements(names)[what]


def _statements(n: Names) -> dict[str, str]:
    tenant = ", ".join(rows.TENANT_COLUMNS)
    mark = ", ".join(rows.MARK_COLUMNS)
    values = ", ".join(f":{name}" for name in rows.MARK_COLUMNS)
    puts = ", ".join(f"{name} = excluded.{name}" for name in rows.MARK_COLUMNS if name != "user_id")
    mine = f"SELECT m.group_name FROM {n.held} AS m WHERE m.tenant = :tenant AND m.user_id = :user"
    return {
        "state": f"""SELECT
            EXISTS (SELECT 1 FROM {n.replays}
                WHERE tenant = :tenant AND source = :source AND assertion_id = :assertion_id),
            (SELECT json_array({tenant}) FROM {n.tenants} WHERE tenant = :tenant),
            (SELECT json_array({mark}) FROM {n.marks} WHERE tenant = :tenant AND user_id = :user),
            (SELECT json_group_array(json_array(kind, source, event_id, since, json(names), json(keys))) FROM (
                SELECT g.kind, m.source, m.event_id, m.since, json_group_array(g.name) AS names,
                    CASE WHEN min(g.key = g.name) THEN NULL ELSE json_group_array(g.key) END AS keys
                FROM {n.held} AS m JOIN {n.groups} AS g ON g.tenant = m.tenant AND g.name = m.group_name
                WHERE m.tenant = :tenant AND m.user_id = :user GROUP BY 1, 2, 3, 4)),
            (SELECT json_group_array(json_array(name, key, kind)) FROM {n.known}
                WHERE tenant = :tenant AND {n.among("key", "keys")} AND name NOT IN ({mine}))""",
        "tenant": f"INSERT INTO {n.tenants} (tenant, {tenant}) "
        f"VALUES (:tenant, {', '.join(f':{name}' for name in rows.TENANT_COLUMNS)})",
        "mark": f"INSERT INTO {n.marks} (tenant, {mark}, version) VALUES (:tenant, {values}, 1) "
        f"ON CONFLICT (tenant, user_id) DO UPDATE SET {puts}, version = version + 1",
        "replay": f"INSERT INTO {n.replays} (tenant, source, assertion_id, until) "
        "VALUES (:tenant, :source, :assertion_id, :until)",
        "window": f"""SELECT count(*), sum(had), sum(loss_at >= :window_from),
            sum(CASE WHEN loss_at >= :window_from THEN lost END), sum(loss_at >= :window_from AND emptied)
            FROM (SELECT had, lost, emptied, loss_at FROM {n.marks}
                WHERE tenant = :tenant AND source = :source AND user_id <> :user AND login_at >= :window_from
                    AND had > 0
                ORDER BY login_at DESC LIMIT :window_users)""",
        "reach": f"""SELECT m.group_name, m.user_id, NOT EXISTS (SELECT 1 FROM {n.marks} AS k
                WHERE k.tenant = m.tenant AND k.user_id = m.user_id AND k.source = :source)
            FROM {n.held} AS m
            WHERE m.tenant = :tenant AND m.user_id <> :user AND {n.among("m.group_name", "names")}""",
        "sole": f"""SELECT value FROM json_each(:names) WHERE NOT EXISTS (SELECT 1 FROM {n.held} AS m
            WHERE m.tenant = :tenant AND m.group_name = value AND m.user_id <> :user) ORDER BY value""",
    }
