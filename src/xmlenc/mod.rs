//! Decryption of EncryptedAssertion, EncryptedID and EncryptedAttribute.
