//! The public keys that signatures are checked with: configured, never taken from a message.

use super::algorithm::{Hash, Scheme, SignatureAlgorithm};
use super::certificate::Certificate;
use super::error::{KeyError, SignatureError};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    VerificationAlgorithm,
};
use std::fmt;
use x509_cert::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfo;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// NIST SP 800-57 and BSI TR-02102 end at 2,048 bits; above 8,192 a verification takes too long.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// A public key that is trusted to sign. It is parsed once, for each algorithm that it may be used with.
#[derive(Clone)]
pub struct TrustedKey {
    kind: KeyKind,
    parsed: Vec<(SignatureAlgorithm, ParsedPublicKey)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum KeyKind {
    Rsa { bits: usize },
    Ec { name: &'static str, scalar_bytes: usize },
}

type Row = (Scheme, Hash, &'static dyn VerificationAlgorithm);

impl TrustedKey {
    /// The key of a certificate. Nothing else in the certificate counts.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, KeyError> {
        Self::from_public_key_info(certificate.public_key_info())
    }

    /// The key of a SubjectPublicKeyInfo, DER (RFC 5280, 4.1.2.7).
    pub fn from_public_key_info(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfo::<AnyRef<'_>, BitStringRef<'_>>::from_der(der)
            .map_err(|_| KeyError::Malformed)?;
        let key = info.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?;
        let (kind, rows): (_, &[Row]) = match info.algorithm.oid {
            RSA_ENCRYPTION => (rsa_kind(key)?, &RSA_ROWS),
            EC_PUBLIC_KEY => {
                let curve = info.algorithm.parameters.and_then(|any| any.decode_as().ok());
                match curve {
                    Some(P256) => (KeyKind::Ec { name: "EC P-256", scalar_bytes: 32 }, &P256_ROWS),
                    Some(P384) => (KeyKind::Ec { name: "EC P-384", scalar_bytes: 48 }, &P384_ROWS),
                    Some(P521) => (KeyKind::Ec { name: "EC P-521", scalar_bytes: 66 }, &P521_ROWS),
                    Some(_) | None => return Err(KeyError::Unsupported),
                }
            }
            _ => return Err(KeyError::Unsupported),
        };
        let parse = |(scheme, hash, algorithm): &Row| {
            // An EC key comes as its point, and aws-lc checks that it lies on the curve.
            let bytes = if matches!(kind, KeyKind::Ec { .. }) { key } else { der };
            let parsed = ParsedPublicKey::new(*algorithm, bytes).map_err(|_| KeyError::Malformed)?;
            Ok((SignatureAlgorithm { scheme: *scheme, hash: *hash }, parsed))
        };
        Ok(Self { kind, parsed: rows.iter().map(parse).collect::<Result<_, _>>()? })
    }

    /// Check a signature over some bytes. None if the key is of another kind than the algorithm needs.
    #[must_use]
    pub(super) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let (_, key) = self.parsed.iter().find(|(known, _)| *known == algorithm)?;
        let KeyKind::Ec { scalar_bytes, .. } = self.kind else {
            return Some(key.verify_sig(message, signature).is_ok());
        };
        let valid =
            ecdsa_der(signature, scalar_bytes).is_some_and(|der| key.verify_sig(message, &der).is_ok());
        Some(valid)
    }
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            KeyKind::Rsa { bits } => write!(out, "TrustedKey(RSA {bits})"),
            KeyKind::Ec { name, .. } => write!(out, "TrustedKey({name})"),
        }
    }
}

/// The first key that made the signature, or why none did.
pub(super) fn verify_with_any(
    keys: &[TrustedKey],
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let mut tried = 0;
    for key in keys {
        match key.verify(algorithm, message, signature) {
            Some(true) => return Ok(()),
            Some(false) => tried += 1,
            None => {}
        }
    }
    if tried > 0 {
        return Err(SignatureError::Invalid { tried });
    }
    let expected = if algorithm.scheme == Scheme::Ecdsa { "EC" } else { "RSA" };
    Err(SignatureError::KeyKind { expected })
}

fn rsa_kind(key: &[u8]) -> Result<KeyKind, KeyError> {
    // RFC 8017, A.1.1: SEQUENCE { modulus INTEGER, publicExponent INTEGER }.
    let modulus = SliceReader::new(key).and_then(|mut reader| {
        reader.sequence(|fields| {
            let modulus: UintRef<'_> = fields.decode()?;
            let _exponent: UintRef<'_> = fields.decode()?;
            Ok::<_, x509_cert::der::Error>(modulus)
        })
    });
    let modulus = modulus.map_err(|_| KeyError::Malformed)?;
    let bytes = modulus.as_bytes();
    let leading = bytes.first().map_or(0, |first| first.leading_zeros());
    let bits = bytes.len() * 8 - usize::try_from(leading).unwrap_or(0);
    if RSA_BITS.contains(&bits) { Ok(KeyKind::Rsa { bits }) } else { Err(KeyError::RsaSize { bits }) }
}

/// `r‖s` as an ECDSA-Sig-Value (RFC 3279, 2.2.3), which every combination of curve and hash is checked with. Both halves
/// must have the length of the curve (XML Signature 1.1, 6.4.3), so a DER signature on the wire is refused.
fn ecdsa_der(signature: &[u8], scalar_bytes: usize) -> Option<Vec<u8>> {
    if signature.len() != scalar_bytes * 2 {
        return None;
    }
    let (r, s) = signature.split_at_checked(scalar_bytes)?;
    let integer = |scalar: &[u8]| {
        let zeros = scalar.iter().take_while(|byte| **byte == 0).count();
        let digits = scalar.get(zeros..).unwrap_or_default();
        let pad = digits.first().is_none_or(|first| *first >= 0x80);
        let length = digits.len() + usize::from(pad);
        let mut der = vec![0x02, u8::try_from(length).unwrap_or(u8::MAX)];
        der.extend(pad.then_some(0));
        der.extend_from_slice(digits);
        der
    };
    let body = [integer(r), integer(s)].concat();
    let length = u8::try_from(body.len()).ok()?;
    let header = if length < 0x80 { vec![0x30, length] } else { vec![0x30, 0x81, length] };
    Some([header, body].concat())
}

static RSA_ROWS: [Row; 6] = [
    (Scheme::RsaPkcs1, Hash::Sha256, &RSA_PKCS1_2048_8192_SHA256),
    (Scheme::RsaPkcs1, Hash::Sha384, &RSA_PKCS1_2048_8192_SHA384),
    (Scheme::RsaPkcs1, Hash::Sha512, &RSA_PKCS1_2048_8192_SHA512),
    (Scheme::RsaPss, Hash::Sha256, &RSA_PSS_2048_8192_SHA256),
    (Scheme::RsaPss, Hash::Sha384, &RSA_PSS_2048_8192_SHA384),
    (Scheme::RsaPss, Hash::Sha512, &RSA_PSS_2048_8192_SHA512),
];

static P256_ROWS: [Row; 3] = [
    (Scheme::Ecdsa, Hash::Sha256, &ECDSA_P256_SHA256_ASN1),
    (Scheme::Ecdsa, Hash::Sha384, &ECDSA_P256_SHA384_ASN1),
    (Scheme::Ecdsa, Hash::Sha512, &ECDSA_P256_SHA512_ASN1),
];

static P384_ROWS: [Row; 3] = [
    (Scheme::Ecdsa, Hash::Sha256, &ECDSA_P384_SHA256_ASN1),
    (Scheme::Ecdsa, Hash::Sha384, &ECDSA_P384_SHA384_ASN1),
    (Scheme::Ecdsa, Hash::Sha512, &ECDSA_P384_SHA512_ASN1),
];

static P521_ROWS: [Row; 3] = [
    (Scheme::Ecdsa, Hash::Sha256, &ECDSA_P521_SHA256_ASN1),
    (Scheme::Ecdsa, Hash::Sha384, &ECDSA_P521_SHA384_ASN1),
    (Scheme::Ecdsa, Hash::Sha512, &ECDSA_P521_SHA512_ASN1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_gives_a_trusted_key() {
        let pem = include_str!("../../tests/vectors/idp/simplesamlphp/idp-cert.pem");
        let certificate = Certificate::all_from_pem(pem).unwrap().remove(0);
        let key = TrustedKey::from_certificate(&certificate).unwrap();
        assert_eq!(format!("{key:?}"), "TrustedKey(RSA 2048)");
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        assert_eq!(TrustedKey::from_public_key_info(b"").unwrap_err().code(), "dsig.key_malformed");
        assert_eq!(TrustedKey::from_public_key_info(&[0x30, 0]).unwrap_err().code(), "dsig.key_malformed");
    }

    #[test]
    fn an_ecdsa_signature_has_two_halves_of_the_length_of_the_curve() {
        assert_eq!(ecdsa_der(&[0; 63], 32), None);
        assert_eq!(ecdsa_der(&[0; 65], 32), None);
        let mut signature = [0_u8; 64];
        signature[31] = 1;
        signature[32] = 0x80;
        let mut expected = vec![0x30, 0x26, 0x02, 1, 1, 0x02, 33, 0, 0x80];
        expected.extend([0; 31]);
        assert_eq!(ecdsa_der(&signature, 32), Some(expected));
        assert_eq!(ecdsa_der(&[0; 64], 32), Some(vec![0x30, 6, 2, 1, 0, 2, 1, 0]));
        let long = ecdsa_der(&[0xFF; 132], 66).unwrap();
        assert_eq!(long.get(..3), Some(&[0x30, 0x81, 138][..]));
    }
}
