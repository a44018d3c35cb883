//! Why a signature is refused.

use crate::xml::XmlError;
use thiserror::Error;

/// A signature that does not count.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SignatureError {
    /// The canonical form cannot be made.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The signed element bears no usable ID.
    #[error("the signed element has no ID of letters, digits, hyphens, underscores and full stops")]
    ElementId,
    /// An element has two signatures of its own.
    #[error("an element has {found} signatures of its own, expected at most one")]
    Repeated {
        /// How many.
        found: usize,
    },
    /// Something in the Signature that the profile does not know.
    #[error("the signature is not of the profile: {what}")]
    Structure {
        /// What.
        what: &'static str,
    },
    /// A hash function that is broken.
    #[error("the {role} algorithm is {name}, expected SHA-256, SHA-384 or SHA-512")]
    AlgorithmWeak {
        /// Signature or digest.
        role: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// A keyed hash: whoever verifies could sign.
    #[error("the signature algorithm is an HMAC, expected RSA or ECDSA")]
    AlgorithmSymmetric,
    /// An algorithm that the profile does not know.
    #[error("the {role} algorithm is not one of those supported")]
    AlgorithmUnsupported {
        /// Signature, digest or canonicalization.
        role: &'static str,
    },
    /// A parameter of an algorithm.
    #[error("the {role} algorithm has a parameter, expected none")]
    AlgorithmParameter {
        /// Signature, digest, canonicalization or transform.
        role: &'static str,
    },
    /// Not exactly one Reference.
    #[error("the signature has {found} references, expected one")]
    ReferenceCount {
        /// How many.
        found: usize,
    },
    /// The Reference is to something else than the element that the signature stands in.
    #[error("the signature's reference is not the ID of the element that it stands in")]
    ReferenceUri,
    /// Other transforms than enveloped-signature and one canonicalisation.
    #[error("the signature's transforms are not enveloped-signature and one canonicalization")]
    Transforms,
    /// DigestValue or SignatureValue is not base64.
    #[error("the {role} is not base64 of the right length")]
    Base64 {
        /// DigestValue or SignatureValue.
        role: &'static str,
    },
    /// No trusted key is of the kind that the signature algorithm needs.
    #[error("the signature needs a key of the kind {expected}, none of the trusted keys is")]
    KeyKind {
        /// RSA, or EC on some curve.
        expected: &'static str,
    },
    /// No trusted key made this signature.
    #[error(
        "the signature was made by none of the {tried} trusted keys of its kind, or SignedInfo was changed"
    )]
    Invalid {
        /// How many keys were tried.
        tried: usize,
    },
    /// The element is not what was signed.
    #[error("the element is not what was signed: its digest differs")]
    Digest,
}

impl SignatureError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Xml(error) => error.code(),
            Self::ElementId => "dsig.element_id",
            Self::Repeated { .. } => "dsig.repeated",
            Self::Structure { .. } => "dsig.structure",
            Self::AlgorithmWeak { .. } => "dsig.algorithm_weak",
            Self::AlgorithmSymmetric => "dsig.algorithm_symmetric",
            Self::AlgorithmUnsupported { .. } => "dsig.algorithm_unsupported",
            Self::AlgorithmParameter { .. } => "dsig.algorithm_parameter",
            Self::ReferenceCount { .. } => "dsig.reference_count",
            Self::ReferenceUri => "dsig.reference_uri",
            Self::Transforms => "dsig.transforms",
            Self::Base64 { .. } => "dsig.base64",
            Self::KeyKind { .. } => "dsig.key_kind",
            Self::Invalid { .. } => "dsig.invalid",
            Self::Digest => "dsig.digest_mismatch",
        }
    }

    /// What an operator can change, and where.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AlgorithmWeak { .. } | Self::AlgorithmSymmetric | Self::AlgorithmUnsupported { .. } => {
                Some("set the identity provider to sign with RSA-SHA256 and digest SHA-256")
            }
            Self::KeyKind { .. } | Self::Invalid { .. } => Some(
                "the identity provider may have a new signing certificate: load its current metadata or certificate",
            ),
            Self::Digest => Some("something between the identity provider and here changed the message"),
            Self::Xml(_)
            | Self::ElementId
            | Self::Repeated { .. }
            | Self::Structure { .. }
            | Self::AlgorithmParameter { .. }
            | Self::ReferenceCount { .. }
            | Self::ReferenceUri
            | Self::Transforms
            | Self::Base64 { .. } => None,
        }
    }
}

/// A key that is not trusted with anything.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a SubjectPublicKeyInfo.
    #[error("the public key is not a valid SubjectPublicKeyInfo")]
    Malformed,
    /// An RSA key that could be factored one day, or one that takes too long to use.
    #[error("the RSA key has {bits} bits, expected 2048 to 8192")]
    RsaSize {
        /// Bits of its modulus.
        bits: usize,
    },
    /// Another algorithm or curve.
    #[error("the public key is neither RSA nor EC on P-256, P-384 or P-521")]
    Unsupported,
}

impl KeyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "dsig.key_malformed",
            Self::RsaSize { .. } => "dsig.key_size",
            Self::Unsupported => "dsig.key_unsupported",
        }
    }
}
