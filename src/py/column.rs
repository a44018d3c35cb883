//! `common_names` and `extract_column`.

use super::arrow::{PyArrowTable, column_chunks, refuse, table};
use super::extractor::PyGroupExtractor;
use crate::claim::{self, ColumnError, ReadColumn};
use arrow_array::ArrayRef;
use arrow_schema::{DataType, Field};
use pyo3::prelude::*;
use std::sync::Arc;

/// Read the common names of a column of distinguished names.
///
/// Args:
///     column: An Arrow column of Utf8, LargeUtf8, Utf8View or a dictionary of one: a pyarrow array or chunked array, a
///         polars series, or a table with one column. Anything that has ``__arrow_c_stream__`` or
///         ``__arrow_c_array__``.
///
/// Returns:
///     A table with a row for each row, in chunks as they came: ``name``, the CN in the first RDN as ``parse_dn`` reads
///     it, and ``error``, null or a stable code (``claim.no_common_name``, ``claim.dn_escape``, …). A null row is
///     null in both.
///
/// Raises:
///     SchemaError: It is no column of texts, or its producer failed; a TypeError.
#[pyfunction]
pub(crate) fn common_names(py: Python<'_>, column: &Bound<'_, PyAny>) -> PyResult<PyArrowTable> {
    let chunks = column_chunks(column)?;
    let read = py.detach(|| read_all(&chunks, |chunk| claim::common_names(chunk)));
    into_table("name", DataType::Utf8, read)
}

/// Read the groups of a column of attribute values.
///
/// Args:
///     column: As in ``common_names``; each row is one value of a group attribute.
///     extractor: Reads each row as the only value of its attribute.
///
/// Returns:
///     A table with a row for each row: ``groups``, a list of texts (several under "csv"), and ``error``, null or the
///     stable code of the first thing that was wrong. A null row is null in both.
///
/// Raises:
///     SchemaError: It is no column of texts, or its producer failed; a TypeError.
#[pyfunction]
pub(crate) fn extract_column(
    py: Python<'_>,
    column: &Bound<'_, PyAny>,
    extractor: &Bound<'_, PyGroupExtractor>,
) -> PyResult<PyArrowTable> {
    let chunks = column_chunks(column)?;
    let extractor = &extractor.get().inner;
    let read = py.detach(|| read_all(&chunks, |chunk| claim::extract_column(chunk, extractor)));
    let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    into_table("groups", list, read)
}

fn read_all(
    chunks: &[ArrayRef],
    read: impl Fn(&ArrayRef) -> Result<ReadColumn, ColumnError>,
) -> Result<Vec<ReadColumn>, ColumnError> {
    chunks.iter().map(read).collect()
}

fn into_table(
    name: &str,
    data_type: DataType,
    read: Result<Vec<ReadColumn>, ColumnError>,
) -> PyResult<PyArrowTable> {
    let read = read.map_err(|error| refuse(&error.to_string()))?;
    let data_type = read.first().map_or(data_type, |first| first.values.data_type().clone());
    let fields = vec![Field::new(name, data_type, true), Field::new("error", DataType::Utf8, true)];
    table(fields, read.into_iter().map(|chunk| vec![chunk.values, chunk.errors]).collect())
}
