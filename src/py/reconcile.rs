//! Python classes over `reconcile`: state in, plan out.

use super::claim::PyGroupClaim;
use super::errors::ConfigurationError;
use super::html;
use super::policy::SyncPolicy;
use super::words::{dumps, from_word, loads, member, word};
use crate::claim::{Identity, key};
use crate::reconcile::{self as core, Action, Circumstances, GroupKind, Membership, Reason};
use pyo3::Borrowed;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use std::collections::BTreeMap;

/// Work out what a claim does to a user's groups. Pure: the same inputs give the same plan.
#[pyfunction]
#[pyo3(signature = (claim, state, *, policy=None, attribute_seen=None, hold_detachments=None, last_received=None))]
pub(super) fn reconcile(
    py: Python<'_>,
    claim: &PyGroupClaim,
    state: &UserState,
    policy: Option<&SyncPolicy>,
    attribute_seen: Option<bool>,
    hold_detachments: Option<&Bound<'_, PyAny>>,
    last_received: Option<usize>,
) -> PyResult<Plan> {
    let circumstances = Circumstances {
        attribute_seen: attribute_seen.unwrap_or(false),
        hold_detachments: hold_detachments.map(holding_reason).transpose()?.flatten(),
        last_received,
    };
    let default = core::SyncPolicy::default();
    let policy = policy.map_or(&default, SyncPolicy::inner);
    py.detach(|| core::reconcile(&claim.inner, &state.0, policy, &circumstances))
        .map(Plan)
        .map_err(PyErr::from)
}

/// Return the key by which a group's name is compared.
#[pyfunction]
#[pyo3(signature = (name, identity="exact"))]
pub(super) fn group_key(name: &str, identity: &str) -> PyResult<String> {
    Ok(key(name, identity_of(identity)?).into_owned())
}

pub(super) fn identity_of(word: &str) -> PyResult<Identity> {
    let expected = (r#"identity is "exact" or "fold""#, "config.identity");
    from_word(word).ok_or_else(|| ConfigurationError::new_err(expected))
}

pub(super) fn holding_reason(value: &Bound<'_, PyAny>) -> PyResult<Option<Reason>> {
    if let Ok(yes) = value.extract::<bool>() {
        return Ok(yes.then_some(Reason::DetachmentsHeld));
    }
    let reason = value.extract::<String>().ok().and_then(|word| from_word::<Reason>(&word));
    reason
        .filter(|reason| reason.may_hold_detachments())
        .map(Some)
        .ok_or_else(|| PyTypeError::new_err("hold_detachments is a bool or a Reason that holds detachments"))
}

/// One user's groups before a login.
#[pyclass(frozen, eq, hash, module = "memberof")]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(super) struct UserState(core::UserState);

#[pymethods]
impl UserState {
    #[new]
    #[pyo3(signature = (groups, memberships=None, origins=None, sole_member_of=None, *, all_members_external=None, user=None))]
    fn new(
        groups: &Bound<'_, PyAny>,
        memberships: Option<&Bound<'_, PyAny>>,
        origins: Option<&Bound<'_, PyAny>>,
        sole_member_of: Option<&Bound<'_, PyAny>>,
        all_members_external: Option<&Bound<'_, PyAny>>,
        user: Option<String>,
    ) -> PyResult<Self> {
        let kinds = pairs::<Kind>(groups)?.into_iter().map(|(name, kind)| (name, kind.0));
        let mut given: BTreeMap<String, Option<String>> = match origins {
            Some(origins) => pairs(origins)?.into_iter().collect(),
            None => BTreeMap::new(),
        };
        let memberships: Vec<_> = names(memberships)?
            .into_iter()
            .map(|group| Membership { origin: given.remove(&group).flatten(), group })
            .collect();
        if !given.is_empty() {
            let count = given.len();
            Err(core::ReconcileError::UnknownGroup { field: "origins", count })?;
        }
        let state = core::UserState::new(
            user,
            kinds,
            memberships,
            names(sole_member_of)?,
            names(all_members_external)?,
        )?;
        Ok(Self(state))
    }

    /// Make a state from a store's rows: the user's groups that have kind and origin in common, and the other groups.
    #[staticmethod]
    #[pyo3(signature = (held, others, *, sole_member_of=None, all_members_external=None, user=None))]
    fn of_rows(
        held: Vec<(Kind, Option<String>, Vec<String>)>,
        others: Vec<(String, Kind)>,
        sole_member_of: Option<&Bound<'_, PyAny>>,
        all_members_external: Option<&Bound<'_, PyAny>>,
        user: Option<String>,
    ) -> PyResult<Self> {
        let mut groups: Vec<_> = others.into_iter().map(|(name, kind)| (name, kind.0)).collect();
        let mut memberships = Vec::new();
        for (kind, origin, names) in held {
            groups.extend(names.iter().map(|name| (name.clone(), kind.0)));
            memberships.extend(names.into_iter().map(|group| Membership { group, origin: origin.clone() }));
        }
        let (sole, external) = (names(sole_member_of)?, names(all_members_external)?);
        Ok(Self(core::UserState::new(user, groups, memberships, sole, external)?))
    }

    #[getter]
    fn user(&self) -> Option<&str> {
        self.0.user()
    }

    #[getter]
    fn groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let groups = PyDict::new(py);
        for (name, kind) in self.0.groups() {
            groups.set_item(name, member(py, "GroupKind", &word(kind))?)?;
        }
        Ok(groups)
    }

    #[getter]
    fn memberships<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.memberships().keys())
    }

    #[getter]
    fn origins(&self) -> BTreeMap<String, Option<String>> {
        self.0.memberships().clone()
    }

    #[getter]
    fn sole_member_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.sole_member_of())
    }

    #[getter]
    fn all_members_external<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.all_members_external())
    }

    #[pyo3(signature = (received, identity="exact"))]
    fn fingerprint(&self, received: &Bound<'_, PyAny>, identity: &str) -> PyResult<String> {
        let received = names(Some(received))?;
        Ok(self.0.fingerprint(received.iter().map(String::as_str), identity_of(identity)?))
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        let positional = PyTuple::new(
            py,
            [
                self.groups(py)?.into_any(),
                self.memberships(py)?.into_any(),
                self.origins().into_pyobject(py)?.into_any(),
                self.sole_member_of(py)?.into_any(),
            ],
        )?;
        let named = PyDict::new(py);
        named.set_item("all_members_external", self.all_members_external(py)?)?;
        named.set_item("user", self.user())?;
        Ok((positional, named))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let groups = PyDict::new(py);
        for (name, kind) in self.0.groups() {
            groups.set_item(name, word(kind))?;
        }
        Ok(format!(
            "UserState(groups={}, memberships={}, origins={}, sole_member_of={}, all_members_external={}, user={})",
            groups.repr()?,
            self.memberships(py)?.repr()?,
            self.origins().into_pyobject(py)?.repr()?,
            self.sole_member_of(py)?.repr()?,
            self.all_members_external(py)?.repr()?,
            self.user().into_pyobject(py)?.repr()?,
        ))
    }
}

/// An iterable of names; a single `str` would be its letters, so it is refused.
fn names(value: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
    let Some(value) = value else { return Ok(Vec::new()) };
    if value.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("expected an iterable of names, found one str"));
    }
    value.try_iter()?.map(|item| item?.extract()).collect()
}

/// A group's kind, by its word.
#[derive(Clone, Copy)]
pub(super) struct Kind(GroupKind);

impl<'py> FromPyObject<'_, 'py> for Kind {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match value.extract::<&str>()? {
            "internal" => Ok(Self(GroupKind::Internal)),
            "external" => Ok(Self(GroupKind::External)),
            _ => Err(ConfigurationError::new_err((
                r#"a group's kind is "internal" or "external""#,
                "config.group_kind",
            ))),
        }
    }
}

fn pairs<T>(mapping: &Bound<'_, PyAny>) -> PyResult<Vec<(String, T)>>
where
    T: for<'a, 'py> FromPyObject<'a, 'py, Error: Into<PyErr>>,
{
    if let Ok(dict) = mapping.cast_exact::<PyDict>() {
        // What a store hands over at each login: a method call and a tuple for each item would be half of its time.
        return dict
            .iter()
            .map(|(name, value)| Ok((name.extract()?, value.extract().map_err(Into::into)?)))
            .collect();
    }
    mapping
        .call_method0("items")?
        .try_iter()?
        .map(|item| {
            let item = item?;
            let value = item.get_item(1)?.extract::<T>().map_err(Into::into)?;
            Ok((item.get_item(0)?.extract()?, value))
        })
        .collect()
}

/// One line of a plan.
#[pyclass(frozen, eq, ord, hash, module = "memberof")]
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Change(core::Change);

#[pymethods]
impl Change {
    #[new]
    fn new(action: &str, group: String, reason: &str) -> PyResult<Self> {
        let unknown = |what: &str| {
            ConfigurationError::new_err((format!("this is no {what}"), format!("config.{what}")))
        };
        let action: Action = from_word(action).ok_or_else(|| unknown("action"))?;
        let reason: Reason = from_word(reason).ok_or_else(|| unknown("reason"))?;
        Ok(Self(core::Change { action, group, reason }))
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("action", "group", "reason")
    }

    #[getter]
    fn action<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "Action", self.0.action.word())
    }

    #[getter]
    fn group(&self) -> &str {
        &self.0.group
    }

    #[getter]
    fn reason<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "Reason", self.0.reason.word())
    }

    fn __getnewargs__(&self) -> (&str, &str, &str) {
        (self.0.action.word(), &self.0.group, self.0.reason.word())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let group = PyString::new(py, &self.0.group).repr()?;
        Ok(format!("Change({:?}, {group}, {:?})", self.0.action.word(), self.0.reason.word()))
    }
}

/// Something an administrator should know of a plan.
#[pyclass(frozen, eq, hash, module = "memberof", get_all)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(super) struct PlanWarning {
    code: String,
    message: String,
}

#[pymethods]
impl PlanWarning {
    #[new]
    fn new(code: String, message: String) -> Self {
        Self { code, message }
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("code", "message")
    }

    fn __getnewargs__(&self) -> (&str, &str) {
        (&self.code, &self.message)
    }

    fn __repr__(&self) -> String {
        format!("PlanWarning({:?}, {:?})", self.code, self.message)
    }
}

/// What one login does to one user's groups.
#[pyclass(frozen, eq, hash, module = "memberof")]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(super) struct Plan(pub(super) core::Plan);

impl Plan {
    fn names<'py>(&self, py: Python<'py>, action: Action) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.names(action).collect::<Vec<_>>())
    }
}

#[pymethods]
impl Plan {
    #[getter]
    fn create<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names(py, Action::Create)
    }

    #[getter]
    fn adopt<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names(py, Action::Adopt)
    }

    #[getter]
    fn attach<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names(py, Action::Attach)
    }

    #[getter]
    fn detach<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names(py, Action::Detach)
    }

    #[getter]
    fn keep<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.keep())
    }

    #[getter]
    fn held<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut names: Vec<_> = self.0.held().iter().map(|change| change.group.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        PyTuple::new(py, names)
    }

    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.changes().iter().cloned().map(Change))
    }

    #[getter]
    fn held_changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.held().iter().cloned().map(Change))
    }

    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let warning =
            |w: &core::PlanWarning| PlanWarning { code: w.code.clone(), message: w.message.clone() };
        PyTuple::new(py, self.0.warnings().iter().map(warning))
    }

    #[getter]
    fn received<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.received())
    }

    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member(py, "ClaimStatus", &word(&self.0.status()))
    }

    #[getter]
    fn user(&self) -> Option<&str> {
        self.0.user()
    }

    #[getter]
    fn state_fingerprint(&self) -> &str {
        self.0.state_fingerprint()
    }

    #[getter]
    fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }

    fn __bool__(&self) -> bool {
        !self.0.is_empty()
    }

    fn explain(&self) -> String {
        self.0.explain()
    }

    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loads(py, &self.0.to_json())
    }

    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        Ok(Self(core::Plan::from_json(text)?))
    }

    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::from_json(&dumps(data)?)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("from_json")?, (self.0.to_json(),)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Plan(create={}, adopt={}, attach={}, detach={}, keep={}, held={})",
            self.create(py)?.repr()?,
            self.adopt(py)?.repr()?,
            self.attach(py)?.repr()?,
            self.detach(py)?.repr()?,
            self.keep(py)?.repr()?,
            self.held(py)?.repr()?,
        ))
    }

    /// A small table for notebooks: counts first, at most 50 rows, everything escaped.
    fn _repr_html_(&self) -> String {
        let changes = self.0.changes().iter().map(|change| ("", change));
        let held = self.0.held().iter().map(|change| ("held", change));
        let rows: Vec<_> = changes
            .chain(held)
            .map(|(held, change)| [change.action.word(), &change.group, change.reason.word(), held])
            .collect();
        let summary = format!(
            "{} changes, {} held, {} kept",
            self.0.changes().len(),
            self.0.held().len(),
            self.0.keep().len()
        );
        html::table(&summary, ["action", "group", "reason", "done or held"], &rows)
    }
}
