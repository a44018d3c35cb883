//! Attributes for the extractor, without copying their texts: of our own assertion, or of another library's mapping.

use crate::claim::AttributeView;
use crate::saml::VerifiedAssertion;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};
use std::borrow::Cow;

/// The texts of a mapping, kept alive while the core reads them.
pub(super) struct HeldAttributes<'py> {
    attributes: Vec<(Bound<'py, PyString>, Values<'py>)>,
}

type Values<'py> = Vec<Option<Bound<'py, PyString>>>;

impl<'py> HeldAttributes<'py> {
    /// Takes the names, and the values of the attributes that `wanted` names.
    pub(super) fn from_mapping(
        mapping: &Bound<'py, PyAny>,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> PyResult<Self> {
        let mut attributes = Vec::new();
        let mut add = |name: Bound<'py, PyAny>, value: Bound<'py, PyAny>| {
            let name = name
                .cast_into::<PyString>()
                .map_err(|_| PyTypeError::new_err("the names of attributes must be str"))?;
            let values = if wanted(name.to_str()?) { values(&name, &value)? } else { Vec::new() };
            attributes.push((name, values));
            Ok::<_, PyErr>(())
        };
        if let Ok(dict) = mapping.cast::<PyDict>() {
            for (name, value) in dict.iter() {
                add(name, value)?;
            }
        } else if let Ok(mapping) = mapping.cast::<PyMapping>() {
            for pair in mapping.items()?.iter() {
                let (name, value) = pair.extract()?;
                add(name, value)?;
            }
        } else {
            return Err(PyTypeError::new_err(
                "attributes must be a VerifiedAssertion or a mapping of attribute names to values",
            ));
        }
        Ok(Self { attributes })
    }

    /// The attributes as the core reads them.
    pub(super) fn views(&self) -> PyResult<Vec<AttributeView<'_>>> {
        self.attributes
            .iter()
            .map(|(name, values)| {
                Ok(AttributeView {
                    name: Cow::Borrowed(name.to_str()?),
                    friendly_name: None,
                    values: values.iter().map(Option::as_ref).map(borrowed).collect::<PyResult<_>>()?,
                })
            })
            .collect()
    }
}

/// The attributes of a verified assertion, with the values of those that `wanted` names; a nil value stays one.
pub(super) fn verified_views(
    assertion: &VerifiedAssertion,
    mut wanted: impl FnMut(&str) -> bool,
) -> Vec<AttributeView<'_>> {
    assertion
        .attributes()
        .map(|attribute| AttributeView {
            name: Cow::Borrowed(attribute.name()),
            friendly_name: attribute.friendly_name().map(Cow::Borrowed),
            values: if wanted(attribute.name()) { attribute.values().collect() } else { Vec::new() },
        })
        .collect()
}

/// A str is one value, None is one nil value, an iterable is its values.
fn values<'py>(name: &Bound<'py, PyString>, value: &Bound<'py, PyAny>) -> PyResult<Values<'py>> {
    let wrong = || {
        PyTypeError::new_err(format!(
            "the value of attribute \"{}\" must be a str, None, or an iterable of str and None",
            name.to_string_lossy()
        ))
    };
    if value.is_none() {
        return Ok(vec![None]);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(vec![Some(text.clone())]);
    }
    if value.cast::<PyMapping>().is_ok() {
        return Err(wrong());
    }
    let mut found = Vec::new();
    for item in value.try_iter().map_err(|_| wrong())? {
        let item = item?;
        found.push(if item.is_none() {
            None
        } else {
            Some(item.cast_into::<PyString>().map_err(|_| wrong())?)
        });
    }
    Ok(found)
}

fn borrowed<'a>(text: Option<&'a Bound<'_, PyString>>) -> PyResult<Option<Cow<'a, str>>> {
    text.map(|text| text.to_str().map(Cow::Borrowed)).transpose()
}
