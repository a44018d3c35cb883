"""How many statements a login takes, BEGIN and COMMIT not counted: the same for one group and for five hundred."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.site import IDP, NOW
from sqlalchemy import event

import memberof
from memberof.stores import AsyncSqlStore, SqlStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

EXTRACTOR = memberof.GroupExtractor(attribute="memberOf", format="array")
# No change, ten of a hundred groups changed, the first login of a user; with what guards, tenants and breakers ask for.
WANTED = {
    "postgresql": {"first": 4, "no change": 1, "a tenth": 4, "all but one gone": 3},
    "sqlite": {"first": 7, "no change": 3, "a tenth": 10, "all but one gone": 8},
}
GUARDS: dict[str, dict[str, Any]] = {
    "the rules": {},
    "no breaker": {"breaker": None},
    "guards that are not met": {
        "policy": memberof.SyncPolicy(
            last_member_of=["Elsewhere"], protected=["Board"], required_groups=["One more"], max_groups=1000
        )
    },
    "cautious": {"policy": memberof.SyncPolicy.cautious()},
}


def logins(many: int) -> list[tuple[str, str, list[str]]]:
    """What is counted, the user and her groups."""
    groups = [f"Group {number:03}" for number in range(many)] + ["One more"]
    tenth = [*groups[max(many // 10, 1) :], "Another"]
    return [
        ("the tenant's first", "zoe", ["One more"]),
        ("first", "ada", groups),
        ("no change", "ada", groups),
        ("a tenth", "ada", tenth),
        ("all but one gone", "ada", ["One more"]),
    ]


def counting(engine: Engine) -> list[str]:
    seen: list[str] = []

    def count(*parts: Any) -> None:
        if not parts[2].startswith("BEGIN"):
            seen.append(parts[2])

    event.listen(engine, "before_cursor_execute", count)
    return seen


def given(number: int) -> dict[str, Any]:
    at = NOW + timedelta(seconds=number)
    return {"issuer": IDP, "issued_at": at, "assertion_id": f"_{number}", "now": at}


@pytest.mark.parametrize("many", [1, 20, 500])
@pytest.mark.parametrize("guards", GUARDS)
@pytest.mark.parametrize("tenant", ["", "acme"])
def test_statements_of_a_login(url: str, many: int, guards: str, tenant: str) -> None:
    counts = {}
    with SqlStore(url) as root:
        root.migrate()
        store = root.for_tenant(tenant)
        sync = memberof.GroupSync(EXTRACTOR, store, source=IDP, **GUARDS[guards])
        seen = counting(store._engine)
        for number, (what, user, groups) in enumerate(logins(many)):
            seen.clear()
            sync.login(user, {"memberOf": groups}, **given(number))
            counts[what] = len(seen)
    first = counts.pop("the tenant's first")
    wanted = WANTED[store._engine.dialect.name]
    if guards == "no breaker":
        # Nobody asks what others lost; PostgreSQL reads that together with groups that are not hers.
        wanted = {**wanted, "all but one gone": wanted["all but one gone"] - 1}
        if store._engine.dialect.name == "sqlite":
            wanted["a tenth"] -= 1
    assert counts == wanted
    assert first <= wanted["first"] + 2


@pytest.mark.parametrize("many", [1, 20, 500])
def test_statements_of_a_login_are_as_many_with_asyncio(url: str, many: int) -> None:
    async def main() -> dict[str, int]:
        counts = {}
        async with AsyncSqlStore(url) as store:
            await store.migrate()
            sync = memberof.AsyncGroupSync(EXTRACTOR, store, source=IDP)
            seen = counting(store._engine.sync_engine)
            for number, (what, user, groups) in enumerate(logins(many)):
                seen.clear()
                await sync.login(user, {"memberOf": groups}, **given(number))
                counts[what] = len(seen)
        return counts

    counts = asyncio.run(main())
    del counts["the tenant's first"]
    assert counts == WANTED[url.partition("+")[0].partition(":")[0]]


def test_a_guarded_group_costs_two_statements_where_she_leaves_it(new_database: Callable[[], str]) -> None:
    policy = memberof.SyncPolicy(last_member_of=["Admins"])
    with SqlStore(new_database()) as store:
        store.migrate()
        sync = memberof.GroupSync(EXTRACTOR, store, source=IDP, policy=policy)
        seen = counting(store._engine)
        counts = []
        for number, groups in enumerate((["Admins", "A"], ["Admins", "A"], ["A"], [])):
            seen.clear()
            sync.login("ada", {"memberOf": groups}, **given(number))
            counts.append(len(seen))
        assert [held.group for held in store.memberships()] == ["Admins"]
    # Two to lock and count. She is the last member: that is held, and an event says so.
    assert counts == [4, 1, 6, 6]
