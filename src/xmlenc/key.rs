//! The private keys that open an EncryptedKey.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey};

use crate::dsig::{Certificate, PrivateKeyError, pkcs8_from_pem};

/// An RSA private key of 2,048 to 8,192 bits, parsed once.
pub struct DecryptionKey {
    rsa: OaepPrivateDecryptingKey,
    public_key_info: Vec<u8>,
    rejection: hmac::Key,
}

impl DecryptionKey {
    /// Read a PEM text with one PKCS#8 private key.
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        Self::from_pkcs8(&pkcs8_from_pem(text)?)
    }

    /// Read PKCS#8, DER.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, PrivateKeyError> {
        let unusable = PrivateKeyError::Unusable { expected: "an RSA key of 2048 to 8192 bits" };
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| unusable)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| unusable)?;
        Ok(Self {
            public_key_info: public.as_ref().to_vec(),
            rsa: OaepPrivateDecryptingKey::new(key).map_err(|_| unusable)?,
            rejection: hmac::Key::new(hmac::HMAC_SHA256, digest(&SHA256, pkcs8).as_ref()),
        })
    }

    /// Whether the certificate is of this key.
    #[must_use]
    pub fn fits(&self, certificate: &Certificate) -> bool {
        certificate.public_key_info() == self.public_key_info
    }

    /// Open one EncryptedKey: the content key, if OAEP is right and its length is `key_bytes`.
    pub(super) fn unwrap(
        &self,
        oaep: &'static OaepAlgorithm,
        label: &[u8],
        wrapped: &[u8],
        key_bytes: usize,
    ) -> Option<Vec<u8>> {
        let mut buffer = vec![0; self.rsa.min_output_size()];
        let key = self.rsa.decrypt(oaep, wrapped, &mut buffer, Some(label)).ok()?;
        (key.len() == key_bytes).then(|| key.to_vec())
    }

    /// A content key that opens nothing: what takes the place of one that OAEP did not give, so that the way goes on as it
    /// would with a wrong key. Derived from the private key and the message: the same message, the same key; nobody else
    /// can compute it.
    pub(super) fn rejection(&self, wrapped: &[u8], key_bytes: usize) -> Vec<u8> {
        let tag = hmac::sign(&self.rejection, wrapped);
        tag.as_ref().iter().copied().take(key_bytes).collect()
    }
}

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DecryptionKey").field("bits", &self.rsa.key_size_bits()).finish_non_exhaustive()
    }
}
