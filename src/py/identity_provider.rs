//! `memberof.IdentityProvider`.

use super::credentials::OneOrMany;
use super::errors::{ConfigurationError, configuration_error};
use super::instant::{datetime, instant_or_now};
use super::metadata::from_metadata;
use super::request::{HTTP_POST, HTTP_REDIRECT};
use crate::dsig::{Certificate, TrustedKey};
use crate::saml::{Endpoint, IdentityProvider, IdentityProviderMetadata};
use crate::time::UtcTime;
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::ffi::CString;

/// The identity provider whose assertions are trusted.
///
/// Args:
///     entity_id: Its entity ID, exactly as it is in its metadata.
///     certificates: Its signing certificates, PEM; each text may hold several. Several are tried, as in a rollover. They are
///         key containers: an expired one warns and still counts (SAML Metadata Interoperability Profile 2.6.1).
///     sso_url: Where it takes login requests, by HTTP-Redirect and HTTP-POST alike, or None.
///
/// Raises:
///     ConfigurationError: No certificate, or one that cannot be read or has a weak key.
#[pyclass(frozen, name = "IdentityProvider", module = "memberof")]
pub(crate) struct PyIdentityProvider {
    pub(super) inner: IdentityProvider,
    certificates: Vec<Certificate>,
    pub(super) single_sign_on: Vec<Endpoint>,
    wants_signed_requests: bool,
    valid_until: Option<UtcTime>,
    cache_seconds: Option<u64>,
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
        warn_of_expired(py, &parsed, &entity_id, instant_or_now(None)?)?;
        let endpoint = |binding: &str, location: &String| Endpoint {
            binding: binding.to_owned(),
            location: location.clone(),
        };
        let locations = sso_url.iter();
        let single_sign_on =
            locations.flat_map(|url| [endpoint(HTTP_REDIRECT, url), endpoint(HTTP_POST, url)]);
        Ok(Self {
            single_sign_on: single_sign_on.collect(),
            inner: IdentityProvider { entity_id, signing_keys },
            certificates: parsed,
            wants_signed_requests: false,
            valid_until: None,
            cache_seconds: None,
        })
    }

    /// Read an identity provider from its SAML metadata (SAML Metadata 2.4): entity ID, single sign-on locations, and all of its
    /// signing keys.
    ///
    /// Metadata decide whose word is believed. Pass ``signing_certificates`` where somebody signs them; otherwise be sure of the
    /// way they came (a file that an administrator checked, an HTTPS address of the identity provider).
    ///
    /// Args:
    ///     xml: An EntityDescriptor or EntitiesDescriptor, at most 128 MB; ``bytes`` are UTF-8.
    ///     entity_id: Which identity provider, where there are several.
    ///     signing_certificates: Certificates (PEM) of who signs the metadata. Given, the document or the identity provider's
    ///         EntityDescriptor must be signed by one of them, by the same rules as a Response, and nothing else is read.
    ///     now: The time, an aware datetime; None reads the clock.
    ///
    /// Returns:
    ///     The identity provider. Keys that cannot be used and certificates that have expired are warned of.
    ///
    /// Raises:
    ///     ConfigurationError: No metadata, no or several identity providers, no signing key, or ``validUntil`` is over.
    ///     VerificationError: ``signing_certificates`` are given, and the metadata are not signed or not by one of them.
    #[staticmethod]
    #[pyo3(name = "from_metadata", signature = (xml, *, entity_id=None, signing_certificates=None, now=None))]
    fn read_metadata(
        py: Python<'_>,
        xml: &Bound<'_, PyAny>,
        entity_id: Option<&str>,
        signing_certificates: Option<OneOrMany>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        from_metadata(py, xml, entity_id, signing_certificates, now)
    }

    /// Its entity ID: the issuer of its assertions.
    #[getter]
    fn entity_id(&self) -> &str {
        &self.inner.entity_id
    }

    /// Where it takes login requests by HTTP-Redirect, or None.
    #[getter]
    fn sso_url(&self) -> Option<&str> {
        let mut endpoints = self.single_sign_on.iter();
        endpoints
            .find(|endpoint| endpoint.binding == HTTP_REDIRECT)
            .map(|endpoint| endpoint.location.as_str())
    }

    /// Where it takes login requests: location by binding URI, the first of each binding.
    #[getter]
    fn sso_urls(&self) -> BTreeMap<&str, &str> {
        let endpoints = self.single_sign_on.iter().rev();
        endpoints.map(|endpoint| (endpoint.binding.as_str(), endpoint.location.as_str())).collect()
    }

    /// Whether its metadata ask for signed login requests. Some say so and take unsigned ones.
    #[getter]
    fn wants_signed_requests(&self) -> bool {
        self.wants_signed_requests
    }

    /// Until when its metadata may be used, or None.
    #[getter]
    fn valid_until<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.valid_until.map(|instant| datetime(py, instant)).transpose()
    }

    /// For how long its metadata may be kept before they are fetched again, or None. A month counts 28 days, a year 365.
    #[getter]
    fn cache_duration<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // timedelta ends at 999,999,999 days.
        const MOST_SECONDS: u64 = 999_999_999 * 86_400;
        let Some(seconds) = self.cache_seconds else { return Ok(None) };
        let class = py.import("datetime")?.getattr("timedelta")?;
        Ok(Some(class.call1((0, seconds.min(MOST_SECONDS)))?))
    }

    /// Its signing certificates, DER, in the order given.
    #[getter]
    fn certificates(&self) -> Vec<&[u8]> {
        self.certificates.iter().map(Certificate::der).collect()
    }

    fn __repr__(&self) -> String {
        let Self { inner, certificates, .. } = self;
        let sso_url = self.sso_url().map_or_else(|| "None".to_owned(), |url| format!("{url:?}"));
        format!(
            "IdentityProvider(entity_id={:?}, certificates=<{}>, sso_url={sso_url})",
            inner.entity_id,
            certificates.len()
        )
    }
}

impl PyIdentityProvider {
    pub(super) fn from_read(py: Python<'_>, read: IdentityProviderMetadata, now: UtcTime) -> PyResult<Self> {
        warn_of_expired(py, &read.signing_certificates, &read.entity_id, now)?;
        let signing_keys = read.signing_keys();
        Ok(Self {
            inner: IdentityProvider { entity_id: read.entity_id, signing_keys },
            certificates: read.signing_certificates,
            single_sign_on: read.single_sign_on,
            wants_signed_requests: read.wants_signed_requests,
            valid_until: read.valid_until,
            cache_seconds: read.cache_seconds,
        })
    }
}

fn warn_of_expired(
    py: Python<'_>,
    certificates: &[Certificate],
    entity_id: &str,
    now: UtcTime,
) -> PyResult<()> {
    let now_seconds = u64::try_from(now.unix_millis() / 1_000).unwrap_or(0);
    let expired = |certificate: &&Certificate| {
        certificate.not_after_unix_seconds().is_some_and(|end| now_seconds > end)
    };
    match certificates.iter().find(expired) {
        None => Ok(()),
        Some(_) => warn(
            py,
            &format!(
                "a signing certificate of {entity_id:?} has expired; it still counts, but ask for a new one"
            ),
        ),
    }
}

/// A `UserWarning` at the caller's line.
pub(super) fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    let message = CString::new(message).map_err(|_| ConfigurationError::new_err("entity_id holds a NUL"))?;
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 1)
}
