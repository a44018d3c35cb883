"""What every store must do, to run on a store of your own: laws, order, replay, undo, tenants, crowds.

    import pytest
    from memberof.testing import store_checks

    @pytest.mark.parametrize("check", store_checks(), ids=str)
    def test_my_store(check, my_store):
        check(lambda tenant: my_store(tenant))

or all at once, ``store_conformance(factory)``. Nothing here needs more than the standard library.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from memberof._memberof import GroupExtractor, SyncPolicy
from memberof.enums import GroupKind
from memberof.errors import MemberOfError, StoreError
from memberof.records import Event, Group, Hold, Membership, Tenant, Writes
from memberof.store import EventFilter
from memberof.sync import GroupSync
from memberof.testing.twins import SOURCE, START, Operated, Twins, everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from memberof.outcome import LoginOutcome
    from memberof.store import MembershipStore

    Factory = Callable[[str], MembershipStore]

if not __debug__:
    raise ImportError("the checks are assertions, which python -O leaves out")

_tenants = count()
_checks: list[Check] = []
EXTERNAL, INTERNAL = GroupKind.EXTERNAL, GroupKind.INTERNAL


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a store must do; call it with the factory, ``str()`` of it is its name."""

    name: str
    _run: Callable[[Factory], None]

    def __call__(self, factory: Callable[[str], MembershipStore]) -> None:
        """Check it.

        Args:
            factory: Returns the store of a tenant; all in one database. Each check takes tenants of its own, so one
                database may serve them all.

        Raises:
            AssertionError: The store does not.

        """
        self._run(factory)

    def __str__(self) -> str:
        return self.name


def store_checks() -> tuple[Check, ...]:
    """Return the checks, for ``pytest.mark.parametrize``."""
    return tuple(_checks)


def store_conformance(factory: Callable[[str], MembershipStore]) -> None:
    """Run all checks on a store.

    Args:
        factory: Returns the store of a tenant, all in one database.

    Raises:
        AssertionError: Names every check that failed, and why.

    """
    failed: list[str] = []
    for check in _checks:
        try:
            check(factory)
        except Exception as error:  # noqa: BLE001 - whatever a store does wrong
            failed.append(f"{check}: {type(error).__name__}: {error}")
    assert not failed, "\n".join(failed)


def _check(function: Callable[[Factory], None]) -> Callable[[Factory], None]:
    _checks.append(Check(function.__name__.strip("_"), function))
    return function


class _Site:
    """One tenant and its logins, a second apart."""

    def __init__(self, factory: Factory, tenant: str | None = None, **options: Any) -> None:
        self.tenant = f"conformance {next(_tenants)}" if tenant is None else tenant
        self.store = Operated(factory(self.tenant))
        extractor = GroupExtractor(attribute="memberOf", format="array")
        self.sync = GroupSync(extractor, self.store, source=SOURCE, breaker=None, **options)
        self.numbers = count(1)

    def login(
        self, user: str, groups: Iterable[str], at: int, assertion_id: str | None = None
    ) -> LoginOutcome:
        now = START + timedelta(seconds=at)
        number = assertion_id or f"_{next(self.numbers)}"
        attributes = {"memberOf": list(groups)}
        return self.sync.login(user, attributes, issuer=SOURCE, issued_at=now, assertion_id=number, now=now)

    def groups(self, user: str) -> list[str]:
        return [held.group for held in self.store.memberships(user=user)]

    def state(self) -> dict[str, Any]:
        return self.store.run(everything)  # type: ignore[no-any-return]

    def write(self, **fields: Any) -> int | None:
        return self.store.run(lambda unit: unit.write(Writes(**fields)))  # type: ignore[no-any-return]


def _refused(act: Callable[[], Any]) -> str:
    """Return the code of the refusal; "" where there was none."""
    try:
        act()
    except MemberOfError as error:
        return error.code
    return ""


@_check
def _a_login_makes_the_external_groups_those_of_the_claim(factory: Factory) -> None:
    site = _Site(factory)
    site.store.create_group("Board", now=START)
    site.store.attach("ada", "Board", now=START)
    site.login("ada", ["A", "B"], 1)
    site.login("ada", ["C", "B"], 2)
    assert site.groups("ada") == ["B", "Board", "C"]
    kinds = {group.name: group.kind for group in site.store.groups()}
    assert kinds == {"A": EXTERNAL, "B": EXTERNAL, "Board": INTERNAL, "C": EXTERNAL}


@_check
def _the_same_claim_twice_changes_nothing_the_second_time(factory: Factory) -> None:
    site = _Site(factory)
    site.login("ada", ["A", "B"], 1)
    before = site.state()
    again = site.login("ada", ["B", "A", "A"], 2)
    assert (again.event_id, bool(again.plan)) == (None, False)
    after = site.state()
    assert {**after, "marks": None} == {**before, "marks": None}


@_check
def _no_other_users_membership_changes(factory: Factory) -> None:
    site = _Site(factory)
    site.login("bob", ["A", "B"], 1)
    bobs = site.store.memberships(user="bob")
    site.login("ada", ["B", "C"], 2)
    site.login("ada", [], 3)
    assert site.store.memberships(user="bob") == bobs


@_check
def _an_older_assertion_changes_nothing_at_all(factory: Factory) -> None:
    site = _Site(factory)
    site.login("ada", ["New"], 9)
    before = site.state()
    assert site.login("ada", ["Old"], 8).older
    assert site.state() == before
    assert site.groups("ada") == ["New"]


@_check
def _a_used_assertion_is_refused_and_changes_nothing(factory: Factory) -> None:
    site = _Site(factory)
    site.login("ada", ["A"], 1, "_same")
    before = site.state()
    assert _refused(lambda: site.login("ada", ["B"], 2, "_same")) == "saml.replayed"
    assert _refused(lambda: site.login("bob", ["B"], 2, "_same")) == "saml.replayed"
    assert site.state() == before


@_check
def _a_refused_login_leaves_no_trace(factory: Factory) -> None:
    site = _Site(factory, policy=SyncPolicy(required_groups=["App"]))
    empty = site.state()
    assert _refused(lambda: site.login("ada", ["Other"], 1, "_a")) == "claim.required_group"
    assert site.state() == empty
    assert site.login("ada", ["App"], 1, "_a").applied


@_check
def _undo_brings_back_what_was(factory: Factory) -> None:
    site = _Site(factory)
    site.store.create_group("Staff", now=START)
    site.store.attach("bob", "Staff", now=START)
    site.login("ada", ["Old"], 1)
    before = (site.store.memberships(), site.store.groups())
    event_id = site.login("ada", ["Staff", "New"], 2).event_id
    assert event_id is not None
    site.store.undo(event_id, now=START + timedelta(seconds=3))
    assert (site.store.memberships(), site.store.groups()) == before


@_check
def _tenants_share_nothing(factory: Factory) -> None:
    one, other = _Site(factory), _Site(factory)
    one.login("ada", ["A", "B"], 5, "_same")
    assert other.state()["groups"] == []
    other.login("ada", ["A"], 1, "_same")
    other.login("ada", [], 2)
    other.store.forget_user("ada", now=START)
    other.store.delete_group("A", now=START)
    assert one.groups("ada") == ["A", "B"]
    assert [event["user"] for event in one.state()["events"]] == ["ada"]


@_check
def _names_of_every_kind_come_back_as_they_were(factory: Factory) -> None:
    site = _Site(factory)
    names = [
        'O"Brien',
        "it's",
        "Ünïcode ✓ 群組 🦀",
        "a,b\\c",
        "{}[]:%(x)s $1 ?",
        "%",
        "STAFF",
        "staff",
        "null",
    ]
    for at, name in enumerate(names, 1):
        site.login(name, names, at)
    assert {(held.user, held.group) for held in site.store.memberships()} == {
        (user, group) for user in names for group in names
    }
    assert all(len(site.store.history(user=name)) == 1 for name in names)


@_check
def _writes_on_another_state_are_refused_and_change_nothing(factory: Factory) -> None:
    site = _Site(factory)
    site.login("ada", ["Staff", "A"], 1)
    site.store.create_group("Team", now=START)
    mark = site.store.run(lambda unit: unit.marks())[0]
    held = Membership(user="ada", group="Staff", since=START)
    stale: dict[str, dict[str, Any]] = {
        "create": {"create": (Group(name="Staff", key="Staff", kind=EXTERNAL),)},
        "create with a known key": {"create": (Group(name="STAFF", key="Staff", kind=EXTERNAL),)},
        "kinds": {"kinds": (("Staff", EXTERNAL),)},
        "detach": {"detach": (("bob", "Staff"),)},
        "attach again": {"attach": (held,)},
        "attach to nothing": {"attach": (replace(held, group="Void"),)},
        "attach by a login to an internal group": {"attach": (replace(held, group="Team", source=SOURCE),)},
        "delete with members": {"delete": ("Staff",)},
        "delete nothing": {"delete": ("Void",)},
        "rename to a known name": {"rename": (("Team", "Staff", "Staff"),)},
        "rename nothing": {"rename": (("Void", "New", "New"),)},
        "mark of nobody": {"marks": (replace(mark, user="bob"),)},
        "settings of another version": {"tenant": Tenant(version=77)},
        "settings that are there": {"tenant": Tenant(version=0)},
    }
    before = site.state()
    for what, fields in stale.items():
        # What goes before the stale part must be taken back with it.
        fields = {"kinds": (("Team", EXTERNAL),), **fields} if "internal" not in what else fields
        try:
            site.write(**fields)
        except StoreError:
            assert site.state() == before, what
        else:
            raise AssertionError(f"{what}: written")


@_check
def _a_membership_with_an_event_is_restored_into_any_group(factory: Factory) -> None:
    site = _Site(factory)
    event_id = site.login("ada", ["A"], 1).event_id
    site.store.create_group("Team", now=START)
    held = Membership(user="ada", group="Team", source=SOURCE, event_id=event_id, since=START)
    site.write(attach=(held,))
    assert site.store.memberships(group="Team") == (held,)


@_check
def _a_hold_without_an_event_gets_the_one_written_with_it(factory: Factory) -> None:
    site = _Site(factory)
    site.login("ada", ["A"], 1)
    event_id = site.store.hold(now=START)
    tenant = site.store.run(lambda unit: unit.tenant())
    assert tenant.hold == Hold(reason="administrator", since=START, told_at=START, event_id=event_id)


@_check
def _a_tenant_without_a_source_gets_that_of_its_first_login(factory: Factory) -> None:
    site = _Site(factory)
    site.store.create_group("A", now=START)
    assert site.store.run(lambda unit: unit.tenant()).source == ""
    assert site.login("ada", ["A"], 1).plan.adopt == ("A",)  # type: ignore[union-attr]
    assert site.store.run(lambda unit: unit.tenant()).source == SOURCE


@_check
def _events_are_found_by_every_part_of_the_filter(factory: Factory) -> None:
    site = _Site(factory)
    first = site.login("ada", ["A", "B"], 10).event_id or 0
    second = site.login("bob", ["B"], 20).event_id or 0
    third = site.login("ada", ["A"], 30).event_id or 0
    site.write(event=Event(kind="test", at=START))

    def ids(**only: Any) -> list[int]:
        return [event.id for event in site.store.run(lambda unit: unit.events(EventFilter(**only)))]

    after = {"since": START + timedelta(seconds=20), "kinds": ["login"]}
    assert first < second < third
    assert ids(user="ada") == [third, first]
    assert ids(groups=["B"]) == [third, second, first]
    assert ids(groups=["A"]) == [first]
    assert ids(groups=[]) == ids(ids=[]) == ids(kinds=[]) == []
    assert (ids(lossy=True), ids(**after)) == ([third], [third, second])
    assert ids(until=START + timedelta(seconds=20), source=SOURCE) == [first]
    assert ids(after_id=first, user="ada") == [third]
    assert ids(ids=[first, second]) == [second, first]


@_check
def _three_hundred_random_steps_are_those_of_the_store_in_memory(factory: Factory) -> None:
    for seed in range(5):
        twins = Twins(factory(f"conformance {next(_tenants)}"))
        random = Random(seed)
        for _ in range(60):
            twins.step(random)


def _crowd(acts: list[Callable[[], Any]]) -> list[str]:
    """Run all at once, each in a thread of its own; return what was raised."""
    raised: list[str] = []
    gate = threading.Barrier(len(acts))

    def act(one: Callable[[], Any]) -> None:
        gate.wait()
        try:
            one()
        except Exception as error:  # noqa: BLE001 - whatever a store does wrong
            raised.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=act, args=(one,)) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@_check
def _crowds_end_with_the_newest_assertion_of_each_user(factory: Factory) -> None:
    site = _Site(factory)
    random = Random(3)
    wanted: dict[str, tuple[int, list[str]]] = {}
    acts: list[Callable[[], Any]] = []
    for at in range(64):
        user, groups = f"user {at % 4}", random.sample("ABCDEFGH", 4)
        wanted[user] = (at, sorted(groups))
        acts.append(partial(site.login, user, groups, at + 1))
    random.shuffle(acts)
    for start in range(0, len(acts), 8):
        assert _crowd(acts[start : start + 8]) == []
    assert {user: site.groups(user) for user in wanted} == {u: groups for u, (_, groups) in wanted.items()}


@_check
def _one_of_two_who_leave_at_once_stays_the_last_member(factory: Factory) -> None:
    for _ in range(5):
        site = _Site(factory, policy=SyncPolicy(last_member_of=["Admins"]))
        site.login("ada", ["Admins"], 1)
        site.login("bob", ["Admins"], 2)
        assert _crowd([partial(site.login, "ada", [], 3), partial(site.login, "bob", [], 4)]) == []
        assert len(site.store.memberships(group="Admins")) == 1


@_check
def _one_of_many_uses_of_an_assertion_counts(factory: Factory) -> None:
    site = _Site(factory)
    raised = _crowd([partial(site.login, "ada", [f"G{at}"], at, "_same") for at in range(1, 9)])
    assert len(raised) == 7
    assert all("saml.replayed" in text for text in raised), raised
    assert len(site.groups("ada")) == 1


@_check
def _an_administrator_among_logins_loses_nothing(factory: Factory) -> None:
    site = _Site(factory)
    site.login("ada", ["A"], 1)

    def rename() -> None:
        for number in range(5):
            site.store.create_group(f"Own {number}", now=START)
            site.store.attach("ada", f"Own {number}", now=START)
            site.store.rename_group(f"Own {number}", f"Mine {number}", now=START)

    acts: list[Callable[[], Any]] = [rename]
    acts += [partial(site.login, "ada", ["A", f"G{at}"], at) for at in range(2, 9)]
    assert _crowd(acts) == []
    assert site.groups("ada") == ["A", "G8", *(f"Mine {number}" for number in range(5))]
