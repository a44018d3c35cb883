//! `peek`: the crossing of [`Glimpse`], for `memberof.doctor` alone.

use super::assertion::PyVerifiedAssertion;
use super::instant::datetime;
use super::limits::PyLimits;
use crate::saml::{Glimpse, GlimpsedAttribute, ResponseError};
use crate::time::UtcTime;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Look at a message without verifying it: what it says, whoever wrote it.
///
/// Args:
///     message: The message, XML in bytes; or a ``VerifiedAssertion``, of which the signed bytes are looked at.
///     limits: Bounds on it.
///
/// Returns:
///     The fields of ``memberof.doctor.glimpse.Glimpse``. No name of the subject is among them.
///
/// Raises:
///     VerificationError: No well-formed XML within the limits (codes ``xml.…``).
#[pyfunction]
#[pyo3(signature = (message, *, limits=None))]
pub(crate) fn peek<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    limits: Option<PyLimits>,
) -> PyResult<Bound<'py, PyDict>> {
    let limits = limits.map(|limits| limits.inner).unwrap_or_default();
    let seen = if let Ok(assertion) = message.cast::<PyVerifiedAssertion>() {
        let inner = &assertion.get().inner;
        py.detach(|| Glimpse::of_verified(inner, &limits))
    } else {
        let xml = message.extract::<&[u8]>()?;
        py.detach(|| Glimpse::of(xml, &limits))
    };
    let seen = seen.map_err(ResponseError::from)?;
    let fields = PyDict::new(py);
    fields.set_item("namespace", seen.namespace)?;
    fields.set_item("name", seen.name)?;
    fields.set_item("issuer", seen.issuer)?;
    fields.set_item("issuer_format", seen.issuer_format)?;
    fields.set_item("destination", seen.destination)?;
    fields.set_item("in_response_to", seen.in_response_to)?;
    fields.set_item("consent", seen.consent)?;
    fields.set_item("status", seen.status)?;
    fields.set_item("signatures", seen.signatures)?;
    fields.set_item("assertions", seen.assertions)?;
    fields.set_item("encrypted", seen.encrypted)?;
    fields.set_item("audiences", seen.audiences)?;
    fields.set_item("recipients", seen.recipients)?;
    fields.set_item("has_name_id", seen.has_name_id)?;
    fields.set_item("name_id_format", seen.name_id_format)?;
    fields.set_item("authn_context", seen.authn_context)?;
    fields.set_item("attributes_first", seen.attributes_first)?;
    fields.set_item("protocol_prefix", seen.protocol_prefix)?;
    fields.set_item("assertion_prefix", seen.assertion_prefix)?;
    fields.set_item("signature_prefix", seen.signature_prefix)?;
    fields.set_item("types_declared_on", seen.types_declared_on)?;
    // An offset can carry a time past the years that Python knows: such a one says nothing.
    let at = |instant: Option<UtcTime>| instant.and_then(|instant| datetime(py, instant).ok());
    fields.set_item("issue_instant", at(seen.issue_instant))?;
    fields.set_item("not_before", at(seen.not_before))?;
    fields.set_item("not_on_or_after", at(seen.not_on_or_after))?;
    fields.set_item("session_not_on_or_after", at(seen.session_not_on_or_after))?;
    let attributes = PyList::empty(py);
    for attribute in seen.attributes {
        attributes.append(attribute_fields(py, attribute)?)?;
    }
    fields.set_item("attributes", attributes)?;
    Ok(fields)
}

fn attribute_fields(py: Python<'_>, seen: GlimpsedAttribute) -> PyResult<Bound<'_, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("name", seen.name)?;
    fields.set_item("friendly_name", seen.friendly_name)?;
    fields.set_item("name_format", seen.name_format)?;
    fields.set_item("elements", seen.elements)?;
    fields.set_item("types", seen.types)?;
    fields.set_item("values", seen.values)?;
    Ok(fields)
}
