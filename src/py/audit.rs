//! The kernel of `memberof.audit`.

use super::arrow::{PyArrowTable, TableStream};
use super::extractor::{PyGroupExtractor, strings};
use super::policy::SyncPolicy;
use super::reconcile::{Plan, holding_reason};
use crate::audit::{self, AuditError, Batches, Report, ReportTable, Settings, Tables};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How often the caller is told how far it is, and may interrupt.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Compare tables of memberships and claims; `memberof.audit.compare` says how.
#[pyfunction]
#[pyo3(signature = (current, claims, extractor, *, policy=None, groups=None, users=None, hold_detachments=None, progress=None, threads=2))]
#[expect(clippy::too_many_arguments, reason = "keywords of a function with many options")]
pub(super) fn audit_compare(
    py: Python<'_>,
    current: &Bound<'_, PyAny>,
    claims: &Bound<'_, PyAny>,
    extractor: &Bound<'_, PyGroupExtractor>,
    policy: Option<&Bound<'_, SyncPolicy>>,
    groups: Option<&Bound<'_, PyAny>>,
    users: Option<&Bound<'_, PyAny>>,
    hold_detachments: Option<&Bound<'_, PyAny>>,
    progress: Option<Py<PyAny>>,
    threads: usize,
) -> PyResult<AuditResult> {
    let open = |source: &Bound<'_, PyAny>, what| -> PyResult<Box<dyn Batches>> {
        Ok(Box::new(TableStream::open(source, what)?))
    };
    let tables = Tables {
        current: open(current, "current")?,
        claims: open(claims, "claims")?,
        groups: groups.map(|groups| open(groups, "groups")).transpose()?,
        users: users.map(named_users).transpose()?,
    };
    let settings = Settings {
        extractor: extractor.get().inner.clone(),
        policy: policy.map(|policy| policy.get().inner().clone()).unwrap_or_default(),
        hold_detachments: hold_detachments.map(holding_reason).transpose()?.flatten(),
        threads,
    };
    py.detach(|| {
        let mut teller = Teller { progress, told: Instant::now(), raised: None };
        let report = audit::compare(tables, settings, &mut |rows| teller.tell(rows));
        match (report, teller.raised) {
            (Err(AuditError::Stopped), Some(raised)) => Err(raised),
            (report, _) => Ok(AuditResult { report: report? }),
        }
    })
}

/// A table of users, or an iterable of their names.
fn named_users(users: &Bound<'_, PyAny>) -> PyResult<Box<dyn Batches>> {
    let is_table = users.hasattr("__arrow_c_stream__")? || users.hasattr("__arrow_c_array__")?;
    let table = if is_table {
        TableStream::open(users, "users")?
    } else {
        TableStream::of_texts("user", strings(users, "users")?)
    };
    Ok(Box::new(table))
}

/// Tells the caller how many rows were read, and lets Ctrl+C through.
struct Teller {
    progress: Option<Py<PyAny>>,
    told: Instant,
    raised: Option<PyErr>,
}

impl Teller {
    fn tell(&mut self, rows: u64) -> ControlFlow<()> {
        if self.told.elapsed() < TELL_EVERY {
            return ControlFlow::Continue(());
        }
        self.told = Instant::now();
        let told = Python::attach(|py| {
            py.check_signals()?;
            self.progress.as_ref().map_or(Ok(()), |progress| progress.call1(py, (rows,)).map(drop))
        });
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(raised) => {
                self.raised = Some(raised);
                ControlFlow::Break(())
            }
        }
    }
}

/// What an audit found; `memberof.audit.AuditReport` is its public face.
#[pyclass(frozen, module = "memberof._memberof")]
pub(super) struct AuditResult {
    report: Report,
}

#[pymethods]
impl AuditResult {
    fn changes(&self, py: Python<'_>) -> PyResult<PyArrowTable> {
        table(py.detach(|| self.report.changes()))
    }

    fn held(&self, py: Python<'_>) -> PyResult<PyArrowTable> {
        table(py.detach(|| self.report.held()))
    }

    fn groups(&self, py: Python<'_>) -> PyResult<PyArrowTable> {
        table(py.detach(|| self.report.groups()))
    }

    fn findings(&self, py: Python<'_>) -> PyResult<PyArrowTable> {
        table(py.detach(|| self.report.findings()))
    }

    fn evidence(&self, py: Python<'_>, code: &str) -> PyResult<PyArrowTable> {
        table(py.detach(|| self.report.evidence(code)))
    }

    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let summary = PyDict::new(py);
        for (name, count) in self.report.summary() {
            summary.set_item(name, count)?;
        }
        Ok(summary)
    }

    /// None for a user who does not log in in this audit.
    #[pyo3(signature = (user, tenant=""))]
    fn plan(&self, user: &str, tenant: &str) -> PyResult<Option<Plan>> {
        Ok(self.report.plan(tenant, user).transpose()?.map(Plan))
    }
}

fn table(made: Result<ReportTable, AuditError>) -> PyResult<PyArrowTable> {
    let made = made?;
    Ok(PyArrowTable::new(made.schema, made.batches))
}
