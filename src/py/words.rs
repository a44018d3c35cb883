//! Enums as words, and data as JSON text, between Rust and Python.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The member of a `StrEnum` of `memberof.enums`, by its word (`detach_if_seen` is the member `DETACH_IF_SEEN`).
pub(super) fn member<'py>(py: Python<'py>, class: &str, word: &str) -> PyResult<Bound<'py, PyAny>> {
    static ENUMS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let enums = ENUMS.get_or_try_init(py, || PyModule::import(py, "memberof.enums").map(Bound::unbind))?;
    enums.bind(py).getattr(class)?.getattr(word.to_ascii_uppercase())
}

/// The word of a Rust enum, as serde writes it.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The Rust enum of a word; None for any other word.
pub(super) fn from_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    T::deserialize(Value::String(word.to_owned())).ok()
}

/// JSON text → Python data.
pub(super) fn loads<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (text,))
}

/// Python data → JSON text; anything but JSON data is a `TypeError` or a `ValueError`.
pub(super) fn dumps(data: &Bound<'_, PyAny>) -> PyResult<String> {
    data.py().import("json")?.call_method1("dumps", (data,))?.extract()
}
