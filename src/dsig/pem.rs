//! PEM texts (RFC 7468): what the administrator hands us as certificates and private keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of one PEM text we read: a 16,384-bit RSA key takes 13 KB, a certificate chain of ten 30 KB.
const MAX_PEM_BYTES: usize = 262_144;

/// Why a PEM text cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PemError {
    /// No `-----BEGIN …-----` line.
    #[error("no PEM block found, expected a text with -----BEGIN {expected}-----")]
    Missing {
        /// The label that was looked for.
        expected: &'static str,
    },
    /// A block of another kind stands where ours should be.
    #[error("PEM block is {found}, expected {expected}")]
    Label {
        /// The label that was looked for.
        expected: &'static str,
        /// What was found, of the kinds we know.
        found: &'static str,
    },
    /// Begin and end do not fit, or the text between is not base64.
    #[error("PEM block is damaged, expected base64 between -----BEGIN and -----END lines of one label")]
    Damaged,
    /// Far larger than any key or certificate.
    #[error("PEM text is {found_bytes} bytes long, expected at most {MAX_PEM_BYTES}")]
    TooLarge {
        /// Its length.
        found_bytes: usize,
    },
}

impl PemError {
    /// What an operator can do, for the kinds of file that are mistaken most often.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Label { found: "ENCRYPTED PRIVATE KEY", .. } => {
                Some("remove the pass phrase first: openssl pkcs8 -in key.pem -topk8 -nocrypt")
            }
            Self::Label { expected: "PRIVATE KEY", found: "RSA PRIVATE KEY" | "EC PRIVATE KEY" } => {
                Some("convert the key to PKCS#8: openssl pkcs8 -in key.pem -topk8 -nocrypt")
            }
            Self::Label { expected: "CERTIFICATE", found: "PRIVATE KEY" | "RSA PRIVATE KEY" } => {
                Some("this is a private key; pass the certificate that belongs to it")
            }
            _ => None,
        }
    }
}

/// Read all blocks of a PEM text, every one of which must bear `label`; the DER of each, in order.
///
/// Text before, between and after blocks is explanation (RFC 7468 section 2) and skipped.
pub fn blocks(text: &str, label: &'static str) -> Result<Vec<Vec<u8>>, PemError> {
    if text.len() > MAX_PEM_BYTES {
        return Err(PemError::TooLarge { found_bytes: text.len() });
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after_begin)) = rest.split_once("-----BEGIN ") {
        let (begin_label, body) = after_begin.split_once("-----").ok_or(PemError::Damaged)?;
        if begin_label != label {
            return Err(PemError::Label { expected: label, found: known_label(begin_label) });
        }
        let (encoded, after_end) = body.split_once("-----END ").ok_or(PemError::Damaged)?;
        let (end_label, after) = after_end.split_once("-----").ok_or(PemError::Damaged)?;
        if end_label != label {
            return Err(PemError::Damaged);
        }
        let packed: Vec<u8> = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        found.push(STANDARD.decode(packed).map_err(|_| PemError::Damaged)?);
        rest = after;
    }
    if found.is_empty() { Err(PemError::Missing { expected: label }) } else { Ok(found) }
}

/// The label as a constant of ours: a message never quotes a file that may hold a key.
fn known_label(label: &str) -> &'static str {
    const KNOWN: [&str; 8] = [
        "CERTIFICATE",
        "CERTIFICATE REQUEST",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PRIVATE KEY",
        "PUBLIC KEY",
        "RSA PRIVATE KEY",
        "TRUSTED CERTIFICATE",
    ];
    KNOWN.into_iter().find(|known| *known == label).unwrap_or("of an unknown kind")
}
