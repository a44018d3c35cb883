"""One of many processes that log users in at once: ``python hammer.py URL NUMBER LOGINS [request]``.

Every process logs the same users in, with groups drawn from one pool, so that groups, users and settings are fought
over. A login's instant is its number, the same for everybody to compute: :func:`wanted` says how it must end.
With ``request``, each login happens inside a transaction of the application's, between writes of its own.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, insert, update

import memberof
from memberof.stores import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 1, 1, tzinfo=UTC)
IDP = "https://idp.example"
USERS = [f"user {number}" for number in range(20)]
POOL = [f"Group {number}" for number in range(40)]

OWN = MetaData()
VISITS = Table("visits", OWN, Column("user", String, primary_key=True), Column("count", Integer))
JOURNAL = Table("journal", OWN, Column("process", Integer), Column("number", Integer))


def claim(process: int, number: int) -> tuple[str, list[str], datetime, str]:
    """Return user, groups, instant and ID of a login: the same ones wherever it is asked."""
    random = Random(f"{process}/{number}")
    at = START + timedelta(seconds=number, microseconds=process)
    groups = sorted(random.sample(POOL, random.randint(0, 8)))
    return random.choice(USERS), groups, at, f"_{process}_{number}"


def wanted(processes: int, logins: int) -> dict[str, list[str]]:
    """Return each user's groups after all logins: those of her newest assertion."""
    newest: dict[str, tuple[datetime, list[str]]] = {}
    for process in range(processes):
        for number in range(logins):
            user, groups, at, _ = claim(process, number)
            if user not in newest or newest[user][0] < at:
                newest[user] = (at, groups)
    return {user: groups for user, (_, groups) in newest.items()}


def log_in(sync: memberof.GroupSync, process: int, number: int) -> memberof.LoginOutcome:
    """Log in once."""
    user, groups, at, assertion_id = claim(process, number)
    return sync.login(user, {"memberOf": groups}, issuer=IDP, issued_at=at, assertion_id=assertion_id, now=at)


def synchronisation(store: SqlStore) -> memberof.GroupSync:
    """Return the synchronisation that all processes run."""
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
    return memberof.GroupSync(extractor, store, source=IDP, breaker=None)


def own_engine(url: str) -> Engine:
    """Return an application's own engine; as SQLite wakes the waiting in no order, it waits as long as a store's."""
    return create_engine(url, connect_args={"timeout": 60} if url.startswith("sqlite") else {})


def make_own_tables(engine: Engine) -> None:
    """Make the tables that requests write to beside the store's."""
    OWN.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(VISITS), [{"user": user, "count": 0} for user in USERS])


@contextmanager
def request(engine: Engine, store: SqlStore, process: int, number: int) -> Iterator[None]:
    """Do what an application does in the transaction of a request, before the login in it and after."""
    user, *_ = claim(process, number)
    with engine.begin() as connection, store.using(connection):
        connection.execute(update(VISITS).where(VISITS.c.user == user).values(count=VISITS.c.count + 1))
        yield
        connection.execute(insert(JOURNAL), {"process": process, "number": number})


def main(url: str, process: int, logins: int, *, in_requests: bool) -> None:
    """Log in, and say the number of each login that is committed."""
    engine = own_engine(url) if in_requests else None
    with SqlStore(engine or url) as store:
        sync = synchronisation(store)
        for number in range(logins):
            if engine is None:
                log_in(sync, process, number)
            else:
                with request(engine, store, process, number):
                    log_in(sync, process, number)
            print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), in_requests="request" in sys.argv[4:])
