//! The algorithms of XML Encryption that are used, by URI; all others are refused before a key is touched.

use aws_lc_rs::aead;
use aws_lc_rs::cipher;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
};

use super::error::DecryptError;

/// How the content is encrypted (XML Encryption 1.1 section 5.2).
#[derive(Clone, Copy)]
pub enum ContentCipher {
    /// AES-GCM: 96-bit IV first, 128-bit tag last (section 5.2.4).
    Gcm {
        /// The cipher.
        algorithm: &'static aead::Algorithm,
    },
    /// AES-CBC: 128-bit IV first, padding of any bytes whose last says how many (sections 5.2.1, 5.2.2).
    Cbc {
        /// The cipher.
        algorithm: &'static cipher::Algorithm,
        /// Bytes of its key.
        key_bytes: usize,
    },
}

impl ContentCipher {
    /// Read the Algorithm of the EncryptedData's EncryptionMethod.
    pub fn from_uri(uri: &str) -> Result<Self, DecryptError> {
        let cbc = |algorithm, key_bytes| Ok(Self::Cbc { algorithm, key_bytes });
        match uri {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Ok(Self::Gcm { algorithm: &aead::AES_128_GCM }),
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Ok(Self::Gcm { algorithm: &aead::AES_192_GCM }),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Ok(Self::Gcm { algorithm: &aead::AES_256_GCM }),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => cbc(&cipher::AES_128, 16),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => cbc(&cipher::AES_192, 24),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => cbc(&cipher::AES_256, 32),
            "http://www.w3.org/2001/04/xmlenc#tripledes-cbc" => refuse("3DES"),
            _ => refuse("a content cipher that is not known"),
        }
    }

    /// Bytes of its key.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        match self {
            Self::Gcm { algorithm } => algorithm.key_len(),
            Self::Cbc { key_bytes, .. } => *key_bytes,
        }
    }
}

/// The Algorithm of an EncryptedKey's EncryptionMethod, with its children (XML Encryption 1.1 section 5.5.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyTransport<'a> {
    /// EncryptionMethod/@Algorithm.
    pub algorithm: &'a str,
    /// ds:DigestMethod/@Algorithm; SHA-1 where it is left out.
    pub digest: Option<&'a str>,
    /// xenc11:MGF/@Algorithm; MGF1 with SHA-1 where it is left out.
    pub mask: Option<&'a str>,
}

const MGF1_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";

impl KeyTransport<'_> {
    /// The RSA-OAEP that this names: the two digests must be one.
    pub fn oaep(&self) -> Result<&'static OaepAlgorithm, DecryptError> {
        let mask_uri = match (self.algorithm, self.mask) {
            // XML Encryption 1.1 section 5.5.2: rsa-oaep-mgf1p is MGF1 with SHA-1, whatever the digest.
            ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", None | Some(MGF1_SHA1)) => MGF1_SHA1,
            ("http://www.w3.org/2009/xmlenc11#rsa-oaep", mask) => mask.unwrap_or(MGF1_SHA1),
            ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", Some(_)) => {
                return Err(DecryptError::Malformed {
                    fact: "rsa-oaep-mgf1p has a mask generation function of its own",
                });
            }
            ("http://www.w3.org/2001/04/xmlenc#rsa-1_5", _) => return refuse("RSA PKCS#1 v1.5"),
            _ => return refuse("a key transport that is not known"),
        };
        let mask = match mask_uri {
            MGF1_SHA1 => "SHA-1",
            "http://www.w3.org/2009/xmlenc11#mgf1sha256" => "SHA-256",
            "http://www.w3.org/2009/xmlenc11#mgf1sha384" => "SHA-384",
            "http://www.w3.org/2009/xmlenc11#mgf1sha512" => "SHA-512",
            _ => return refuse("RSA-OAEP with a mask generation function that is not known"),
        };
        let digest = match self.digest {
            None | Some("http://www.w3.org/2000/09/xmldsig#sha1") => "SHA-1",
            Some("http://www.w3.org/2001/04/xmlenc#sha256") => "SHA-256",
            Some("http://www.w3.org/2001/04/xmldsig-more#sha384") => "SHA-384",
            Some("http://www.w3.org/2001/04/xmlenc#sha512") => "SHA-512",
            Some(_) => return refuse("RSA-OAEP with a digest that is not known"),
        };
        match (digest, mask) {
            ("SHA-1", "SHA-1") => Ok(&OAEP_SHA1_MGF1SHA1),
            ("SHA-256", "SHA-256") => Ok(&OAEP_SHA256_MGF1SHA256),
            ("SHA-384", "SHA-384") => Ok(&OAEP_SHA384_MGF1SHA384),
            ("SHA-512", "SHA-512") => Ok(&OAEP_SHA512_MGF1SHA512),
            // NOTE: XML Encryption 1.1 allows any pair; aws-lc-rs implements equal ones only.
            _ => Err(DecryptError::OaepDigestMix { digest, mask }),
        }
    }
}

fn refuse<T>(found: &'static str) -> Result<T, DecryptError> {
    Err(DecryptError::AlgorithmRefused { found })
}
