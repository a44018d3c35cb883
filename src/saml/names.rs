//! The names of SAML 2.0 that this service provider knows.

/// Namespace of assertions (SAML Core 1.2).
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Namespace of protocol messages (SAML Core 1.2).
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Namespace of `xsi:nil` (XML Schema part 1, 2.6.2).
pub const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The one status that brings an assertion (SAML Core 3.2.2.2).
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// The confirmation method of Web Browser SSO (SAML Profiles 3.3).
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The Format of an Issuer (SAML Core 8.3.6).
pub const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
/// The common beginning of the status codes of SAML Core 3.2.2.2.
pub const STATUS_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:status:";
