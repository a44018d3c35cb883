"""``SqlStore`` and ``AsyncSqlStore`` on SQLite: the part that needs no server. More in ``tests/python/stores``."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from services.mirror import IDP, NOW, attempt, login, members, mirror
from sqlalchemy import MetaData, create_engine, event, inspect, text
from sqlalchemy.orm import Session

import memberof
from memberof.enums import GroupKind
from memberof.errors import ConfigurationError, StoreError, VerificationError
from memberof.records import Group, Hold, Membership, Tenant, UserMark, Writes
from memberof.store import Decision, EventFilter, LoginOpening, Reach, StaleStateError
from memberof.stores import AsyncSqlStore, SqlStore
from memberof.stores.migrate import version_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memberof.store import StoreUnit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "groups.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    with SqlStore(f"sqlite:///{path}") as made:
        yield made


def internal(store: SqlStore, *names: str, members: tuple[tuple[str, str], ...] = ()) -> None:
    groups = tuple(Group(name=name, key=name, kind=GroupKind.INTERNAL) for name in names)
    attach = tuple(Membership(user=user, group=group, since=NOW) for user, group in members)
    store.run(lambda unit: unit.write(Writes(create=groups, attach=attach)))


def statements(store: SqlStore) -> list[str]:
    seen: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    return seen


def test_the_package_loads_on_first_use() -> None:
    code = "import sys, memberof; assert 'sqlalchemy' not in sys.modules; print(memberof.stores.SqlStore.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "SqlStore"


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['sqlalchemy'] = None\nimport memberof; memberof.stores.SqlStore"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (
        "ImportError: memberof.stores needs the package sqlalchemy: pip install memberof[sqlalchemy]"
        in done.stderr
    )


def test_the_statements_run_on_other_connections_without_sqlalchemy() -> None:
    modules = ("dialect", "failures", "opening", "postgresql", "rows", "sqlite", "trials", "writing")
    names = ", ".join(f"memberof.stores.{name}" for name in modules)
    code = f"import sys; sys.modules['sqlalchemy'] = None\nimport {names}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        memberof.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_another_database_is_refused() -> None:
    engine = create_engine("mysql+pymysql://localhost/x", module=sqlite3)
    with pytest.raises(ConfigurationError) as refused:
        SqlStore(engine)
    assert refused.value.code == "config.database"


def test_a_fresh_file_gets_the_tables_of_the_schema(store: SqlStore) -> None:
    login(store)
    with store._engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: (kind, name) != ("table", version_table(store.tables))
            },
        )
        assert compare_metadata(context, store.tables.metadata) == []


def test_migrate_twice_is_migrate_once(store: SqlStore) -> None:
    store.migrate()
    store.migrate()
    assert members(store) == set()


def test_tables_of_the_applications_own_migrations_are_left_alone(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    metadata = MetaData()
    store = SqlStore(engine, metadata=metadata, prefix="sso_")
    metadata.create_all(engine)
    assert set(metadata.tables) == {table.name for table in store.tables.all()}
    assert all(name.startswith("sso_") for name in metadata.tables)
    assert login(store).event_id == 1
    with pytest.raises(ConfigurationError) as refused:
        store.migrate()
    assert refused.value.code == "config.migrations"
    assert not inspect(engine).has_table("sso_alembic_version")
    engine.dispose()


def test_two_prefixes_live_side_by_side(path: Path) -> None:
    with SqlStore(f"sqlite:///{path}", prefix="a_") as one, SqlStore(f"sqlite:///{path}", prefix="b_") as two:
        login(one)
        assert members(two) == set()
        login(two, groups=("Other",))
        assert (members(one), members(two)) == ({("ada", "Staff")}, {("ada", "Other")})


def test_a_login_creates_attaches_and_detaches(store: SqlStore) -> None:
    assert login(store, groups=("A", "B")).event_id == 1
    assert login(store, groups=("B", "C")).event_id == 2
    assert members(store) == {("ada", "B"), ("ada", "C")}
    held = store.run(lambda unit: unit.memberships(users=["ada"]))
    assert [(m.group, m.source, m.event_id, m.since) for m in held] == [
        ("B", IDP, 1, NOW),
        ("C", IDP, 2, NOW),
    ]
    events = store.run(lambda unit: unit.events(EventFilter()))
    assert [[(c.action, c.group) for c in e.changes] for e in events] == [
        [("create", "C"), ("attach", "C"), ("detach", "A")],
        [("create", "A"), ("create", "B"), ("attach", "A"), ("attach", "B")],
    ]


def test_a_login_without_change_takes_three_statements_however_many_groups(store: SqlStore) -> None:
    groups = [f"Group {number}" for number in range(500)]
    login(store, groups=groups)
    seen = statements(store)
    assert login(store, groups=groups).event_id is None
    assert seen[0] == "BEGIN IMMEDIATE"
    assert [statement.split()[0] for statement in seen[1:]] == ["SELECT", "INSERT", "INSERT"]


def test_a_first_login_takes_as_many_statements_for_one_group_as_for_500(store: SqlStore) -> None:
    login(store, "grace")
    counts = []
    for user, many in (("ada", 1), ("eve", 500)):
        seen = statements(store)
        login(store, user, [f"{user} {number}" for number in range(many)])
        counts.append(len(seen) - 1)
    assert counts == [7, 7]


def test_the_first_login_makes_the_settings_row(store: SqlStore) -> None:
    opened = login(store).result
    assert opened.tenant == Tenant(source=IDP, signature="memberOf/array", version=1)
    assert store.run(lambda unit: unit.tenant()) == opened.tenant


def test_a_used_assertion_is_told_and_changes_nothing(store: SqlStore) -> None:
    login(store, assertion_id="_used")
    before = store.run(lambda unit: unit.marks())
    with pytest.raises(VerificationError) as refused:
        login(store, groups=("Other",), assertion_id="_used", at=NOW + timedelta(minutes=1))
    assert refused.value.code == "saml.replayed"
    assert members(store) == {("ada", "Staff")}
    assert store.run(lambda unit: unit.marks()) == before


def test_the_same_assertion_id_of_another_source_is_another_assertion(store: SqlStore) -> None:
    login(store, assertion_id="_used")
    assert not login(store, assertion_id="_used", source="https://other.example").result.replayed


def test_an_older_assertion_leaves_the_mark(store: SqlStore) -> None:
    newest = login(store, at=NOW).result.mark
    opened = login(store, groups=("Other",), at=NOW - timedelta(seconds=1)).result
    assert opened.older
    assert opened.mark == opened.before == newest
    assert store.run(lambda unit: unit.marks()) == [newest]
    assert members(store) == {("ada", "Staff")}


def test_of_two_assertions_of_one_second_the_later_to_arrive_wins(store: SqlStore) -> None:
    login(store, groups=("A",), at=NOW)
    login(store, groups=("B",), at=NOW)
    assert members(store) == {("ada", "B")}


def test_the_mark_in_the_table_is_the_mark_of_the_opening(store: SqlStore) -> None:
    for groups, at in ((("A", "B"), 0), (("A",), 1), ((), 2), (("C",), 3)):
        opened = login(store, groups=groups, at=NOW + timedelta(hours=at)).result
        assert store.run(lambda unit: unit.marks(users=["ada"])) == [opened.mark]


def test_a_decision_that_raises_leaves_everything_as_it_was(store: SqlStore) -> None:
    login(store)
    before = store.run(
        lambda unit: (unit.memberships(), unit.groups(), unit.marks(), unit.events(EventFilter()))
    )

    def decide(_: LoginOpening) -> Decision[None]:
        raise memberof.ClaimError("no groups")

    refused = attempt(groups=("Other",), at=NOW + timedelta(hours=1), assertion_id="_refused")
    with pytest.raises(memberof.ClaimError):
        store.login(refused, decide)
    after = store.run(
        lambda unit: (unit.memberships(), unit.groups(), unit.marks(), unit.events(EventFilter()))
    )
    assert after == before
    assert not login(store, assertion_id="_refused").result.replayed


def test_tenants_share_nothing(path: Path, store: SqlStore) -> None:
    with SqlStore(f"sqlite:///{path}", tenant="acme") as other:
        login(store, groups=("Staff", "A"), assertion_id="_same")
        opened = login(other, groups=("Staff",), assertion_id="_same").result
        assert (opened.groups, opened.before, opened.replayed) == ((), None, False)
        login(other, groups=())
        assert (members(store), members(other)) == ({("ada", "Staff"), ("ada", "A")}, set())
        assert [event.id for event in other.run(lambda unit: unit.events(EventFilter()))] == [3, 2]


def test_the_opening_tells_whom_an_adoption_reaches(store: SqlStore) -> None:
    internal(store, "Staff", "Team", members=(("bob", "Staff"), ("eve", "Staff"), ("bob", "Team")))
    login(store, "eve", ())
    assert login(store).result.reach == {"Staff": Reach(others=("bob", "eve"), strangers=1)}
    assert login(store, "zoe", ("Team",), wants_reach=False).result.reach == {}


def test_the_opening_tells_whose_last_member_she_is(store: SqlStore) -> None:
    login(store, "ada", ("Admins", "Owners", "Staff"))
    login(store, "bob", ("Owners",))
    guarded = ("Admins", "Owners", "Void")
    assert login(store, groups=("Staff",), last_member_keys=guarded).result.sole_member_of == ("Admins",)


def test_the_window_counts_what_the_newest_users_lost(store: SqlStore) -> None:
    for hour, user in enumerate(("old", "bob", "eve", "zoe", "ada")):
        login(store, user, ("A", "B"), at=NOW + timedelta(hours=hour))
        # What a user had counts from the state before the login, so the second login tells it.
        login(store, user, ("A", "B"), at=NOW + timedelta(hours=hour))
    bob, eve = store.run(lambda unit: unit.marks(users=["bob", "eve"]))
    lost = (
        replace(bob, lost=1, loss_at=NOW + timedelta(hours=1)),
        replace(eve, lost=2, emptied=True, loss_at=NOW + timedelta(hours=2)),
    )
    store.run(lambda unit: unit.write(Writes(marks=lost)))
    at = NOW + timedelta(hours=5)
    opened = login(store, "ada", ("A",), at, window_users=3, window_from=NOW + timedelta(hours=2)).result
    window = opened.window
    assert (window.users, window.memberships, window.losers, window.lost, window.emptied) == (2, 4, 1, 2, 1)
    login(store, "ada", ("A", "B"), at)
    opened = login(store, "ada", ("A",), at, window_users=1, window_from=NOW).result
    assert (opened.window.users, opened.window.losers) == (1, 0)


def test_writes_on_another_state_are_stale_and_end_with_a_code(store: SqlStore) -> None:
    login(store, groups=("Staff", "A"))
    internal(store, "Team")
    mark = store.run(lambda unit: unit.marks())[0]
    held = Membership(user="ada", group="Staff", since=NOW)
    stale = {
        "create": Writes(create=(Group(name="Staff", key="Staff", kind=GroupKind.EXTERNAL),)),
        "create with a known key": Writes(
            create=(Group(name="STAFF", key="Staff", kind=GroupKind.EXTERNAL),)
        ),
        "kinds": Writes(kinds=(("Staff", GroupKind.EXTERNAL),)),
        "detach": Writes(detach=(("bob", "Staff"),)),
        "attach again": Writes(attach=(held,)),
        "attach to nothing": Writes(attach=(replace(held, group="Void"),)),
        "attach from an IdP to an internal group": Writes(attach=(replace(held, group="Team", source=IDP),)),
        "delete with members": Writes(delete=("Staff",)),
        "delete nothing": Writes(delete=("Void",)),
        "rename to a known name": Writes(rename=(("Team", "Staff", "Staff"),)),
        "rename nothing": Writes(rename=(("Void", "New", "New"),)),
        "mark of nobody": Writes(marks=(replace(mark, user="bob"),)),
        "mark of a lower order": Writes(marks=(replace(mark, order=(0, 0)),)),
        "settings of another version": Writes(tenant=Tenant(version=7)),
        "settings that are there": Writes(tenant=Tenant(version=0)),
    }
    for what, writes in stale.items():
        with pytest.raises(StoreError) as refused:
            store.run(lambda unit, writes=writes: unit.write(writes))  # type: ignore[misc]
        assert refused.value.code == "store.contended", what
    assert members(store) == {("ada", "Staff"), ("ada", "A")}


def test_an_operation_that_meets_another_state_is_run_again(store: SqlStore) -> None:
    runs = []

    def operation(unit: StoreUnit) -> int:
        runs.append(unit)
        unit.write(
            Writes(create=(Group(name=f"G{len(runs)}", key=f"G{len(runs)}", kind=GroupKind.INTERNAL),))
        )
        if len(runs) < 4:
            raise StaleStateError
        return len(runs)

    assert store.run(operation) == 4
    assert [group.name for group in store.run(lambda unit: unit.groups())] == ["G4"]


def test_a_group_is_renamed_with_its_memberships(store: SqlStore) -> None:
    login(store, groups=("A", "B"))
    store.run(lambda unit: unit.write(Writes(rename=(("A", "Crew", "Crew"),))))
    assert members(store) == {("ada", "Crew"), ("ada", "B")}
    assert [group.name for group in store.run(lambda unit: unit.groups(["Crew"]))] == ["Crew"]


def test_a_user_is_renamed_everywhere(store: SqlStore) -> None:
    login(store, "ada", ("A",))
    store.run(lambda unit: unit.write(Writes(users=(("ada", "ada.l"),))))
    assert members(store) == {("ada.l", "A")}
    assert [mark.user for mark in store.run(lambda unit: unit.marks())] == ["ada.l"]
    (made,) = store.run(lambda unit: unit.events(EventFilter(user="ada.l")))
    assert made.user == "ada.l"
    assert {change.user for change in made.changes} == {None, "ada.l"}
    assert store.run(lambda unit: unit.events(EventFilter(user="ada"))) == []


def test_merged_users_keep_what_both_had_once(store: SqlStore) -> None:
    login(store, "ada", ("A", "B"))
    newer = login(store, "ada2", ("B", "C"), NOW + timedelta(hours=1)).result.mark
    store.run(lambda unit: unit.write(Writes(users=(("ada", "ada2"),))))
    assert members(store) == {("ada2", "A"), ("ada2", "B"), ("ada2", "C")}
    assert store.run(lambda unit: unit.marks()) == [newer]


def test_a_forgotten_user_leaves_no_trace_in_the_file(path: Path, store: SqlStore) -> None:
    internal(store, "Team", members=(("ada lovelace", "Team"),))
    login(store, "ada lovelace", ("A", "B"), assertion_id="_of_ada")
    login(store, "bob", ("A",))
    store.run(lambda unit: unit.write(Writes(users=(("ada lovelace", None),))))
    events = store.run(lambda unit: unit.events(EventFilter()))
    assert [event.user for event in events] == ["bob", None]
    assert "ada lovelace" not in repr(events)
    assert "_of_ada" not in repr(events)
    with closing(sqlite3.connect(path)) as raw:
        dump = [line for line in raw.iterdump() if "ada lovelace" in line]
    assert dump == []


def test_old_events_and_assertion_ids_are_forgotten(store: SqlStore) -> None:
    login(store, "ada", ("A",), assertion_id="_old", replay_until=NOW)
    login(store, "bob", ("B",), NOW + timedelta(days=2), assertion_id="_new")
    store.run(lambda unit: unit.write(Writes(forget_before=NOW + timedelta(days=1))))
    assert [event.user for event in store.run(lambda unit: unit.events(EventFilter()))] == ["bob"]
    assert store.run(lambda unit: unit.events(EventFilter(groups=["A"]))) == []
    assert not login(store, "ada", ("A",), assertion_id="_old").result.replayed
    with pytest.raises(VerificationError):
        login(store, "bob", ("B",), assertion_id="_new")


def test_events_are_found_by_what_they_name(store: SqlStore) -> None:
    login(store, "ada", ("A", "B"))
    login(store, "bob", ("B",), NOW + timedelta(hours=1))
    login(store, "ada", ("A",), NOW + timedelta(hours=2))

    def ids(**only: object) -> list[int]:
        return [event.id for event in store.run(lambda unit: unit.events(EventFilter(**only)))]  # type: ignore[arg-type]

    assert ids() == [3, 2, 1]
    assert ids(user="ada") == [3, 1]
    assert ids(groups=["B"]) == [3, 2, 1]
    assert ids(groups=["A"]) == [1]
    assert ids(groups=["Void"]) == []
    assert ids(lossy=True) == [3]
    assert ids(lossy=False) == [2, 1]
    assert ids(since=NOW + timedelta(hours=1)) == [3, 2]
    assert ids(until=NOW + timedelta(hours=1)) == [1]
    assert ids(after_id=1, user="ada") == [3]
    assert ids(ids=[1, 2, 9]) == [2, 1]
    assert ids(kinds=["undo"]) == []
    assert ids(source=IDP, kinds=["login"]) == [3, 2, 1]
    assert [e.id for e in store.run(lambda unit: unit.events(EventFilter(), limit=2))] == [3, 2]


def test_marks_are_found_by_confirmation(store: SqlStore) -> None:
    login(store, "ada", ("A",))
    login(store, "bob", ("A",), NOW + timedelta(hours=2))
    login(store, "eve", (), NOW)
    login(store, "zoe", ("A",), complete=False)
    found = store.run(lambda unit: unit.marks(confirmed_before=NOW + timedelta(hours=1)))
    assert [mark.user for mark in found] == ["ada", "zoe"]
    asked = replace(found[0], confirmation="asked")
    store.run(lambda unit: unit.write(Writes(marks=(asked,))))
    assert store.run(lambda unit: unit.marks(awaiting=True)) == [asked]


def test_settings_come_back_as_they_were_put(store: SqlStore) -> None:
    login(store)
    hold = Hold(reason="undo", since=NOW, until=NOW + timedelta(days=1), event_id=3, told_at=NOW)
    put = Tenant(
        source=IDP,
        identity="fold",
        signature="groups/csv",
        seen_at=NOW + timedelta(microseconds=1),
        hold=hold,
        window_from=NOW,
        trusted_until=NOW + timedelta(hours=1),
        history_from=NOW - timedelta(days=400),
        version=1,
    )
    store.run(lambda unit: unit.write(Writes(tenant=put)))
    assert store.run(lambda unit: unit.tenant()) == replace(put, version=2)


def test_a_mark_comes_back_as_it_was_put(store: SqlStore) -> None:
    mark = login(store).result.mark
    put = UserMark(
        user="ada",
        source="https://other.example",
        order=(mark.order[0] + 1, 5),
        login_at=NOW + timedelta(microseconds=7),
        confirmed_at=None,
        received=7,
        before=6,
        lost=5,
        emptied=True,
        loss_at=NOW - timedelta(days=1),
        digest="abc",
        confirmation="granted",
    )
    store.run(lambda unit: unit.write(Writes(marks=(put,))))
    assert store.run(lambda unit: unit.marks()) == [put]


@pytest.mark.parametrize("name", ['O"Brien', "it's", "Ünïcode ✓ 群組", "a,b\\c", "{}[]:%(x)s", " "])
def test_names_of_every_kind_come_back_as_they_were(store: SqlStore, name: str) -> None:
    login(store, name, (name, "A"))
    assert members(store) == {(name, name), (name, "A")}
    assert [
        event.user for event in store.run(lambda unit: unit.events(EventFilter(user=name, groups=[name])))
    ] == [name]


def test_the_callers_transaction_decides_with_a_connection(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    store = SqlStore(engine)
    store.migrate()
    with engine.connect() as connection, store.using(connection):
        login(store)
        connection.rollback()
    assert members(store) == set()
    with engine.begin() as connection, store.using(connection):
        connection.execute(text("CREATE TABLE own (x)"))
        login(store)
        connection.execute(text("INSERT INTO own VALUES (1)"))
    assert members(store) == {("ada", "Staff")}
    engine.dispose()


def test_the_callers_transaction_decides_with_a_session(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    store = SqlStore(engine)
    store.migrate()
    with Session(engine) as session, store.using(session):
        login(store, groups=("A",))
        session.rollback()
        login(store, groups=("B",))
        session.commit()
    assert members(store) == {("ada", "B")}
    engine.dispose()


def test_a_refused_login_leaves_the_callers_transaction_usable(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    store = SqlStore(engine)
    store.migrate()
    with engine.begin() as connection, store.using(connection):
        login(store, groups=("A",), assertion_id="_1")
        with pytest.raises(VerificationError):
            login(store, groups=("B",), assertion_id="_1")
    assert members(store) == {("ada", "A")}
    engine.dispose()


def test_a_locked_database_is_a_busy_store_and_nothing_is_lost(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.05})
    store = SqlStore(engine)
    login(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as refused:
            login(store, groups=("Other",), assertion_id="_again")
        assert refused.value.code == "store.busy"
        assert members(store) == {("ada", "Staff")}
        other.execute("ROLLBACK")
    login(store, groups=("Other",), assertion_id="_again")
    assert members(store) == {("ada", "Other")}
    engine.dispose()


def test_a_url_says_how_long_a_locked_database_is_waited_for(path: Path) -> None:
    for url, patience in ((f"sqlite:///{path}?timeout=3", 3_000), (f"sqlite:///{path}", 60_000)):
        with SqlStore(url) as store, store._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == patience


def test_a_full_disk_is_told_and_nothing_is_half_written(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    store = SqlStore(engine)
    login(store)

    # As full as a disk can be made without one: no page more than there is.
    @event.listens_for(engine, "begin")
    def fill(connection: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]

    with pytest.raises(StoreError) as refused:
        login(store, groups=[f"Group {number} {'x' * 100}" for number in range(500)], assertion_id="_big")
    assert refused.value.code == "store.full"
    assert members(store) == {("ada", "Staff")}
    event.remove(engine, "begin", fill)
    engine.dispose()
    with SqlStore(f"sqlite:///{path}") as anew:
        login(anew, groups=[f"Group {number}" for number in range(500)], assertion_id="_big")
        assert len(members(anew)) == 500


def test_a_read_only_file_is_told(path: Path, store: SqlStore) -> None:
    login(store)
    store.close()
    with SqlStore(f"sqlite:///file:{path}?mode=ro&uri=true") as reader:
        assert reader.run(lambda unit: len(unit.memberships())) == 1
        with pytest.raises(StoreError) as refused:
            login(reader)
        assert refused.value.code == "store.read_only"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with SqlStore(f"sqlite:///{tmp_path}/nowhere/groups.db") as store, pytest.raises(StoreError) as refused:
        login(store)
    assert refused.value.code == "store.unavailable"


def test_a_file_that_is_no_database_is_told(path: Path, store: SqlStore) -> None:
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError) as refused:
        login(store)
    assert refused.value.code == "store.corrupt"


def test_dropped_tables_are_told_with_the_remedy(path: Path, store: SqlStore) -> None:
    login(store)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP TABLE memberof_replays")
    with pytest.raises(StoreError) as refused:
        login(store)
    assert refused.value.code == "store.schema"
    assert refused.value.hint == "call store.migrate() once"


def test_errors_hold_no_names(path: Path, store: SqlStore) -> None:
    login(store)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON memberof_memberships BEGIN SELECT raise(ABORT, 'no'); END"
        )
    with pytest.raises(StoreError) as refused:
        login(store, "secret.person", ("Secret Group",))
    assert refused.value.code == "store.failed"
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    assert "ecret" not in str(refused.value)


def test_memory_is_one_database_for_all_threads() -> None:
    with SqlStore("sqlite://") as store:
        threads = [
            threading.Thread(target=login, args=(store, f"user {n % 4}", ("A", f"G{n}"))) for n in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = members(store)
        assert len(found) == 8
        assert {user for user, group in found if group == "A"} == {f"user {n}" for n in range(4)}


def test_the_async_store_does_the_same(path: Path) -> None:
    async def main(url: str) -> set[tuple[str, str]]:
        async with AsyncSqlStore(url) as store:
            for groups in (("A", "B"), ("B", "C"), ("B", "C")):
                made = attempt(groups=groups)
                await store.login(made, mirror(made))
            many = [attempt(f"user {n % 4}", ("A", f"G{n}")) for n in range(16)]
            await asyncio.gather(*(store.login(one, mirror(one)) for one in many))
            found = await store.run(lambda unit: unit.memberships())
            return {(held.user, held.group) for held in found}

    for url in (f"sqlite:///{path}", "sqlite://"):
        found = asyncio.run(main(url))
        assert len(found) == 10
        assert {("ada", "B"), ("ada", "C")} < found


def test_the_async_store_works_in_the_callers_transaction(path: Path) -> None:
    async def main() -> set[str]:
        from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        store = AsyncSqlStore(engine)
        await store.migrate()
        made = [attempt(groups=(name,)) for name in ("A", "B", "C")]
        async with engine.connect() as connection:
            with store.using(connection):
                await store.login(made[0], mirror(made[0]))
            await connection.rollback()
        async with AsyncSession(engine) as session:
            with store.using(session):
                await store.login(made[1], mirror(made[1]))
            await session.commit()
        found = await store.run(lambda unit: unit.memberships())
        await engine.dispose()
        return {held.group for held in found}

    assert asyncio.run(main()) == {"B"}
