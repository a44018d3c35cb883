"""Tables as people keep them: CSV, workbooks, JSON Lines, Parquet, stores."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import memberof
from memberof import AuditError
from memberof.audit.sources import Snapshot, read, read_store, read_table

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    {"user": "ann", "group": "007", "value": "007"},
    {"user": "ben", "group": "Büro, Süd", "value": "Büro, Süd"},
    {"user": "cat", "group": None, "value": None},
]


def refused(path: Path, **options: Any) -> tuple[str, str]:
    with pytest.raises(AuditError) as error:
        read_table(path, **options)
    return error.value.code, error.value.message.removeprefix(f'"{path}"').lstrip(", :")


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("a.csv", 'user,group,room\nann,007,1\nben,"Büro, Süd",2\ncat,,\n', "utf-8"),
        ("a.csv", 'user;group\r\nann;007\r\nben;"Büro, Süd"\r\ncat;\r\n', "utf-8-sig"),
        ("a.csv", "user\tgroup\nann\t007\nben\tBüro, Süd\ncat\t\n", "utf-16"),
        ("a.tsv", "user\tgroup\nann\t007\nben\tBüro, Süd\ncat\t", "utf-8"),
        (
            "a.jsonl",
            '{"user":"ann","group":"007"}\n\n{"group":"Büro, Süd","user":"ben","x":[1]}\n{"user":"cat"}\n',
            "utf-8",
        ),
        (
            "a.ndjson",
            '{"user":"ann","group":["007"]}\n{"user":"ben","group":"Büro, Süd"}\n{"user":"cat","group":[]}',
            "utf-8",
        ),
    ],
)
def test_text_is_read_as_it_stands(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    assert read(path).rows.to_pylist() == ROWS


def test_a_list_is_a_row_for_each(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"login":"ann","memberOf":["x","y",null]}\n{"login":"ben","memberOf":7}\n')
    found = read_table(path, columns={"user": "login", "value": "memberOf"})
    assert found.claims().to_pylist() == [
        {"user": "ann", "value": "x"},
        {"user": "ann", "value": "y"},
        {"user": "ann", "value": None},
        {"user": "ben", "value": "7"},
    ]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["007", "Büro, Süd", None]),
        pa.array(["007", "Büro, Süd", None], pa.large_string()),
        pa.array(["007", "Büro, Süd", None], pa.string_view()),
        pa.array(["007", "Büro, Süd", None]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_parquet_and_arrow_are_read_with_every_kind_of_text(tmp_path: Path, column: pa.Array) -> None:
    table = pa.table({"Login": ["ann", "ben", "cat"], "group": column, "kind": ["internal", None, None]})
    pq.write_table(table, tmp_path / "a.parquet")
    found = read_table(tmp_path / "a.parquet", columns={"user": "Login"})
    assert found.current().to_pylist() == [
        {"user": "ann", "group": "007", "kind": "internal"},
        {"user": "ben", "group": "Büro, Süd", "kind": "external"},
    ]
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    assert (
        read_table(tmp_path / "a.arrow", columns={"user": "Login"}).rows.to_pylist() == found.rows.to_pylist()
    )


def workbook(path: Path, rows: list[list[object]], sheets: int = 1) -> None:
    """Write the least that is a workbook of Office Open XML (ECMA-376)."""

    def cell(value: object) -> str:
        if isinstance(value, bool):
            return f'<c t="b"><v>{int(value)}</v></c>'
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>' if value is not None else "<c/>"

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, sheets + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        + "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        + "</Relationships>",
    } | {
        f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
        for n in numbers
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def test_a_workbook_is_read_as_it_looks(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook(
        path, [["user", "group"], [1001.0, "007"], [None, None], ["ben", 2.5], ["cat", None], ["dan", True]]
    )
    found = read_table(path)
    assert [(row["user"], row["group"]) for row in found.rows.to_pylist()] == [
        ("1001", "007"),
        ("ben", "2.5"),
        ("cat", None),
        ("dan", "TRUE"),
    ]
    assert found.skipped == {"source.blank_row": 1}
    workbook(path, [["user", "group"], ["ann", "x"]], sheets=2)
    assert refused(path) == ("audit.sheet", "expected sheet= to be one of Sheet1, Sheet2")
    assert refused(path, sheet="Sheet3") == ("audit.sheet", "expected one of the sheets Sheet1, Sheet2")
    assert len(read_table(path, sheet="Sheet2").rows) == 1
    path.write_bytes(b"PK")
    assert refused(path)[0] == "audit.not_xlsx"


@pytest.mark.parametrize(
    ("name", "text", "code", "message"),
    [
        ("a.csv", "user,group\nann,x\nben,y,z\n", "audit.csv_row", "row 3: expected 2 columns, found 3"),
        ("a.csv", "", "audit.columns", "line 1: expected the names of the columns"),
        (
            "a.csv",
            "name,team\n",
            "audit.columns",
            "expected the columns user, group or value, found name, team",
        ),
        ("a.csv", "user,user,group\n", "audit.columns", "expected one column user, found several"),
        (
            "a.csv",
            "user,group\nann,x\n,y\n",
            "audit.columns",
            "row 2: expected a user in user, found none (1 such rows)",
        ),
        ("a.csv", "user,group\nann,\udcff\n", "audit.not_text", "line 2: expected UTF-8 text"),
        (
            "a.jsonl",
            '{"user":"a","group":"x"}\n{"user":\n',
            "audit.not_json",
            "line 2: expected one JSON object a line",
        ),
        (
            "a.jsonl",
            '{"user":"a","group":"x"}\n[]\n',
            "audit.not_json",
            "line 2: expected one JSON object a line",
        ),
        ("a.jsonl", '{"user":"a","group":{"x":1}}\n', "audit.columns", "line 1: expected text in group"),
        (
            "a.jsonl",
            '{"user":["a","b"],"group":["x","y"]}',
            "audit.columns",
            "line 1: expected one list of groups at most",
        ),
        (
            "a.csv",
            "user,value,time\na,x,soon\n",
            "audit.columns",
            "expected times as ISO 8601 in the column time (2026-11-24T09:00:00Z)",
        ),
        ("a.parquet", "PAR?", "audit.not_parquet", ""),
        ("a.arrow", "ARROW?", "audit.not_arrow", "expected an Arrow file or stream"),
        ("a.txt", "", "audit.file", "expected a name that ends in one of"),
    ],
)
def test_bad_input_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str, code: str, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    found, said = refused(path)
    assert (found, said[: len(message)]) == (code, message)


def test_wrong_types_and_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": ["a"], "group": [1.5]}), path)
    assert refused(path) == ("audit.columns", "expected text in the column group, found double")
    assert refused(path, columns={"user": "Login"}) == (
        "audit.columns",
        "expected the columns Login, found user, group",
    )
    with pytest.raises(ValueError, match="columns names team, expected some of user, group"):
        read_table(path, columns={"team": "group"})
    assert refused(tmp_path / "b.csv") == ("audit.file", "expected a file")


def test_of_several_logins_the_newest_counts(tmp_path: Path) -> None:
    path = tmp_path / "logins.csv"
    path.write_text(
        "user,value,time\n"
        "ann,new,2026-11-02T09:00:00Z\nann,new2,2026-11-02T09:00:00+00:00\nann,old,2026-11-01T09:00:00Z\n"
        "ben,,2026-11-01\n"
    )
    found = read_table(path)
    assert sorted(found.claims().to_pylist(), key=str) == [
        {"user": "ann", "value": "new"},
        {"user": "ann", "value": "new2"},
        {"user": "ben", "value": None},
    ]
    assert [row["value"] for row in found.logins().to_pylist()] == [None, "old", "new", "new2"]
    with pytest.raises(ValueError, match="no column time"):
        Snapshot(where="x", rows=found.rows.drop_columns(["time"])).logins()


def test_a_store_is_read_with_kinds_origins_and_users_without_groups() -> None:
    store = memberof.InMemoryStore()
    store.create_group("Staff", "internal")
    store.create_group("Empty", "internal")
    store.attach("ann", "Staff")
    extractor = memberof.GroupExtractor("memberOf", "array")
    sync = memberof.GroupSync(extractor, store, source="https://idp.example", mode="on", breaker=None)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for number, (user, groups) in enumerate([("ann", ["Sales"]), ("ben", [])]):
        given = {"issuer": "https://idp.example", "issued_at": now, "assertion_id": f"_{number}", "now": now}
        sync.login(user, {"memberOf": groups}, **given)
    found = read_store(store)
    assert found.current().to_pylist() == [
        {"user": "ann", "group": "Sales", "kind": "external", "origin": "https://idp.example"},
        {"user": "ann", "group": "Staff", "kind": "internal", "origin": None},
    ]
    assert found.groups().to_pylist() == [
        {"group": "Empty", "kind": "internal"},
        {"group": "Sales", "kind": "external"},
        {"group": "Staff", "kind": "internal"},
    ]
    assert found.users()["user"].to_pylist() == ["ann", "ben"]


def test_a_database_is_read_by_its_address(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/groups.db"
    store = memberof.stores.SqlStore(address)
    store.create_group("x", "internal")
    store.attach("ann", "x")
    assert [(row["user"], row["group"]) for row in read(address).rows.to_pylist()] == [("ann", "x")]


def test_a_snapshot_in_a_notebook_is_escaped_and_says_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user,group\n<script>,x&y\n")
    html = read_table(path)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    found = Snapshot(where="x", rows=read_table(path).rows, skipped={"source.blank_row": 2}, verified=False)
    assert found.account() == [
        "NOT VERIFIED: anybody may have written these logins",
        "2 rows without any value left out [source.blank_row]",
    ]


@pytest.mark.parametrize(
    ("package", "name"), [("pyarrow", "a.csv"), ("python_calamine", "a.xlsx"), ("ldif", "a.ldif")]
)
def test_a_missing_extra_is_named(tmp_path: Path, package: str, name: str) -> None:
    (tmp_path / name).write_text("user,group\n")
    code = f"import sys; sys.modules[{package!r}] = None\nfrom memberof.audit.sources import read\nread({name!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    expected = f"ImportError: memberof.audit needs the package {package}: pip install memberof[audit]\n"
    assert done.stderr.endswith(expected)
