//! `GroupRules`.

use super::errors::configuration_error;
use crate::claim::GroupRules;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyMapping, PyString, PyTuple, PyType};
use serde_json::{Map, Value};

/// Rules between the wire and the application: which names count, and what they are called here.
///
/// They are read in this order, whatever the order of the arguments:
///
/// 1. ``rename``: a name in the map becomes what stands there, one group or several, and is thereby included.
/// 2. The guard against GUIDs and SIDs judges the rest.
/// 3. ``include``: of the rest, a name that no pattern matches is dropped (``rule.not_included``).
/// 4. ``exclude``: a name that a pattern matches is dropped (``rule.excluded``), as received or as renamed.
/// 5. ``strip_prefix``: of the names that were not renamed, the longest of these prefixes is cut off.
///
/// Args:
///     include: A pattern or several. A str is an exact name; {"prefix": …}, {"glob": …} and {"regex": …} match whole
///         names, in time linear in the name. None includes every name.
///     exclude: A pattern or several.
///     strip_prefix: A prefix or several.
///     rename: From received names to a group or several groups.
///     ignore_case: Compare names and patterns without regard to case (Unicode case folding).
///
/// Raises:
///     ConfigurationError: ``problems`` lists every mistake.
#[pyclass(frozen, name = "GroupRules", module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct PyGroupRules {
    pub(super) inner: GroupRules,
}

#[pymethods]
impl PyGroupRules {
    #[new]
    #[pyo3(signature = (*, include=None, exclude=None, strip_prefix=None, rename=None, ignore_case=false))]
    fn new(
        include: Option<&Bound<'_, PyAny>>,
        exclude: Option<&Bound<'_, PyAny>>,
        strip_prefix: Option<&Bound<'_, PyAny>>,
        rename: Option<&Bound<'_, PyAny>>,
        ignore_case: bool,
    ) -> PyResult<Self> {
        let mut map = Map::new();
        let given =
            [("include", include), ("exclude", exclude), ("strip_prefix", strip_prefix), ("rename", rename)];
        for (name, value) in given {
            if let Some(value) = value {
                map.insert(name.to_owned(), json_value(value, 0)?);
            }
        }
        map.insert("ignore_case".to_owned(), Value::Bool(ignore_case));
        from_value(&Value::Object(map))
    }

    /// Read rules from a dict with the names of the constructor's arguments.
    ///
    /// Raises:
    ///     ConfigurationError: ``problems`` lists every mistake.
    #[classmethod]
    fn from_dict(_cls: &Bound<'_, PyType>, data: &Bound<'_, PyAny>) -> PyResult<Self> {
        from_value(&json_value(data, 0)?)
    }

    /// Read rules from JSON text.
    ///
    /// Raises:
    ///     ConfigurationError: ``problems`` lists every mistake.
    #[classmethod]
    fn from_json(_cls: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        match serde_json::from_str(text) {
            Ok(value) => from_value(&value),
            Err(error) => Err(refuse(vec![format!("rules are no JSON: {error}")])),
        }
    }

    /// Read rules from TOML text, whose top level has the names of the constructor's arguments.
    ///
    /// Raises:
    ///     ConfigurationError: ``problems`` lists every mistake.
    #[classmethod]
    fn from_toml(cls: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        let py = cls.py();
        match py.import("tomllib")?.call_method1("loads", (text,)) {
            Ok(data) => from_value(&json_value(&data, 0)?),
            Err(error) => Err(refuse(vec![format!("rules are no TOML: {}", error.value(py))])),
        }
    }

    /// The rules as a dict of JSON types; ``from_dict`` reads it again.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?.call_method1("loads", (self.inner.to_value().to_string(),))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("GroupRules.from_dict({})", self.to_dict(py)?.repr()?))
    }

    fn __bool__(&self) -> bool {
        !self.inner.is_empty()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>,))> {
        Ok((py.get_type::<Self>().getattr("from_dict")?, (self.to_dict(py)?,)))
    }
}

fn from_value(value: &Value) -> PyResult<PyGroupRules> {
    GroupRules::from_value(value).map(|inner| PyGroupRules { inner }).map_err(refuse)
}

fn refuse(problems: Vec<String>) -> PyErr {
    configuration_error("the rules cannot work", problems)
}

/// Texts, booleans, None, lists, tuples and mappings; nothing else stands in rules.
fn json_value(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    let wrong =
        || PyTypeError::new_err("rules hold only str, bool, None, lists, tuples and mappings with str keys");
    if depth > 4 {
        return Err(wrong());
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::String(text.to_str()?.to_owned()));
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Value::Bool(truth.is_true()));
    }
    if value.cast::<PyList>().is_ok() || value.cast::<PyTuple>().is_ok() {
        let items = value.try_iter()?.map(|item| json_value(&item?, depth + 1));
        return items.collect::<PyResult<_>>().map(Value::Array);
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let mut map = Map::new();
        for pair in mapping.items()?.iter() {
            let (name, item): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            let name = name.cast::<PyString>().map_err(|_| wrong())?.to_str()?.to_owned();
            map.insert(name, json_value(&item, depth + 1)?);
        }
        return Ok(Value::Object(map));
    }
    Err(wrong())
}
