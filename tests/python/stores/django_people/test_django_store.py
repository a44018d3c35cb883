"""The store in Django's database passes the conformance kit, and a login takes as few statements as ``SqlStore``'s."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from services.site import Site

import memberof
from memberof.django.store import DjangoStore
from memberof.operations import StoreOperations
from memberof.testing import store_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from memberof.records import Writes
    from memberof.store import Decision, LoginAttempt, LoginOpening, LoginReceipt, StoreUnit

pytestmark = pytest.mark.django_db(transaction=True)


class WithAccounts(StoreOperations):
    """The store of an application that makes an account for everybody whom it hears of."""

    def __init__(self, tenant: str) -> None:
        self._store = DjangoStore(tenant)

    @property
    def name(self) -> str:
        return self._store.name

    def login(
        self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[Any]]
    ) -> LoginReceipt[Any]:
        with closed_in_threads():
            make_accounts([attempt.user])
            return self._store.login(attempt, decide)

    def run(self, operation: Callable[[StoreUnit], Any]) -> Any:
        with closed_in_threads():
            return self._store.run(lambda unit: operation(Unit(unit)))


@contextmanager
def closed_in_threads() -> Iterator[None]:
    """Close the thread's own connection, as Django does at the end of a request."""
    try:
        yield
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()


class Unit:
    """A unit that makes the accounts it is about to write of."""

    def __init__(self, unit: StoreUnit) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    def write(self, writes: Writes) -> int | None:
        named = [held.user for held in writes.attach] + [new for _, new in writes.users if new is not None]
        if named and self._unit._before_write is None:  # type: ignore[attr-defined]
            make_accounts(named)
        return self._unit.write(writes)


def make_accounts(ids: Iterable[str]) -> None:
    people = [get_user_model()(pk=user, username=user) for user in ids]
    get_user_model().objects.bulk_create(people, ignore_conflicts=True)


@pytest.mark.parametrize("check", store_checks(), ids=str)
def test_the_store_conforms(check: Callable[[Callable[[str], Any]], None]) -> None:
    check(WithAccounts)


@contextmanager
def counted() -> Iterator[list[str]]:
    seen: list[str] = []

    def execute(run: Any, sql: str, *rest: Any) -> Any:
        if not sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(sql)
        return run(sql, *rest)

    with connection.execute_wrapper(execute):
        yield seen


@pytest.mark.parametrize("tenant", ["", "one"])
@pytest.mark.parametrize("many", [1, 20, 300])
def test_a_login_takes_as_few_statements_as_in_any_store(many: int, tenant: str) -> None:
    groups = [f"Group {number}" for number in range(many)]
    make_accounts(["zoe", "ada"])
    site = Site(store=DjangoStore(tenant))
    site.login("zoe", ["Other"])
    counts = []
    for claim in (groups, groups, [*groups[many // 10 :], "One more"], ["One more"]):
        with counted() as seen:
            site.login("ada", claim)
        counts.append(len(seen))
    assert site.groups("ada") == ["One more"]
    first, unchanged, both, leaving = counts
    if connection.vendor == "postgresql":
        assert [first, unchanged, both, leaving] == [4, 1, 4, 3]
    else:
        assert unchanged == 3
        assert max(counts) <= 14


def test_a_group_made_past_the_signals_is_recorded_and_adopted() -> None:
    make_accounts(["ada", "bob"])
    Group.objects.bulk_create([Group(name="Sales")])
    get_user_model().groups.through.objects.create(
        person_id="bob", group_id=Group.objects.get(name="Sales").pk
    )
    site = Site(store=DjangoStore())
    outcome = site.login("ada", ["Sales", "New"])
    assert outcome.plan is not None
    assert (outcome.plan.adopt, outcome.plan.create) == (("Sales",), ("New",))
    assert [held.user for held in site.store.memberships(group="Sales")] == ["ada", "bob"]


def test_observing_knows_a_group_made_past_the_signals_and_who_is_in_it() -> None:
    make_accounts(["ada", "bob"])
    Group.objects.bulk_create([Group(name="Sales"), Group(name="Ärzte")])
    for group in Group.objects.all():
        get_user_model().groups.through.objects.create(person_id="bob", group_id=group.pk)
    site = Site(store=DjangoStore(), mode="observe")
    site.login("ada", ["Sales", "A\u0308rzte"])
    (event,) = site.store.history()
    assert {change.action for change in event.changes} == {"adopt", "attach"}
    assert event.details["reach"]["Sales"]["others"] == ["bob"]
    assert event.details["reach"]["Ärzte"]["others"] == ["bob"]


def test_a_membership_given_past_the_signals_to_an_external_group_is_taken_away() -> None:
    make_accounts(["ada", "bob"])
    site = Site(store=DjangoStore("one"))
    site.login("ada", ["Sales"])
    group = Group.objects.get(name="one: Sales")
    get_user_model().groups.through.objects.create(person_id="bob", group_id=group.pk)
    assert [held.source for held in site.store.memberships(user="bob")] == [None]
    site.login("bob", [])
    assert site.groups("bob") == []


def test_two_tenants_whose_groups_get_one_name_in_auth_keep_theirs() -> None:
    make_accounts(["ada", "bob"])
    one, default = Site(store=DjangoStore("one")), Site(store=DjangoStore())
    default.login("ada", ["one: Sales"])
    one.login("bob", ["Sales"])
    assert one.groups("bob") == ["Sales"]
    assert default.groups("ada") == ["one: Sales"]
    assert Group.objects.filter(name__startswith="one: Sales").count() == 2
    one.store.rename_group("Sales", "Support")
    assert Group.objects.filter(name="one: Support").count() == 1


def test_a_deleted_account_takes_its_mark_along() -> None:
    make_accounts(["ada"])
    site = Site(store=DjangoStore())
    site.login("ada", ["Sales"])
    assert site.store.run(lambda unit: [mark.user for mark in unit.marks()]) == ["ada"]
    get_user_model().objects.get(pk="ada").delete()
    assert site.store.run(lambda unit: [*unit.marks(), *unit.memberships()]) == []


def test_keys_that_the_database_writes_otherwise_are_the_same_users() -> None:
    folder = Path(__file__).parent
    command = [sys.executable, "-c", WITH_UUIDS]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "True", "True", "Sales", "0"]


WITH_UUIDS = """
from django.conf import settings
settings.configure(AUTH_USER_MODEL="uuid_people.Person", USE_TZ=True, MEMBEROF={"BASE_URL": "https://app.example"},
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "memberof.django", "uuid_people"])
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from datetime import UTC, datetime
from django.contrib.auth import get_user_model
import memberof
from memberof.django.store import DjangoStore
ada, bob = (get_user_model().objects.create(username=name) for name in ("ada", "bob"))
store = DjangoStore()
sync = memberof.GroupSync(memberof.GroupExtractor(attribute="memberOf", format="array"), store, source="idp")
def login(user, groups, number):
    now = datetime(2026, 11, 24, 12, number, tzinfo=UTC)
    return sync.login(str(user.pk), {"memberOf": groups}, issuer="idp", issued_at=now, assertion_id=str(number), now=now)
store.create_group("Sales")
store.attach(str(bob.pk), "Sales")
done = login(ada, ["Sales"], 1)
(event,) = [event for event in store.history() if event.id == done.event_id]
print(ada.groups.count(), event.details["reach"]["Sales"]["others"] == [str(bob.pk)],
    [held.user for held in store.memberships(user=str(ada.pk))] == [str(ada.pk)])
login(ada, ["Sales"], 2)
print(*store.run(lambda unit: [held.group for held in unit.memberships(users=[str(ada.pk)])]))
store.undo(done.event_id)
print(ada.groups.count())
"""


def test_what_the_database_says_is_told_without_names() -> None:
    site = Site(store=DjangoStore())
    with pytest.raises(memberof.StoreError) as caught:
        site.login("nobody's account", ["Sales"])
    assert caught.value.code == "store.failed"
    assert "nobody" not in caught.value.message
