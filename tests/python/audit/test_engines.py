"""A million rows give what Polars, DuckDB and a plain loop give."""

from __future__ import annotations

import random
from typing import TypeAlias

import duckdb
import polars as pl
import pyarrow as pa

from memberof import audit

USERS, GROUPS, MEMBERSHIPS = 10_000, 2_000, 1_000_000
Pairs: TypeAlias = set[tuple[str, str]]


def synthetic(seed: int = 5) -> tuple[Pairs, Pairs]:
    """Memberships before and after: groups by Zipf's law, 1 % of them changed, some users and groups gone or new."""
    draw = random.Random(seed)
    weights = [1 / (rank + 10) for rank in range(GROUPS)]
    groups = draw.choices(range(GROUPS), weights, k=MEMBERSHIPS)
    before = {(f"user{draw.randrange(USERS):05d}", f"Group {group:04d}") for group in groups}
    gone = set(draw.sample(sorted(before), len(before) // 200))
    come = {
        (f"user{draw.randrange(USERS + 50):05d}", f"Group {draw.randrange(GROUPS + 20):04d}") for _ in gone
    }
    return before, (before - gone) | come


def test_a_million_rows_give_what_polars_duckdb_and_a_plain_loop_give() -> None:
    before, after = synthetic()
    current = pa.table(
        {"user": [u for u, _ in before], "group": [g for _, g in before], "kind": ["external"] * len(before)}
    )
    claims = pa.table({"user": [u for u, _ in after], "value": [g for _, g in after]})
    report = audit.compare(current, claims, users=sorted({user for user, _ in before}))
    rows = pa.table(report).to_pylist()
    ours = {
        action: {(row["user"], row["group"]) for row in rows if row["action"] == action}
        for action in ("attach", "detach")
    }

    assert ours["attach"] == {pair for pair in after if pair not in before}
    assert ours["detach"] == {pair for pair in before if pair not in after}
    assert len(ours["attach"]) > 1000
    assert len(ours["detach"]) > 1000

    ahead, behind = pl.DataFrame(current), pl.DataFrame(claims).rename({"value": "group"})
    assert ours["attach"] == set(behind.join(ahead, on=["user", "group"], how="anti").rows())
    assert ours["detach"] == set(
        ahead.select("user", "group").join(behind, on=["user", "group"], how="anti").rows()
    )

    connection = duckdb.connect()
    connection.register("current", current)
    connection.register("claims", claims)
    joined = connection.sql("""
        SELECT coalesce(c.user, k.user), coalesce(c.group, k.value), c.user IS NULL
        FROM current c FULL OUTER JOIN claims k ON c.user = k.user AND c.group = k.value
        WHERE c.user IS NULL OR k.user IS NULL
    """).fetchall()
    assert ours["attach"] == {(user, group) for user, group, new in joined if new}
    assert ours["detach"] == {(user, group) for user, group, new in joined if not new}

    counts = report.summary
    assert counts["keep"] == len(before & after)
    assert counts["memberships"] == len(before)
    assert counts["create"] == len({group for _, group in after} - {group for _, group in before})
    sizes = {
        row["group"]: (row["members_before"], row["members_after"])
        for row in pa.table(report.groups).to_pylist()
    }
    assert sum(old for old, _ in sizes.values()) == len(before)
    assert sum(new for _, new in sizes.values()) == len(after)
