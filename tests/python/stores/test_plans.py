"""SQLite finds the rows of a login by whole keys, with no statistics to go by: its cost doesn't grow with the tenant."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from services.site import IDP, NOW
from sqlalchemy import event

import memberof
from memberof.stores import SqlStore

# A table of one row for each tenant is found by the tenant; every other one holds many rows of it.
SLOW = re.compile(r"(SCAN|SEARCH) (?!memberof_tenants)\S+( USING .*\(tenant=\?\))?$")
OF_OURS = re.compile(r"memberof_|\b[gmkx]\b")


def test_no_statement_of_a_login_reads_all_rows_of_a_tenant() -> None:
    plans: dict[str, list[str]] = {}

    def explain(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            raw = connection.connection.driver_connection
            plans[statement] = [row[-1] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)]

    with SqlStore("sqlite://") as store:
        store.migrate()
        store.create_group("Staff")
        policy = memberof.SyncPolicy(last_member_of=["Admins"])
        extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
        sync = memberof.GroupSync(extractor, store, source=IDP, policy=policy)
        event.listen(store._engine, "before_cursor_execute", explain)
        logins = (["Admins", "A", "B"], ["A", "B"], ["A", "Staff"], ["C"], [])
        for number, groups in enumerate(logins):
            for user in ("ada", "bob"):
                sync.login(
                    user,
                    {"memberOf": groups},
                    issuer=IDP,
                    issued_at=NOW,
                    assertion_id=f"_{user}{number}",
                    now=NOW + timedelta(seconds=number),
                )
    slow = {
        statement: [line for line in plan if SLOW.match(line) and OF_OURS.search(line)]
        for statement, plan in plans.items()
    }
    assert {statement: lines for statement, lines in slow.items() if lines} == {}
    written = {
        word
        for statement in plans
        for word in re.findall(r"^(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", statement)
    }
    assert written == {
        f"memberof_{name}"
        for name in ("tenants", "groups", "memberships", "marks", "replays", "events", "event_refs")
    }
