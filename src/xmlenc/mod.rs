//! Decryption of EncryptedAssertion, EncryptedID and EncryptedAttribute (SAML Core 2.2.4, 2.3.4; XML Encryption 1.1).
//!
//! Accepted: AES-128, -192 and -256 in GCM and CBC mode, under a content key that RSA-OAEP carries with one digest for both
//! of its uses. RSA PKCS#1 v1.5 and 3DES are refused before any key is used.
//!
//! **Oracles.** Whoever can post messages can post changed ones, and learns secrets if he can tell *how* they failed. RSA-OAEP
//! is safe against that as long as its inside is silent; where it fails, a derived key takes the content key's place and
//! the way goes on. AES-GCM refuses every change. AES-CBC does not: so nothing after it, up to the signature inside, may fail
//! in a way of its own; padding is checked without a branch, and every failure is [`DecryptError::Failed`]. What remains is
//! the time: parsing ends at the first fault, and a plaintext that is well-formed is canonicalised and its signature checked. Where the Response is signed outside the
//! encryption, the ciphertext is verified before it is decrypted and even that is out of reach; for identity providers that
//! sign inside only, GCM is the right setting.

mod algorithm;
mod content;
mod element;
mod error;
mod key;
mod read;

pub use algorithm::{ContentCipher, KeyTransport};
pub use element::EncryptedElement;
pub use error::DecryptError;
pub use key::DecryptionKey;
pub use read::XENC;
