//! An encrypted element, read, and its way to the plaintext.

use aws_lc_rs::rsa::OaepAlgorithm;

use super::algorithm::ContentCipher;
use super::content;
use super::error::DecryptError;
use super::key::DecryptionKey;

/// How many EncryptedKey elements are tried: each costs a private key operation (0.6 ms at 2,048 bits) for each of our keys.
/// Identity providers send one, those that encrypt to several recipients a few.
pub(super) const MAX_ENCRYPTED_KEYS: usize = 8;

/// An EncryptedAssertion, EncryptedID or EncryptedAttribute whose algorithms are all allowed.
pub struct EncryptedElement {
    pub(super) cipher: ContentCipher,
    pub(super) keys: Vec<EncryptedKey>,
    pub(super) data: Vec<u8>,
}

/// One EncryptedKey: the content key, for one recipient.
pub(super) struct EncryptedKey {
    pub(super) oaep: &'static OaepAlgorithm,
    /// OAEPparams, the label of RFC 8017; most often empty.
    pub(super) label: Vec<u8>,
    pub(super) wrapped: Vec<u8>,
}

impl EncryptedElement {
    /// Decrypt with the first of `keys` that opens an EncryptedKey.
    ///
    /// The plaintext of AES-CBC is not yet known to be whole: whatever fails on it later, parsing included, must be reported as
    /// [`DecryptError::Failed`] too.
    pub fn decrypt(self, keys: &[DecryptionKey]) -> Result<Vec<u8>, DecryptError> {
        let key = self.content_key(keys)?;
        content::open(self.cipher, &key, self.data)
    }

    fn content_key(&self, keys: &[DecryptionKey]) -> Result<Vec<u8>, DecryptError> {
        let ours = keys.first().ok_or(DecryptError::NoKey)?;
        let key_bytes = self.cipher.key_bytes();
        let missing = DecryptError::Malformed { fact: "it has no EncryptedKey" };
        let rejection = ours.rejection(&self.keys.first().ok_or(missing)?.wrapped, key_bytes);
        let each = self.keys.iter().flat_map(|sent| keys.iter().map(move |ours| (sent, ours)));
        let opened = each
            .map(|(sent, ours)| ours.unwrap(sent.oaep, &sent.label, &sent.wrapped, key_bytes))
            .find_map(|key| key);
        Ok(opened.unwrap_or(rejection))
    }
}

impl std::fmt::Debug for EncryptedElement {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("EncryptedElement")
            .field("keys", &self.keys.len())
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
