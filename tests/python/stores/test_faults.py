"""A disk without room and a database that goes away in the middle of a login: told by a code, and nothing is lost."""

from __future__ import annotations

import os
import pwd
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from services.mirror import attempt, login, members, mirror

from memberof.errors import StoreError
from memberof.stores import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.postgres import PostgresServer

    from memberof.store import Decision, LoginOpening

MANY = [f"Group {number} {'x' * 200}" for number in range(500)]


@pytest.fixture
def small_disk(server: PostgresServer, tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB in memory that the server may write to."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = server.folder / tmp_path.name
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk to be had: {mounted.stderr.strip()}")
    try:
        owner = pwd.getpwnam("postgres")
        os.chown(disk, owner.pw_uid, owner.pw_gid)
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.optional
def test_a_full_disk_under_postgresql_is_told_and_nothing_is_half_written(
    server: PostgresServer, small_disk: Path
) -> None:
    server.admin(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    server.admin("CREATE DATABASE full_disk TABLESPACE small")
    try:
        with SqlStore(server.url("full_disk")) as store:
            store.migrate()
            login(store)
            ballast = small_disk / "ballast"
            with ballast.open("wb") as file:
                free = os.statvfs(small_disk)
                file.write(b"\0" * (free.f_bavail * free.f_bsize))
            with pytest.raises(StoreError) as refused:
                login(store, groups=MANY, assertion_id="_big")
            assert refused.value.code == "store.full"
            assert members(store) == {("ada", "Staff")}
            ballast.unlink()
            login(store, groups=MANY, assertion_id="_big")
            assert {group for _, group in members(store)} == set(MANY)
    finally:
        server.admin("DROP DATABASE full_disk WITH (FORCE)")
        server.admin("DROP TABLESPACE small")


def test_a_connection_to_sqlite_that_breaks_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    with SqlStore(f"sqlite:///{tmp_path}/groups.db") as store:
        login(store, groups=("A",))
        made = attempt(groups=("B",), assertion_id="_lost")
        with store._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection

        def decide(opening: LoginOpening) -> Decision[Any]:
            driver.close()
            return mirror(made)(opening)

        with pytest.raises(StoreError) as refused:
            store.login(made, decide)
        assert refused.value.code == "store.unavailable"
    with SqlStore(f"sqlite:///{tmp_path}/groups.db") as store:
        assert members(store) == {("ada", "A")}
        again = attempt(groups=("B",), assertion_id="_lost")
        assert not store.login(again, mirror(again)).result.replayed, "not even the assertion was used up"
        assert members(store) == {("ada", "B")}
