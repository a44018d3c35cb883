//! SAML Response → VerifiedAssertion; metadata; requests.

mod duration;
mod metadata;
mod request;
mod service_metadata;

pub use metadata::{Endpoint, IdentityProviderMetadata, MetadataError};
pub use request::{AuthnRequest, RequestError};
pub use service_metadata::ServiceMetadata;
