"""Sign-ins per second behind uvicorn with two processes, on PostgreSQL: memberof.fastapi beside python3-saml.

A sign-in is two requests: the redirect to the identity provider, and the posted Response, which was signed before the clock
runs. All sites take turns in one run; the figure is the best of several.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import ROOT, Row, Table, save

sys.path.insert(0, str(ROOT / "tests"))

import peer_tables
from services.crowd import PERSISTENT, begin, free_port, ready, wait_for
from services.postgres import PostgresServer
from sqlalchemy import create_engine

from memberof.testing import TestIdp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = "memberof.fastapi"
SITES = {
    OURS: ("memberof_site", "yes"),
    "python3-saml, get_or_create": ("python3_saml_site", "yes"),
    "python3-saml, nothing stored": ("python3_saml_site", "no"),
}
COUNT, CLIENTS, ROUNDS = 120, 12, 2


@dataclass
class Running:
    """A site that runs, and what it costs."""

    port: int
    process: int


@contextlib.contextmanager
def site(name: str, database: str, idp: TestIdp) -> Iterator[Running]:
    factory, store = SITES[name]
    port = free_port()
    env = {
        **os.environ,
        "BENCH_ORIGIN": f"http://localhost:{port}",
        "BENCH_DATABASE": database,
        "BENCH_METADATA": idp.metadata_xml,
        "BENCH_ENTITY_ID": idp.entity_id,
        "BENCH_CERTIFICATE": "".join(idp.certificate_pem.strip().splitlines()[1:-1]),
        "BENCH_STORE": store,
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", f"fastapi_sites:{factory}", "--port", str(port)]
    command += ["--workers", "2", "--log-level", "warning", "--host", "localhost"]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, cwd=Path(__file__).parent, env=env, stdout=log, stderr=log)
        try:
            wait_for(port)
            yield Running(port, server.pid)
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode()[-3000:])
            raise
        finally:
            server.terminate()
            server.wait(30)


def cpu_seconds(process: int) -> float:
    """CPU time of a process and its children so far, those that have ended too (proc(5): utime … cstime)."""
    try:
        ticks = sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]))
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except FileNotFoundError:  # it has ended meanwhile
        return 0
    return ticks / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child)) for child in children)


def crowd(port: int, act: Callable[[http.client.HTTPConnection, int], int]) -> float:
    """Let clients share the work, each on a connection of its own; return the seconds."""

    def client(first: int) -> None:
        connection = http.client.HTTPConnection("localhost", port, timeout=60)
        for number in range(first, COUNT, CLIENTS):
            status = act(connection, number)
            if status not in (302, 303):
                raise RuntimeError(f"status {status} on port {port}")
        connection.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return time.perf_counter() - start


@dataclass
class Measured:
    """Sign-ins per second, and milliseconds of CPU for one: of the site's processes and of the database's."""

    rate: float
    cost: float


def sign_ins(running: Running, database: int, idp: TestIdp, groups: list[str]) -> Measured:
    """Measure the first request and the second one, without the identity provider's own time."""
    port = running.port
    origin = f"http://localhost:{port}"

    def first(connection: http.client.HTTPConnection, _: int) -> int:
        connection.request("GET", "/saml/acme/login")
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def respond(number: int) -> Callable[[str], str]:
        return lambda request_id: idp.response(
            user=f"user-{number}",
            groups=groups,
            request_id=request_id,
            sp_entity_id=f"{origin}/saml/acme/metadata",
            acs_url=f"{origin}/saml/acme/acs",
            name_id_format=PERSISTENT,
        )

    browsers = [ready(begin(port, "/saml/acme/login"), respond(number)) for number in range(COUNT)]

    def second(connection: http.client.HTTPConnection, number: int) -> int:
        browser = browsers[number]
        headers = {"Cookie": browser.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/saml/acme/acs", browser.form, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    before = cpu_seconds(running.process) + cpu_seconds(database)
    seconds = crowd(port, first) + crowd(port, second)
    spent = cpu_seconds(running.process) + cpu_seconds(database) - before
    return Measured(COUNT / seconds, spent * 1000 / COUNT)


def lag(port: int) -> dict[str, float]:
    """How late the event loops were since last asked, in milliseconds."""
    seen: dict[int, list[float]] = {}
    for _ in range(20):
        connection = http.client.HTTPConnection("localhost", port, timeout=60)
        connection.request("GET", "/lag")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        seen.setdefault(found["process"], []).extend(found["samples"])
        connection.close()
    late = sorted(sample * 1000 for samples in seen.values() for sample in samples)
    return {
        "median": late[len(late) // 2],
        "99 %": late[int(len(late) * 0.99)],
        "longest": late[-1],
    }


def main() -> None:
    table = Table(
        name="signins_fastapi",
        title="Sign-ins through uvicorn, two processes, PostgreSQL",
        unit="sign-ins per second",
        baseline=OURS,
        higher_is_better=True,
        notes=[
            "A sign-in is two requests: the redirect to the identity provider and the posted Response; its signature is made before the clock runs.",
            "The clients run on the same two cores.",
            (
                "python3-saml verifies in a thread, with settings made once. get_or_create: SQLAlchemy's ORM, a query for each group, no order, replay, history or undo. "
                "Nothing stored: neither user nor groups nor session, a signed cookie alone."
            ),
        ],
    )
    cost = Table(
        name="signins_fastapi_cpu",
        title="CPU time of one such sign-in, site and database together",
        unit="ms",
        baseline=OURS,
        notes=["Holds on a busy machine too: what a sign-in costs doesn't depend on who else is at work."],
    )
    late = Table(
        name="signins_fastapi_lag",
        title="How late the event loop is under that load",
        unit="ms",
        baseline=OURS,
    )
    idp = TestIdp("keycloak", entity_id="https://idp.example")
    with PostgresServer({"fsync": "off"}) as server, contextlib.ExitStack() as running:
        for size in (20, 100):
            groups = [f"Group {number}" for number in range(size)]
            sites: dict[str, Running] = {}
            for number, name in enumerate(SITES):
                url = server.database(f"bench_{size}_{number}")
                engine = create_engine(url)
                peer_tables.Base.metadata.create_all(engine)
                engine.dispose()
                sites[name] = running.enter_context(site(name, url, idp))

            def turn(groups: list[str], sites: dict[str, Running] = sites) -> dict[str, Measured]:
                return {name: sign_ins(one, server.pid, idp, groups) for name, one in sites.items()}

            first = turn(groups)
            for one in sites.values():
                lag(one.port)
            again = [turn(groups) for _ in range(ROUNDS)]
            job = f"first sign-in, {size} groups"
            table.rows.append(Row(job, {name: found.rate for name, found in first.items()}))
            cost.rows.append(Row(job, {name: found.cost for name, found in first.items()}))
            job = f"again, {size} groups, nothing changed"
            table.rows.append(Row(job, {name: max(one[name].rate for one in again) for name in sites}))
            cost.rows.append(Row(job, {name: min(one[name].cost for one in again) for name in sites}))
            waits = {name: lag(one.port) for name, one in sites.items()}
            for which in ("median", "99 %", "longest"):
                figures = {name: max(waits[name][which], 0.001) for name in sites}
                late.rows.append(Row(f"{size} groups, {which}", figures))
    for one in (table, cost, late):
        save(one)


if __name__ == "__main__":
    main()
