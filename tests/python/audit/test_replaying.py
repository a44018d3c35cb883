"""What-if: a replay does what the logins would have done, and says where two of them differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import memberof
from memberof import Breaker, SchemaError, SyncPolicy
from memberof.audit.replaying import Replay, replay

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(day: int) -> datetime:
    return T0 + timedelta(days=day)


def claims(*logins: tuple[int, str, list[str] | str]) -> pa.Table:
    """Day, user, and values or a status."""
    rows: list[tuple[datetime, str, str | None, str | None]] = []
    for day, user, values in logins:
        if isinstance(values, str):
            rows.append((at(day), user, None, values))
        else:
            rows += [(at(day), user, value, None) for value in values or [None]]
    times, users, texts, statuses = zip(*rows, strict=True)
    return pa.table(
        {
            "time": pa.array(times, pa.timestamp("us", "UTC")),
            "user": pa.array(users, pa.string()),
            "value": pa.array(texts, pa.string()),
            "status": pa.array(statuses, pa.string()),
        }
    )


def lines(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def memberships(found: Replay) -> set[tuple[str, str]]:
    return {(row["user"], row["group"]) for row in found.memberships.to_pylist()}


YEAR = claims(
    (3, "ann", ["Sales"]),
    (1, "ann", ["Sales", "Staff"]),
    (2, "ben", ["Staff"]),
    (4, "ben", "absent"),
    (5, "ann", "overage"),
    (6, "ann", []),
)
CURRENT = pa.table({"user": ["ann", "cat"], "group": ["Old", "Staff"], "kind": ["external", "internal"]})


def test_logins_happen_in_order_of_time_with_the_reasons_of_a_login() -> None:
    found = replay(YEAR, current=CURRENT)
    assert lines(found.changes) == [
        (at(1), "ann", "Sales", "create", "received"),
        (at(1), "ann", "Staff", "adopt", "received"),
        (at(1), "ann", "Sales", "attach", "received"),
        (at(1), "ann", "Staff", "attach", "received"),
        (at(1), "ann", "Old", "detach", "not_received"),
        (at(2), "ben", "Staff", "attach", "received"),
        (at(3), "ann", "Staff", "detach", "not_received"),
        (at(4), "ben", "Staff", "detach", "claim_absent"),
        (at(6), "ann", "Sales", "detach", "claim_empty"),
    ]
    assert lines(found.held) == [(at(5), "ann", "Sales", "detach", "claim_overage")]
    assert lines(found.memberships) == [("cat", "Staff", "external")]
    assert found.summary == {
        "logins": 6,
        "create": 1,
        "adopt": 1,
        "attach": 3,
        "detach": 4,
        "held": 1,
        "refused": 0,
        "trips": 0,
        "memberships": 1,
    }
    assert len(pa.table(found)) == 9


def test_two_policies_are_compared_by_when_and_for_whom() -> None:
    first, second = replay(YEAR, current=CURRENT), replay(YEAR, current=CURRENT, policy=SyncPolicy.cautious())
    found = first.compare(second)
    assert lines(found.spans) == [
        ("ann", "Old", "second", at(1), None),  # not attached by the identity provider
        ("ann", "Staff", "first", at(1), at(3)),  # internal groups are not adopted
        ("ben", "Staff", "first", at(2), at(4)),
    ]
    assert found.summary == {
        "users": 2,
        "groups": 2,
        "spans": 3,
        "in_the_end_only_first": 0,
        "in_the_end_only_second": 1,
    }
    assert lines(first.compare(first).spans) == []
    assert {(user, group, since) for user, group, _, since, _ in lines(second.compare(first).spans)} == {
        ("ann", "Old", at(1)),
        ("ann", "Staff", at(1)),
        ("ben", "Staff", at(2)),
    }


def test_a_membership_that_differs_twice_is_two_spans() -> None:
    logins = claims((1, "a", ["x"]), (2, "a", []), (3, "a", ["x"]), (4, "a", "absent"), (5, "a", ["x"]))
    keeping = SyncPolicy(on_absent="keep")
    found = replay(logins, policy=keeping).compare(replay(logins))
    assert lines(found.spans) == [("a", "x", "first", at(4), at(5))]
    observed = replay(logins, mode="observe")
    assert lines(observed.changes) == []
    assert [span[3:] for span in lines(replay(logins).compare(observed).spans)] == [
        (at(1), at(2)),
        (at(3), at(4)),
        (at(5), None),
    ]


def test_refusals_and_trips_are_listed() -> None:
    refusing = replay(claims((1, "a", ["x"]), (2, "a", "absent")), policy=SyncPolicy(on_absent="refuse"))
    assert lines(refusing.refused) == [(at(2), "a", "claim.absent")]
    people = [f"u{number:02}" for number in range(40)]
    logins = claims(*((0, user, ["x"]) for user in people), *((1, user, []) for user in people))
    found = replay(logins, breaker=Breaker())
    assert found.summary["trips"] == 1
    assert 0 < found.summary["detach"] < 40
    assert found.summary["held"] == 40 - found.summary["detach"]
    assert replay(logins).summary["detach"] == 40


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        replay(YEAR, current=CURRENT, policy=SyncPolicy(on_absent="refuse"))
    assert caplog.records == []


def test_progress_is_told() -> None:
    told: list[int] = []
    replay(claims(*((day, "a", [f"g{day}"]) for day in range(1001))), progress=told.append)
    assert told == [0, 1000, 1001]


@pytest.mark.parametrize(
    ("tables", "problems"),
    [
        ({"claims": {"user": ["a"]}}, ("the claims have no column value", "the claims have no column time")),
        (
            {"claims": {"user": [None], "value": ["x"], "time": ["soon"], "tenant": ["t"]}},
            (
                "the column time has timestamps with a time zone, found string",
                "the column user has nulls",
                "the claims have a column tenant: replay one tenant at a time",
            ),
        ),
        (
            {"claims": {"user": ["a"], "value": ["x"], "time": [T0], "status": ["lost"]}},
            ('the column status has present, empty, absent, overage, found "lost"',),
        ),
        ({"current": {"user": ["a"], "group": ["x"]}}, ("the table current has no column kind",)),
        (
            {"current": {"user": ["a", None], "group": ["x", "y"], "kind": ["external", None]}},
            ("the column user of current has nulls", "the column kind of current has nulls"),
        ),
        (
            {"current": {"user": ["a", "b"], "group": ["x", "x"], "kind": ["external", "internal"]}},
            ("a group of current is said to be both internal and external",),
        ),
        (
            {"groups": {"group": ["x"], "kind": ["odd"]}},
            ("the column kind of groups has internal and external, found 'odd'",),
        ),
    ],
)
def test_wrong_tables_are_refused_with_all_faults(tables: dict[str, Any], problems: tuple[str, ...]) -> None:
    given = {name: pa.table(columns) for name, columns in tables.items()}
    logins = given.pop("claims", claims((1, "a", ["x"])))
    with pytest.raises(SchemaError) as error:
        replay(logins, **given)
    assert error.value.problems == problems


NAMES = st.sampled_from(["a", "b", "c"])
LOGINS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "ben", "cat"]),
        st.one_of(st.lists(NAMES, max_size=3, unique=True), st.sampled_from(["absent", "overage"])),
    ),
    min_size=1,
    max_size=25,
)
MEMBERSHIPS = st.dictionaries(st.tuples(st.sampled_from(["ann", "ben", "cat"]), NAMES), st.none(), max_size=5)
KINDS = st.fixed_dictionaries(dict.fromkeys(["a", "b", "c"], st.sampled_from(["internal", "external"])))
POLICIES = st.sampled_from(
    [
        SyncPolicy(),
        SyncPolicy.cautious(),
        SyncPolicy(protected=["a"], last_member_of=["b"]),
        SyncPolicy(on_internal_match="if_all_members_external", identity="fold"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(LOGINS, MEMBERSHIPS, KINDS, POLICIES)
def test_a_replay_ends_as_the_logins_of_group_sync_do(
    logins: list[tuple[str, Any]],
    pairs: dict[tuple[str, str], None],
    kinds: dict[str, str],
    policy: SyncPolicy,
) -> None:
    table = claims(*((day, user, values) for day, (user, values) in enumerate(logins)))
    columns: dict[str, list[str]] = {"user": [], "group": [], "kind": []}
    store = memberof.InMemoryStore()
    for name, kind in kinds.items():
        store.create_group(name, kind)
    for user, group in pairs:
        store.attach(user, group)
        for column, value in zip(columns.values(), (user, group, kinds[group]), strict=True):
            column.append(value)
    current = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    groups = pa.table({"group": list(kinds), "kind": list(kinds.values())})
    sync = memberof.GroupSync(
        memberof.GroupExtractor("memberOf", "array"),
        store,
        policy=policy,
        source="s",
        mode="on",
        breaker=None,
    )
    for day, (user, values) in enumerate(logins):
        link = {"http://schemas.microsoft.com/claims/groups.link": ["x"]}
        sent = {"absent": {}, "overage": link}[values] if isinstance(values, str) else {"memberOf": values}
        sync.login(user, sent, issuer="s", issued_at=at(day), assertion_id=f"_{day}", now=at(day))
    found = replay(table, current=current, groups=groups, policy=policy)
    kept = {group.name: group.kind.value for group in store.groups()}
    assert lines(found.memberships) == [
        (each.user, each.group, kept[each.group]) for each in store.memberships()
    ]
    told = [
        (event.at, event.user, change.group, change.action, change.reason)
        for event in reversed(store.history(limit=None, kinds=["login"]))
        for change in event.changes
    ]
    assert lines(found.changes) == told


def test_a_replay_in_a_notebook_is_escaped() -> None:
    found = replay(claims((1, "<b>", ["<script>"])))
    for shown in (found, found.compare(replay(claims((1, "<b>", []))))):
        html = shown._repr_html_()
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert '<th scope="col">' in html
    assert "logins 1, create 1, adopt 0, attach 1" in found._repr_html_()
