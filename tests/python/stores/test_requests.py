"""Logins and administrators' writes inside transactions of the application: which order of locks holds, and which not."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from services.hammer import own_engine
from services.mirror import attempt, login, members, mirror
from sqlalchemy import text

from memberof.errors import StoreError
from memberof.stores import AsyncSqlStore, SqlStore
from memberof.testing.conformance import _crowd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REQUESTS = 12


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    with SqlStore(url) as first:
        first.migrate()
    engine = own_engine(url)
    yield SqlStore(engine)
    engine.dispose()


def provision(store: SqlStore, number: int, *, alone: bool) -> None:
    """Log in, and put the user into a group of the application's own, in one transaction."""
    user = f"user {number}"
    with store._engine.begin() as connection, store.using(connection, alone=alone):
        login(store, user, ("Staff", f"Team {number % 3}"))
        store.attach(user, "Members")


def test_requests_that_log_in_and_administer_alone_wait_for_each_other(store: SqlStore) -> None:
    store.create_group("Members")
    raised = _crowd([lambda n=n: provision(store, n, alone=True) for n in range(REQUESTS)])  # type: ignore[misc]
    assert raised == []
    wanted = {
        (f"user {n}", group) for n in range(REQUESTS) for group in ("Members", "Staff", f"Team {n % 3}")
    }
    assert members(store) == wanted


def test_requests_that_administer_first_wait_for_each_other(store: SqlStore) -> None:
    def request(number: int) -> None:
        with store._engine.begin() as connection, store.using(connection):
            store.create_group(f"Own {number}")
            login(store, f"user {number % 4}", (f"Own {number}",))

    assert _crowd([lambda n=n: request(n) for n in range(REQUESTS)]) == []  # type: ignore[misc]
    assert len({user for user, _ in members(store)}) == 4
    assert len(store.groups()) == REQUESTS


def test_of_two_requests_that_upgrade_one_is_told_and_nothing_of_it_stays(
    new_database: Callable[[], str],
) -> None:
    """PostgreSQL: a login shares the tenant, an administrator's write has it alone; two cannot both go from one to the other."""
    with SqlStore(new_database()) as store:
        store.migrate()
        store.create_group("Members")
        both = threading.Barrier(2)
        told: list[StoreError] = []

        def request(user: str) -> None:
            try:
                with store._engine.begin() as connection, store.using(connection):
                    login(store, user, ("Staff",), assertion_id=f"_{user}")
                    both.wait(60)
                    store.attach(user, "Members")
            except StoreError as error:
                told.append(error)

        login(store, "eve", ("Staff",))
        threads = [threading.Thread(target=request, args=(user,)) for user in ("ada", "bob")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (error,) = told
        assert error.code == "store.conflict"
        assert error.hint is not None
        assert "alone=True" in error.hint
        won = {user for user, group in members(store) if group == "Members"}
        assert members(store) == {("eve", "Staff")} | {
            (user, g) for user in won for g in ("Members", "Staff")
        }
        (lost,) = {"ada", "bob"} - won
        with store._engine.begin() as connection, store.using(connection, alone=True):
            login(store, lost, ("Staff",), assertion_id=f"_{lost}")
            store.attach(lost, "Members")
        assert ("Members" in {group for user, group in members(store) if user == lost}) is True


def test_a_read_in_a_callers_transaction_does_not_spoil_a_write_after_it(store: SqlStore) -> None:
    with store._engine.begin() as connection, store.using(connection):
        assert store.memberships() == ()
        outside = threading.Thread(target=lambda: login(store, "bob", ("B",)))
        outside.start()
        outside.join()
        store.create_group("Own")
        login(store, "ada", ("A",))
    assert members(store) == {("ada", "A"), ("bob", "B")}


def test_an_old_snapshot_of_the_callers_is_a_conflict_and_changes_nothing(tmp_path: Path) -> None:
    with SqlStore(f"sqlite:///{tmp_path}/groups.db") as store:
        login(store, "bob", ("B",))
        with store._engine.connect() as connection, store.using(connection):
            connection.exec_driver_sql("BEGIN")
            assert connection.execute(text("SELECT count(*) FROM memberof_groups")).scalar_one() == 1
            outside = threading.Thread(target=lambda: login(store, "eve", ("E",)))
            outside.start()
            outside.join()
            with pytest.raises(StoreError) as refused:
                login(store, "ada", ("A",))
            assert refused.value.code == "store.conflict"
        assert members(store) == {("bob", "B"), ("eve", "E")}


def test_the_async_store_can_be_alone_too(url: str) -> None:
    async def provision(store: AsyncSqlStore, user: str) -> None:
        made = attempt(user, ("Staff",))
        async with store._engine.begin() as connection:
            with store.using(connection, alone=True):
                await store.login(made, mirror(made))
                await store.attach(user, "Members")

    async def main() -> set[tuple[str, str]]:
        async with AsyncSqlStore(url) as store:
            await store.migrate()
            await store.create_group("Members")
            await asyncio.gather(*(provision(store, f"user {number}") for number in range(6)))
            found: Any = await store.memberships()
            return {(held.user, held.group) for held in found}

    wanted = {(f"user {number}", group) for number in range(6) for group in ("Members", "Staff")}
    assert asyncio.run(main()) == wanted
