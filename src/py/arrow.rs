//! Arrow in and out through raw PyCapsules (the Arrow PyCapsule interface): any producer, any consumer, no pyarrow.
//! The only file of the crate with `unsafe`.

#![allow(unsafe_code)]

use super::errors::SchemaError;
use crate::audit::Batches;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    Array, ArrayRef, LargeStringArray, RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray,
    make_array,
};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use std::ffi::CStr;
use std::sync::Arc;

const STREAM: &CStr = c"arrow_array_stream";
const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";

/// A table that memberof made. Any Arrow library reads it: `pyarrow.table(t)`, `polars.DataFrame(t)`, duckdb.
#[pyclass(frozen, name = "ArrowTable", module = "memberof")]
pub(crate) struct PyArrowTable {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl PyArrowTable {
    /// Puts batches of one schema together.
    pub(super) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }
}

#[pymethods]
impl PyArrowTable {
    /// The table as an Arrow stream (the Arrow PyCapsule interface). May be called any number of times.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface allows a producer that can't cast to ignore the request.
        let _ = requested_schema;
        let batches: Vec<_> = self.batches.iter().cloned().map(Ok).collect();
        let reader: Box<dyn RecordBatchReader + Send> =
            Box::new(RecordBatchIterator::new(batches, Arc::clone(&self.schema)));
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), STREAM)
    }

    /// The schema (the Arrow PyCapsule interface).
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema =
            FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(|error| refuse(&error.to_string()))?;
        PyCapsule::new_with_value(py, schema, SCHEMA)
    }

    /// The names of the columns, in order.
    #[getter]
    fn column_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.schema.fields().iter().map(|field| field.name()))
    }

    /// How many rows there are.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        format!("<ArrowTable {} rows: {}>", self.num_rows(), names.join(", "))
    }
}

/// One column of any producer, chunk by chunk. A table counts if it has one column.
///
/// Chunks are pulled with the interpreter detached: a producer that is itself Python attaches by itself.
pub(super) fn column_chunks(source: &Bound<'_, PyAny>) -> PyResult<Vec<ArrayRef>> {
    let py = source.py();
    let (data_type, chunks) = if source.hasattr("__arrow_c_stream__")? {
        let capsule = source.call_method0("__arrow_c_stream__")?;
        let mut stream = take_stream(&capsule)?;
        py.detach(move || pull(&mut stream)).map_err(|text| refuse(&text))?
    } else if source.hasattr("__arrow_c_array__")? {
        let capsules = source.call_method0("__arrow_c_array__")?;
        let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = capsules.extract()?;
        take_array(&schema, &array)?
    } else {
        return Err(refuse(
            "expected an Arrow column (a pyarrow array, a polars series or anything with __arrow_c_stream__ or __arrow_c_array__)",
        ));
    };
    let DataType::Struct(fields) = &data_type else { return Ok(chunks) };
    if fields.len() != 1 {
        return Err(refuse(&format!("expected one column, found a table of {}", fields.len())));
    }
    let only = |chunk: &ArrayRef| {
        let table = chunk.as_any().downcast_ref::<StructArray>();
        table
            .and_then(|table| table.columns().first().cloned())
            .ok_or_else(|| refuse("a chunk has no column"))
    };
    chunks.iter().map(only).collect()
}

/// A table of any producer, batch by batch.
pub(super) struct TableStream {
    fields: Fields,
    stream: Option<FFI_ArrowArrayStream>,
    first: Option<ArrayRef>,
}

impl TableStream {
    /// Asks for the table; nothing of it is read yet. `what` is its name in messages.
    pub(super) fn open(source: &Bound<'_, PyAny>, what: &str) -> PyResult<Self> {
        let no_table = |found: &str| refuse(&format!("{what} is {found}, expected a table"));
        let (data_type, stream, first) = if source.hasattr("__arrow_c_stream__")? {
            let mut stream = take_stream(&source.call_method0("__arrow_c_stream__")?)?;
            let data_type = source.py().detach(|| type_of(&mut stream)).map_err(|text| refuse(&text))?;
            (data_type, Some(stream), None)
        } else if source.hasattr("__arrow_c_array__")? {
            let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
                source.call_method0("__arrow_c_array__")?.extract()?;
            let (data_type, chunks) = take_array(&schema, &array)?;
            (data_type, None, chunks.into_iter().next())
        } else {
            return Err(no_table(&format!(
                "a {}, which has neither __arrow_c_stream__ nor __arrow_c_array__",
                source.get_type().name()?
            )));
        };
        match data_type {
            DataType::Struct(fields) => Ok(Self { fields, stream, first }),
            other => Err(no_table(&format!("a column of type {other}"))),
        }
    }

    /// A table of one column of texts.
    pub(super) fn of_texts(name: &str, texts: Vec<String>) -> Self {
        let column: ArrayRef = Arc::new(LargeStringArray::from(texts));
        let fields: Fields = vec![Field::new(name, DataType::LargeUtf8, false)].into();
        let table = StructArray::try_new(fields.clone(), vec![column], None);
        Self { fields, stream: None, first: table.ok().map(|table| -> ArrayRef { Arc::new(table) }) }
    }
}

impl Batches for TableStream {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn next(&mut self) -> Result<Option<Vec<ArrayRef>>, String> {
        let batch = match (&mut self.stream, self.first.take()) {
            (_, Some(first)) => Some(first),
            (Some(stream), None) => pull_one(stream, &DataType::Struct(self.fields.clone()))?,
            (None, None) => None,
        };
        let Some(batch) = batch else { return Ok(None) };
        let table = batch.as_any().downcast_ref::<StructArray>().ok_or("a batch is no table")?;
        if table.null_count() > 0 {
            return Err("a row of the table is null as a whole".to_owned());
        }
        Ok(Some(table.columns().to_vec()))
    }
}

/// A table of columns from results of one shape, chunk by chunk; `fields` give the names.
pub(super) fn table(fields: Vec<Field>, chunks: Vec<Vec<ArrayRef>>) -> PyResult<PyArrowTable> {
    let schema = Arc::new(Schema::new(fields));
    let batch = |columns| RecordBatch::try_new(Arc::clone(&schema), columns);
    let batches = chunks.into_iter().map(batch).collect::<Result<_, _>>();
    Ok(PyArrowTable::new(Arc::clone(&schema), batches.map_err(|error| refuse(&error.to_string()))?))
}

pub(super) fn refuse(problem: &str) -> PyErr {
    SchemaError::new_err((problem.to_owned(), None::<&str>, None::<&str>, vec![problem.to_owned()]))
}

fn take_stream(capsule: &Bound<'_, PyAny>) -> PyResult<FFI_ArrowArrayStream> {
    let capsule = capsule.cast::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds an ArrowArrayStream (Arrow PyCapsule interface); moving it out leaves a
    // released one behind, so the capsule's destructor does nothing. The GIL, or the capsule's owner, is ours here.
    Ok(unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) })
}

fn take_array(schema: &Bound<'_, PyAny>, array: &Bound<'_, PyAny>) -> PyResult<(DataType, Vec<ArrayRef>)> {
    let schema = schema.cast::<PyCapsule>()?.pointer_checked(Some(SCHEMA))?.cast::<FFI_ArrowSchema>();
    let array = array.cast::<PyCapsule>()?.pointer_checked(Some(ARRAY))?.cast::<FFI_ArrowArray>();
    // SAFETY: capsules of these names hold an ArrowSchema and an ArrowArray; both are moved out and released ones
    // stay behind.
    let (schema, array) =
        unsafe { (FFI_ArrowSchema::from_raw(schema.as_ptr()), FFI_ArrowArray::from_raw(array.as_ptr())) };
    if array.is_released() {
        return Err(refuse("the Arrow array was already consumed"));
    }
    let data_type = DataType::try_from(&schema).map_err(|error| refuse(&error.to_string()))?;
    let chunk = import(array, &data_type).map_err(|text| refuse(&text))?;
    Ok((data_type, vec![chunk]))
}

/// All chunks of a stream. [`arrow_array::ffi_stream`] reads only streams of tables; a column is a stream too.
fn pull(stream: &mut FFI_ArrowArrayStream) -> Result<(DataType, Vec<ArrayRef>), String> {
    let data_type = type_of(stream)?;
    let mut chunks = Vec::new();
    while let Some(chunk) = pull_one(stream, &data_type)? {
        chunks.push(chunk);
    }
    Ok((data_type, chunks))
}

fn type_of(stream: &mut FFI_ArrowArrayStream) -> Result<DataType, String> {
    let Some(get_schema) = stream.get_schema() else { return Err(CONSUMED.to_owned()) };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: the callback belongs to this stream and `schema` is a place to write to (Arrow C stream interface).
    let code = unsafe { get_schema(stream, &raw mut schema) };
    if code != 0 {
        return Err(failure(stream, code));
    }
    DataType::try_from(&schema).map_err(|error| error.to_string())
}

const CONSUMED: &str = "the Arrow stream was already consumed";

/// The next chunk; None at the end.
fn pull_one(stream: &mut FFI_ArrowArrayStream, data_type: &DataType) -> Result<Option<ArrayRef>, String> {
    let Some(get_next) = stream.get_next() else { return Err(CONSUMED.to_owned()) };
    let mut array = FFI_ArrowArray::empty();
    // SAFETY: the callback belongs to this stream and `array` is a place to write to (Arrow C stream interface).
    let code = unsafe { get_next(stream, &raw mut array) };
    if code != 0 {
        return Err(failure(stream, code));
    }
    // A released array marks the end.
    if array.is_released() { Ok(None) } else { import(array, data_type).map(Some) }
}

fn import(array: FFI_ArrowArray, data_type: &DataType) -> Result<ArrayRef, String> {
    // SAFETY: the producer says that the array is of this type, and the buffers are its own until we release them.
    let data = unsafe { from_ffi_and_data_type(array, data_type.clone()) };
    let mut data = data.map_err(|error| error.to_string())?;
    data.align_buffers(); // the interface only recommends alignment
    // Offsets, lengths and dictionary keys are checked; whether texts are UTF-8 is judged row by row when read.
    data.validate_nulls().and_then(|()| data.validate()).map_err(|error| error.to_string())?;
    Ok(make_array(data))
}

fn failure(stream: &mut FFI_ArrowArrayStream, code: i32) -> String {
    let text = stream.get_last_error().map(|get_last_error| {
        // SAFETY: the callback belongs to this stream; the text is the producer's until the next call, so it is copied.
        let pointer = unsafe { get_last_error(stream) };
        if pointer.is_null() {
            return String::new();
        }
        // SAFETY: not null, and the interface promises a NUL-terminated text.
        unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
    });
    format!("the producer of the Arrow stream failed (error {code}): {}", text.unwrap_or_default())
}
