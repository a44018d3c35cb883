//! One XML signature profile.

mod certificate;
mod pem;
mod private_key;
mod sign;

pub use certificate::{Certificate, CertificateError};
pub use pem::PemError;
pub use private_key::{PrivateKeyError, SigningKey, pkcs8_from_pem};
pub use sign::{percent_encode, sign_enveloped, sign_query, write_key_info};
