"""Audits of whole tables: a real organisation, every kind of column, and tables that are not what they should be."""

from __future__ import annotations

import csv
import threading
import weakref
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import memberof
from memberof import audit

DATA = Path(__file__).parent.parent.parent / "data" / "kubernetes-org"

TEXT_TYPES = {
    "utf8": pa.utf8(),
    "large_utf8": pa.large_utf8(),
    "utf8_view": pa.string_view(),
    "dictionary of int8": pa.dictionary(pa.int8(), pa.utf8()),
    "dictionary of int64": pa.dictionary(pa.int64(), pa.large_utf8()),
}


def rows(table: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in pa.table(table).to_pylist()]


def table(names: str, *rows: tuple[str | None, ...], data_type: Any = None) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names.split())
    arrays = [pa.array(column, pa.utf8()) for column in columns]
    if data_type is not None and pa.types.is_dictionary(data_type):
        arrays = [one.dictionary_encode().cast(data_type) for one in arrays]
    elif data_type is not None:
        arrays = [one.cast(data_type) for one in arrays]
    return pa.table(dict(zip(names.split(), arrays, strict=True)))


def kubernetes(when: str) -> list[tuple[str, str]]:
    with (DATA / f"{when}.csv").open(newline="") as file:
        return [(row["user"], row["group"]) for row in csv.DictReader(file)]


def test_a_year_of_kubernetes_is_counted_exactly() -> None:
    before, after = kubernetes("before"), kubernetes("after")
    current = table("user group kind", *((user, group, "external") for user, group in before))
    claims = table("user value", *after)
    report = audit.compare(current, claims)
    counts = {name: report.summary[name] for name in ("attach", "detach", "keep", "create", "adopt", "held")}
    assert counts == {"attach": 1015, "detach": 243, "keep": 5266, "create": 54, "adopt": 0, "held": 0}
    assert report.summary["never_seen"] == 6
    everybody = audit.compare(current, claims, users=sorted({user for user, _ in before}))
    assert everybody.summary["detach"] == 270
    assert everybody.summary["never_seen"] == 0
    want, have = set(after), set(before)
    changes = rows(everybody)
    assert {(user, group) for user, group, action, _ in changes if action == "attach"} == want - have
    assert {(user, group) for user, group, action, _ in changes if action == "detach"} == have - want
    groups = {name: (action, old, new) for name, action, old, new in rows(everybody.groups)}
    sizes = {name: sum(group == name for _, group in after) for name in groups}
    assert {name: new for name, (_, _, new) in groups.items()} == sizes
    assert sum(action == "create" for action, _, _ in groups.values()) == 54


CURRENT = table(
    "user group kind",
    ("ada", "Sales", "external"),
    ("ada", "Staff", "internal"),
    ("bob", "Sales", "external"),
    ("cyd", "Old", "external"),
)
CLAIMS = table("user value", ("ada", "Sales"), ("ada", "New"), ("bob", None), ("eve", "Staff"))
CHANGES = [
    ("ada", "New", "create", "received"),
    ("ada", "New", "attach", "received"),
    ("bob", "Sales", "detach", "claim_empty"),
    ("eve", "Staff", "adopt", "received"),
    ("eve", "Staff", "attach", "received"),
]


@pytest.mark.parametrize("data_type", TEXT_TYPES.values(), ids=TEXT_TYPES)
def test_every_text_type_gives_the_same_report(data_type: Any) -> None:
    def cast(one: pa.Table) -> pa.Table:
        return table(" ".join(one.column_names), *rows(one), data_type=data_type)

    report = audit.compare(cast(CURRENT), cast(CLAIMS))
    assert rows(report) == CHANGES
    assert rows(report.groups) == [
        ("New", "create", 0, 1),
        ("Old", None, 1, 1),
        ("Sales", None, 2, 1),
        ("Staff", "adopt", 1, 2),
    ]
    assert report.summary["users"] == 4
    assert report.summary["never_seen"] == 1
    assert repr(report) == "<AuditReport users 4, keep 1, attach 2, detach 1, create 1, adopt 1, held 0>"


def test_an_entry_of_a_dictionary_that_no_row_names_is_nobody() -> None:
    keys = pa.array([0, None, 2], pa.int32())
    users = pa.DictionaryArray.from_arrays(keys, pa.array(["ada", "ghost", "bob"]))
    report = audit.compare(
        pa.table({"user": users, "group": ["Sales"] * 3, "kind": ["external"] * 3}),
        table("user value", ("ada", "Sales")),
    )
    assert report.summary["users"] == 2
    assert report.summary["memberships"] == 2


def test_a_plan_is_what_a_login_would_do() -> None:
    plan = audit.compare(CURRENT, CLAIMS).plan("ada")
    claim = memberof.GroupExtractor(format="array").extract({"memberOf": ["Sales", "New"]})
    state = memberof.UserState(
        {"Sales": "external", "Staff": "internal", "Old": "external"}, ["Sales", "Staff"],
        sole_member_of=["Staff"], user="ada",
    )  # fmt: skip
    assert plan == memberof.reconcile(claim, state)
    with pytest.raises(KeyError):
        audit.compare(CURRENT, CLAIMS).plan("cyd")
    with pytest.raises(KeyError):
        audit.compare(CURRENT, CLAIMS).plan("nobody")


def test_a_named_user_without_claims_lost_the_attribute() -> None:
    report = audit.compare(CURRENT, CLAIMS, users=["cyd"])
    assert ("cyd", "Old", "detach", "claim_absent") in rows(report)
    unseen = audit.compare(CURRENT, table("user value"), users=["cyd"])
    assert rows(unseen) == []
    assert rows(unseen.held) == [("cyd", "Old", "detach", "absent_not_seen")]


def test_nothing_crosses_from_one_tenant_to_another() -> None:
    current = table(
        "tenant user group kind", ("a", "ada", "Sales", "external"), ("b", "ada", "Sales", "internal")
    )
    claims = table("tenant user value", ("a", "ada", None), ("b", "ada", "Staff"))
    report = audit.compare(current, claims)
    assert rows(report) == [
        ("a", "ada", "Sales", "detach", "claim_empty"),
        ("b", "ada", "Staff", "create", "received"),
        ("b", "ada", "Staff", "attach", "received"),
    ]
    assert rows(report.groups) == [
        ("a", "Sales", None, 1, 0),
        ("b", "Sales", None, 1, 1),
        ("b", "Staff", "create", 0, 1),
    ]
    assert report.plan("ada", "a").detach == ("Sales",)
    assert report.plan("ada", tenant="b").create == ("Staff",)


def test_every_fault_of_every_table_is_told_at_once() -> None:
    with pytest.raises(memberof.SchemaError) as refused:
        audit.compare(
            pa.table({"user": [1], "group": ["Sales"], "tenant": ["a"]}),
            pa.table({"users": ["ada"]}),
            groups=pa.table({"group": ["x"], "kind": [True]}),
        )
    assert refused.value.code == "audit.schema"
    texts = "expected texts (Utf8, LargeUtf8, Utf8View, or a dictionary of one)"
    assert refused.value.problems == (
        f"current.user is of type Int64, {texts}",
        'current has no column "kind", it has user, group, tenant',
        'claims has no column "user", it has users',
        'claims has no column "value", it has users',
        f"groups.kind is of type Boolean, {texts}",
    )


def test_a_tenant_in_one_table_only_is_refused() -> None:
    with pytest.raises(memberof.SchemaError) as refused:
        audit.compare(table("tenant user group kind"), table("user value"))
    assert refused.value.problems == (
        'current has a column "tenant" and claims has none, expected it in every table or in none',
    )


def test_words_that_are_no_kind_and_no_status_are_refused() -> None:
    with pytest.raises(memberof.SchemaError) as refused:
        audit.compare(
            table("user group kind", ("ada", "Sales", "Internal"), ("ada", "Old", "external")),
            table("user value status", ("ada", None, "missing")),
        )
    assert refused.value.problems == (
        'kind is neither "internal" nor "external" in 1 rows of current or groups',
        'claims.status is none of "present", "empty", "absent" and "overage" in 1 rows',
    )


@pytest.mark.parametrize("nothing", [None, 3, "table", [("ada", "Sales")]])
def test_what_is_no_table_is_refused(nothing: Any) -> None:
    with pytest.raises(memberof.SchemaError):
        audit.compare(nothing, CLAIMS)


def test_a_column_is_no_table() -> None:
    with pytest.raises(memberof.SchemaError, match="current is a column of type"):
        audit.compare(pa.chunked_array([["ada"]]), CLAIMS)


def test_a_producer_that_fails_is_told_with_its_table() -> None:
    def batches() -> Any:
        yield CLAIMS.to_batches()[0]
        raise RuntimeError("the disk is gone")

    with pytest.raises(
        memberof.SchemaError, match=r"the claims table cannot be read: .*the disk is gone"
    ) as failed:
        audit.compare(CURRENT, pa.RecordBatchReader.from_batches(CLAIMS.schema, batches()))
    assert failed.value.code == "audit.source"


def test_two_existing_groups_of_one_key_are_refused() -> None:
    current = table("user group kind", ("ada", "Sales", "external"), ("bob", "SALES", "external"))
    assert audit.compare(current, CLAIMS).summary["groups"] == 2
    with pytest.raises(memberof.ConfigurationError) as refused:
        audit.compare(current, CLAIMS, policy=memberof.SyncPolicy(identity="fold"))
    assert refused.value.code == "config.group_key_collision"


def test_an_extractor_says_more_than_a_format() -> None:
    extractor = memberof.GroupExtractor(format="csv", delimiter=";")
    assert (
        audit.compare(CURRENT, table("user value", ("ada", "Sales;Staff")), format=extractor).summary["keep"]
        == 2
    )
    with pytest.raises(memberof.ConfigurationError) as refused:
        audit.compare(CURRENT, CLAIMS, format=extractor, rules=memberof.GroupRules(exclude=["x"]))
    assert refused.value.code == "config.audit_rules"
    with pytest.raises(memberof.ConfigurationError, match="format"):
        audit.compare(CURRENT, CLAIMS, format="xml")


def test_threads_and_batches_do_not_matter() -> None:
    current = pa.concat_tables([CURRENT.slice(row, 1) for row in (3, 1, 0, 2)])
    for threads in (1, 2, 5):
        assert rows(audit.compare(current, CLAIMS, threads=threads)) == CHANGES


def slow(batches: int, told: list[int]) -> pa.RecordBatchReader:
    """Give a table whose producer waits until progress was told."""
    wait = threading.Event()

    def produce() -> Any:
        for _ in range(batches):
            wait.wait(0.06)
            yield CURRENT.to_batches()[0]

    return pa.RecordBatchReader.from_batches(CURRENT.schema, produce())


def test_progress_tells_how_many_rows_were_read() -> None:
    told: list[int] = []
    audit.compare(slow(8, told), CLAIMS, progress=told.append, threads=1)
    assert told
    assert told == sorted(told)
    assert told[-1] <= 8 * CURRENT.num_rows + CLAIMS.num_rows


def test_an_exception_of_progress_ends_the_audit() -> None:
    def stop(rows: int) -> None:
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        audit.compare(slow(50, []), CLAIMS, progress=stop, threads=2)


def test_a_report_keeps_nothing_of_the_tables() -> None:
    class Source:
        def __init__(self, inner: pa.Table) -> None:
            self.inner = inner

        def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
            return self.inner.__arrow_c_stream__(requested_schema)

    source = Source(CURRENT)
    gone = weakref.ref(source)
    report = audit.compare(source, CLAIMS)
    del source
    assert gone() is None
    assert rows(report) == CHANGES
