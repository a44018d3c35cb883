//! One XML signature profile.

mod certificate;
mod pem;

pub use certificate::{Certificate, CertificateError};
pub use pem::PemError;
