//! `memberof.IdentityProvider`.

use super::errors::{ConfigurationError, configuration_error};
use crate::dsig::{Certificate, TrustedKey};
use crate::saml::IdentityProvider;
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use std::ffi::CString;
use std::time::{SystemTime, UNIX_EPOCH};

/// The identity provider whose assertions are trusted.
///
/// Args:
///     entity_id: Its entity ID, exactly as it is in its metadata.
///     certificates: Its signing certificates, PEM; each text may hold several. Several are tried, as in a rollover. They are
///         key containers: an expired one warns and still counts (SAML Metadata Interoperability Profile 2.6.1).
///     sso_url: Where it takes login requests by HTTP-Redirect, or None.
///
/// Raises:
///     ConfigurationError: No certificate, or one that cannot be read or has a weak key.
#[pyclass(frozen, name = "IdentityProvider", module = "memberof")]
pub(crate) struct PyIdentityProvider {
    pub(super) inner: IdentityProvider,
    certificates: Vec<Certificate>,
    sso_url: Option<String>,
}

#[pymethods]
impl PyIdentityProvider {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over")]
    #[pyo3(signature = (*, entity_id, certificates, sso_url=None))]
    fn new(
        py: Python<'_>,
        entity_id: String,
        certificates: Vec<String>,
        sso_url: Option<String>,
    ) -> PyResult<Self> {
        let mut problems = Vec::new();
        if entity_id.is_empty() {
            problems.push("entity_id is empty".to_owned());
        }
        if certificates.is_empty() {
            problems.push("certificates is empty, expected at least one signing certificate".to_owned());
        }
        let mut parsed = Vec::new();
        for (index, pem) in certificates.iter().enumerate() {
            match Certificate::all_from_pem(pem) {
                Ok(found) => parsed.extend(found),
                Err(error) => problems.push(format!("certificates[{index}] cannot be read: {error}")),
            }
        }
        let mut signing_keys = Vec::new();
        for (index, certificate) in parsed.iter().enumerate() {
            match TrustedKey::from_certificate(certificate) {
                Ok(key) => signing_keys.push(key),
                Err(error) => problems.push(format!("certificate {index} cannot be trusted: {error}")),
            }
        }
        if !problems.is_empty() {
            return Err(configuration_error("the identity provider cannot be used", problems));
        }
        for certificate in &parsed {
            warn_if_expired(py, certificate, &entity_id)?;
        }
        Ok(Self { inner: IdentityProvider { entity_id, signing_keys }, certificates: parsed, sso_url })
    }

    /// Its entity ID: the issuer of its assertions.
    #[getter]
    fn entity_id(&self) -> &str {
        &self.inner.entity_id
    }

    /// Where it takes login requests by HTTP-Redirect, or None.
    #[getter]
    fn sso_url(&self) -> Option<&str> {
        self.sso_url.as_deref()
    }

    /// Its signing certificates, DER, in the order given.
    #[getter]
    fn certificates(&self) -> Vec<&[u8]> {
        self.certificates.iter().map(Certificate::der).collect()
    }

    fn __repr__(&self) -> String {
        let Self { inner, certificates, sso_url } = self;
        let sso_url = sso_url.as_ref().map_or_else(|| "None".to_owned(), |url| format!("{url:?}"));
        format!(
            "IdentityProvider(entity_id={:?}, certificates=<{}>, sso_url={sso_url})",
            inner.entity_id,
            certificates.len()
        )
    }
}

fn warn_if_expired(py: Python<'_>, certificate: &Certificate, entity_id: &str) -> PyResult<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if certificate.not_after_unix_seconds().is_none_or(|end| now <= end) {
        return Ok(());
    }
    let message =
        format!("a signing certificate of {entity_id:?} has expired; it still counts, but ask for a new one");
    let message = CString::new(message).map_err(|_| ConfigurationError::new_err("entity_id holds a NUL"))?;
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 2)
}
