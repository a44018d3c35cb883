//! `GroupClaim` and what stands in it.

use super::convert::claim_status;
use super::html;
use super::reconcile::identity_of;
use crate::claim::{ClaimWarning, Dropped, GroupClaim, key};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::collections::BTreeSet;

/// What the identity provider said of one user's groups, and how sure that is. Only an extractor makes one.
#[pyclass(frozen, name = "GroupClaim", module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct PyGroupClaim {
    pub(crate) inner: GroupClaim,
}

#[pymethods]
impl PyGroupClaim {
    /// How the identity provider spoke of groups.
    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        claim_status(py, self.inner.status)
    }

    /// The names of the groups: unique, NFC, in the order first seen.
    #[getter]
    fn groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.inner.groups)
    }

    /// The keys of the names under an identity, unique, sorted: what a store looks groups up by.
    #[pyo3(signature = (identity="exact"))]
    fn keys<'py>(&self, py: Python<'py>, identity: &str) -> PyResult<Bound<'py, PyTuple>> {
        let identity = identity_of(identity)?;
        let keys: BTreeSet<_> = self.inner.groups.iter().map(|name| key(name, identity)).collect();
        PyTuple::new(py, keys)
    }

    /// The values, or items of lists, that could not be read under the format, in order.
    #[getter]
    fn malformed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.inner.malformed)
    }

    /// The values that are deliberately no groups, in order. They count as read.
    #[getter]
    fn dropped<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.dropped.iter().map(|dropped| PyDropped { inner: dropped.clone() }))
    }

    /// Whether the claim says all: PRESENT or EMPTY, and every value read.
    #[getter]
    fn complete(&self) -> bool {
        self.inner.complete()
    }

    /// The Name of the attribute that matched (the first, if several did), or None.
    #[getter]
    fn attribute(&self) -> Option<&str> {
        self.inner.attribute.as_deref()
    }

    /// The identity provider's own limit on groups, or None.
    #[getter]
    fn limit(&self) -> Option<usize> {
        self.inner.limit
    }

    /// Whether a missing attribute means that none was sent. False with pysaml2's defaults.
    #[getter]
    fn absence_proved(&self) -> bool {
        self.inner.absence_proved
    }

    /// What an administrator should know, in the order found.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.warnings.iter().map(|warning| PyClaimWarning { inner: warning.clone() }))
    }

    /// The names that rules renamed, each with the group that it is here, in order.
    #[getter]
    fn renamed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.renamed.iter().map(|renamed| (&renamed.name, &renamed.group)))
    }

    /// How many groups rules made beyond one a name.
    #[getter]
    fn fanned_out(&self) -> usize {
        self.inner.fanned_out
    }

    /// How many values there were, items of lists counted one by one. ``received + fanned_out`` is always
    /// ``len(groups) + duplicates + len(dropped) + len(malformed)``.
    #[getter]
    fn received(&self) -> usize {
        self.inner.received
    }

    /// How many values repeated a group.
    #[getter]
    fn duplicates(&self) -> usize {
        self.inner.duplicates
    }

    fn __repr__(&self) -> String {
        format!("<GroupClaim {}>", self.account())
    }

    /// A small table for notebooks: the account first, then groups and warnings, everything escaped. Values that could
    /// not be read are counted.
    fn _repr_html_(&self) -> String {
        let groups = self.inner.groups.iter().map(|group| ["group", group]);
        let warnings = self.inner.warnings.iter().map(|warning| ["warning", warning.message.as_str()]);
        let rows: Vec<_> = warnings.chain(groups).collect();
        html::table(&self.account(), ["what", "text"], &rows)
    }
}

impl PyGroupClaim {
    fn account(&self) -> String {
        let claim = &self.inner;
        let status = format!("{:?}", claim.status).to_lowercase();
        let others = [
            (claim.malformed.len(), "malformed"),
            (claim.dropped.len(), "dropped"),
            (claim.warnings.len(), "warnings"),
        ];
        let others =
            others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        format!("{status}, {} groups{}", claim.groups.len(), others.collect::<String>())
    }
}

/// Something that an administrator should know about a claim. ``code`` is stable; the message holds no values.
#[pyclass(frozen, name = "ClaimWarning", module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct PyClaimWarning {
    inner: ClaimWarning,
}

#[pymethods]
impl PyClaimWarning {
    #[new]
    #[pyo3(signature = (code, message, value_index=None))]
    fn new(code: String, message: String, value_index: Option<usize>) -> Self {
        Self { inner: ClaimWarning { code, message, value_index } }
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("code", "message", "value_index")
    }

    /// Stable code, such as "claim.looks_like_dn".
    #[getter]
    fn code(&self) -> &str {
        &self.inner.code
    }

    /// One sentence: the fact, and what to change where.
    #[getter]
    fn message(&self) -> &str {
        &self.inner.message
    }

    /// Which value it is about, counted from 0 over the merged attributes, or None.
    #[getter]
    fn value_index(&self) -> Option<usize> {
        self.inner.value_index
    }

    fn __repr__(&self) -> String {
        let index = self.inner.value_index.map_or("None".to_owned(), |index| index.to_string());
        format!("ClaimWarning({:?}, {:?}, {index})", self.inner.code, self.inner.message)
    }

    fn __getnewargs__(&self) -> (&str, &str, Option<usize>) {
        (&self.inner.code, &self.inner.message, self.inner.value_index)
    }
}

/// A value that is deliberately no group, and why.
#[pyclass(frozen, name = "DroppedValue", module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct PyDropped {
    inner: Dropped,
}

#[pymethods]
impl PyDropped {
    #[new]
    fn new(value: String, reason: String) -> Self {
        Self { inner: Dropped { value, reason } }
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("value", "reason")
    }

    /// The value, or the item of it.
    #[getter]
    fn value(&self) -> &str {
        &self.inner.value
    }

    /// Stable reason, such as "claim.control_character".
    #[getter]
    fn reason(&self) -> &str {
        &self.inner.reason
    }

    fn __repr__(&self) -> String {
        format!("<DroppedValue {}>", self.inner.reason)
    }

    fn __getnewargs__(&self) -> (&str, &str) {
        (&self.inner.value, &self.inner.reason)
    }
}
