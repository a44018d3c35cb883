//! Distinguished names and lists.

use super::extractor::strings;
use crate::claim::{self, DistinguishedName, DnValue, TypeAndValue};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

/// A parsed distinguished name (RFC 4514, with the reading rules of RFC 2253 section 4).
///
/// Equal names may be spelled differently: escapes, white space round separators, and types (``2.5.4.3`` is ``CN``)
/// don't count; case in values does. ``str()`` writes RFC 4514.
#[pyclass(frozen, name = "DistinguishedName", module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct PyDistinguishedName {
    inner: DistinguishedName,
}

#[pymethods]
impl PyDistinguishedName {
    /// The RDNs, leftmost first, each a tuple of (type, value). A value is str, or bytes where the name holds the
    /// BER encoding (``#hex``) of something that is no text.
    #[getter]
    fn rdns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let part = |part: &TypeAndValue| {
            let value = match &part.value {
                DnValue::Text(text) => PyString::new(py, text).into_any(),
                DnValue::Ber(bytes) => PyBytes::new(py, bytes).into_any(),
            };
            PyTuple::new(py, [PyString::new(py, &part.attribute_type).into_any(), value])
        };
        let rdn =
            |rdn: &Vec<TypeAndValue>| PyTuple::new(py, rdn.iter().map(part).collect::<PyResult<Vec<_>>>()?);
        PyTuple::new(py, self.inner.rdns().iter().map(rdn).collect::<PyResult<Vec<_>>>()?)
    }

    /// The CN of the first RDN, and of none further right; None where there is none or it is no text.
    #[getter]
    fn common_name(&self) -> Option<&str> {
        self.inner.common_name()
    }

    /// The name with canonical types and values in NFC.
    fn normalized(&self) -> Self {
        Self { inner: self.inner.normalized() }
    }

    fn __str__(&self) -> String {
        self.inner.to_string()
    }

    fn __repr__(&self) -> String {
        format!("parse_dn({:?})", self.inner.to_string())
    }

    fn __len__(&self) -> usize {
        self.inner.rdns().len()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.import("memberof")?.getattr("parse_dn")?, (self.inner.to_string(),)))
    }
}

/// Read a distinguished name.
///
/// Args:
///     text: RFC 4514, or what RFC 2253 section 4 asks readers to accept: ``;`` between RDNs, white space round
///         separators, quoted values, ``OID.`` before numeric types. "" is the valid empty name.
///
/// Raises:
///     DistinguishedNameError: It is none; a ValueError with the character where reading failed.
#[pyfunction]
pub(crate) fn parse_dn(text: &str) -> PyResult<PyDistinguishedName> {
    Ok(PyDistinguishedName { inner: DistinguishedName::parse(text)? })
}

/// Split a delimited list of names.
///
/// Items are trimmed of XML white space, empty ones dropped, exact repeats folded (first place kept). A ``"`` opens
/// quoting only as the first non-blank character of an item, elsewhere it is data; ``""`` inside is one quote. A
/// backslash escapes only the delimiter, a quote and a backslash.
///
/// Raises:
///     ListSyntaxError: A quotation mark is never closed; a ValueError.
///     ConfigurationError: The delimiter is empty, or holds a quote or a backslash.
#[pyfunction]
#[pyo3(signature = (text, delimiter=","))]
pub(crate) fn split_list<'py>(py: Python<'py>, text: &str, delimiter: &str) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, claim::split_list(text, delimiter)?)
}

/// Find group names that look alike: a Cyrillic letter for a Latin one, ``I`` for ``l``, a zero-width space.
///
/// Source: Unicode Technical Standard 39, section 4. For reports and audits; no login waits for it.
///
/// Args:
///     names: Group names, in any number.
///
/// Returns:
///     Groups of two names or more that look alike, each in the order given. Names that differ only by case or by normal
///     form are no finding of their own: an extractor warns of them.
#[pyfunction]
pub(crate) fn confusable_names<'py>(
    py: Python<'py>,
    names: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyTuple>> {
    let names = strings(names, "names")?;
    let groups = py.detach(|| claim::confusable_names(names.iter().map(String::as_str)));
    let groups: Vec<_> = groups.into_iter().map(|group| PyTuple::new(py, group)).collect::<PyResult<_>>()?;
    PyTuple::new(py, groups)
}
