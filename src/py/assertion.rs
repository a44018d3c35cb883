//! `memberof.VerifiedAssertion`.

use super::instant::datetime;
use crate::saml::{AssertionAttribute, VerifiedAssertion};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyMappingProxy, PyString, PyTuple, PyType};
use std::borrow::Cow;

/// What an identity provider says of one user: signed by it, meant for this service provider, valid now.
///
/// Only :meth:`ServiceProvider.verify` makes one. Every value was read from the bytes that were signed.
#[pyclass(frozen, name = "VerifiedAssertion", module = "memberof")]
pub(crate) struct PyVerifiedAssertion {
    pub(super) inner: VerifiedAssertion,
    /// Made when first asked for: many applications look at one attribute only.
    attributes: PyOnceLock<Py<PyMappingProxy>>,
}

impl PyVerifiedAssertion {
    pub(super) fn new(inner: VerifiedAssertion) -> Self {
        Self { inner, attributes: PyOnceLock::new() }
    }
}

#[pymethods]
impl PyVerifiedAssertion {
    /// The assertion's ID, unique for the issuer.
    #[getter]
    fn id(&self) -> &str {
        self.inner.id()
    }

    /// The identity provider's entity ID.
    #[getter]
    fn issuer(&self) -> &str {
        self.inner.issuer()
    }

    /// The subject's name, or None if the Subject has none.
    #[getter]
    fn name_id<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let Some(name) = self.inner.name_id() else { return Ok(None) };
        let class = CLASS.import(py, "memberof.saml", "NameID")?;
        let parts = (&name.value, &name.format, &name.name_qualifier, &name.sp_name_qualifier);
        class.call1(parts).map(Some)
    }

    /// The attributes by ``Name``: each a tuple of its values, untouched and in document order. A nil value is ``""``.
    ///
    /// Names are in document order. Several attributes of one name are merged. The mapping is read-only and made once.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMappingProxy>> {
        let made = self.attributes.get_or_try_init(py, || {
            let all = PyDict::new(py);
            for attribute in self.inner.attributes() {
                all.set_item(attribute.name(), values(py, attribute)?)?;
            }
            Ok::<_, PyErr>(PyMappingProxy::new(py, all.as_mapping()).unbind())
        })?;
        Ok(made.bind(py).clone())
    }

    /// The ``FriendlyName`` of each attribute that has one, by ``Name``: for people, never to identify an attribute.
    #[getter]
    fn friendly_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        for attribute in self.inner.attributes() {
            if let Some(friendly) = attribute.friendly_name() {
                all.set_item(attribute.name(), friendly)?;
            }
        }
        Ok(all)
    }

    /// When the identity provider made the assertion, an aware datetime in UTC.
    #[getter]
    fn issue_instant<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.inner.issue_instant())
    }

    /// From when on it is never accepted again, clock skew apart; an aware datetime in UTC.
    #[getter]
    fn not_on_or_after<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.inner.not_on_or_after())
    }

    /// The ID of the request that it answers, or None if it is unsolicited.
    #[getter]
    fn in_response_to(&self) -> Option<&str> {
        self.inner.in_response_to()
    }

    /// The session at the identity provider, or None.
    #[getter]
    fn session_index(&self) -> Option<&str> {
        self.inner.session_index()
    }

    /// When the application's session must end at the latest, an aware datetime in UTC, or None.
    #[getter]
    fn session_not_on_or_after<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.inner.session_not_on_or_after().map(|instant| datetime(py, instant)).transpose()
    }

    /// When the user authenticated, an aware datetime in UTC.
    #[getter]
    fn authn_instant<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.inner.authn_instant())
    }

    /// How the user authenticated (AuthnContextClassRef), or None.
    #[getter]
    fn authn_context(&self) -> Option<&str> {
        self.inner.authn_context()
    }

    /// Whether the assertion must be used at once and not kept (OneTimeUse).
    #[getter]
    fn one_time_use(&self) -> bool {
        self.inner.one_time_use()
    }

    fn __repr__(&self) -> String {
        format!(
            "<VerifiedAssertion of {:?}, {} attributes>",
            self.inner.issuer(),
            self.inner.attributes().len()
        )
    }
}

fn values<'py>(py: Python<'py>, attribute: AssertionAttribute<'_>) -> PyResult<Bound<'py, PyTuple>> {
    let text = |value: Option<Cow<'_, str>>| PyString::new(py, &value.unwrap_or_default());
    PyTuple::new(py, attribute.values().map(text))
}
