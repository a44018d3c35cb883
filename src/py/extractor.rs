//! `GroupExtractor`.

use super::assertion::PyVerifiedAssertion;
use super::attributes::{HeldAttributes, verified_views};
use super::claim::PyGroupClaim;
use super::errors::configuration_error;
use super::preset::PyPreset;
use super::rules::PyGroupRules;
use crate::claim::{
    self, Format, GroupExtractor, Library, MAX_NAME_LENGTH, Naming, PRESETS, Preset, Reader, Settings,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

/// Reads the groups of one user out of the attributes of one login.
///
/// Args:
///     attribute: The Name of the group attribute, or several that are merged in this order. Compared exactly.
///     format: "ldap" (distinguished names, the first CN), "array" (names), "csv" (delimited names), "json" (a JSON
///         array), "path" ("/parent/child") or "domain" (r"DOMAIN\name"). There is no default.
///     delimiter: What separates names under "csv" (","), or distinguished names in one value under "ldap".
///     naming: What names the group. Under "ldap" "dn", "ou_path" or an attribute type such as "ou" instead of the
///         CN in the first RDN; under "path" "leaf" or "top", under "domain" "name" instead of the whole value.
///     aliases: Names tried in this order where no ``attribute`` is there.
///     limit: How many groups the identity provider sends at most.
///     max_name_length: Longer names are skipped, in characters.
///     rules: Which names count, and what they are called here.
///     library: Who hands over mappings: "python3-saml", "pysaml2" (its defaults leave attributes out, so absence
///         proves nothing), "pysaml2-allow-unknown", or None for one that hands over every attribute.
///     find_overage_by_value: Also take a link to all groups under any other attribute name, in place of the group
///         attribute, as the sign that the groups were left out. Not for an identity provider that sends
///         attributes which users may edit.
///
/// Raises:
///     ConfigurationError: The settings contradict each other; ``problems`` lists every one.
#[pyclass(frozen, name = "GroupExtractor", module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct PyGroupExtractor {
    pub(crate) inner: GroupExtractor,
    library: Library,
    preset: Option<&'static str>,
}

/// What every way to make an extractor takes, as it came.
struct Arguments<'a, 'py> {
    attribute: Option<&'a Bound<'py, PyAny>>,
    format: Option<&'a str>,
    delimiter: Option<String>,
    naming: Option<&'a str>,
    aliases: Option<&'a Bound<'py, PyAny>>,
    limit: Option<usize>,
    max_name_length: usize,
    rules: Option<&'a Bound<'py, PyGroupRules>>,
    library: Option<&'a str>,
    find_overage_by_value: Option<bool>,
}

impl Arguments<'_, '_> {
    fn build(self, preset: Option<&'static Preset>) -> PyResult<PyGroupExtractor> {
        let mut problems = Vec::new();
        let own_attribute = self.attribute.is_some();
        let attributes = match (self.attribute, preset) {
            (Some(given), _) => strings(given, "attribute")?,
            (None, Some(preset)) => preset.attributes.iter().map(|name| (*name).to_owned()).collect(),
            (None, None) => vec!["memberOf".to_owned()],
        };
        let aliases = match (self.aliases, preset) {
            (Some(given), _) => strings(given, "aliases")?,
            // A name that an administrator gives is meant: nothing else is read in its place.
            (None, Some(preset)) if !own_attribute => {
                preset.aliases.iter().map(|name| (*name).to_owned()).collect()
            }
            _ => Vec::new(),
        };
        let from_preset = preset.and_then(|preset| preset.format);
        let format = match self.format {
            Some(name) => Format::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format),
            None => from_preset,
        };
        let known: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        if format.is_none() {
            problems.push(match self.format {
                Some(name) => format!("format is \"{name}\", expected one of {}", known.join(", ")),
                None => format!("format has no default, expected one of {}", known.join(", ")),
            });
        }
        let format = format.unwrap_or(Format::Array);
        let delimiter = self.delimiter.or_else(|| {
            let same = from_preset == Some(format);
            preset.filter(|_| same).and_then(|preset| preset.delimiter).map(str::to_owned)
        });
        let library = library(self.library).unwrap_or_else(|problem| {
            problems.push(problem);
            Library::Other
        });
        let settings = Settings {
            attributes,
            aliases,
            reader: Reader { format, delimiter, naming: naming(self.naming, format) },
            limit: self.limit.or_else(|| preset.and_then(|preset| preset.limit)),
            overage: self
                .find_overage_by_value
                .unwrap_or_else(|| preset.is_some_and(|preset| preset.overage.into())),
            max_name_length: self.max_name_length,
            rules: self.rules.map(|rules| rules.get().inner.clone()).unwrap_or_default(),
        };
        match GroupExtractor::new(settings) {
            Ok(inner) if problems.is_empty() => {
                Ok(PyGroupExtractor { inner, library, preset: preset.map(|preset| preset.name) })
            }
            Ok(_) => Err(configuration_error("the extractor's settings cannot work", problems)),
            Err(more) => {
                problems.extend(more);
                Err(configuration_error("the extractor's settings cannot work", problems))
            }
        }
    }
}

#[pymethods]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
impl PyGroupExtractor {
    #[new]
    #[pyo3(signature = (attribute=None, format=None, *, delimiter=None, naming=None, aliases=None, limit=None, max_name_length=MAX_NAME_LENGTH, rules=None, library=None, find_overage_by_value=None), text_signature = "(attribute=None, format=None, *, delimiter=None, naming=None, aliases=None, limit=None, max_name_length=255, rules=None, library=None, find_overage_by_value=None)")]
    fn new(
        attribute: Option<&Bound<'_, PyAny>>,
        format: Option<&str>,
        delimiter: Option<String>,
        naming: Option<&str>,
        aliases: Option<&Bound<'_, PyAny>>,
        limit: Option<usize>,
        max_name_length: usize,
        rules: Option<&Bound<'_, PyGroupRules>>,
        library: Option<&str>,
        find_overage_by_value: Option<bool>,
    ) -> PyResult<Self> {
        Arguments {
            attribute,
            format,
            delimiter,
            naming,
            aliases,
            limit,
            max_name_length,
            rules,
            library,
            find_overage_by_value,
        }
        .build(None)
    }

    /// Make an extractor from what is known of an identity provider; every argument overrides that.
    ///
    /// An ``attribute`` of your own switches the preset's aliases off.
    ///
    /// Raises:
    ///     ConfigurationError: There is no such preset, or the settings contradict each other.
    #[classmethod]
    #[pyo3(signature = (name, *, attribute=None, format=None, delimiter=None, naming=None, aliases=None, limit=None, max_name_length=MAX_NAME_LENGTH, rules=None, library=None, find_overage_by_value=None), text_signature = "($cls, name, *, attribute=None, format=None, delimiter=None, naming=None, aliases=None, limit=None, max_name_length=255, rules=None, library=None, find_overage_by_value=None)")]
    fn preset(
        _cls: &Bound<'_, PyType>,
        name: &str,
        attribute: Option<&Bound<'_, PyAny>>,
        format: Option<&str>,
        delimiter: Option<String>,
        naming: Option<&str>,
        aliases: Option<&Bound<'_, PyAny>>,
        limit: Option<usize>,
        max_name_length: usize,
        rules: Option<&Bound<'_, PyGroupRules>>,
        library: Option<&str>,
        find_overage_by_value: Option<bool>,
    ) -> PyResult<Self> {
        let Some(preset) = claim::preset(name) else {
            let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            let problem = format!("there is no preset \"{name}\", expected one of {}", known.join(", "));
            return Err(configuration_error(&problem, vec![problem.clone()]));
        };
        Arguments {
            attribute,
            format,
            delimiter,
            naming,
            aliases,
            limit,
            max_name_length,
            rules,
            library,
            find_overage_by_value,
        }
        .build(Some(preset))
    }

    /// All presets, as data.
    #[staticmethod]
    fn presets(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, PRESETS.iter().map(|preset| PyPreset { inner: preset }))
    }

    /// Read the groups of one login.
    ///
    /// Args:
    ///     attributes: A VerifiedAssertion, or what your SAML library gives: a mapping from attribute Name to one
    ///         str, to an iterable of str and None, or to None.
    ///
    /// Returns:
    ///     What the identity provider said of this user's groups. Nothing in it is an error: a wrong format, an
    ///     overage or a missing attribute is in ``status``, ``malformed`` and ``warnings``.
    ///
    /// Raises:
    ///     TypeError: ``attributes`` is neither, or holds values that are no text.
    fn extract(&self, attributes: &Bound<'_, PyAny>) -> PyResult<PyGroupClaim> {
        if let Ok(assertion) = attributes.cast::<PyVerifiedAssertion>() {
            // What we verified ourselves is as it was sent, whatever library other logins come through.
            let views = verified_views(&assertion.get().inner, |name| self.reads(name));
            return Ok(PyGroupClaim { inner: self.inner.extract(&views, Library::MemberOf) });
        }
        let held = HeldAttributes::from_mapping(attributes, |name| self.reads(name))?;
        Ok(PyGroupClaim { inner: self.inner.extract(&held.views()?, self.library) })
    }

    /// The Names that are merged.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.inner.settings().attributes)
    }

    /// The Names tried where none of ``attributes`` is there.
    #[getter]
    fn aliases<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.inner.settings().aliases)
    }

    /// The format of the values.
    #[getter]
    fn format(&self) -> &'static str {
        self.inner.settings().reader.format.name()
    }

    /// What separates names in one value, or None.
    #[getter]
    fn delimiter(&self) -> Option<&str> {
        self.inner.settings().reader.delimiter.as_deref()
    }

    /// What names the group, or None for the format's default.
    #[getter]
    fn naming(&self) -> Option<&str> {
        naming_name(&self.inner.settings().reader.naming)
    }

    /// How many groups the identity provider sends at most, or None.
    #[getter]
    fn limit(&self) -> Option<usize> {
        self.inner.settings().limit
    }

    /// The rules, or None.
    #[getter]
    fn rules(&self) -> Option<PyGroupRules> {
        let rules = &self.inner.settings().rules;
        (!rules.is_empty()).then(|| PyGroupRules { inner: rules.clone() })
    }

    fn __repr__(&self) -> String {
        let settings = self.inner.settings();
        let names: Vec<String> = settings.attributes.iter().map(|name| format!("{name:?}")).collect();
        let attribute =
            if let [one] = names.as_slice() { one.clone() } else { format!("({})", names.join(", ")) };
        let delimiter =
            settings.reader.delimiter.as_ref().map(|delimiter| format!(", delimiter={delimiter:?}"));
        let naming = self.naming().map(|naming| format!(", naming={naming:?}"));
        let rules = if settings.rules.is_empty() { "" } else { ", rules=…" };
        format!(
            "GroupExtractor(attribute={attribute}, format={:?}{}{}{rules})",
            self.format(),
            delimiter.unwrap_or_default(),
            naming.unwrap_or_default()
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let settings = self.inner.settings();
        let arguments = PyDict::new(py);
        arguments.set_item("attribute", self.attributes(py)?)?;
        arguments.set_item("format", self.format())?;
        arguments.set_item("delimiter", &settings.reader.delimiter)?;
        arguments.set_item("naming", self.naming())?;
        arguments.set_item("aliases", self.aliases(py)?)?;
        arguments.set_item("limit", settings.limit)?;
        arguments.set_item("max_name_length", settings.max_name_length)?;
        arguments.set_item("rules", self.rules())?;
        arguments.set_item("library", library_name(self.library))?;
        arguments.set_item("find_overage_by_value", settings.overage)?;
        let make = match self.preset {
            Some(name) => {
                arguments.set_item("name", name)?;
                py.get_type::<Self>().getattr("preset")?
            }
            None => py.get_type::<Self>().into_any(),
        };
        let partial = py.import("functools")?.getattr("partial")?.call((make,), Some(&arguments))?;
        Ok((partial, PyTuple::empty(py)))
    }
}

impl PyGroupExtractor {
    /// Whether the values of this attribute may matter.
    fn reads(&self, name: &str) -> bool {
        let settings = self.inner.settings();
        settings.overage || settings.attributes.iter().chain(&settings.aliases).any(|one| one == name)
    }
}

/// One str or an iterable of str.
pub(super) fn strings(given: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<String>> {
    if let Ok(one) = given.cast::<PyString>() {
        return Ok(vec![one.to_str()?.to_owned()]);
    }
    let wrong = || PyTypeError::new_err(format!("{what} must be a str or an iterable of str"));
    let mut found = Vec::new();
    for item in given.try_iter().map_err(|_| wrong())? {
        found.push(item?.cast::<PyString>().map_err(|_| wrong())?.to_str()?.to_owned());
    }
    Ok(found)
}

fn naming(name: Option<&str>, format: Format) -> Naming {
    match (name, format) {
        (None, _) => Naming::Default,
        (Some("dn"), _) => Naming::Dn,
        (Some("ou_path"), _) => Naming::OuPath,
        (Some("leaf"), _) => Naming::Leaf,
        (Some("top"), _) => Naming::Top,
        (Some("name"), Format::Domain) => Naming::Name,
        (Some(name), Format::Ldap) if name.eq_ignore_ascii_case("cn") => Naming::Default,
        (Some(kind), _) => Naming::Type(kind.to_owned()),
    }
}

fn naming_name(naming: &Naming) -> Option<&str> {
    match naming {
        Naming::Default => None,
        Naming::Dn => Some("dn"),
        Naming::OuPath => Some("ou_path"),
        Naming::Leaf => Some("leaf"),
        Naming::Top => Some("top"),
        Naming::Name => Some("name"),
        Naming::Type(kind) => Some(kind),
    }
}

const LIBRARIES: [(&str, Library); 3] = [
    ("python3-saml", Library::Python3Saml),
    ("pysaml2", Library::Pysaml2),
    ("pysaml2-allow-unknown", Library::Pysaml2AllowUnknown),
];

fn library(name: Option<&str>) -> Result<Library, String> {
    let Some(name) = name else { return Ok(Library::Other) };
    let found = LIBRARIES.iter().find(|(known, _)| *known == name).map(|(_, library)| *library);
    let known: Vec<&str> = LIBRARIES.iter().map(|(name, _)| *name).collect();
    found.ok_or_else(|| format!("library is \"{name}\", expected one of {} or None", known.join(", ")))
}

fn library_name(library: Library) -> Option<&'static str> {
    LIBRARIES.iter().find(|(_, known)| *known == library).map(|(name, _)| *name)
}
