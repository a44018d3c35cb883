"""Tables: Parquet, CSV, Excel workbooks and JSON Lines."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof.audit.sources.arrow import need, pyarrow
from memberof.audit.sources.files import Name, fault, read_json_lines, read_text
from memberof.audit.sources.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

#: The columns that are read, by their names here.
COLUMNS = ("user", "group", "value", "kind", "tenant", "origin", "status", "time")


def read_table(
    path: Name,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
) -> Snapshot:
    """Read memberships from a table with a row for each: Parquet, CSV, a workbook, JSON Lines, Arrow.

    It needs a column ``user``, and ``group`` (a name) or ``value`` (as the identity provider sends it). It may have
    ``kind``, ``tenant``, ``origin``, ``status`` and ``time``; other columns are passed over. Everything but ``time`` is
    text: a group 007 stays "007". In JSON Lines a group or value may be a list: a row for each, or one null if it is
    empty.

    Args:
        path: The file; its ending says what it is.
        columns: Name here → name in the file, for those that differ: ``{"user": "Login", "value": "memberOf"}``.
        sheet: Of a workbook with several, the one to read.
        delimiter: Of CSV; None: whichever of ``,``, ``;``, tab and ``|`` the first line has most of.

    Raises:
        AuditError: ``audit.file``, ``audit.columns``, ``audit.csv_row``, ``audit.sheet`` and others, with the line.

    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        expected = ", ".join(sorted(_READERS))
        raise fault(path, None, f"expected a name that ends in one of {expected}", "audit.file")
    if not path.is_file():
        raise fault(path, None, "expected a file", "audit.file")
    skipped: Counter[str] = Counter()
    read = _Read(path, sheet, delimiter, skipped)
    table = reader(read)
    return Snapshot(where=str(path), rows=_chosen(path, table, columns or {}), skipped=dict(skipped))


class _Read:
    """What a reader is told."""

    __slots__ = ("delimiter", "path", "sheet", "skipped")

    def __init__(self, path: Path, sheet: str | None, delimiter: str | None, skipped: Counter[str]) -> None:
        self.path, self.sheet, self.delimiter, self.skipped = path, sheet, delimiter, skipped


def _chosen(path: Path, table: pa.Table, renamed: Mapping[str, str]) -> pa.Table:
    """Take our columns, under our names, as text."""
    pa = pyarrow()
    unknown = sorted(renamed.keys() - set(COLUMNS))
    if unknown:
        raise ValueError(f"columns names {', '.join(unknown)}, expected some of {', '.join(COLUMNS)}")
    names = {ours: renamed.get(ours, ours) for ours in COLUMNS}
    missing = [
        theirs for ours, theirs in names.items() if ours in renamed and theirs not in table.column_names
    ]
    there = {ours for ours, theirs in names.items() if theirs in table.column_names}
    if "user" not in there and names["user"] not in missing:
        missing.append(names["user"])
    if not there & {"group", "value"} and not {names["group"], names["value"]} & set(missing):
        missing.append("group or value")
    if missing:
        found = ", ".join(table.column_names) or "none"
        raise fault(
            path,
            None,
            f"expected the columns {', '.join(missing)}, found {found}",
            "audit.columns",
            'say which is which: columns={"user": "…", "value": "…"}',
        )
    repeated = [name for name in names.values() if table.column_names.count(name) > 1]
    if repeated:
        raise fault(path, None, f"expected one column {repeated[0]}, found several", "audit.columns")
    chosen: dict[str, Any] = {}
    for ours in COLUMNS:
        if ours in there:
            column = table[names[ours]]
            chosen[ours] = _times(path, column) if ours == "time" else _text(path, names[ours], column)
    if chosen["user"].null_count:
        place = pa.compute.index(pa.compute.is_null(chosen["user"]), True).as_py()
        raise fault(
            path,
            f"row {place + 1}",
            f"expected a user in {names['user']}, found none ({chosen['user'].null_count} such rows)",
            "audit.columns",
        )
    chosen.setdefault("group", chosen.get("value"))
    chosen.setdefault("value", chosen["group"])
    return pa.table({ours: chosen[ours] for ours in COLUMNS if ours in chosen})


def _text(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    pa = pyarrow()
    types = pa.types
    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if types.is_string(kind) or types.is_large_string(kind):
        return column
    if types.is_string_view(kind):  # pyarrow's own functions don't take it
        return column.cast(pa.large_string())
    if types.is_integer(kind) or types.is_null(kind):
        return column.cast(pa.string())
    raise fault(path, None, f"expected text in the column {name}, found {kind}", "audit.columns")


def _times(path: Path, column: pa.ChunkedArray) -> pa.ChunkedArray:
    pa = pyarrow()
    wanted = pa.timestamp("us", "UTC")
    try:
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            return column.cast(wanted)
        return pa.chunked_array(
            [pa.array([_time(text) for text in chunk.to_pylist()], wanted) for chunk in column.chunks], wanted
        )
    except (ValueError, TypeError, pa.ArrowInvalid):
        raise fault(
            path,
            None,
            "expected times as ISO 8601 in the column time (2026-11-24T09:00:00Z)",
            "audit.columns",
        ) from None


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _parquet(read: _Read) -> pa.Table:
    pa = pyarrow()
    try:
        return need("pyarrow.parquet").read_table(read.path)
    except (pa.ArrowException, OSError) as error:
        raise fault(
            read.path, None, f"expected Parquet: {str(error).splitlines()[0]}", "audit.not_parquet"
        ) from None


def _arrow(read: _Read) -> pa.Table:
    pa = pyarrow()
    for opened in (pa.ipc.open_file, pa.ipc.open_stream):
        try:
            with pa.OSFile(str(read.path)) as file:
                return opened(file).read_all()
        except pa.ArrowInvalid:
            continue
    raise fault(read.path, None, "expected an Arrow file or stream", "audit.not_arrow")


def _csv(read: _Read) -> pa.Table:
    pa = pyarrow()
    csv = need("pyarrow.csv")
    text = read_text(read.path)
    first = text.split("\n", 1)[0].rstrip("\r")
    if not first:
        raise fault(read.path, 1, "expected the names of the columns", "audit.columns")
    delimiter = read.delimiter or (
        "\t" if read.path.suffix.lower() == ".tsv" else max(",;\t|", key=first.count)
    )
    bad: list[Any] = []

    def refuse(row: Any) -> str:
        bad.append(row)
        return "error"

    names = next(need("csv").reader([first], delimiter=delimiter))
    try:
        return csv.read_csv(
            pa.py_buffer(text.encode()),
            # one thread: only so are rows numbered
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, newlines_in_values='"' in text, invalid_row_handler=refuse
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if bad:
            raise fault(
                read.path,
                f"row {bad[0].number}",
                f"expected {bad[0].expected_columns} columns, found {bad[0].actual_columns}",
                "audit.csv_row",
            ) from None
        raise fault(read.path, None, f"expected CSV: {str(error).splitlines()[0]}", "audit.not_csv") from None


def _xlsx(read: _Read) -> pa.Table:
    pa = pyarrow()
    calamine = need("python_calamine")
    try:
        book = calamine.load_workbook(str(read.path))
    except (calamine.CalamineError, OSError):
        raise fault(read.path, None, "expected an Excel or OpenDocument workbook", "audit.not_xlsx") from None
    names = book.sheet_names
    if read.sheet is None and len(names) > 1:
        raise fault(read.path, None, f"expected sheet= to be one of {', '.join(names)}", "audit.sheet")
    if read.sheet is not None and read.sheet not in names:
        raise fault(read.path, None, f"expected one of the sheets {', '.join(names)}", "audit.sheet")
    rows = book.get_sheet_by_name(read.sheet or names[0]).to_python(skip_empty_area=False)
    if not rows:
        raise fault(read.path, 1, "expected the names of the columns", "audit.columns")
    header, *body = rows
    kept = [row for row in body if any(cell != "" for cell in row)]
    if len(kept) < len(body):
        read.skipped["source.blank_row"] += len(body) - len(kept)
    columns: dict[str, list[str | None]] = {}
    for place, name in enumerate(header):
        if name != "":
            if str(name) in columns:
                raise fault(read.path, 1, f"expected one column {name}, found several", "audit.columns")
            columns[str(name)] = [_cell(row[place]) for row in kept]
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def _cell(cell: Any) -> str | None:
    """Return a cell as it looks: whole numbers, which Excel keeps as floating-point ones, without a point."""
    if cell == "":
        return None
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _json_lines(read: _Read) -> pa.Table:
    pa = pyarrow()
    lists: dict[str, list[list[str | None]]] = {}
    rows = 0
    for number, found in read_json_lines(read.path):
        if not isinstance(found, dict):
            raise fault(read.path, number, "expected one JSON object a line", "audit.not_json")
        row = {name: _json_cells(read.path, number, name, value) for name, value in found.items()}
        height = max((len(cells) for cells in row.values()), default=0)
        if sum(len(cells) > 1 for cells in row.values()) > 1:
            raise fault(read.path, number, "expected one list of groups at most", "audit.columns")
        for name in lists.keys() - row.keys():
            lists[name].append([None] * height)
        for name, cells in row.items():
            filled = lists.setdefault(name, [[None] * rows] if rows else [])
            filled.append(cells * height if len(cells) == 1 else cells)
        rows += height
    return pa.table(
        {
            name: pa.array((cell for cells in column for cell in cells), pa.string())
            for name, column in lists.items()
        }
    )


def _json_cells(path: Path, number: int, name: str, value: Any) -> list[str | None]:
    values = value if isinstance(value, list) else [value]
    for each in values:
        if isinstance(each, bool) or not (each is None or isinstance(each, str | int)):
            raise fault(path, number, f"expected text in {name}", "audit.columns")
    return [None if each is None else str(each) for each in values] or [None]


_READERS: dict[str, Callable[[_Read], pa.Table]] = {
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".csv": _csv,
    ".tsv": _csv,
    ".xlsx": _xlsx,
    ".xlsb": _xlsx,
    ".xls": _xlsx,
    ".ods": _xlsx,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
