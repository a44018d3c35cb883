//! Who we are, and whom we trust.

use crate::dsig::TrustedKey;
use crate::limits::Limits;
use crate::time::UtcTime;
use crate::xmlenc::DecryptionKey;
use std::sync::Arc;

/// The identity provider that is trusted.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// Its entity ID: the Issuer of all that it sends.
    pub entity_id: String,
    /// Its signing keys; several during a rollover. At least one.
    pub signing_keys: Vec<TrustedKey>,
}

/// This application, as a SAML service provider.
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    /// Our entity ID: the Audience of assertions for us.
    pub entity_id: String,
    /// The URLs at which Responses arrive. At least one.
    pub acs_urls: Vec<String>,
    /// Whom we trust. One only: rule R11.
    pub identity_provider: IdentityProvider,
    /// Keys that open what is encrypted for us; several during a rollover, none if nothing is.
    pub decryption_keys: Arc<[DecryptionKey]>,
    /// How many seconds the clocks of the two may differ.
    pub clock_skew_seconds: i64,
    /// Whether Responses are taken that nobody asked for.
    pub allow_unsolicited: bool,
    /// Bounds on the message.
    pub limits: Limits,
}

/// What is known of one exchange besides the message.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The time.
    pub now: UtcTime,
    /// The IDs of the requests that this browser has pending.
    pub request_ids: &'a [&'a str],
    /// Whether the caller expects that nobody asked. It must be allowed by the service provider as well.
    pub unsolicited: bool,
}
