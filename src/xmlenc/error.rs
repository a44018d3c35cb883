//! Why an encrypted element is refused.

/// Why an encrypted element is refused.
///
/// Everything but [`DecryptError::Failed`] is decided from the visible part of the message, before any key is used. `Failed`
/// is what every failure from there on becomes, parsing and checking of the plaintext included: which step failed must
/// not be told apart (XML Encryption 1.1 section 6.1, chosen-ciphertext attacks).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecryptError {
    /// An algorithm that is never used.
    #[error("encryption algorithm is {found}, expected AES in GCM or CBC mode under RSA-OAEP")]
    AlgorithmRefused {
        /// Which, in words of ours.
        found: &'static str,
    },
    /// RSA-OAEP whose digest and whose mask generation function differ.
    #[error(
        "RSA-OAEP digest is {digest} and its mask generation uses {mask}, expected the same digest in both"
    )]
    OaepDigestMix {
        /// The DigestMethod.
        digest: &'static str,
        /// The MGF.
        mask: &'static str,
    },
    /// The element is not what SAML Core 2.2.4 and XML Encryption say it is.
    #[error("encrypted element is malformed: {fact}")]
    Malformed {
        /// The fact, in words of ours.
        fact: &'static str,
    },
    /// More encrypted keys than anybody sends; each would cost a private key operation.
    #[error("encrypted element has {found} encrypted keys, expected at most {most}")]
    TooManyKeys {
        /// How many there are.
        found: usize,
        /// How many are tried.
        most: usize,
    },
    /// Nothing to decrypt with.
    #[error("the message is encrypted, and no decryption key is configured")]
    NoKey,
    /// Decryption failed, or what was decrypted is not what it must be.
    #[error("the encrypted element could not be decrypted and verified")]
    Failed,
}

impl DecryptError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlgorithmRefused { .. } => "xmlenc.algorithm_refused",
            Self::OaepDigestMix { .. } => "xmlenc.oaep_digest_mix",
            Self::Malformed { .. } => "xmlenc.malformed",
            Self::TooManyKeys { .. } => "xmlenc.too_many_keys",
            Self::NoKey => "xmlenc.no_key",
            Self::Failed => "xmlenc.failed",
        }
    }

    /// What an operator can change, and where.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AlgorithmRefused { .. } => Some(
                "at the identity provider, set assertion encryption to AES-256-GCM (or AES-128-GCM) with key transport rsa-oaep-mgf1p",
            ),
            Self::OaepDigestMix { .. } => Some(
                "at the identity provider, set key transport to rsa-oaep-mgf1p with digest SHA-1, or to rsa-oaep (XML Encryption 1.1) with one SHA-2 digest for both DigestMethod and MGF",
            ),
            Self::NoKey => Some(
                "pass decryption_key= to ServiceProvider, or turn assertion encryption off at the identity provider",
            ),
            Self::Failed => Some(
                "most often the identity provider encrypts to an old certificate of this service provider: give it the current metadata; after a change of keys, keep the old one in decryption_key=",
            ),
            Self::Malformed { .. } | Self::TooManyKeys { .. } => None,
        }
    }
}
