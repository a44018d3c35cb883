//! `IdentityProvider.from_metadata`.

use super::credentials::OneOrMany;
use super::errors::ConfigurationError;
use super::identity_provider::{PyIdentityProvider, warn};
use super::instant::instant_or_now;
use crate::dsig::{Certificate, TrustedKey};
use crate::limits::Limits;
use crate::saml::{IdentityProviderMetadata, MetadataError};
use crate::xml::XmlError;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// Read, check and warn.
pub(super) fn from_metadata(
    py: Python<'_>,
    metadata: &Bound<'_, PyAny>,
    entity_id: Option<&str>,
    signing_certificates: Option<OneOrMany>,
    now: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyIdentityProvider> {
    let bytes = document(metadata)?;
    let now = instant_or_now(now)?;
    let keys = signing_certificates.map(trusted_keys).transpose()?;
    let read = py.detach(|| match &keys {
        None => IdentityProviderMetadata::read(bytes, entity_id, now, &Limits::METADATA),
        Some(keys) => IdentityProviderMetadata::read_signed(bytes, keys, entity_id, now, &Limits::METADATA),
    })?;
    for error in &read.unusable_keys {
        warn(py, &format!("a signing key of {:?} is not used: {error}", read.entity_id))?;
    }
    PyIdentityProvider::from_read(py, read, now)
}

/// The bytes of a `str` or `bytes`, lent.
fn document<'a>(metadata: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    if let Ok(bytes) = metadata.cast::<PyBytes>() {
        return Ok(bytes.as_bytes());
    }
    let Ok(text) = metadata.cast::<PyString>() else {
        let found = metadata.get_type().name()?;
        return Err(PyTypeError::new_err(format!("xml is {found}, expected str or bytes")));
    };
    // A text with half a surrogate pair is no UTF-8.
    text.to_str().map(str::as_bytes).map_err(|_| MetadataError::Xml(XmlError::Encoding { offset: 0 }).into())
}

/// The keys that may have signed the metadata. Given but empty is a mistake: it would switch the check off.
fn trusted_keys(certificates: OneOrMany) -> PyResult<Vec<TrustedKey>> {
    let fault = |message: String, hint: Option<&str>| {
        ConfigurationError::new_err((message, "config.certificate", hint.map(str::to_owned)))
    };
    let mut keys = Vec::new();
    for (index, pem) in certificates.into_vec().iter().enumerate() {
        let found = Certificate::all_from_pem(pem).map_err(|error| {
            fault(format!("signing_certificates[{index}] cannot be read: {error}"), error.hint())
        })?;
        for certificate in &found {
            keys.push(TrustedKey::from_certificate(certificate).map_err(|error| {
                fault(format!("signing_certificates[{index}] cannot be trusted: {error}"), None)
            })?);
        }
    }
    if keys.is_empty() {
        return Err(fault(
            "signing_certificates is empty, expected at least one certificate, or None to read metadata without a check".to_owned(),
            None,
        ));
    }
    Ok(keys)
}
