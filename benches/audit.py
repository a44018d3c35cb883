"""Audits of 10 million memberships against 10 million claims: ours beside one full join in DuckDB, Polars and pandas.

``AUDIT_LARGE=1`` also runs 50 million rows, and 100 million rows from Parquet; that takes half an hour and 40 GB of disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from harness import Row, Table, compare, save

from memberof import audit

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

ROWS = int(os.environ.get("AUDIT_ROWS", "10_000_000"))
LARGE = bool(os.environ.get("AUDIT_LARGE"))
GROUPS_PER_USER = 100
GROUPS = 20_000
CHUNK = 1_000_000
FIRST_CN = r"^[cC][nN]=((?:\\.|[^,+\\])*)"


def pairs(rows: int) -> tuple[Any, Any]:
    """Users and groups as numbers, groups by Zipf's law, in no order; and the same when 1 % has changed."""
    draw = np.random.default_rng(7)
    weights = np.cumsum(1 / np.arange(10, GROUPS + 10))
    groups = np.searchsorted(weights / weights[-1], draw.random(rows + rows // 3)).clip(max=GROUPS - 1)
    users = draw.integers(0, max(rows // GROUPS_PER_USER, 1), len(groups))
    found = np.unique(users.astype(np.int64) * GROUPS + groups)
    draw.shuffle(found)
    drift = rows // 200
    current = found[:rows]
    received = np.concatenate([current[drift:], found[rows : rows + drift]])
    draw.shuffle(received)
    return current, received


def column(numbers: Any, names: list[str]) -> pa.ChunkedArray:
    """Strings in chunks of a million rows: one chunk of Arrow strings ends at 2 GiB."""
    texts = pa.array(names)
    starts = range(0, len(numbers), CHUNK)
    return pa.chunked_array(
        [texts.take(pa.array(numbers[start : start + CHUNK])) for start in starts], pa.utf8()
    )


def write(rows: int, folder: Path) -> None:
    """Write ``current``, ``claims`` and ``dns`` as Parquet."""
    current, received = pairs(rows)
    users = [f"user{number:07d}" for number in range(max(rows // GROUPS_PER_USER, 1))]
    groups = [f"App {number % 97} Team {number:05d}" for number in range(GROUPS)]
    behind = [
        f"OU=Groups,OU=Site {n % 40:02d},OU=Region {n % 5},DC=corp,DC=example,DC=com" for n in range(GROUPS)
    ]
    dns = [f"CN={name},{rest}" for name, rest in zip(groups, behind, strict=True)]
    tables = {
        "current": {
            "user": column(current // GROUPS, users),
            "group": column(current % GROUPS, groups),
            "kind": column(current * 0, ["external"]),
        },
        "claims": {"user": column(received // GROUPS, users), "value": column(received % GROUPS, groups)},
        "dns": {"user": column(received // GROUPS, users), "value": column(received % GROUPS, dns)},
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


class Stream:
    """A Parquet file as an Arrow stream of dictionaries, which keeps each text once and reads batch by batch."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        names = pq.read_schema(self.path).names
        file = pq.ParquetFile(self.path, read_dictionary=names)
        batches = file.iter_batches(batch_size=CHUNK)
        return pa.RecordBatchReader.from_batches(file.schema_arrow, batches).__arrow_c_stream__(
            requested_schema
        )


def ours(current: Any, claims: Any, form: str = "array") -> Callable[[], int]:
    def run() -> int:
        report = audit.compare(current, claims, format=form)
        creates = report.summary["create"]  # the others say nothing of groups
        return pa.table(report).num_rows - creates

    return run


def in_duckdb(current: str, claims: str, **tables: pa.Table) -> Callable[[], int]:
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    for name, table in tables.items():
        connection.register(name, table)
    sql = f"""
        SELECT coalesce(c.user, k.user) AS user, coalesce(c.group, k.value) AS "group", c.user IS NULL AS attach
        FROM {current} c FULL OUTER JOIN {claims} k ON c.user = k.user AND c.group = k.value
        WHERE c.user IS NULL OR k.user IS NULL
    """
    return lambda: connection.sql(sql).to_arrow_table().num_rows


def in_polars(current: pl.LazyFrame, claims: pl.LazyFrame) -> Callable[[], int]:
    def run() -> int:
        both = current.select("user", "group", old=True).join(
            claims.select("user", pl.col("value").alias("group"), new=True),
            on=["user", "group"], how="full", coalesce=True,
        )  # fmt: skip
        return (
            both.filter(pl.col("old").is_null() | pl.col("new").is_null()).collect(engine="streaming").height
        )

    return run


def in_pandas(current: pd.DataFrame, claims: pd.DataFrame) -> Callable[[], int]:
    def run() -> int:
        both = current[["user", "group"]].merge(
            claims, how="outer", left_on=["user", "group"], right_on=["user", "value"], indicator=True
        )
        return len(both[both["_merge"] != "both"])

    return run


def regex_duckdb(claims: str) -> str:
    return f"(SELECT user, regexp_extract(value, '{FIRST_CN}', 1) AS value FROM {claims})"


def regex_polars(claims: pl.LazyFrame) -> pl.LazyFrame:
    return claims.with_columns(pl.col("value").str.extract(FIRST_CN))


def ways(job: str, folder: Path) -> dict[str, Callable[[], Callable[[], int]]]:
    """All ways of one job; each is a function that takes up the input and gives what is timed."""
    paths = {name: folder / f"{name}.parquet" for name in ("current", "claims", "dns")}
    if job == "Parquet":
        names = f"'{paths['current']}'", f"'{paths['claims']}'"
        return {
            "memberof": lambda: ours(Stream(paths["current"]), Stream(paths["claims"])),
            "DuckDB": lambda: in_duckdb(*names),
            "Polars streaming": lambda: in_polars(*map(pl.scan_parquet, (paths["current"], paths["claims"]))),
        }
    dns = job == "DNs"

    def tables() -> tuple[pa.Table, pa.Table]:
        return pq.read_table(paths["current"]), pq.read_table(paths["dns" if dns else "claims"])

    def duckdb_way() -> Callable[[], int]:
        current, claims = tables()
        return in_duckdb("c", regex_duckdb("k") if dns else "k", c=current, k=claims)

    def polars_way(*, categorical: bool = False) -> Callable[[], int]:
        frames = [pl.DataFrame(table) for table in tables()]
        if categorical:
            frames = [frame.with_columns(pl.col(pl.String).cast(pl.Categorical)) for frame in frames]
        current, claims = (frame.lazy() for frame in frames)
        return in_polars(current, regex_polars(claims) if dns else claims)

    found = {
        "memberof": lambda: ours(*tables(), "ldap" if dns else "array"),
        "DuckDB": duckdb_way,
        "Polars streaming": polars_way,
    }
    if not dns:
        found["Polars categorical"] = lambda: polars_way(categorical=True)
        found["pandas"] = lambda: in_pandas(*(table.to_pandas() for table in tables()))
    return found


def peak(way: str, job: str, folder: Path) -> float:
    """The highest memory of a process that does one job once, in GB."""
    code = [sys.executable, __file__, "peak", way, job, str(folder)]
    return float(subprocess.run(code, stdout=subprocess.PIPE, check=True).stdout)


def times(folder: Path, rows: int) -> None:
    table = Table(
        "audit", f"Audit of {rows:,} memberships against {rows:,} claims, 2 cores", "seconds", "memberof"
    )
    for job in ("Arrow", "Parquet", "DNs"):
        found = {name: take() for name, take in ways(job, folder).items()}
        answers = {name: way() for name, way in found.items()}
        if len(set(answers.values())) > 1:
            raise SystemExit(f"the ways of {job} differ: {answers}")
        table.rows.append(Row(f"from {job}", compare(found, rounds=3, block=0)))
        del found
    table.notes = [
        f"{rows // GROUPS_PER_USER:,} users, {GROUPS:,} groups by Zipf's law, 1 % changed, rows in no order; all ways find the same rows.",
        "The others do one full join; memberof also parses values, applies the policy and counts members. DNs are read by others with a regular expression, which is wrong on escapes that this input does not have.",
    ]
    save(table)


def memory(folder: Path, rows: int) -> None:
    table = Table("audit_memory", f"Highest memory of the process, {rows:,} rows each", "GB", "memberof")
    for job in ("Arrow", "Parquet", "DNs"):
        names = ["memberof", "DuckDB", "Polars streaming"] + (["pandas"] if job == "Arrow" else [])
        table.rows.append(Row(f"from {job}", {name: peak(name, job, folder) for name in names}))
    table.notes = ["Under Arrow and DNs the tables themselves are in it."]
    save(table)


def growth(sizes: list[int]) -> None:
    table = Table("audit_growth", "Cost as tables grow: nanoseconds a row of both tables", "ns", "memberof")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(rows, folder)
            job = "Parquet" if rows > ROWS else "Arrow"
            found = {name: ways(job, folder)[name]() for name in ("memberof", "DuckDB")}
            seconds = compare(found, rounds=3, block=0)
            table.rows.append(
                Row(f"{rows:,} from {job}", {name: s / (2 * rows) * 1e9 for name, s in seconds.items()})
            )
            if rows > ROWS:
                table.notes.append(f"{rows:,} rows: highest memory {peak('memberof', job, folder):.2f} GB")
    save(table)


def main() -> None:
    if sys.argv[1:2] == ["peak"]:
        _, _, way, job, folder = sys.argv
        ways(job, Path(folder))[way]()()
        lines = Path("/proc/self/status").read_text().splitlines()
        print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e6)
        return
    with tempfile.TemporaryDirectory() as name:
        write(ROWS, Path(name))
        times(Path(name), ROWS)
        memory(Path(name), ROWS)
    growth([ROWS // 10, ROWS] + ([5 * ROWS, 10 * ROWS] if LARGE else []))


if __name__ == "__main__":
    main()
