"""Opening and writing a login on PostgreSQL: one statement without a change, three or four with one.

The opening passes the tenant's gate, locks and moves the user's mark, records the assertion ID and reads what is hers.
All parts of a statement read one snapshot, taken before it waits for any lock. Where it waited, the mark it locked is
another than the one it read (``version`` tells), and the login is begun anew, with the lock first. Only where that is
not enough to decide, a second statement looks: for groups that she is not in, for what others lost, for who else is in
a group. Every login pays for every node of a plan, executed or not, so the first statement has none of these.

Writing locks the groups that the plan touches, by name, and returns what they are now: under the locks, so whatever
another transaction made of them meanwhile shows. Where groups stay as they are, that is one statement with the writes
themselves, which are rolled back if the state was another. Where groups are made or adopted, a statement before does it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from memberof.enums import GroupKind
from memberof.store import LoginOpening, StaleStateError
from memberof.stores import rows
from memberof.stores.dialect import Names, Runs, dumps
from memberof.stores.opening import (
    EXTERNAL,
    Found,
    opening,
    reach_of,
    replayed,
    window_of,
)
from memberof.stores.writing import Writer, event_values, is_made_by_login, tenant_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memberof.records import Writes
    from memberof.store import BreakerWindow, LoginAttempt, Reach

# Fields of Writes that a login's two statements know; everything else goes the long way.
LOGIN_FIELDS = ("create", "kinds", "detach", "attach", "marks", "tenant", "event")


class PostgresLogin:
    """One login in the open transaction of one connection."""

    def __init__(
        self, connection: Runs, names: Names, tenant: str, gate: int, writer: Callable[..., Writer] = Writer
    ) -> None:
        self._connection = connection
        self._names = names
        self._tenant = tenant
        self._gate = gate
        self._writer = writer
        self._settings_locked = False

    def open(self, attempt: LoginAttempt, *, again: bool = False) -> LoginOpening:
        """Record the assertion ID, move the mark, read the state; ``again``: lock the mark before reading."""
        if again:
            self._run("lock_mark", user=attempt.user, gate=self._gate)
        row = self._run(
            "open_guarded" if attempt.last_member_keys else "open",
            gate=self._gate,
            user=attempt.user,
            source=attempt.source,
            assertion_id=attempt.assertion_id,
            until=rows.micros(attempt.replay_until),
            issued=attempt.order[0],
            received_order=attempt.order[1],
            received_at=rows.micros(attempt.received_at),
            complete=attempt.complete,
            received=attempt.received,
            window_from=rows.micros(attempt.window_from),
            guarded=dumps(attempt.last_member_keys),
        ).one()
        version, version_before, fresh, tenant, mark, mine, alone = row
        found = Found.parse(tenant, mark, mine)
        self._check_snapshot(attempt, found, version, version_before)
        if not fresh:
            return replayed(attempt, found)
        window, reach = self._look(attempt, found)
        sole = json.loads(alone) if alone else []
        leaving = [name for name in found.guarded(attempt) if _leaves(name, found, attempt)]
        if leaving:
            sole = sorted((set(sole) - set(leaving)) | set(self._sole(attempt, found, leaving)))
        return opening(attempt, found, window=window, reach=reach, sole=sole)

    def _look(
        self, attempt: LoginAttempt, found: Found
    ) -> tuple[BreakerWindow | None, dict[str, Reach] | None]:
        """Read what the decision needs beyond what is hers, into ``found`` too; one statement, or none."""
        unmet = found.unmet(attempt)
        adopted = found.may_adopt(attempt) if attempt.wants_reach else []
        parts = (
            ("settings", found.tenant is None),
            ("others", bool(unmet)),
            ("window", attempt.window_users > 0 and found.may_detach(attempt)),
            ("reach", bool(adopted) or (attempt.wants_reach and bool(unmet))),
        )
        asked = tuple(name for name, wanted in parts if wanted)
        if not asked:
            return None, None
        window_from = attempt.window_from
        if found.tenant is not None:
            window_from = max(window_from, rows.tenant_of(found.tenant).window_from or window_from)
        made, others, window, reach = self._connection.execute(
            looking_statement(self._names, asked),
            {
                "tenant": self._tenant,
                "user": attempt.user,
                "source": attempt.source,
                "identity": attempt.identity,
                "signature": attempt.signature,
                "unmet": dumps(unmet),
                "adopted": dumps(adopted),
                "window_from": rows.micros(window_from),
                "window_users": attempt.window_users,
            },
        ).one()
        if found.tenant is None and made is None:
            # Another login made the settings row meanwhile, perhaps for another source.
            raise StaleStateError("tenant")
        found.others = json.loads(others) if others else ()
        internal = found.may_adopt(attempt) if attempt.wants_reach else []
        return (
            window_of(json.loads(window)) if window else None,
            reach_of(json.loads(reach) if reach else (), internal) if internal else None,
        )

    def write(self, opened: LoginOpening, writes: Writes) -> int | None:
        """Write what was decided on the opening."""
        writer = self._writer(self._connection, self._names, self._tenant)
        known = not any(getattr(writes, name) for name in ("users", "rename", "delete", "forget_before"))
        if not known or not _is_one_logins(writes):
            self._run("lock_settings")
            return writer.write(writes, opened_for=opened.mark.user)
        if writes.create or writes.kinds or writes.tenant is not None or self._settings_locked:
            self._lock(opened, writes, writer)
            return self._write(opened, writes)
        return self._write(opened, writes, compare=True)

    def _check_snapshot(
        self, attempt: LoginAttempt, found: Found, version: int | None, version_before: int | None
    ) -> None:
        if version is not None:
            if version != (version_before or 0) + 1:
                raise StaleStateError("mark")
        elif found.mark is None or rows.mark_of(found.mark).order <= attempt.order:
            # The mark locked is newer than this login, the mark read is not: it was moved while we waited.
            raise StaleStateError("mark")

    def _sole(self, attempt: LoginAttempt, found: Found, leaving: Sequence[str]) -> list[str]:
        # Two members that leave at once would each see the other: whoever comes second waits here, until nobody else
        # writes. What was read before that is compared with what is there now.
        self._run("lock_settings")
        self._settings_locked = True
        mine = {name: kind for name, _, kind in found.held()}
        kinds = mine | {name: kind for name, _, kind in found.others}
        known, held, sole = self._run(
            "sole", user=attempt.user, names=dumps(leaving), known=dumps(sorted(kinds))
        ).one()
        if json.loads(known) != kinds or set(json.loads(held)) != set(mine):
            raise StaleStateError("groups")
        return json.loads(sole) if sole else []

    def _lock(self, opened: LoginOpening, writes: Writes, writer: Writer) -> None:
        created = {group.name for group in writes.create}
        version, made, locked = self._run(
            _lock_name(
                settings_shut=writes.tenant is not None or self._settings_locked,
                create=bool(created),
                shut=bool(writes.kinds),
            ),
            names=dumps(_touched(writes)),
            **({"rows": dumps(writer.group_rows(writes.create))} if created else {}),
        ).one()
        if made != len(created):
            raise StaleStateError("groups")
        _compare(opened, writes, version, locked)

    def _write(self, opened: LoginOpening, writes: Writes, *, compare: bool = False) -> int | None:
        user = opened.mark.user
        values: dict[str, Any] = {}
        counts: list[int] = []
        if writes.event is not None:
            values |= event_values(writes.event) | {"refs": dumps(rows.event_refs(writes.event))}
        if writes.kinds:
            values["kinds"] = dumps(sorted(name for name, _ in writes.kinds))
            counts.append(len(writes.kinds))
        if writes.detach:
            values |= {"user": user, "gone": dumps(sorted(name for _, name in writes.detach))}
            counts.append(len(writes.detach))
        if writes.attach:
            first = writes.attach[0]
            values |= {"user": user, "came_source": first.source, "came_since": rows.micros(first.since)}
            values["came"] = dumps(sorted(held.group for held in writes.attach))
            counts.append(len(writes.attach))
        if writes.marks:
            mark = rows.mark_row(writes.marks[0])
            values |= {f"m_{name}": value for name, value in zip(rows.MARK_COLUMNS, mark, strict=True)}
            counts.append(1)
        if writes.tenant is not None:
            settings = tenant_values(writes.tenant, None)
            hold = writes.tenant.hold
            waits = hold is not None and hold.event_id is None and writes.event is not None
            values |= {f"t_{name}": value for name, value in settings.items()} | {"t_waits": waits}
            counts.append(1)
        if not values:
            return None
        parts = tuple(
            name
            for name, there in (
                ("event", writes.event is not None),
                ("kinds", bool(writes.kinds)),
                ("gone", bool(writes.detach)),
                ("came", bool(writes.attach)),
                ("marks", bool(writes.marks)),
                ("tenant", writes.tenant is not None),
            )
            if there
        )
        if compare:
            values["touched"] = dumps(_touched(writes))
        version, now, event_id, *met = self._connection.execute(
            writing_statement(self._names, parts, compare=compare), {"tenant": self._tenant, **values}
        ).one()
        if compare:
            _compare(opened, writes, version, now)
        if list(met) != counts:
            raise StaleStateError("memberships")
        return event_id if writes.event is not None else None

    def _run(self, what: str, **values: Any) -> Any:
        return self._connection.execute(statement(self._names, what), {"tenant": self._tenant, **values})


def _is_one_logins(writes: Writes) -> bool:
    """Whether these are what one login writes: one mark, groups that turn external, memberships of one origin."""
    return (
        len(writes.marks) <= 1
        and all(kind is GroupKind.EXTERNAL for _, kind in writes.kinds)
        and all(is_made_by_login(held) for held in writes.attach)
        and len({(held.source, held.since) for held in writes.attach}) <= 1
    )


def _touched(writes: Writes) -> list[str]:
    """Return the names of the groups that are there and that the writes rest on, sorted."""
    named = {name for name, _ in writes.kinds} | {name for _, name in writes.detach}
    return sorted((named | {held.group for held in writes.attach}) - {group.name for group in writes.create})


def _compare(opened: LoginOpening, writes: Writes, version: int | None, groups: str | None) -> None:
    """Hold the settings' version and the kinds of the touched groups against what was decided on.

    Raises:
        StaleStateError: They are others now.

    """
    seen = {group.name: group.kind.value for group in opened.groups}
    now = json.loads(groups) if groups else {}
    if version != opened.tenant.version:
        raise StaleStateError("tenant")
    if any(name not in now or now[name] != seen.get(name, now[name]) for name in _touched(writes)):
        raise StaleStateError("groups")
    then = {**now, **{group.name: group.kind.value for group in writes.create}}
    then |= {name: kind.value for name, kind in writes.kinds}
    if any(then[held.group] != EXTERNAL for held in writes.attach if is_made_by_login(held)):
        raise StaleStateError("groups")


def _leaves(name: str, found: Found, attempt: LoginAttempt) -> bool:
    return any(one == name and key not in attempt.keys for one, key, _ in found.held())


def _lock_name(*, settings_shut: bool, create: bool, shut: bool) -> str:
    return (
        f"groups{'_settings' if settings_shut else ''}{'_create' if create else ''}{'_shut' if shut else ''}"
    )


@lru_cache(maxsize=64)
def statement(names: Names, what: str) -> str:
    """Return one of the statements, made once for each set of names."""
    if what in ("open", "open_guarded"):
        return _short(_open(names, guarded=what == "open_guarded"))
    return _short(_statements(names)[what])


@lru_cache(maxsize=64)
def looking_statement(names: Names, parts: tuple[str, ...]) -> str:
    """Return the one statement that reads these parts, and NULL for the rest: settings, others, window, reach."""
    found = _look(names, others="others" in parts)
    with_ = ", ".join(f"{name} AS {found[name]}" for name in ("settings", "others") if name in parts)
    answers = {
        "settings": "(SELECT version FROM settings)",
        "others": "(SELECT json_agg(json_build_array(name, key, kind))::text FROM others)",
        "window": found["window"],
        "reach": found["reach"],
    }
    asked = ", ".join(text if name in parts else "NULL" for name, text in answers.items())
    return _short(f"{f'WITH {with_}' if with_ else ''} SELECT {asked}")


@lru_cache(maxsize=256)
def writing_statement(names: Names, parts: tuple[str, ...], *, compare: bool) -> str:
    """Return the one statement that writes these parts.

    It gives the settings' version and the kinds of the touched groups, both NULL unless ``compare``; the event's ID or
    NULL; and how many rows each part met.
    """
    written = _parts(names, event="event" in parts)
    bodies = ["refs", *parts] if "event" in parts else list(parts)
    order = [name for name in ("event", "refs", "kinds", "gone", "came", "marks", "tenant") if name in bodies]
    with_ = ", ".join(written[name] for name in order)
    compared = "NULL, NULL"
    if compare:
        with_ = f"""settings AS MATERIALIZED (SELECT version FROM {names.tenants} WHERE tenant = :tenant FOR SHARE),
            {_locked(names, "settings", "touched", "SHARE")}, {with_}"""
        compared = "(SELECT version FROM settings), (SELECT json_object_agg(name, kind)::text FROM locked)"
    event = "(SELECT id FROM w_event)" if "event" in parts else "NULL"
    counts = "".join(f", (SELECT count(*) FROM w_{name})" for name in parts if name != "event")
    return _short(f"WITH {with_} SELECT {compared}, {event}{counts}")


def _short(statement: str) -> str:
    """Return it without needless white space: psycopg keeps no query of 4,096 characters or more in its cache."""
    return " ".join(statement.split())


def _open(n: Names, *, guarded: bool) -> str:
    tenant = ", ".join(rows.TENANT_COLUMNS)
    mark = ", ".join(rows.MARK_COLUMNS)
    counted = "(x.loss_at IS NOT NULL AND x.loss_at >= :window_from)"
    alone = f"""(SELECT json_agg(g.name ORDER BY g.name)::text FROM {n.held} AS mine
        JOIN {n.groups} AS g ON g.tenant = mine.tenant AND g.name = mine.group_name
        WHERE mine.tenant = :tenant AND mine.user_id = :user AND {n.among("g.key", "guarded")}
            AND NOT EXISTS (SELECT 1 FROM {n.held} AS m
                WHERE m.tenant = :tenant AND m.group_name = g.name AND m.user_id <> :user))"""
    return f"""WITH
gate AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(:gate)),
before AS MATERIALIZED (SELECT version, json_build_array({mark})::text AS mark FROM {n.marks}
    WHERE tenant = :tenant AND user_id = :user),
mine AS MATERIALIZED (SELECT g.kind, m.source, m.event_id, m.since, count(*) AS count,
        json_agg(m.group_name) AS names,
        CASE WHEN bool_and(g.key = m.group_name) THEN NULL ELSE json_agg(g.key) END AS keys
    FROM {n.held} AS m LEFT JOIN {n.groups} AS g ON g.tenant = m.tenant AND g.name = m.group_name
    WHERE m.tenant = :tenant AND m.user_id = :user GROUP BY g.kind, m.source, m.event_id, m.since),
mark AS (INSERT INTO {n.marks} AS x (tenant, user_id, source, order_issued, order_received, login_at, confirmed_at,
        received, had, lost, emptied, loss_at, digest, confirmation, version)
    SELECT :tenant, :user, :source, :issued, :received_order, :received_at,
        CASE WHEN CAST(:complete AS boolean) THEN CAST(:received_at AS bigint) END,
        coalesce(CAST(:received AS integer), 0),
        (SELECT coalesce(sum(count), 0)::integer FROM mine WHERE kind = 'external'),
        0, false, NULL, '', '', 1 FROM gate
    ON CONFLICT (tenant, user_id) DO UPDATE SET source = excluded.source,
        order_issued = excluded.order_issued, order_received = excluded.order_received,
        login_at = excluded.login_at, confirmed_at = coalesce(excluded.confirmed_at, x.confirmed_at),
        received = coalesce(CAST(:received AS integer), x.received),
        had = CASE WHEN {counted} THEN greatest(x.had, excluded.had) ELSE excluded.had END,
        lost = CASE WHEN {counted} THEN x.lost ELSE 0 END, emptied = x.emptied AND {counted},
        version = x.version + 1
    WHERE (x.order_issued, x.order_received) <= (excluded.order_issued, excluded.order_received)
    RETURNING version),
replay AS (INSERT INTO {n.replays} (tenant, source, assertion_id, until)
    SELECT :tenant, :source, :assertion_id, :until FROM (SELECT count(*) FROM mark) AS after_mark
    ON CONFLICT DO NOTHING RETURNING true)
SELECT (SELECT version FROM mark), (SELECT version FROM before), EXISTS (SELECT 1 FROM replay),
    (SELECT json_build_array({tenant})::text FROM {n.tenants} WHERE tenant = :tenant),
    (SELECT mark FROM before),
    (SELECT json_agg(json_build_array(kind, source, event_id, since, names, keys))::text FROM mine),
    {alone if guarded else "NULL"}"""


def _look(n: Names, *, others: bool) -> dict[str, str]:
    internal = "SELECT name FROM others WHERE kind = 'internal' UNION ALL " if others else ""
    return {
        "settings": f"""(INSERT INTO {n.tenants} (tenant, source, identity, signature, version)
            VALUES (:tenant, :source, :identity, :signature, 1) ON CONFLICT DO NOTHING RETURNING version)""",
        "others": f"""MATERIALIZED (SELECT g.name, g.key, g.kind
            FROM json_array_elements_text(CAST(:unmet AS json)) AS unmet(key)
            JOIN {n.known} AS g ON g.tenant = :tenant AND g.key = unmet.key)""",
        "window": f"""(SELECT json_build_array(count(*), sum(had), count(*) FILTER (WHERE loss_at >= :window_from),
                sum(lost) FILTER (WHERE loss_at >= :window_from),
                count(*) FILTER (WHERE loss_at >= :window_from AND emptied))::text
            FROM (SELECT had, lost, emptied, loss_at FROM {n.marks}
                WHERE tenant = :tenant AND source = :source AND user_id <> :user AND login_at >= :window_from
                    AND had > 0
                ORDER BY login_at DESC LIMIT CAST(:window_users AS integer)) AS newest)""",
        "reach": f"""(SELECT json_agg(json_build_array(m.group_name, m.user_id, NOT EXISTS (SELECT 1
                FROM {n.marks} AS k
                WHERE k.tenant = m.tenant AND k.user_id = m.user_id AND k.source = :source)))::text
            FROM {n.held} AS m WHERE m.tenant = :tenant AND m.user_id <> :user
                AND m.group_name IN ({internal}SELECT json_array_elements_text(CAST(:adopted AS json))))""",
    }


def _statements(n: Names) -> dict[str, str]:
    found = {
        "lock_mark": f"SELECT pg_advisory_xact_lock_shared(:gate), (SELECT version FROM {n.marks} "
        "WHERE tenant = :tenant AND user_id = :user FOR UPDATE)",
        "lock_settings": f"SELECT version FROM {n.tenants} WHERE tenant = :tenant FOR NO KEY UPDATE",
        "sole": f"""SELECT (SELECT coalesce(json_object_agg(name, kind), '{{}}')::text FROM {n.groups}
                WHERE tenant = :tenant AND {n.among("name", "known")}),
            (SELECT coalesce(json_agg(m.group_name), '[]')::text FROM {n.held} AS m
                WHERE m.tenant = :tenant AND m.user_id = :user),
            (SELECT json_agg(name)::text FROM json_array_elements_text(CAST(:names AS json)) AS names(name)
                WHERE NOT EXISTS (SELECT 1 FROM {n.held} AS m
                    WHERE m.tenant = :tenant AND m.group_name = name AND m.user_id <> :user))""",
    }
    # One pass over settings, new groups, old groups by name, each after the one before: the order of locks.
    for settings_shut in (False, True):
        for create in (False, True):
            for shut in (False, True):
                how = "NO KEY UPDATE" if settings_shut else "SHARE"
                strength = "NO KEY UPDATE" if shut else "SHARE"
                made = n.made("settings") if create else "made AS (SELECT 1 FROM settings WHERE false)"
                found[_lock_name(settings_shut=settings_shut, create=create, shut=shut)] = f"""WITH
                    settings AS MATERIALIZED (SELECT version FROM {n.tenants}
                        WHERE tenant = :tenant FOR {how}),
                    {made}, {_locked(n, "made", "names", strength)}
                    SELECT (SELECT version FROM settings), (SELECT count(*) FROM made),
                        (SELECT json_object_agg(name, kind)::text FROM locked)"""
    return found


def _locked(n: Names, after: str, parameter: str, strength: str) -> str:
    return f"""locked AS MATERIALIZED (SELECT name, kind FROM {n.groups} WHERE tenant = :tenant
        AND {n.among("name", parameter)} AND (SELECT count(*) FROM {after}) >= 0 ORDER BY name FOR {strength})"""


def _parts(n: Names, *, event: bool) -> dict[str, str]:
    of = n.item
    event_id = "(SELECT id FROM w_event)" if event else "CAST(NULL AS bigint)"
    puts = ", ".join(f"{name} = :m_{name}" for name in rows.MARK_COLUMNS if name != "user_id")
    settings = ", ".join(
        f"{name} = :t_{name}" for name in rows.TENANT_COLUMNS if name not in {"version", "hold"}
    )
    return {
        "event": f"w_event AS (INSERT INTO {n.events} (tenant, kind, at, source, lossy, body) "
        "VALUES (:tenant, :kind, :at, :source, :lossy, :body) RETURNING id)",
        "refs": f"w_refs AS (INSERT INTO {n.event_refs} (tenant, what, name, event_id) "
        f"SELECT :tenant, {of(0)}, {of(1)}, w_event.id FROM w_event, {n.rows('refs')})",
        "kinds": f"w_kinds AS (UPDATE {n.groups} SET kind = 'external' WHERE tenant = :tenant "
        f"AND {n.among('name', 'kinds')} AND kind <> 'external' RETURNING 1)",
        "gone": n.gone(),
        "came": n.came(event_id),
        "marks": f"w_marks AS (UPDATE {n.marks} SET {puts}, version = version + 1 "
        "WHERE tenant = :tenant AND user_id = :m_user_id "
        "AND (order_issued, order_received) <= (:m_order_issued, :m_order_received) RETURNING 1)",
        "tenant": f"""w_tenant AS (UPDATE {n.tenants} SET {settings},
            hold = CASE WHEN CAST(:t_waits AS boolean)
                THEN jsonb_set(CAST(CAST(:t_hold AS text) AS jsonb), '{{event_id}}', to_jsonb({event_id}))::text
                ELSE CAST(:t_hold AS text) END,
            version = version + 1 WHERE tenant = :tenant AND version = :t_version RETURNING 1)""",
    }
