//! X.509 certificates as key containers: the public key, and the dates to warn of. Nothing else in them is believed.

use std::ops::Range;

use x509_cert::der::{Reader as _, SliceReader, Tag, TagNumber, asn1::BitStringRef};
use x509_cert::time::Validity;

use super::pem::{self, PemError};

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateError {
    /// The PEM armour is wrong.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The bytes inside are not an X.509 certificate.
    #[error("certificate is not valid DER of an X.509 certificate")]
    Der,
}

impl CertificateError {
    /// What an operator can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Pem(error) => error.hint(),
            Self::Der => None,
        }
    }
}

/// A certificate: its DER, where its public key stands in it, and from when to when it says it is valid.
///
/// The dates are for warnings: a certificate in SAML metadata carries a key, and trust comes from the metadata, so expiry
/// refuses nothing (SAML V2.0 Metadata Interoperability Profile 2.6.1).
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Certificate {
    der: Vec<u8>,
    issuer: Range<usize>,
    subject: Range<usize>,
    public_key: Range<usize>,
    window_unix_seconds: Option<(u64, u64)>,
}

impl Certificate {
    /// Read every certificate of a PEM text, in order; at least one.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, CertificateError> {
        pem::blocks(text, "CERTIFICATE")?.into_iter().map(Self::from_der).collect()
    }

    /// Read a certificate from its DER.
    pub fn from_der(der: Vec<u8>) -> Result<Self, CertificateError> {
        let Parts { issuer, subject, public_key, window_unix_seconds } =
            walk(&der).map_err(|_| CertificateError::Der)?;
        Ok(Self { der, issuer, subject, public_key, window_unix_seconds })
    }

    /// The whole certificate, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SubjectPublicKeyInfo, DER.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        self.part(&self.public_key)
    }

    /// Whether the other certificate names this one's subject as its issuer, and is not self-issued.
    ///
    /// Names only: it serves to leave authorities out, never to believe anybody.
    #[must_use]
    pub fn issued(&self, other: &Self) -> bool {
        let other_issuer = other.part(&other.issuer);
        other_issuer != other.part(&other.subject) && other_issuer == self.part(&self.subject)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// `notAfter` in seconds since 1970, where it can be read.
    #[must_use]
    pub fn not_after_unix_seconds(&self) -> Option<u64> {
        self.window_unix_seconds.map(|(_, not_after)| not_after)
    }

    /// `notBefore` in seconds since 1970, where it can be read.
    #[must_use]
    pub fn not_before_unix_seconds(&self) -> Option<u64> {
        self.window_unix_seconds.map(|(not_before, _)| not_before)
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Certificate").field("bytes", &self.der.len()).finish_non_exhaustive()
    }
}

struct Parts {
    issuer: Range<usize>,
    subject: Range<usize>,
    public_key: Range<usize>,
    window_unix_seconds: Option<(u64, u64)>,
}

/// Walk to the public key (RFC 5280 section 4.1) without judging what stands before and behind it: real identity providers
/// use negative serial numbers, odd names and extensions, none of which matter to the key.
fn walk(der: &[u8]) -> x509_cert::der::Result<Parts> {
    let mut reader = SliceReader::new(der)?;
    let parts = reader.sequence(|certificate| {
        let parts = certificate.sequence(|fields| {
            let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
            if Tag::peek(fields)? == version {
                fields.tlv_bytes()?;
            }
            fields.tlv_bytes()?; // serialNumber
            fields.tlv_bytes()?; // signature
            let issuer = span(fields)?;
            let validity = fields.tlv_bytes()?;
            let subject = span(fields)?;
            let public_key = span(fields)?;
            while !fields.is_finished() {
                fields.tlv_bytes()?;
            }
            let window_unix_seconds = window(validity);
            Ok::<_, x509_cert::der::Error>(Parts { issuer, subject, public_key, window_unix_seconds })
        })?;
        certificate.tlv_bytes()?; // signatureAlgorithm
        certificate.decode::<BitStringRef<'_>>()?; // signature
        Ok::<_, x509_cert::der::Error>(parts)
    })?;
    reader.finish()?;
    Ok(parts)
}

/// Where the next value stands in the certificate.
fn span(fields: &mut SliceReader<'_>) -> x509_cert::der::Result<Range<usize>> {
    let start = usize::try_from(fields.offset())?;
    let length = fields.tlv_bytes()?.len();
    Ok(start..start.saturating_add(length))
}

fn window(validity: &[u8]) -> Option<(u64, u64)> {
    let validity: Validity = SliceReader::new(validity).ok()?.decode().ok()?;
    Some((validity.not_before.to_unix_duration().as_secs(), validity.not_after.to_unix_duration().as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsig::pem;

    const PEM: &str = include_str!("../../tests/vectors/idp/simplesamlphp/idp-cert.pem");

    #[test]
    fn a_certificate_gives_its_key_and_its_dates() {
        let certificate = &Certificate::all_from_pem(PEM).unwrap()[0];
        assert!(certificate.public_key_info().starts_with(&[0x30, 0x82, 0x01, 0x22, 0x30, 0x0d]));
        assert_eq!(certificate.public_key_info().len(), 294);
        assert!(
            certificate.not_before_unix_seconds().unwrap() < certificate.not_after_unix_seconds().unwrap()
        );
    }

    #[test]
    fn several_certificates_of_one_text_keep_their_order() {
        let other = include_str!("../../tests/vectors/idp/simplesamlphp/idp-cert-2.pem");
        let both = Certificate::all_from_pem(&format!("signing\n{PEM}\nnext\n{other}")).unwrap();
        let single = |text| Certificate::all_from_pem(text).unwrap().remove(0);
        assert_eq!(both, [single(PEM), single(other)]);
    }

    #[test]
    fn a_truncated_or_extended_certificate_is_refused() {
        let der = pem::blocks(PEM, "CERTIFICATE").unwrap().remove(0);
        for length in 0..der.len() {
            assert_eq!(Certificate::from_der(der[..length].to_vec()), Err(CertificateError::Der));
        }
        assert_eq!(Certificate::from_der([&der[..], &[0]].concat()), Err(CertificateError::Der));
    }

    #[test]
    fn other_pem_texts_are_named_and_never_quoted() {
        let cases = [
            ("", "no PEM block found, expected a text with -----BEGIN CERTIFICATE-----"),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
                "PEM block is PRIVATE KEY, expected CERTIFICATE",
            ),
            ("-----BEGIN swordfish-----\n", "PEM block is of an unknown kind, expected CERTIFICATE"),
            (
                "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
                "PEM block is damaged, expected base64 between -----BEGIN and -----END lines of one label",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n",
                "PEM block is damaged, expected base64 between -----BEGIN and -----END lines of one label",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(Certificate::all_from_pem(text).unwrap_err().to_string(), message);
        }
    }
}
