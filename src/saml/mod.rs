//! SAML Response → VerifiedAssertion; metadata; requests.

mod assertion;
mod check;
mod decrypt;
mod duration;
mod error;
mod glimpse;
mod metadata;
mod names;
mod provider;
mod request;
mod response;
mod service_metadata;

pub use assertion::{AssertionAttribute, NameId, VerifiedAssertion};
pub use error::ResponseError;
pub use glimpse::{Glimpse, GlimpsedAttribute};
pub use metadata::{Endpoint, IdentityProviderMetadata, MetadataError};
pub use provider::{Exchange, IdentityProvider, ServiceProvider};
pub use request::{AuthnRequest, RequestError};
pub use service_metadata::ServiceMetadata;
