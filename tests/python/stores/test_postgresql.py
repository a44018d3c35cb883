"""What only PostgreSQL shows: statements counted, waiting openings, request transactions, lost connections."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.mirror import NOW, attempt, login, members, mirror
from services.postgres import PostgresServer
from services.site import Site
from sqlalchemy import event, text

from memberof.errors import StoreError
from memberof.stores import SqlStore
from memberof.testing.conformance import _crowd

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.store import Decision, LoginOpening


@pytest.fixture
def store(new_store: Callable[[], SqlStore]) -> SqlStore:
    return new_store()


def statements(store: SqlStore) -> list[str]:
    seen: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    return seen


@pytest.mark.parametrize("many", [1, 20, 500])
def test_a_login_without_change_is_one_statement_and_a_first_login_four(store: SqlStore, many: int) -> None:
    groups = [f"Group {number}" for number in range(many)]
    site = Site(store=store)
    site.login("zoe", ["Other"])
    seen = statements(store)
    counts = []
    for claim in (groups, groups, [*groups[many // 10 :], "One more"], ["One more"]):
        seen.clear()
        site.login("ada", claim)
        counts.append(len(seen))
    assert counts == [4, 1, 4, 3]
    assert site.groups("ada") == ["One more"]


def test_the_first_login_of_a_tenant_is_four_statements(store: SqlStore) -> None:
    seen = statements(store)
    Site(store=store).login("ada", ["A", "B"])
    assert len(seen) == 4


def test_an_opening_that_waited_reads_again(store: SqlStore) -> None:
    login(store, groups=("A",))
    inside, go_on = threading.Event(), threading.Event()
    first, second = attempt(groups=("B",)), attempt(groups=("C",))
    openings: list[LoginOpening] = []

    def slowly(opening: LoginOpening) -> Decision[Any]:
        inside.set()
        go_on.wait(20)
        return mirror(first)(opening)

    def seeing(opening: LoginOpening) -> Decision[Any]:
        openings.append(opening)
        return mirror(second)(opening)

    one = threading.Thread(target=lambda: store.login(first, slowly))
    other = threading.Thread(target=lambda: store.login(second, seeing))
    one.start()
    assert inside.wait(20)
    other.start()
    wait_for_a_lock(store)
    go_on.set()
    one.join()
    other.join()
    assert [held.group for held in openings[-1].memberships] == ["B"]
    assert members(store) == {("ada", "C")}


def wait_for_a_lock(store: SqlStore) -> None:
    """Wait until another connection of this database waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(20_000):
        with store._engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("act", ["rename_group", "delete_group", "set_kind"])
def test_an_administrator_between_plan_and_writes_is_neither_lost_nor_undone(
    store: SqlStore, act: str
) -> None:
    site = Site(store=store)
    site.login("bob", ["A"])
    arguments = {"rename_group": ("A", "Anew"), "delete_group": ("A",), "set_kind": ("A", "internal")}[act]
    made = attempt(groups=("A",))
    threads: list[threading.Thread] = []

    def decide(opening: LoginOpening) -> Decision[Any]:
        if not threads:
            administrator = threading.Thread(target=lambda: getattr(store, act)(*arguments, now=NOW))
            threads.append(administrator)
            administrator.start()
            wait_for_a_lock(store)
        return mirror(made)(opening)

    store.login(made, decide)
    threads[0].join()
    kinds = {group.name: str(group.kind) for group in store.groups()}
    expected: dict[str, tuple[set[tuple[str, str]], dict[str, str]]] = {
        "rename_group": ({("bob", "Anew"), ("ada", "Anew")}, {"Anew": "external"}),
        "delete_group": (set(), {}),
        "set_kind": ({("bob", "A"), ("ada", "A")}, {"A": "internal"}),
    }
    assert (members(store), kinds) == expected[act], (
        "the administrator came after the login, and waited for it"
    )


def test_logins_inside_request_transactions_do_not_deadlock(store: SqlStore) -> None:
    with store._engine.begin() as connection:
        connection.execute(text("CREATE TABLE own (x text)"))

    def request(number: int) -> None:
        with store._engine.begin() as connection, store.using(connection):
            connection.execute(text("INSERT INTO own VALUES (:x)"), {"x": str(number)})
            groups = [f"G{(number * 7 + place) % 20}" for place in range(12)]
            made = attempt(f"user {number % 3}", groups)
            store.login(made, mirror(made))
            connection.execute(text("SELECT count(*) FROM own"))

    for start in range(0, 96, 12):
        assert _crowd([lambda number=number: request(number) for number in range(start, start + 12)]) == []  # type: ignore[misc]
    with store._engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM own")).scalar_one() == 96
    assert len({user for user, _ in members(store)}) == 3


def test_a_connection_lost_in_the_middle_changes_nothing(store: SqlStore) -> None:
    login(store, groups=("A",))
    made = attempt(groups=("B",), assertion_id="_lost")
    killer = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def decide(opening: LoginOpening) -> Decision[Any]:
        with store._engine.connect() as connection:
            connection.execute(killer)
        return mirror(made)(opening)

    with pytest.raises(StoreError) as refused:
        store.login(made, decide)
    assert refused.value.code == "store.unavailable"
    assert members(store) == {("ada", "A")}
    again = attempt(groups=("B",), assertion_id="_lost")
    assert not store.login(again, mirror(again)).result.replayed, "not even the assertion was used up"
    assert members(store) == {("ada", "B")}


def test_a_server_that_crashes_is_told_and_comes_back() -> None:
    # Its own server: the shared one syncs nothing, and so may forget a commit in a crash.
    with PostgresServer() as durable, SqlStore(durable.database("crash")) as store:
        store.migrate()
        login(store, groups=("A",))
        durable.stop(signal.SIGQUIT)
        try:
            with pytest.raises(StoreError) as refused:
                login(store, groups=("B",))
            assert refused.value.code == "store.unavailable"
        finally:
            durable.start()
        with suppress(StoreError):  # a pooled connection may still be the dead one
            members(store)
        assert members(store) == {("ada", "A")}
        login(store, groups=("C",), at=NOW + timedelta(seconds=2))
        assert members(store) == {("ada", "C")}
