//! One XML signature profile.

mod algorithm;
mod certificate;
mod error;
mod key;
mod pem;
mod private_key;
mod sign;
mod verify;

pub use algorithm::{Hash, Scheme, SignatureAlgorithm};
pub use certificate::{Certificate, CertificateError};
pub use error::{KeyError, SignatureError};
pub use key::TrustedKey;
pub use pem::PemError;
pub use private_key::{PrivateKeyError, SigningKey, pkcs8_from_pem};
pub use sign::{percent_encode, sign_enveloped, sign_query, write_key_info};
pub use verify::{DS, SignedElement, signature_of, verify};
