//! Verified SAML group memberships, reconciled with an application's groups.
//!
//! The floors, lowest first; each imports only what lies below it (`tests/rust/architecture.rs` holds that true):
//!
//! | floor | what it does |
//! |---|---|
//! | [`limits`], [`time`] | bounds on input; instants and windows, always passed in |
//! | [`xml`] | bounded pull parsing on quick-xml, canonicalisation |
//! | [`dsig`], [`xmlenc`] | one XML signature profile; decryption |
//! | [`saml`] | Response → [`saml::VerifiedAssertion`]; metadata; requests; the profile's checks |
//! | [`claim`] | attribute values → [`claim::GroupClaim`] |
//! | [`reconcile`] | claim × state → [`reconcile::Plan`], pure |
//! | [`audit`] | many users at once, over Arrow tables |
//! | `py` | the Python module `memberof._memberof` (feature `python`) |
//!
//! Nothing below `py` reads a clock, randomness, a file, a socket or an environment variable, or writes a log.

pub mod audit;
pub mod claim;
pub mod dsig;
pub mod limits;
#[cfg(feature = "python")]
mod py;
pub mod reconcile;
pub mod saml;
pub mod time;
pub mod xml;
pub mod xmlenc;
