//! `Preset`.

use crate::claim::{Format, Preset};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// What is known of how one identity provider sends groups.
#[pyclass(frozen, name = "Preset", module = "memberof")]
pub(crate) struct PyPreset {
    pub(super) inner: &'static Preset,
}

#[pymethods]
impl PyPreset {
    /// The name to ask for.
    #[getter]
    fn name(&self) -> &'static str {
        self.inner.name
    }

    /// The product.
    #[getter]
    fn title(&self) -> &'static str {
        self.inner.title
    }

    /// The attribute Names that are merged.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.attributes)
    }

    /// Names tried in this order where none of ``attributes`` is there.
    #[getter]
    fn aliases<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.aliases)
    }

    /// The format, or None where it must be said.
    #[getter]
    fn format(&self) -> Option<&'static str> {
        self.inner.format.map(Format::name)
    }

    /// The delimiter of the format, or None.
    #[getter]
    fn delimiter(&self) -> Option<&'static str> {
        self.inner.delimiter
    }

    /// How many groups it sends at most, or None.
    #[getter]
    fn limit(&self) -> Option<usize> {
        self.inner.limit
    }

    /// What it sends for a user without groups.
    #[getter]
    fn without_groups(&self) -> &'static str {
        self.inner.without_groups
    }

    /// Whether overage links are also looked for under other attribute names.
    #[getter]
    fn find_overage_by_value(&self) -> bool {
        self.inner.overage.into()
    }

    /// What an administrator should know, or "".
    #[getter]
    fn note(&self) -> &'static str {
        self.inner.note
    }

    fn __repr__(&self) -> String {
        format!("<Preset {}>", self.inner.name)
    }
}
