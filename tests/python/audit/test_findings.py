"""What an audit tells to look at, each with its severity and the rows behind it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import memberof
from memberof import audit


def current(*rows: tuple[str | None, str | None, str | None]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    names = ("user", "group", "kind")
    return pa.table({name: pa.array(column, pa.utf8()) for name, column in zip(names, columns, strict=True)})


def claims(*rows: tuple[str | None, str | None]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pa.table(
        {name: pa.array(column, pa.utf8()) for name, column in zip(("user", "value"), columns, strict=True)}
    )


def findings(report: audit.AuditReport, code: str) -> list[dict[str, Any]]:
    return [row for row in pa.table(report.findings).to_pylist() if row["code"] == code]


def evidence(report: audit.AuditReport, code: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in pa.table(report.evidence(code)).to_pylist()]


def test_a_clean_audit_finds_nothing() -> None:
    rows = [(user, "Sales", "external") for user in ("ada", "bob")]
    report = audit.compare(current(*rows), claims(("ada", "Sales"), ("bob", "Sales")))
    assert pa.table(report.findings).num_rows == 0
    assert report.findings.column_names == ("code", "severity", "group", "user", "message", "count")
    assert report.evidence("never_seen").num_rows == 0


@pytest.mark.parametrize(
    ("code", "one", "other"),
    [
        ("differs_by_case", "Sales", "sales"),
        ("differs_by_normal_form", "Gro\u0308ße", "Größe"),
        ("differs_by_width", "Sales", "Ｓales"),
        ("confusable", "paypal", "pаypal"),
    ],
)
def test_names_that_are_easily_taken_for_one_another_are_found(code: str, one: str, other: str) -> None:
    report = audit.compare(current(("ada", one, "external")), claims(("ada", other)))
    (found,) = findings(report, code)
    assert found["severity"] == "warning"
    assert repr(one)[1:-1] in found["message"] or one in found["message"] or code == "differs_by_normal_form"
    assert len(evidence(report, code)) == 2


def test_values_of_another_format_are_found_with_what_is_wrong() -> None:
    sent = [("ada", "CN=Sales,DC=x"), ("ada", "CN=Old,DC=x"), ("bob", "CN=Sales,DC=x"), ("cyd", "Sales")]
    report = audit.compare(current(), claims(*sent))
    (found,) = findings(report, "malformed")
    assert (found["severity"], found["count"]) == ("error", 3)
    assert "claim.looks_like_dn" in found["message"]
    assert "2 users" in found["message"]
    assert evidence(report, "malformed") == [("ada", None), ("bob", None)]


def test_rows_that_cannot_be_compared_are_counted() -> None:
    state = current(
        (None, "Sales", "external"),
        ("ada", None, "external"),
        ("ada", "Old", None),
        ("ada", "Both", "internal"),
        ("bob", "Both", "external"),
        ("bob", "Both", "external"),
    )
    report = audit.compare(state, claims((None, "Sales"), ("ada", "New"), ("ada", "New"), ("bob", None)))
    counts = {row["code"]: (row["severity"], row["count"]) for row in pa.table(report.findings).to_pylist()}
    assert counts["null_user"] == ("error", 2)
    assert counts["null_group"] == ("error", 1)
    assert counts["null_kind"] == ("error", 2 - 1)
    assert counts["mixed_kinds"] == ("error", 1)
    assert counts["duplicate_membership"] == ("warning", 1)
    assert counts["duplicate_value"] == ("info", 1)
    # neither the group of no kind nor the one of both kinds is taken from anybody
    assert [change["action"] for change in pa.table(report).to_pylist()] == ["create", "attach"]


def test_users_are_found_who_never_came_or_received_too_many() -> None:
    sent = [("bob", f"Group {number}") for number in range(101)]
    report = audit.compare(current(("ada", "Sales", "external")), claims(*sent))
    (unseen,) = findings(report, "never_seen")
    assert (unseen["severity"], unseen["count"]) == ("info", 1)
    assert evidence(report, "never_seen") == [("ada", None)]
    (many,) = findings(report, "many_groups")
    assert (many["severity"], many["user"], many["count"]) == ("warning", "bob", 101)


def test_groups_are_found_with_one_member_or_with_none_left() -> None:
    state = current(("ada", "Old", "external"), ("bob", "Old", "external"), ("ada", "Own", "internal"))
    report = audit.compare(state, claims(("ada", None), ("bob", None)))
    (emptied,) = findings(report, "emptied")
    assert (emptied["group"], emptied["severity"], emptied["count"]) == ("Old", "warning", 2)
    assert evidence(report, "emptied") == [("ada", "Old"), ("bob", "Old")]
    assert evidence(report, "only_member") == [("ada", "Own")]


def test_an_adoption_is_found_with_the_members_whom_it_hits() -> None:
    state = current(("ada", "Staff", "internal"), ("bob", "Staff", "internal"), ("cyd", "Staff", "internal"))
    report = audit.compare(state, claims(("ada", "Staff"), ("bob", None)))
    (adoption,) = findings(report, "adoption")
    assert (adoption["group"], adoption["severity"], adoption["count"]) == ("Staff", "warning", 2)
    assert evidence(report, "adoption") == [("bob", "Staff"), ("cyd", "Staff")]


def test_a_group_whose_members_are_all_in_another_one_may_be_nested() -> None:
    team = [(user, "Team", "external") for user in ("ada", "bob", "cyd")]
    everybody = [(user, "Everybody", "external") for user in ("ada", "bob", "cyd", "dee")]
    report = audit.compare(current(*team, *everybody), claims())
    (nested,) = findings(report, "nested")
    assert (nested["group"], nested["severity"]) == ("Team", "info")
    assert evidence(report, "nested") == [(None, "Team"), (None, "Everybody")]


def test_logins_that_the_policy_refuses_are_found_by_code() -> None:
    policy = memberof.SyncPolicy(on_malformed="refuse")
    report = audit.compare(current(), claims(("ada", "CN=a,DC=b"), ("bob", "Sales")), policy=policy)
    (refused,) = findings(report, "refused")
    assert "claim.malformed" in refused["message"]
    assert evidence(report, "refused") == [("ada", None)]


def test_texts_that_are_no_utf8_are_findings_and_change_nothing() -> None:
    def bad(*texts: bytes) -> Any:
        array = pa.array(texts, pa.binary())
        return pa.Array.from_buffers(pa.utf8(), len(array), array.buffers())

    state = pa.table({"user": bad(b"\xff", b"ada"), "group": ["Sales", "Sales"], "kind": ["external"] * 2})
    report = audit.compare(state, pa.table({"user": ["ada"], "value": bad(b"\xfe")}))
    assert findings(report, "not_utf8")[0]["count"] == 1
    assert "claim.not_utf8" in findings(report, "malformed")[0]["message"]
    assert pa.table(report).num_rows == 0
    assert pa.table(report.held).to_pylist() == [
        {"user": "ada", "group": "Sales", "action": "detach", "reason": "claim_malformed"}
    ]


def test_one_percent_of_malformed_names_is_counted_and_holds_detachments() -> None:
    sent = [(f"u{number}", f"CN=G{number % 7},DC=x" if number % 100 else "broken") for number in range(1000)]
    state = [(f"u{number}", "Old", "external") for number in range(1000)]
    report = audit.compare(current(*state), claims(*sent), format="ldap")
    assert findings(report, "malformed")[0]["count"] == 10
    assert report.summary["malformed"] == 10
    assert (report.summary["detach"], report.summary["held"]) == (990, 10)
