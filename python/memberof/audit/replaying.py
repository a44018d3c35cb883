"""What-if: logins of the past, once more, in order, under one policy or another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from memberof import GroupExtractor, SyncPolicy, group_key
from memberof.arrival import arrive
from memberof.audit.sources.arrow import pyarrow
from memberof.audit.words import table_as_html
from memberof.enums import Action, ClaimStatus, GroupKind, Identity, Mode
from memberof.errors import ClaimError, SchemaError
from memberof.login import Login
from memberof.memory import InMemoryStore
from memberof.records import Group, Membership, Writes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from memberof import GroupRules
    from memberof.breaker import Breaker
    from memberof.outcome import LoginOutcome

#: More rows than this are counted, not shown, in a notebook.
SHOWN = 20
_ATTRIBUTE = "memberOf"
# By this attribute Entra ID says that it left the groups out; it stands for every overage.
_OVERAGE = "http://schemas.microsoft.com/claims/groups.link"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_COLUMNS = ("user", "group", "action", "reason")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """What the logins would have done.

    Attributes:
        changes: ``time``, ``user``, ``group``, ``action``, ``reason``: everything that would have changed, in order.
        held: The same of what policy and guards would have held, each time anew.
        refused: ``time``, ``user``, ``code``: logins that the policy would have refused.
        trips: ``time``, ``user``: where the circuit breaker would have tripped.
        memberships: ``user``, ``group``, ``kind`` as they would be in the end.
        summary: Counts.

    """

    changes: pa.Table = field(repr=False)
    held: pa.Table = field(repr=False)
    refused: pa.Table = field(repr=False)
    trips: pa.Table = field(repr=False)
    memberships: pa.Table = field(repr=False)
    summary: Mapping[str, int]

    def compare(self, other: Replay) -> Difference:
        """Say for whom, and when, the other replay would have ended otherwise.

        Args:
            other: A replay of the same logins on the same memberships.

        """
        return _difference(self, other)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """Return the changes as an Arrow stream (the Arrow PyCapsule interface)."""
        return self.changes.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return table_as_html("Replay", [_counted(self.summary)], self.changes, most=SHOWN)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Difference:
    """Where two replays of the same logins differ.

    Attributes:
        spans: ``user``, ``group``, ``only`` ("first" or "second": which replay has the membership), ``since``,
            ``until`` (null: to the end). By user, group, time.
        summary: Counts: of users, groups and spans; of those that last (``in_the_end``), by which replay has them.

    """

    spans: pa.Table = field(repr=False)
    summary: Mapping[str, int]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """Return the spans as an Arrow stream (the Arrow PyCapsule interface)."""
        return self.spans.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return table_as_html("Difference", [_counted(self.summary)], self.spans, most=SHOWN)


def replay(
    claims_over_time: Any,
    *,
    format: str | GroupExtractor = "array",
    current: Any = None,
    groups: Any = None,
    rules: GroupRules | None = None,
    policy: SyncPolicy | None = None,
    mode: Mode | str = "on",
    breaker: Breaker | None = None,
    progress: Callable[[int], object] | None = None,
) -> Replay:
    """Let logins of the past happen once more, in order of time, and see what they would have done.

    Each is decided as :class:`~memberof.GroupSync` decides it, on a store in memory, so everything that depends on the
    logins before (which groups exist, whether the attribute was seen, who is a last member) is as it would have been.
    Groups that the identity provider left out (OVERAGE) are not asked for.

    Args:
        claims_over_time: A table with ``user``, ``value`` and ``time``, perhaps ``status``: as for ``compare``, a row a
            value. Rows of one user and one time are one login. ``Snapshot.logins()`` is one.
        format: The format of the values, or an extractor of the attribute ``memberOf``.
        current: Memberships before the first login: ``user``, ``group``, ``kind``, perhaps ``origin``; None: none.
        groups: Groups before the first login: ``group``, ``kind``.
        rules: Which names count, and what they are called here.
        policy: Decisions; None: ``SyncPolicy()``.
        mode: As in ``GroupSync``, but for ``off``.
        breaker: The circuit breaker; None: none. Once it trips, it holds to the end: nobody is there to confirm.
        progress: Called now and then with the number of logins done.

    Returns:
        The replay; ``a.compare(b)`` says where two differ.

    Raises:
        SchemaError: Tables with wrong columns; ``problems`` lists all.
        ConfigurationError: Settings that contradict each other.

    """
    pa = pyarrow()
    logins = _logins(pa.table(claims_over_time))
    source = _source(pa.table(current) if current is not None else None)
    store = InMemoryStore()
    _fill(store, current, groups, policy)
    if isinstance(format, GroupExtractor):
        extractor = format
    else:
        extractor = GroupExtractor(_ATTRIBUTE, format, rules=rules)
    attribute = extractor.attributes[0]
    seen = _Seen()
    for number, (time, user, status, values) in enumerate(logins):
        if breaker is None and seen.settled(user, status, values):
            continue
        sent = {ClaimStatus.ABSENT: {}, ClaimStatus.OVERAGE: {_OVERAGE: [""]}}.get(
            status, {attribute: values}
        )
        login = Login(
            arrival=arrive(user, sent, issuer=source, issued_at=time, assertion_id=f"_{number}", now=time),
            claim=extractor.extract(sent),
            policy=policy or SyncPolicy(),
            breaker=breaker,
            mode=Mode(mode),
            source=source,
            signature=attribute,
            session_lifetime=timedelta(days=1),
        )
        try:
            outcome = store.login(login.attempt(), login.decide).result
        except ClaimError as error:
            seen.refused.append((time, user, error.code))
            continue
        seen.take(time, user, status, values, outcome)
        if progress is not None and number % 1000 == 0:
            progress(number)
    if progress is not None:
        progress(len(logins))
    return seen.replay(store, len(logins))


class _Seen:
    """What the logins did so far."""

    def __init__(self) -> None:
        self.changes: list[tuple[datetime, str, str, str, str]] = []
        self.held: list[tuple[datetime, str, str, str, str]] = []
        self.refused: list[tuple[datetime, str, str]] = []
        self.trips: list[tuple[datetime, str]] = []
        self.adoptions = 0
        self.done: dict[str, tuple[ClaimStatus, tuple[str | None, ...], int]] = {}

    def settled(self, user: str, status: ClaimStatus, values: tuple[str | None, ...]) -> bool:
        """Whether this login does nothing: the user's last one said the same, was done whole, and no group was adopted.

        A plan applied twice changes nothing the second time; what she has and what exists has changed by nobody else.
        """
        return self.done.get(user) == (status, values, self.adoptions)

    def take(
        self,
        time: datetime,
        user: str,
        status: ClaimStatus,
        values: tuple[str | None, ...],
        outcome: LoginOutcome,
    ) -> None:
        """Note what a login did."""
        plan = outcome.plan
        self.done.pop(user, None)
        if plan is None:
            return
        if outcome.applied:
            self.changes += [
                (time, user, each.group, each.action.value, each.reason.value) for each in plan.changes
            ]
            self.adoptions += len(plan.adopt)
        self.held += [
            (time, user, each.group, each.action.value, each.reason.value) for each in plan.held_changes
        ]
        if outcome.tripped is not None:
            self.trips.append((time, user))
        told = status in (ClaimStatus.PRESENT, ClaimStatus.EMPTY)
        if outcome.applied and told and not plan.held_changes:
            self.done[user] = (status, values, self.adoptions)

    def replay(self, store: InMemoryStore, logins: int) -> Replay:
        """Return all of it as tables."""
        pa = pyarrow()
        text, time = pa.string(), pa.timestamp("us", "UTC")
        changes = {"time": time, **dict.fromkeys(_TEXT_COLUMNS, text)}
        kinds = {group.name: group.kind.value for group in store.groups()}
        memberships = [(each.user, each.group, kinds[each.group]) for each in store.memberships()]
        actions = {action.value: 0 for action in Action}
        for change in self.changes:
            actions[change[3]] += 1
        return Replay(
            changes=_table(changes, self.changes),
            held=_table(changes, self.held),
            refused=_table({"time": time, "user": text, "code": text}, self.refused),
            trips=_table({"time": time, "user": text}, self.trips),
            memberships=_table({"user": text, "group": text, "kind": text}, memberships),
            summary={
                "logins": logins,
                **actions,
                "held": len(self.held),
                "refused": len(self.refused),
                "trips": len(self.trips),
                "memberships": len(memberships),
            },
        )


def _table(schema: Mapping[str, Any], rows: list[Any]) -> Any:
    pa = pyarrow()
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        {name: pa.array(column, kind) for (name, kind), column in zip(schema.items(), columns, strict=True)}
    )


def _logins(table: Any) -> list[tuple[datetime, str, ClaimStatus, tuple[str | None, ...]]]:
    """Gather rows to logins, by time; of one time, in the order of their first rows."""
    pa = pyarrow()
    problems = [
        f"the claims have no column {name}"
        for name in ("user", "value", "time")
        if name not in table.column_names
    ]
    if not problems:
        if not pa.types.is_timestamp(table["time"].type) or table["time"].type.tz is None:
            problems.append(f"the column time has timestamps with a time zone, found {table['time'].type}")
        problems += [f"the column {name} has nulls" for name in ("user", "time") if table[name].null_count]
    if "tenant" in table.column_names:
        problems.append("the claims have a column tenant: replay one tenant at a time")
    words: dict[str | None, ClaimStatus | None] = {None: None}
    if "status" in table.column_names:
        for word in pa.compute.unique(table["status"]).to_pylist():
            if word is not None and word not in set(ClaimStatus):
                problems.append(f'the column status has {", ".join(ClaimStatus)}, found "{word}"')
            elif word is not None:
                words[word] = ClaimStatus(word)
    if problems:
        raise SchemaError("; ".join(problems), "audit.schema", None, tuple(problems))
    times = table["time"].cast(pa.timestamp("us", "UTC")).to_pylist()
    statuses = table["status"].to_pylist() if "status" in table.column_names else [None] * len(table)
    gathered: dict[tuple[datetime, str], list[str | None]] = defaultdict(list)
    said: dict[tuple[datetime, str], ClaimStatus] = {}
    rows = zip(times, table["user"].to_pylist(), table["value"].to_pylist(), statuses, strict=True)
    for time, user, value, status in rows:
        gathered[time, user].append(value)
        word = words[status]
        if word is not None:
            said[time, user] = word
    found = []
    for (time, user), values in sorted(gathered.items(), key=lambda item: item[0][0]):
        empty = all(value is None for value in values)
        status = said.get((time, user), ClaimStatus.EMPTY if empty else ClaimStatus.PRESENT)
        found.append((time, user, status, tuple(values)))
    return found


def _source(current: Any) -> str:
    """Return the identity provider whose memberships are there, so that they count as its own; else a name."""
    if current is not None and "origin" in current.column_names:
        origins = sorted(set(current["origin"].to_pylist()) - {None})
        if len(origins) == 1:
            return str(origins[0])
    return "urn:memberof:replay"


def _fill(store: InMemoryStore, current: Any, groups: Any, policy: SyncPolicy | None) -> None:
    """Put what was there before the first login into the store."""
    identity = policy.identity if policy is not None else Identity.EXACT
    problems: list[str] = []
    kinds: dict[str, GroupKind] = {}
    origins: dict[tuple[str, str], str | None] = {}
    for what, given, needed in (
        ("groups", groups, ("group", "kind")),
        ("current", current, ("user", "group", "kind")),
    ):
        columns = _columns(what, given, needed, problems)
        for group, kind in zip(columns.get("group", ()), columns.get("kind", ()), strict=True):
            if kind not in set(GroupKind):
                problems.append(f"the column kind of {what} has internal and external, found {kind!r}")
            elif kinds.setdefault(group, GroupKind(kind)) != kind:
                problems.append(f"a group of {what} is said to be both internal and external")
        if "user" in columns:
            pairs = zip(columns["user"], columns["group"], strict=True)
            for pair, origin in zip(pairs, columns["origin"], strict=True):
                origins.setdefault(pair, origin)
    if problems:
        raise SchemaError(
            "; ".join(dict.fromkeys(problems)), "audit.schema", None, tuple(dict.fromkeys(problems))
        )
    writes = Writes(
        create=tuple(
            Group(name=name, key=group_key(name, identity), kind=kind) for name, kind in kinds.items()
        ),
        attach=tuple(
            Membership(user=user, group=group, source=origin, event_id=0, since=_BEGINNING)
            for (user, group), origin in origins.items()
        ),
    )
    if writes.create:
        store.run(lambda unit: unit.write(writes))


def _columns(what: str, given: Any, needed: tuple[str, ...], problems: list[str]) -> dict[str, list[Any]]:
    """Return the columns of a table, ``origin`` too where memberships are asked for; note what is missing."""
    if given is None:
        return {}
    table = pyarrow().table(given)
    missing = [f"the table {what} has no column {name}" for name in needed if name not in table.column_names]
    missing += [
        f"the column {name} of {what} has nulls"
        for name in needed
        if name in table.column_names and table[name].null_count
    ]
    problems += missing
    if missing:
        return {}
    found = {name: table[name].to_pylist() for name in needed}
    if "user" in needed:
        there = "origin" in table.column_names
        found["origin"] = table["origin"].to_pylist() if there else [None] * len(table)
    return found


def _difference(first: Replay, second: Replay) -> Difference:
    """Follow each membership through both replays; between two of its changes, both either agree or don't."""
    times = [_spans(each) for each in (first, second)]
    ends = [
        set(zip(each.memberships["user"].to_pylist(), each.memberships["group"].to_pylist(), strict=True))
        for each in (first, second)
    ]
    spans: list[tuple[str, str, str, datetime | None, datetime | None]] = []
    lasting = {"first": 0, "second": 0}
    for pair in sorted(times[0].keys() | times[1].keys()):
        changes = [dict(each.get(pair, ())) for each in times]
        # What she had before the first change is the opposite of that; without a change, what she has in the end.
        has = [
            not next(iter(each.values())) if each else pair in end
            for each, end in zip(changes, ends, strict=True)
        ]
        since: datetime | None = None
        only = ""
        for time in sorted(changes[0].keys() | changes[1].keys()):
            has = [each.get(time, had) for each, had in zip(changes, has, strict=True)]
            now = "" if has[0] == has[1] else "first" if has[0] else "second"
            if now != only:
                if only:
                    spans.append((*pair, only, since, time))
                since, only = time, now
        if only:
            spans.append((*pair, only, since, None))
            lasting[only] += 1
    pa = pyarrow()
    text, moment = pa.string(), pa.timestamp("us", "UTC")
    return Difference(
        spans=_table({"user": text, "group": text, "only": text, "since": moment, "until": moment}, spans),
        summary={
            "users": len({span[0] for span in spans}),
            "groups": len({span[1] for span in spans}),
            "spans": len(spans),
            "in_the_end_only_first": lasting["first"],
            "in_the_end_only_second": lasting["second"],
        },
    )


def _spans(replay: Replay) -> dict[tuple[str, str], list[tuple[datetime, bool]]]:
    """Membership → when it came (True) and went (False), in order."""
    found: dict[tuple[str, str], list[tuple[datetime, bool]]] = defaultdict(list)
    columns = (replay.changes[name].to_pylist() for name in ("time", "user", "group", "action"))
    for time, user, group, action in zip(*columns, strict=True):
        if action in (Action.ATTACH, Action.DETACH):
            found[user, group].append((time, action == Action.ATTACH))
    return found


def _counted(summary: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in summary.items())
