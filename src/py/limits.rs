//! `memberof.Limits`.

use super::errors::ConfigurationError;
use crate::limits::Limits;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How much of one message is read before it is refused. All bounds are checked before any cryptography.
#[pyclass(frozen, name = "Limits", module = "memberof", eq, hash, from_py_object)]
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(crate) struct PyLimits {
    pub(super) inner: Limits,
}

#[pymethods]
impl PyLimits {
    #[new]
    #[pyo3(signature = (*, max_bytes=1_048_576, max_depth=64, max_elements=50_000, max_attributes=256, max_namespaces=64))]
    fn new(
        max_bytes: usize,
        max_depth: usize,
        max_elements: usize,
        max_attributes: usize,
        max_namespaces: usize,
    ) -> PyResult<Self> {
        let inner = Limits { max_bytes, max_depth, max_elements, max_attributes, max_namespaces };
        let smallest = max_bytes.min(max_depth).min(max_elements).min(max_attributes).min(max_namespaces);
        if smallest == 0 {
            return Err(ConfigurationError::new_err(("a limit is 0, expected at least 1", "config.limits")));
        }
        Ok(Self { inner })
    }

    /// Bytes of the XML document, after base64.
    #[getter]
    fn max_bytes(&self) -> usize {
        self.inner.max_bytes
    }

    /// Elements inside each other.
    #[getter]
    fn max_depth(&self) -> usize {
        self.inner.max_depth
    }

    /// Elements in the document, comments and CDATA sections counted.
    #[getter]
    fn max_elements(&self) -> usize {
        self.inner.max_elements
    }

    /// Attributes of one element, namespace declarations counted.
    #[getter]
    fn max_attributes(&self) -> usize {
        self.inner.max_attributes
    }

    /// Namespace declarations in scope at one element.
    #[getter]
    fn max_namespaces(&self) -> usize {
        self.inner.max_namespaces
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<((), Bound<'py, PyDict>)> {
        let named = PyDict::new(py);
        for (name, value) in self.parts() {
            named.set_item(name, value)?;
        }
        Ok(((), named))
    }

    fn __repr__(&self) -> String {
        let parts = self.parts().map(|(name, value)| format!("{name}={value}"));
        format!("Limits({})", parts.join(", "))
    }
}

impl PyLimits {
    fn parts(&self) -> [(&'static str, usize); 5] {
        let Limits { max_bytes, max_depth, max_elements, max_attributes, max_namespaces } = self.inner;
        [
            ("max_bytes", max_bytes),
            ("max_depth", max_depth),
            ("max_elements", max_elements),
            ("max_attributes", max_attributes),
            ("max_namespaces", max_namespaces),
        ]
    }
}
