"""Logins per second: ours beside three ways to do it in the Django ORM, on one PostgreSQL server and on SQLite.

Every way has a database of its own on the same server, the same driver, the same settings, and gets the list of names that
the identity provider sent. Ours also reads it from the attribute, keeps order, assertion ID, origins and an event.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from harness import ROOT, Row, Table, compare, save

import memberof
from memberof.stores import SqlStore
from memberof.testing import TestIdp

sys.path.insert(0, str(ROOT / "tests"))
from services.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

IDP = "https://idp.example/metadata"
SP = "https://app.example/saml"
ACS = "https://app.example/saml/acs"
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SIZES = (20, 100)
USERS = 50
ORM_WAYS = ("get_or_create + set", "django-auth-ldap", "careful ORM code")


class Router:
    """Every query of Django goes to the database of the way whose turn it is."""

    current = "default"

    def db_for_read(self, model: Any, **hints: Any) -> str:  # noqa: ARG002
        return Router.current

    db_for_write = db_for_read

    def allow_relation(self, *_: Any, **__: Any) -> bool:
        return True


def set_up_django(databases: dict[str, dict[str, Any]]) -> None:
    settings.configure(
        DATABASES={"default": next(iter(databases.values())), **databases},
        DATABASE_ROUTERS=[Router()],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        AUTH_LDAP_MIRROR_GROUPS=True,
    )
    django.setup()
    from django.core.management import call_command

    for alias in databases:
        Router.current = alias
        call_command("migrate", database=alias, verbosity=0, interactive=False)


def orm_ways() -> dict[str, Callable[[Any, Sequence[str]], None]]:
    """The three ways, each a function of a user and the names received."""
    from django.contrib.auth.models import Group, User
    from django.db import transaction
    from django_auth_ldap.backend import LDAPBackend, _LDAPUser

    through = User.groups.through

    def get_or_create_and_set(user: Any, names: Sequence[str]) -> None:
        with transaction.atomic(using=Router.current):
            user.groups.set([Group.objects.get_or_create(name=name)[0] for name in names])

    class Directory:
        """What the directory would have said; the rest is django-auth-ldap's own ``_mirror_groups``."""

        def __init__(self, names: Sequence[str]) -> None:
            self._names = names

        def get_group_names(self) -> set[str]:
            return set(self._names)

    backend = LDAPBackend()

    def mirror_groups(user: Any, names: Sequence[str]) -> None:
        mirror = _LDAPUser(backend, user=user)
        mirror._get_groups = lambda: Directory(names)
        with transaction.atomic(using=Router.current):
            mirror._mirror_groups()

    def careful(user: Any, names: Sequence[str]) -> None:
        wanted = set(names)
        held = set(through.objects.filter(user_id=user.pk).values_list("group__name", flat=True))
        if held == wanted:
            return
        come, gone = sorted(wanted - held), held - wanted
        with transaction.atomic(using=Router.current):
            known = dict(Group.objects.filter(name__in=come).values_list("name", "pk"))
            missing = [name for name in come if name not in known]
            if missing:
                Group.objects.bulk_create([Group(name=name) for name in missing], ignore_conflicts=True)
                known.update(Group.objects.filter(name__in=missing).values_list("name", "pk"))
            through.objects.bulk_create(
                [through(user_id=user.pk, group_id=known[name]) for name in come], ignore_conflicts=True
            )
            if gone:
                through.objects.filter(user_id=user.pk, group__name__in=gone).delete()

    return dict(zip(ORM_WAYS, (get_or_create_and_set, mirror_groups, careful), strict=True))


class Ours:
    """An application of ours on one database; its clock moves a second with each login."""

    def __init__(self, url: str) -> None:
        self.store = SqlStore(url)
        self.store.migrate()
        self._numbers = itertools.count(1)
        # It watches and counts as always, and never trips: what is measured is not held.
        breaker = memberof.Breaker(min_losers=1_000_000)
        extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
        self.sync = memberof.GroupSync(extractor, self.store, source=IDP, breaker=breaker)

    def login(self, user: str, names: Sequence[str]) -> memberof.LoginOutcome:
        number = next(self._numbers)
        now = START + timedelta(seconds=number)
        return self.sync.login(
            user, {"memberOf": names}, issuer=IDP, issued_at=now, assertion_id=f"_{number}", now=now
        )


class Contest:
    """All ways on databases of one kind, with the same users and groups."""

    def __init__(self, ours: Ours, aliases: dict[str, str]) -> None:
        self.ours = ours
        self.aliases = aliases
        self.ways = orm_ways()
        self._names = itertools.count()
        self._users: dict[str, Iterator[Any]] = {}

    def prepare(self, count: int) -> None:
        """Sign everybody in once with ``count`` groups."""
        for name, login in self.logins().items():
            for user in self.users(name)[:USERS]:
                login(user, self.groups(count))

    def users(self, way: str) -> list[Any]:
        """The users of a way: names for ours, accounts for Django's."""
        from django.contrib.auth.models import User

        if way == "memberof":
            return [f"user{number:05}" for number in range(USERS)]
        Router.current = self.aliases[way]
        if not User.objects.exists():
            User.objects.bulk_create([User(username=f"user{number:05}") for number in range(USERS)])
        return list(User.objects.order_by("username")[:USERS])

    def new_user(self, way: str) -> Any:
        """A user who has never signed in; her account, which is the application's affair, is made beforehand."""
        from django.contrib.auth.models import User

        if way == "memberof":
            return f"new{next(self._names):07}"
        if way not in self._users:
            accounts = [User(username=f"new{next(self._names):07}") for _ in range(20_000)]
            self._users[way] = iter(User.objects.bulk_create(accounts))
        return next(self._users[way])

    def groups(self, count: int, first: int = 0) -> list[str]:
        return [f"App-Müller & Partner Abteilung {number:04}" for number in range(first, first + count)]

    def logins(self) -> dict[str, Callable[[Any, Sequence[str]], Any]]:
        """Each way as a function of user and names, on its own database."""

        def on(alias: str, way: Callable[[Any, Sequence[str]], None]) -> Callable[[Any, Sequence[str]], None]:
            def login(user: Any, names: Sequence[str]) -> None:
                Router.current = alias
                way(user, names)

            return login

        orm = {name: on(self.aliases[name], way) for name, way in self.ways.items()}
        return {"memberof": self.ours.login, **orm}

    def jobs(self, count: int) -> dict[str, dict[str, Callable[[], object]]]:
        """What is measured: job → way → one login."""
        same, other = self.groups(count), self.groups(count, first=count // 10)
        jobs: dict[str, dict[str, Callable[[], object]]] = {}
        for way, login in self.logins().items():
            users = itertools.cycle(self.users(way))
            # The first USERS logins bring one tenth, the next USERS take it back, and so on.
            lists = itertools.cycle([other] * USERS + [same] * USERS)
            steady = itertools.cycle(self.users(way))

            def no_change(login: Any = login, users: Any = steady) -> object:
                return login(next(users), same)

            def change(login: Any = login, users: Any = users, lists: Any = lists) -> object:
                return login(next(users), next(lists))

            def first(login: Any = login, way: str = way) -> object:
                Router.current = self.aliases.get(way, "default")
                return login(self.new_user(way), same)

            def first_of_all(login: Any = login, way: str = way) -> object:
                Router.current = self.aliases.get(way, "default")
                fresh = next(self._names)
                return login(
                    self.new_user(way), [f"Project {fresh:07} {number:04}" for number in range(count)]
                )

            named = {
                "no change": no_change,
                "10 % change": change,
                "first login, groups known": first,
                "first login, groups new": first_of_all,
            }
            for job, call in named.items():
                jobs.setdefault(f"{count} groups, {job}", {})[way] = call
        return jobs


def statements(contest: Contest, calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """How many statements each way takes for one login, BEGIN and COMMIT not counted."""
    from django.db import connections
    from sqlalchemy import event

    counts: dict[str, float] = {}
    for way, call in calls.items():
        seen: list[str] = []
        if way == "memberof":

            def note(_c: Any, _cursor: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
                seen.append(statement)

            event.listen(contest.ours.store._engine, "before_cursor_execute", note)
            call()
            event.remove(contest.ours.store._engine, "before_cursor_execute", note)
        else:

            def wrap(
                execute: Any, sql: str, params: Any, many: Any, context: Any, seen: list[str] = seen
            ) -> Any:
                seen.append(sql)
                return execute(sql, params, many, context)

            with connections[contest.aliases[way]].execute_wrapper(wrap):
                call()
        counts[way] = len([text for text in seen if not text.startswith("BEGIN")])
    return counts


def contest_on(
    name: str, title: str, contest: Contest, notes: list[str], analyze: Callable[[], None]
) -> tuple[Table, Table]:
    """Measure every job on one kind of database."""
    rates = Table(name, title, "logins per second", "memberof", higher_is_better=True, notes=notes)
    counted = Table(f"{name}_statements", f"Statements: {title}", "statements", "memberof")
    for count in SIZES:
        contest.prepare(count)
        analyze()
        for job, calls in contest.jobs(count).items():
            seconds = compare(calls, rounds=21, block=0.05)
            rates.rows.append(Row(job, {way: 1 / each for way, each in seconds.items()}))
            counted.rows.append(Row(job, statements(contest, calls)))
    return rates, counted


def check(contest: Contest) -> None:
    """All ways end in the same groups, or the comparison means nothing."""
    from django.contrib.auth.models import User

    for names in (contest.groups(30), contest.groups(30, first=3), contest.groups(30)):
        ends = {}
        for way, login in contest.logins().items():
            user = contest.users(way)[0]
            login(user, names)
            ends[way] = (
                {held.group for held in contest.ours.store.memberships(user=user)}
                if way == "memberof"
                else set(User.objects.get(pk=user.pk).groups.values_list("name", flat=True))
            )
        if any(end != set(names) for end in ends.values()):
            raise SystemExit("the ways disagree on a user's groups")


def whole_path(ours: Ours) -> Table:
    """A login without change from the form value on: verify, extract, synchronise; and each of them alone."""
    table = Table(
        "login_path",
        "The whole path of a login without change, PostgreSQL, synchronous_commit = off",
        "µs",
        "whole login",
        notes=["verify: one RSA-2048 signature over the assertion. synchronise: plan and transaction."],
    )
    now = datetime.now(UTC)
    idp = TestIdp("adfs", sp_entity_id=SP, acs_url=ACS, entity_id=IDP)
    provider = memberof.IdentityProvider(
        entity_id=IDP, certificates=[idp.certificate_pem], sso_url=idp.sso_url
    )
    sp = memberof.ServiceProvider(entity_id=SP, acs_url=ACS, identity_provider=provider)
    sync = memberof.GroupSync(memberof.GroupExtractor.preset("adfs"), ours.store, source=IDP)
    assert sync.extractor is not None
    clock = time.perf_counter
    for count in SIZES:
        names = [f"App-Müller & Partner Abteilung {number:04}" for number in range(count)]
        made = [
            idp.response(
                "path", names, request_id="_r", now=now + timedelta(milliseconds=number), sign="assertion"
            )
            for number in range(400)
        ]
        spent: dict[str, list[float]] = {"whole login": [], "verify": [], "extract": [], "synchronise": []}
        for number, response in enumerate(made):
            if number % 2:
                begin = clock()
                assertion = sp.verify(response, request_id="_r", now=now)
                sync.login("path", assertion, now=now)
                spent["whole login"].append(clock() - begin)
                continue
            begin = clock()
            assertion = sp.verify(response, request_id="_r", now=now)
            verified = clock()
            sync.extractor.extract(assertion)
            extracted = clock()
            sync.login("path", assertion, now=now)
            spent["verify"].append(verified - begin)
            spent["extract"].append(extracted - verified)
            spent["synchronise"].append(clock() - extracted - (extracted - verified))
        figures = {name: median(times) * 1e6 for name, times in spent.items()}
        table.rows.append(Row(f"{count} groups", figures))
    return table


def django_postgresql(server: PostgresServer, name: str, durable: str) -> dict[str, Any]:
    server.database(name)
    url = server.url(name)
    password = url.split(":", 2)[2].split("@")[0]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": "memberof",
        "PASSWORD": password,
        "HOST": "127.0.0.1",
        "PORT": str(server.port),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"options": f"-c synchronous_commit={durable}"},
    }


def django_sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="memberof-bench-") as folder, PostgresServer() as server:
        durabilities = {"off": "logins_off", "on": "logins_on"}
        databases: dict[str, dict[str, Any]] = {}
        aliases: dict[str, dict[str, str]] = {}
        for durable in durabilities:
            aliases[durable] = {way: f"{durable}_{place}" for place, way in enumerate(ORM_WAYS)}
            databases |= {a: django_postgresql(server, a, durable) for a in aliases[durable].values()}
        aliases["sqlite"] = {way: f"sqlite_{place}" for place, way in enumerate(ORM_WAYS)}
        databases |= {a: django_sqlite(Path(folder) / f"{a}.db") for a in aliases["sqlite"].values()}
        set_up_django(databases)

        def analyze() -> None:
            from django.db import connections

            for alias in databases:
                with connections[alias].cursor() as cursor:
                    cursor.execute("ANALYZE")
            for durable in durabilities:
                with contests[durable].ours.store._engine.connect() as connection:
                    connection.exec_driver_sql("ANALYZE")
                    connection.commit()

        contests: dict[str, Contest] = {}
        for durable in durabilities:
            url = server.database(f"memberof_{durable}") + f"?options=-csynchronous_commit%3D{durable}"
            contests[durable] = Contest(Ours(url), aliases[durable])
        contests["sqlite"] = Contest(Ours(f"sqlite:///{folder}/memberof.db"), aliases["sqlite"])
        for contest in contests.values():
            check(contest)
        orm = "The Django ways run in one transaction.atomic(), on persistent connections."
        off, counted = contest_on(
            "logins_off",
            "Logins on PostgreSQL, synchronous_commit = off for all",
            contests["off"],
            [orm, "Commits wait for no disk, so the work itself shows."],
            analyze,
        )
        on, _ = contest_on(
            "logins_on",
            "Logins on PostgreSQL, every commit on disk for all",
            contests["on"],
            [
                "Without a change the Django ways write nothing and wait for no disk; ours keeps assertion ID and order.",
            ],
            analyze,
        )
        sqlite, _ = contest_on(
            "logins_sqlite",
            "Logins on SQLite (WAL, synchronous = FULL) for all",
            contests["sqlite"],
            [],
            analyze,
        )
        for table in (off, on, sqlite, counted, whole_path(contests["off"].ours)):
            save(table)


if __name__ == "__main__":
    main()
