"""A store and the store in memory through the same steps: whatever one answers, the other must answer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from memberof._memberof import GroupExtractor, SyncPolicy
from memberof.breaker import Breaker
from memberof.enums import GroupKind
from memberof.errors import MemberOfError
from memberof.memory import InMemoryStore
from memberof.operations import StoreOperations
from memberof.records import to_json
from memberof.store import EventFilter
from memberof.sync import GroupSync
from memberof.undoing import Undo

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from memberof.store import Decision, LoginAttempt, LoginOpening, LoginReceipt, MembershipStore, StoreUnit

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = "https://idp.example"
USERS = ("ada", "bob", "eve", "zoe")
GROUPS = ("Admins", "Board", "Crew", "Staff", "Team")


class Operated(StoreOperations):
    """A store with all operations, whether or not it inherits them."""

    def __init__(self, store: MembershipStore) -> None:
        self.store = store
        self.opened: LoginOpening | None = None

    @property
    def name(self) -> str:
        """The tenant."""
        return self.store.name

    def login(
        self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[Any]]
    ) -> LoginReceipt[Any]:
        """See :meth:`memberof.store.MembershipStore.login`."""

        def decided(opening: LoginOpening) -> Decision[Any]:
            self.opened = opening
            return decide(opening)

        self.opened = None
        return self.store.login(attempt, decided)

    def run(self, operation: Callable[[StoreUnit], Any]) -> Any:
        """See :meth:`memberof.store.MembershipStore.run`."""
        return self.store.run(operation)


class Twins:
    """Two stores that must not be told apart.

    Args:
        store: The store to look at.
        policy: Of the logins; None: one with guards, so that the openings are asked for all they know.

    """

    def __init__(self, store: MembershipStore, *, policy: SyncPolicy | None = None) -> None:
        policy = policy or SyncPolicy(last_member_of=["Admins"], protected=["Board"])
        extractor = GroupExtractor(attribute="memberOf", format="array")
        breaker = Breaker(window=timedelta(minutes=5), max_hold=timedelta(minutes=2))
        self.stores: tuple[Operated, Operated] = (Operated(store), Operated(InMemoryStore(store.name)))
        self._syncs = [
            GroupSync(extractor, one, policy=policy, source=SOURCE, breaker=breaker) for one in self.stores
        ]
        self.now: datetime = START
        self._number = 0
        self.answers: list[tuple[str, str]] = []

    def login(
        self,
        user: str,
        groups: tuple[str, ...] | None,
        *,
        late: timedelta = timedelta(0),
        again: bool = False,
    ) -> Any:
        """Log a user in on both; ``late``: the assertion is so old; ``again``: its ID was used before.

        Returns:
            The code of the refusal, or (plan, applied, older, hold, tripped, reminder, whether there is no event).

        """
        self.now += timedelta(seconds=1)
        self._number += not again
        attributes: dict[str, list[str]] = {} if groups is None else {"memberOf": list(groups)}
        given: dict[str, Any] = {
            "issuer": SOURCE,
            "issued_at": self.now - late,
            "assertion_id": f"_{self._number}",
            "now": self.now,
        }
        answer = self._same(
            f"login {user} {groups} {late}",
            [partial(_log_in, sync, user, attributes, given) for sync in self._syncs],
        )
        one, other = (_opened(store.opened) for store in self.stores)
        assert one == other, f"opening of {user} {groups}: {one}, in memory {other}"
        return answer

    def operate(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call an operation that takes ``now`` on both; return the code of the refusal, or what it says of itself."""
        self.now += timedelta(seconds=1)
        return self._same(
            f"{name} {arguments}",
            [
                partial(_operate, store, name, arguments, {**options, "now": self.now})
                for store in self.stores
            ],
        )

    def undo(self, place: int, *, force: bool = False) -> Any:
        """Undo the event at ``place`` in the history, the newest being 0, on both; return as :meth:`operate` does."""
        self.now += timedelta(seconds=1)
        return self._same(
            f"undo {place}", [partial(self._undo, store, place, force=force) for store in self.stores]
        )

    def _undo(self, store: Operated, place: int, *, force: bool) -> Any:
        history = store.history(limit=None)
        if place < len(history):
            undone = store.undo(history[place].id, force=force, now=self.now)
            return *_undone(undone), bool(undone)
        return None

    def step(self, random: Random) -> None:
        """Take one step, whatever ``random`` says."""
        user, other = random.sample(USERS, 2)
        group, new = random.sample(GROUPS, 2)
        groups = tuple(random.sample(GROUPS, random.randint(0, 4)))
        late = timedelta(seconds=random.choice((0, 0, 0, 0, 1, 2, 60)))
        roll = random.random()
        if roll < 0.6:
            self.login(
                user, None if random.random() < 0.1 else groups, late=late, again=random.random() < 0.05
            )
            return
        steps: tuple[Callable[[], None], ...] = (
            lambda: self.operate("create_group", group, random.choice(tuple(GroupKind))),
            lambda: self.operate("set_kind", group, random.choice(tuple(GroupKind))),
            lambda: self.operate("rename_group", group, new),
            lambda: self.operate("delete_group", group),
            lambda: self.operate("attach", user, group),
            lambda: self.operate("detach", user, group),
            lambda: self.undo(random.randint(0, 3), force=random.random() < 0.5),
            lambda: self.operate("undo_since", self.now - timedelta(seconds=4), source=SOURCE),
            lambda: self.operate("hold"),
            lambda: self.operate("release"),
            lambda: self.operate("confirm"),
            lambda: self.operate("rename_user", user, other),
            lambda: self.operate("merge_users", user, other),
            lambda: self.operate("forget_user", user),
            lambda: self.operate("prune", unseen=timedelta(seconds=9), apply=True),
            lambda: self.operate("forget_history", older_than=timedelta(seconds=40)),
        )
        random.choice(steps)()

    def _same(self, what: str, ways: list[Callable[[], Any]]) -> Any:
        answers = []
        for way in ways:
            try:
                answers.append(way())
            except MemberOfError as error:
                answers.append(error.code)
        self.answers.append((what.split()[0], answers[0] if isinstance(answers[0], str) else ""))
        assert answers[0] == answers[1], f"{what}: {answers[0]}, in memory {answers[1]}"
        self.compare(what)
        return answers[0]

    def compare(self, what: str = "now") -> None:
        """Hold everything that the two keep against each other."""
        one, other = (store.run(everything) for store in self.stores)
        for part, found in one.items():
            assert found == other[part], f"{part} after {what}: {found}, in memory {other[part]}"


def everything(unit: StoreUnit) -> dict[str, Any]:
    """Return all that a tenant keeps; event IDs as their place, since stores count them as they like."""
    events = list(reversed(unit.events(EventFilter())))
    places = {event.id: place for place, event in enumerate(events, 1)}
    tenant = unit.tenant()
    if tenant is not None and tenant.hold is not None:
        tenant = replace(tenant, hold=replace(tenant.hold, event_id=places.get(tenant.hold.event_id or 0)))
    return {
        "tenant": None if tenant is None else replace(tenant, version=0),
        "groups": list(unit.groups()),
        "memberships": [
            replace(held, event_id=places.get(held.event_id or 0)) for held in unit.memberships()
        ],
        "marks": list(unit.marks()),
        "events": [_placed(to_json(event), places) for event in events],
    }


def _placed(value: Any, places: dict[int, int]) -> Any:
    """Return JSON data with the place of an event for its ID; 0 for an event that is gone."""
    if isinstance(value, list):
        return [_placed(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    placed = {key: _placed(item, places) for key, item in value.items()}
    for key in ("id", "event_id"):
        if isinstance(placed.get(key), int):
            placed[key] = places.get(placed[key], 0)
    if isinstance(placed.get("undoes"), list):
        placed["undoes"] = [places.get(item, 0) for item in placed["undoes"]]
    return placed


def _opened(opening: LoginOpening | None) -> Any:
    """Return an opening without what stores count as they like; of a used assertion nothing else is promised."""
    if opening is None or opening.replayed:
        return opening is not None
    return replace(
        opening,
        tenant=replace(opening.tenant, version=0, hold=None),
        groups=tuple(sorted(opening.groups)),
        memberships=tuple(
            sorted(
                (replace(held, event_id=None) for held in opening.memberships), key=lambda held: held.group
            )
        ),
        sole_member_of=tuple(sorted(opening.sole_member_of)),
    )


def _log_in(sync: GroupSync, user: str, attributes: Any, given: dict[str, Any]) -> tuple[Any, ...]:
    outcome = sync.login(user, attributes, **given)
    return (
        outcome.plan.to_dict() if outcome.plan is not None else None,
        outcome.applied,
        outcome.older,
        outcome.hold,
        outcome.tripped,
        outcome.reminder,
        outcome.event_id is None,
    )


def _operate(store: Operated, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    answer = getattr(store, name)(*arguments, **options)
    return _undone(answer) if isinstance(answer, Undo) else answer is None


def _undone(undo: Undo) -> tuple[Any, ...]:
    # The sentences name events by their ID.
    return undo.stays, [re.sub(r"\d+", "", conflict) for conflict in undo.conflicts]
