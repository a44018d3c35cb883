//! The algorithms that are accepted, by the names they have on the wire; everything else has a code of its own.

use super::error::SignatureError;
use aws_lc_rs::digest;

/// `Algorithm` of the enveloped-signature transform (XML Signature 6.6.4).
pub(super) const ENVELOPED_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// A hash function that is strong enough.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Read the `Algorithm` of a DigestMethod.
    pub fn from_uri(uri: &str) -> Result<Self, SignatureError> {
        let role = "digest";
        let weak = |name| Err(SignatureError::AlgorithmWeak { role, name });
        match uri {
            "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(Self::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(Self::Sha384),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(Self::Sha512),
            "http://www.w3.org/2000/09/xmldsig#sha1" => weak("SHA-1"),
            "http://www.w3.org/2001/04/xmldsig-more#md5" => weak("MD5"),
            "http://www.w3.org/2001/04/xmlenc#ripemd160" => weak("RIPEMD-160"),
            _ => Err(SignatureError::AlgorithmUnsupported { role }),
        }
    }

    /// The digest of some bytes.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}

/// What the key does with the hash.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2).
    RsaPkcs1,
    /// RSASSA-PSS, MGF1 with the same hash, salt as long as the hash (RFC 9231, 2.3.10).
    RsaPss,
    /// ECDSA, r and s side by side (XML Signature 1.1, 6.4.3).
    Ecdsa,
}

/// A signature algorithm.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SignatureAlgorithm {
    /// What the key does.
    pub scheme: Scheme,
    /// What SignedInfo is hashed with.
    pub hash: Hash,
}

impl SignatureAlgorithm {
    /// Read the `Algorithm` of a SignatureMethod.
    pub fn from_uri(uri: &str) -> Result<Self, SignatureError> {
        use Hash::{Sha256, Sha384, Sha512};
        use Scheme::{Ecdsa, RsaPkcs1, RsaPss};
        let role = "signature";
        let weak = |name| Err(SignatureError::AlgorithmWeak { role, name });
        let (scheme, hash) = match uri {
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => (RsaPkcs1, Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => (RsaPkcs1, Sha384),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => (RsaPkcs1, Sha512),
            "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1" => (RsaPss, Sha256),
            "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1" => (RsaPss, Sha384),
            "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1" => (RsaPss, Sha512),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => (Ecdsa, Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => (Ecdsa, Sha384),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" => (Ecdsa, Sha512),
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => return weak("RSA-SHA1"),
            "http://www.w3.org/2000/09/xmldsig#dsa-sha1" => return weak("DSA-SHA1"),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1" => return weak("ECDSA-SHA1"),
            "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1" => return weak("RSA-PSS-SHA1"),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5" => return weak("RSA-MD5"),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160" => return weak("RSA-RIPEMD160"),
            _ if uri.contains("#hmac-") => return Err(SignatureError::AlgorithmSymmetric),
            _ => return Err(SignatureError::AlgorithmUnsupported { role }),
        };
        Ok(Self { scheme, hash })
    }
}
