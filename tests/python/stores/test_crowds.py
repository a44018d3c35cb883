"""Sixteen processes at once, on SQLite and on PostgreSQL; killed and not; in transactions of their own and not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from services import hammer
from sqlalchemy import func, select

import memberof
from memberof.stores import SqlStore
from memberof.testing.twins import everything

if TYPE_CHECKING:
    from collections.abc import Callable

PROCESSES = 16
LOGINS = 200
IN_REQUESTS = 50
STRICTER = 25
HAMMER = Path(hammer.__file__)


def start(url: str, process: int, logins: int, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, HAMMER, url, str(process), str(logins), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HAMMER.parent.parent,
    )


def run_all(url: str, logins: int, *words: str, processes: int = PROCESSES) -> None:
    running = [start(url, process, logins, *words) for process in range(processes)]
    said = [one.communicate() for one in running]
    ended = [(one.returncode, error) for one, (_, error) in zip(running, said, strict=True)]
    assert ended == [(0, "")] * processes


def every_login_stands(store: SqlStore, logins: int, processes: int = PROCESSES) -> None:
    """Hold what is there against what the newest assertions say: nothing twice, nothing lost, nothing half."""
    found: dict[str, list[str]] = {user: [] for user in hammer.wanted(processes, logins)}
    for held in store.memberships():
        found[held.user].append(held.group)
    assert found == hammer.wanted(processes, logins)
    names = [group.name for group in store.run(everything)["groups"]]
    assert len(names) == len(set(names)) <= len(hammer.POOL)
    history_leads_to_memberships(store)


def history_leads_to_memberships(store: SqlStore) -> None:
    """Play the events from nothing: they must give exactly the memberships there are, each with its event."""
    played: dict[tuple[str, str], int] = {}
    for event in reversed(store.history(limit=None)):
        for change in event.changes:
            place = (change.user or "", change.group)
            if change.action == "attach":
                assert place not in played, f"{place} attached twice"
                played[place] = event.id
            elif change.action == "detach":
                del played[place]
    assert played == {(held.user, held.group): held.event_id for held in store.memberships()}


@pytest.mark.timeout(600)
def test_sixteen_processes_end_with_the_newest_assertion_of_each_user(url: str) -> None:
    with SqlStore(url) as store:
        store.migrate()
        run_all(url, LOGINS)
        every_login_stands(store, LOGINS)


@pytest.mark.timeout(600)
def test_sixteen_processes_log_in_inside_transactions_of_the_application(url: str) -> None:
    with SqlStore(url) as store:
        store.migrate()
        engine = hammer.own_engine(url)
        hammer.make_own_tables(engine)
        run_all(url, IN_REQUESTS, "request")
        every_login_stands(store, IN_REQUESTS)
        with engine.connect() as connection:
            visits = connection.execute(select(func.sum(hammer.VISITS.c.count))).scalar_one()
            journal = set(map(tuple, connection.execute(select(hammer.JOURNAL)).all()))
        assert visits == len(journal) == PROCESSES * IN_REQUESTS
        engine.dispose()


@pytest.mark.timeout(600)
def test_a_hundred_kills_leave_every_login_wholly_there_or_not_at_all(url: str) -> None:
    """Four at once, twenty-five times, each killed while the other three fight it for the same rows."""
    with SqlStore(url) as store:
        store.migrate()
        done: dict[int, int] = {}
        for round_ in range(25):
            victims = {4 * round_ + place: start(url, 4 * round_ + place, 10_000) for place in range(4)}
            for kill, victim in victims.items():
                assert victim.stdout is not None
                for _ in range(1 + kill % 7):
                    done[kill] = int(victim.stdout.readline())
                victim.kill()
            for kill, victim in victims.items():
                rest = victim.communicate()[0].split("\n")[:-1]
                done[kill] = int(rest[-1]) if rest else done[kill]
                assert victim.returncode == -9
            history_leads_to_memberships(store)
        assert len(done) == 100
        # What was told as done is done: each of those assertions is used, and is refused now.
        marks = {mark.user: mark for mark in store.run(lambda unit: unit.marks())}
        for kill, number in done.items():
            user, _, at, _ = hammer.claim(kill, number)
            assert marks[user].login_at >= at
        sync = hammer.synchronisation(store)
        assert [claimed_again(sync, *one) for one in done.items()] == ["saml.replayed"] * 100
        assert hammer.log_in(sync, 999, 20_000).applied, "and the database goes on as if nothing had been"


def claimed_again(sync: memberof.GroupSync, process: int, number: int) -> str:
    try:
        hammer.log_in(sync, process, number)
    except memberof.MemberOfError as error:
        return error.code
    return ""


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.timeout(600)
def test_four_processes_under_stricter_isolation(level: str, new_database: Callable[[], str]) -> None:
    setting = quote("-cdefault_transaction_isolation=" + level.replace(" ", "\\ "))
    url = f"{new_database()}?options={setting}"
    with SqlStore(url) as store:
        store.migrate()
        with store._engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == level
        run_all(url, STRICTER, processes=4)
        every_login_stands(store, STRICTER, processes=4)
