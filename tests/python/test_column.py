"""Whole Arrow columns: every text type, nulls kept, errors beside the names, and the edges of the capsule interface."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import memberof

DNS = [
    "CN=Sales,OU=Groups,DC=example,DC=com",
    None,
    r"cn=Smith\, James K.,DC=com",
    "OU=Team,DC=com",
    "Sales",
    "CN=x\\",
]
NAMES = ["Sales", None, "Smith, James K.", None, None, None]
ERRORS = [None, None, None, "claim.no_common_name", "claim.dn_syntax", "claim.dn_escape"]

TEXT_TYPES = {
    "utf8": pa.utf8(),
    "large_utf8": pa.large_utf8(),
    "utf8_view": pa.string_view(),
    "dictionary of utf8": pa.dictionary(pa.int8(), pa.utf8()),
    "dictionary of large_utf8": pa.dictionary(pa.int64(), pa.large_utf8()),
}


def column(rows: list[str | None], data_type: Any) -> Any:
    plain = pa.array(rows, pa.utf8())
    if pa.types.is_dictionary(data_type):
        return plain.cast(data_type.value_type).dictionary_encode().cast(data_type)
    return plain.cast(data_type)


def code(dn: str) -> str:
    with pytest.raises(memberof.ClaimError) as refused:
        memberof.parse_dn(dn)
    return str(refused.value.code)


@pytest.mark.parametrize("data_type", TEXT_TYPES.values(), ids=TEXT_TYPES)
def test_every_text_type_answers_with_names_nulls_and_errors(data_type: Any) -> None:
    table = pa.table(memberof.common_names(column(DNS, data_type)))
    assert table.column_names == ["name", "error"]
    assert table["name"].to_pylist() == NAMES
    assert table["error"].to_pylist() == [*ERRORS[:4], code("Sales"), code("CN=x\\")]


def test_a_column_answers_as_parse_dn_does() -> None:
    rows = [r"CN=a\2Cb,DC=x", 'CN="a,b",DC=x', "CN=#0403616263,DC=x", "CN=Größe + OU=y,DC=x", "CN=a;DC=x", ""]
    table = pa.table(memberof.common_names(pa.array(rows)))
    assert table["name"].to_pylist() == [memberof.parse_dn(row).common_name for row in rows]


def test_a_large_column_stays_large_and_others_become_utf8() -> None:
    types = {
        name: pa.table(memberof.common_names(column(DNS, kind))).schema.field("name").type
        for name, kind in TEXT_TYPES.items()
    }
    assert {name for name, kind in types.items() if kind == pa.large_utf8()} == {"large_utf8"}
    assert {kind for name, kind in types.items() if name != "large_utf8"} == {pa.utf8()}


def test_chunks_and_slices_keep_their_rows() -> None:
    chunked = pa.chunked_array([DNS[:2], [], DNS[2:]], pa.utf8())
    table = memberof.common_names(chunked.slice(1))
    assert len(table) == table.num_rows == len(DNS) - 1
    assert pa.table(table)["name"].to_pylist() == NAMES[1:]
    assert pa.table(memberof.common_names(chunked.chunk(2).slice(2)))["error"].to_pylist() == [
        code("Sales"),
        code("CN=x\\"),
    ]


def test_an_empty_column_is_an_empty_table() -> None:
    table = pa.table(memberof.common_names(pa.chunked_array([], pa.utf8())))
    assert (table.num_rows, table.schema.names) == (0, ["name", "error"])


def test_a_dictionary_with_a_null_entry_is_null_there() -> None:
    entries = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, None, 0], pa.int32()), pa.array(["CN=a,DC=x", None])
    )
    assert pa.table(memberof.common_names(entries))["name"].to_pylist() == ["a", None, None, "a"]


def test_a_dictionary_without_entries_is_null_throughout() -> None:
    entries = pa.array([None, None], pa.utf8()).dictionary_encode()
    assert len(entries.dictionary) == 0
    assert pa.table(memberof.common_names(entries)).to_pydict() == {
        "name": [None, None],
        "error": [None, None],
    }


def test_bytes_that_are_no_utf8_are_an_error_of_their_row() -> None:
    raw = pa.array([b"CN=ok,DC=x", b"CN=\xff,DC=x", b"CN=ok,DC=\xff"], pa.binary())
    text = pa.Array.from_buffers(pa.utf8(), 3, raw.buffers())
    table = pa.table(memberof.common_names(text))
    assert table["name"].to_pylist() == ["ok", None, None]
    assert table["error"].to_pylist() == [None, "claim.not_utf8", "claim.not_utf8"]


def test_a_character_that_two_rows_share_is_an_error_of_both() -> None:
    raw = pa.array([b"CN=a\xc3", b"\xb6,DC=x", b"CN=ok,DC=x"] * 300, pa.binary())
    table = pa.table(memberof.common_names(pa.Array.from_buffers(pa.utf8(), 900, raw.buffers())))
    assert table["name"].to_pylist() == [None, None, "ok"] * 300
    assert table["error"].to_pylist() == ["claim.not_utf8", "claim.not_utf8", None] * 300


def test_what_stands_under_a_null_is_not_read() -> None:
    raw = pa.array([b"\xff", b"CN=ok,DC=x"], pa.binary())
    valid = pa.py_buffer(bytes([0b10]))
    text = pa.Array.from_buffers(pa.utf8(), 2, [valid, *raw.buffers()[1:]])
    assert pa.table(memberof.common_names(text)).to_pydict() == {"name": [None, "ok"], "error": [None, None]}


def test_extract_column_reads_each_row_as_one_value() -> None:
    extractor = memberof.GroupExtractor(attribute="memberOf", format="csv")
    table = pa.table(memberof.extract_column(pa.array(["a, b,a", None, "", 'x,"y']), extractor))
    assert table.column_names == ["groups", "error"]
    assert table["groups"].to_pylist() == [["a", "b"], None, [], []]
    assert table["error"].to_pylist()[:3] == [None, None, "claim.empty_value"]
    assert table["error"].to_pylist()[3].startswith("claim.")


def test_a_row_of_the_wrong_format_is_an_error_and_no_group() -> None:
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
    claim = extractor.extract({"memberOf": ["CN=Sales,DC=com"]})
    table = pa.table(memberof.extract_column(pa.array(["CN=Sales,DC=com", "Sales"]), extractor))
    assert table["groups"].to_pylist() == [[], ["Sales"]]
    assert table["error"].to_pylist() == [claim.warnings[0].code, None]


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        (["CN=a"], "expected an Arrow column"),
        (pa.array([1, 2]), "Int64"),
        (pa.array([b"CN=a"]), "Binary"),
        (pa.table({"a": ["CN=a"], "b": ["CN=b"]}), "a table of 2"),
    ],
    ids=["list", "numbers", "bytes", "two columns"],
)
def test_what_is_no_column_of_texts_is_a_schema_error(source: object, fact: str) -> None:
    with pytest.raises(memberof.SchemaError, match=fact) as refused:
        memberof.common_names(source)
    assert refused.value.code == "audit.schema"
    assert len(refused.value.problems) == 1
    assert isinstance(refused.value, TypeError)


def test_a_table_of_one_column_counts_as_that_column() -> None:
    assert pa.table(memberof.common_names(pa.table({"member": DNS})))["name"].to_pylist() == NAMES


# The three edges of the Arrow PyCapsule interface: a producer in Python, one that fails, a capsule that is spent.


def reader(fails: bool) -> Any:
    schema = pa.schema({"member": pa.utf8()})

    def batches() -> Any:
        yield pa.record_batch({"member": DNS[:3]}, schema)
        if fails:
            raise RuntimeError("the disk is gone")
        yield pa.record_batch({"member": DNS[3:]}, schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def test_a_python_generator_may_produce_the_stream() -> None:
    assert pa.table(memberof.common_names(reader(fails=False)))["name"].to_pylist() == NAMES


def test_a_producer_that_fails_is_named_as_the_culprit() -> None:
    with pytest.raises(memberof.SchemaError, match=r"producer of the Arrow stream failed.*the disk is gone"):
        memberof.common_names(reader(fails=True))


class Once:
    """Hands out one capsule, again and again."""

    def __init__(self, source: Any, dunder: str) -> None:
        self.capsule = getattr(source, dunder)()
        setattr(type(self), dunder, lambda self: self.capsule)


@pytest.mark.parametrize("dunder", ["__arrow_c_stream__", "__arrow_c_array__"])
def test_a_capsule_that_was_consumed_is_refused_at_the_second_use(dunder: str) -> None:
    rows = pa.array(DNS) if dunder == "__arrow_c_array__" else pa.chunked_array([DNS])
    source = type("Spent", (Once,), {})(rows, dunder)
    assert len(memberof.common_names(source)) == len(DNS)
    with pytest.raises(memberof.SchemaError, match="already consumed"):
        memberof.common_names(source)


def test_a_result_is_read_any_number_of_times() -> None:
    table = memberof.common_names(pa.array(DNS))
    assert pa.table(table).equals(pa.table(table))
    assert pa.schema(table).names == list(table.column_names) == ["name", "error"]
    assert repr(table) == "<ArrowTable 6 rows: name, error>"
