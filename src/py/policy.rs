//! `SyncPolicy` for Python: from keywords, a dict, JSON or TOML, every mistake reported at once.

use super::errors::ConfigurationError;
use super::words::{dumps, loads, member, word};
use crate::reconcile::{self as core, ReconcileError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What an administrator decides about synchronisation.
#[pyclass(frozen, module = "memberof")]
pub(super) struct SyncPolicy {
    inner: core::SyncPolicy,
    /// The function of `on_overage`, called by `GroupSync` before anything is read. The one Python value in a class
    /// of the core: what it does (asking the identity provider's API) can only be said in Python.
    fetch: Option<Py<PyAny>>,
}

impl SyncPolicy {
    pub(super) fn inner(&self) -> &core::SyncPolicy {
        &self.inner
    }

    fn from_value(value: &Value, fetch: Option<Py<PyAny>>) -> PyResult<Self> {
        Ok(Self { inner: core::SyncPolicy::from_value(value)?, fetch })
    }
}

#[pymethods]
impl SyncPolicy {
    #[new]
    #[pyo3(signature = (*, on_absent=None, on_malformed=None, on_overage=None, on_internal_match=None, identity=None,
        detach_scope=None, create_missing=true, max_creates=None, max_groups=None, protected=None, last_member_of=None,
        required_groups=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of a settings class")]
    fn new(
        py: Python<'_>,
        on_absent: Option<&Bound<'_, PyAny>>,
        on_malformed: Option<&Bound<'_, PyAny>>,
        on_overage: Option<&Bound<'_, PyAny>>,
        on_internal_match: Option<&Bound<'_, PyAny>>,
        identity: Option<&Bound<'_, PyAny>>,
        detach_scope: Option<&Bound<'_, PyAny>>,
        create_missing: bool,
        max_creates: Option<&Bound<'_, PyAny>>,
        max_groups: Option<&Bound<'_, PyAny>>,
        protected: Option<&Bound<'_, PyAny>>,
        last_member_of: Option<&Bound<'_, PyAny>>,
        required_groups: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let fields = PyDict::new(py);
        let fetch = on_overage.filter(|value| value.is_callable());
        let given = [
            ("on_absent", on_absent),
            ("on_malformed", on_malformed),
            ("on_overage", on_overage.filter(|value| !value.is_callable())),
            ("on_internal_match", on_internal_match),
            ("identity", identity),
            ("detach_scope", detach_scope),
            ("max_creates", max_creates),
            ("max_groups", max_groups),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                fields.set_item(name, value)?;
            }
        }
        fields.set_item("create_missing", create_missing)?;
        let lists = [
            ("protected", protected),
            ("last_member_of", last_member_of),
            ("required_groups", required_groups),
        ];
        for (name, value) in lists {
            match value {
                None => {}
                // The core says what is wrong with it, along with every other mistake.
                Some(text) if text.is_instance_of::<PyString>() => fields.set_item(name, text)?,
                Some(value) => {
                    fields.set_item(name, value.try_iter()?.collect::<PyResult<Vec<_>>>()?)?;
                }
            }
        }
        let value: Value = serde_json::from_str(&dumps(fields.as_any())?).unwrap_or_default();
        Self::from_value(&value, fetch.map(|value| value.clone().unbind()))
    }

    #[staticmethod]
    fn cautious() -> Self {
        Self { inner: core::SyncPolicy::cautious(), fetch: None }
    }

    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::from_json(&dumps(data)?)
    }

    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let value = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            ReconcileError::Policy { problems: vec![format!("this is not JSON, see {place}")] }
        })?;
        Self::from_value(&value, None)
    }

    /// `table`: dotted name of the table that holds the policy; None: the whole text.
    #[staticmethod]
    #[pyo3(signature = (text, *, table=None))]
    fn from_toml(py: Python<'_>, text: &str, table: Option<&str>) -> PyResult<Self> {
        let tomllib = py.import("tomllib")?;
        let mut data = tomllib.call_method1("loads", (text,)).map_err(|error| {
            let problem = format!("this is not TOML: {}", error.value(py));
            PyErr::from(ReconcileError::Policy { problems: vec![problem] })
        })?;
        for name in table.into_iter().flat_map(|table| table.split('.')) {
            data = data.get_item(name).map_err(|_| {
                ConfigurationError::new_err((format!("there is no table {name:?}"), "config.policy"))
            })?;
        }
        Self::from_dict(&data)
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loads(py, &serde_json::to_string(&self.inner).unwrap_or_default())
    }

    #[getter]
    fn on_absent<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "OnAbsent", &word(&self.inner.on_absent))
    }

    #[getter]
    fn on_malformed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "OnMalformed", &word(&self.inner.on_malformed))
    }

    #[getter]
    fn on_overage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.fetch {
            Some(fetch) => Ok(fetch.bind(py).clone()),
            None => member(py, "OnOverage", &word(&self.inner.on_overage)),
        }
    }

    #[getter]
    fn on_internal_match<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "OnInternalMatch", &word(&self.inner.on_internal_match))
    }

    #[getter]
    fn identity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "Identity", &word(&self.inner.identity))
    }

    #[getter]
    fn detach_scope<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "DetachScope", &word(&self.inner.detach_scope))
    }

    #[getter]
    fn create_missing(&self) -> bool {
        self.inner.create_missing
    }

    #[getter]
    fn max_creates(&self) -> Option<usize> {
        self.inner.max_creates
    }

    #[getter]
    fn max_groups(&self) -> Option<usize> {
        self.inner.max_groups
    }

    #[getter]
    fn protected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.inner.protected)
    }

    #[getter]
    fn last_member_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.inner.last_member_of)
    }

    #[getter]
    fn required_groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.inner.required_groups)
    }

    fn __eq__(&self, other: &Self) -> bool {
        let same_fetch = match (&self.fetch, &other.fetch) {
            (None, None) => true,
            (Some(mine), Some(theirs)) => mine.is(theirs),
            _ => false,
        };
        same_fetch && self.inner == other.inner
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.inner.hash(&mut hasher);
        hasher.finish()
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyAny>)> {
        let named = self.to_dict(py)?;
        if let Some(fetch) = &self.fetch {
            named.set_item("on_overage", fetch)?;
        }
        Ok((PyTuple::empty(py), named))
    }

    /// Only what differs from the default.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let default = serde_json::to_value(core::SyncPolicy::default()).unwrap_or_default();
        let mut parts = Vec::new();
        let (_, named) = self.__getnewargs_ex__(py)?;
        for item in named.call_method0("items")?.try_iter()? {
            let (name, value): (String, Bound<'_, PyAny>) = item?.extract()?;
            let plain = dumps(&value).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
            if plain.is_none() || plain.as_ref() != default.get(&name) {
                parts.push(format!("{name}={}", value.repr()?));
            }
        }
        Ok(format!("SyncPolicy({})", parts.join(", ")))
    }
}
