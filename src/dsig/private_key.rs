//! Our own private keys, PKCS#8: for signing requests and metadata here, for decryption in [`crate::xmlenc`].

use aws_lc_rs::digest::{Algorithm as DigestAlgorithm, SHA256, SHA384, SHA512, digest};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256,
};

use super::certificate::Certificate;
use super::pem::{self, PemError};

/// Why a private key of ours cannot be used. Says nothing of the key itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PrivateKeyError {
    /// The PEM armour is wrong.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// More than one key in one text: which of them is meant?
    #[error("PEM text holds {found} private keys, expected one")]
    Several {
        /// How many there are.
        found: usize,
    },
    /// The key is of another kind, or broken.
    #[error("private key cannot be used, expected {expected}")]
    Unusable {
        /// What would do.
        expected: &'static str,
    },
    /// Signing failed inside the cryptographic library.
    #[error("the private key could not sign")]
    Signing,
}

impl PrivateKeyError {
    /// What an operator can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Pem(error) => error.hint(),
            Self::Several { .. } | Self::Unusable { .. } | Self::Signing => None,
        }
    }
}

/// The PKCS#8 bytes of the one private key in a PEM text.
pub fn pkcs8_from_pem(text: &str) -> Result<Vec<u8>, PrivateKeyError> {
    let mut blocks = pem::blocks(text, "PRIVATE KEY")?;
    match (blocks.pop(), blocks.len()) {
        (Some(only), 0) => Ok(only),
        (_, others) => Err(PrivateKeyError::Several { found: others.saturating_add(1) }),
    }
}

/// A key we sign with: RSA of 2,048 to 8,192 bits (PKCS#1 v1.5, SHA-256), or ECDSA on P-256, P-384 or P-521.
///
/// RSA PKCS#1 v1.5 and not PSS: it is what every identity provider can check.
pub struct SigningKey(Inner);

enum Inner {
    Rsa(Box<rsa::KeyPair>),
    Ec { pair: Box<EcdsaKeyPair>, curve: &'static Curve },
}

struct Curve {
    signing: &'static EcdsaSigningAlgorithm,
    digest: &'static DigestAlgorithm,
    signature_uri: &'static str,
}

// RFC 9231 section 2.3.6: the digest that fits the curve.
static CURVES: [Curve; 3] = [
    Curve {
        signing: &ECDSA_P256_SHA256_FIXED_SIGNING,
        digest: &SHA256,
        signature_uri: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    },
    Curve {
        signing: &ECDSA_P384_SHA384_FIXED_SIGNING,
        digest: &SHA384,
        signature_uri: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    },
    Curve {
        signing: &ECDSA_P521_SHA512_FIXED_SIGNING,
        digest: &SHA512,
        signature_uri: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
    },
];

impl SigningKey {
    /// Read a PEM text with one PKCS#8 private key.
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        let pkcs8 = pkcs8_from_pem(text)?;
        if let Ok(pair) = rsa::KeyPair::from_pkcs8(&pkcs8) {
            return Ok(Self(Inner::Rsa(Box::new(pair))));
        }
        let ec = |curve: &'static Curve| {
            let pair = EcdsaKeyPair::from_pkcs8(curve.signing, &pkcs8).ok()?;
            Some(Self(Inner::Ec { pair: Box::new(pair), curve }))
        };
        CURVES.iter().find_map(ec).ok_or(PrivateKeyError::Unusable {
            expected: "an RSA key of 2048 to 8192 bits or an EC key on P-256, P-384 or P-521",
        })
    }

    /// The SignatureMethod URI of what [`Self::sign`] makes.
    #[must_use]
    pub fn signature_uri(&self) -> &'static str {
        match &self.0 {
            Inner::Rsa(_) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Inner::Ec { curve, .. } => curve.signature_uri,
        }
    }

    /// The bytes of a SignatureValue over `message`: PKCS#1 v1.5 for RSA, r‖s for ECDSA (XMLDSig 1.1 section 6.4.3).
    ///
    /// The blinding and the ECDSA nonce are drawn inside AWS-LC; no caller could hand in better ones.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PrivateKeyError> {
        match &self.0 {
            Inner::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, &digest(&SHA256, message), &mut signature)
                    .map_err(|_| PrivateKeyError::Signing)?;
                Ok(signature)
            }
            Inner::Ec { pair, curve } => pair
                .sign_digest(&digest(curve.digest, message))
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| PrivateKeyError::Signing),
        }
    }

    /// Whether the certificate is of this key.
    #[must_use]
    pub fn fits(&self, certificate: &Certificate) -> bool {
        // The key (RSAPublicKey, or the uncompressed point) ends the SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
        let key = match &self.0 {
            Inner::Rsa(pair) => pair.public_key().as_ref(),
            Inner::Ec { pair, .. } => pair.public_key().as_ref(),
        };
        certificate.public_key_info().ends_with(key)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SigningKey").field("algorithm", &self.signature_uri()).finish_non_exhaustive()
    }
}
