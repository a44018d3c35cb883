//! Values that cross by a rule of their own.

use crate::claim::ClaimStatus;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// The member of `memberof.ClaimStatus`.
pub(super) fn claim_status(py: Python<'_>, status: ClaimStatus) -> PyResult<Bound<'_, PyAny>> {
    static MEMBERS: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();
    let members = MEMBERS.get_or_try_init(py, || {
        let class = py.import("memberof.enums")?.getattr("ClaimStatus")?;
        let members = ["PRESENT", "EMPTY", "ABSENT", "OVERAGE"].map(|name| class.getattr(name));
        Ok::<_, PyErr>(PyTuple::new(py, members.into_iter().collect::<PyResult<Vec<_>>>()?)?.unbind())
    })?;
    let index = match status {
        ClaimStatus::Present => 0,
        ClaimStatus::Empty => 1,
        ClaimStatus::Absent => 2,
        ClaimStatus::Overage => 3,
    };
    members.bind(py).get_item(index)
}
