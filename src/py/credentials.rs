//! A service provider's own keys and certificates, from PEM.

use pyo3::prelude::*;
use std::sync::Arc;

use super::errors::ConfigurationError;
use crate::dsig::{Certificate, PrivateKeyError, SigningKey};
use crate::xmlenc::DecryptionKey;

/// One text, or several.
#[derive(FromPyObject)]
pub(super) enum OneOrMany {
    /// A `str`.
    One(String),
    /// Any sequence of `str`.
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// The private keys of a service provider, parsed once, and the certificates that go with them.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    pub(super) decryption: Arc<[DecryptionKey]>,
    pub(super) signing: Option<SigningKey>,
    certificates: Vec<Certificate>,
}

impl Credentials {
    /// Read the arguments `decryption_key`, `signing_key` and `certificate` of ServiceProvider.
    ///
    /// Which certificate is for which key is told from the keys; one that is of none of them is a mistake.
    pub(super) fn read(
        decryption_key: Option<OneOrMany>,
        signing_key: Option<&str>,
        certificate: Option<OneOrMany>,
    ) -> PyResult<Self> {
        let texts = |texts: Option<OneOrMany>| texts.map(OneOrMany::into_vec).unwrap_or_default();
        let mut read = Self::default();
        let keys = texts(decryption_key);
        let keys = keys.iter().map(|pem| DecryptionKey::from_pem(pem));
        let keys = keys.map(|key| key.map_err(|error| key_error("decryption_key", error)));
        read.decryption = keys.collect::<PyResult<_>>()?;
        let signing = signing_key.map(SigningKey::from_pem).transpose();
        read.signing = signing.map_err(|error| key_error("signing_key", error))?;
        for pem in texts(certificate) {
            let all = Certificate::all_from_pem(&pem).map_err(|error| {
                ConfigurationError::new_err((
                    format!("certificate cannot be read: {error}"),
                    "config.certificate",
                    error.hint(),
                ))
            })?;
            read.certificates.extend(all);
        }
        let belongs =
            |certificate: &Certificate| read.signs_as(certificate) || read.decrypts_for(certificate);
        if read.certificates.iter().all(belongs) {
            Ok(read)
        } else {
            Err(ConfigurationError::new_err((
                "a certificate belongs to none of the private keys, expected one of signing_key or decryption_key",
                "config.certificate_mismatch",
                "pass the certificate that was issued for the private key",
            )))
        }
    }

    /// The certificate of the signing key, if there is one.
    pub(super) fn signing_certificate(&self) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| self.signs_as(certificate))
    }

    /// The certificates of the decryption keys, in the order given.
    pub(super) fn encryption_certificates(&self) -> Vec<&Certificate> {
        self.certificates.iter().filter(|certificate| self.decrypts_for(certificate)).collect()
    }

    fn signs_as(&self, certificate: &Certificate) -> bool {
        self.signing.as_ref().is_some_and(|key| key.fits(certificate))
    }

    fn decrypts_for(&self, certificate: &Certificate) -> bool {
        self.decryption.iter().any(|key| key.fits(certificate))
    }
}

fn key_error(argument: &str, error: PrivateKeyError) -> PyErr {
    let message = format!("{argument} cannot be used: {error}");
    ConfigurationError::new_err((message, "config.private_key", error.hint()))
}
