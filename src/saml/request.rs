//! Login requests: the AuthnRequest and the ways it travels (SAML Core 3.4.1; Bindings 3.4, 3.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec;

use crate::dsig::{Certificate, PrivateKeyError, SigningKey, percent_encode, sign_enveloped, sign_query};
use crate::time::UtcTime;
use crate::xml::Writer;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Bindings 3.4.3 and 3.5.3: "MUST NOT exceed 80 bytes in length".
const MAX_RELAY_STATE_BYTES: usize = 80;

/// Why a login request cannot be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// A relay state that Bindings does not allow.
    #[error("relay state has {found_bytes} bytes, expected at most {MAX_RELAY_STATE_BYTES}")]
    RelayStateTooLong {
        /// Its length in UTF-8.
        found_bytes: usize,
    },
    /// A text with characters that no XML document can hold.
    #[error("{what} has a control character, expected text that XML can hold")]
    Unwritable {
        /// Which of the texts.
        what: &'static str,
    },
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
}

impl RequestError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RelayStateTooLong { .. } => "request.relay_state_too_long",
            Self::Unwritable { .. } => "request.unwritable",
            Self::Key(_) => "request.signing_failed",
        }
    }

    /// What a caller can change.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::RelayStateTooLong { .. } => {
                Some("keep the address to return to in the session, and send a short key as the relay state")
            }
            Self::Unwritable { .. } | Self::Key(_) => None,
        }
    }
}

/// What a login request asks for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuthnRequest {
    /// `_` and at least 128 random bits (SAML Core 1.3.4), drawn by the caller.
    pub id: String,
    /// Now.
    pub issue_instant: Option<UtcTime>,
    /// Our entity ID.
    pub issuer: String,
    /// The identity provider's location that the request is sent to.
    pub destination: String,
    /// Where the Response shall be posted.
    pub acs_url: String,
    /// Ask for a fresh authentication, not an old session.
    pub force_authn: bool,
    /// Ask that the identity provider show nothing to the user.
    pub is_passive: bool,
    /// The NameID format that we want, if any in particular.
    pub name_id_format: Option<String>,
    /// Authentication context classes that we accept, in order of preference; empty: any.
    pub authn_context: Vec<String>,
    /// `exact`, `minimum`, `maximum` or `better` (SAML Core 3.3.2.2.1).
    pub authn_context_comparison: &'static str,
}

impl AuthnRequest {
    /// The URL to redirect the browser to (Bindings 3.4).
    pub fn redirect_url(
        &self,
        relay_state: Option<&str>,
        key: Option<&SigningKey>,
    ) -> Result<String, RequestError> {
        check_relay_state(relay_state)?;
        let (xml, _) = self.write()?;
        let packed = STANDARD.encode(compress_to_vec(xml.as_bytes(), 9));
        let mut query = format!("SAMLRequest={}", percent_encode(&packed));
        if let Some(relay_state) = relay_state {
            query.push_str("&RelayState=");
            query.push_str(&percent_encode(relay_state));
        }
        if let Some(key) = key {
            query = sign_query(&query, key)?;
        }
        // Some locations have a query already (Bindings 3.4.3: the parameters are added to it).
        let joint = match self.destination.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, rest)) if rest.ends_with('&') => "",
            Some(_) => "&",
        };
        Ok(format!("{}{joint}{query}", self.destination))
    }

    /// The value of the form field SAMLRequest (Bindings 3.5), signed inside if there is a key.
    pub fn form_value(
        &self,
        relay_state: Option<&str>,
        key: Option<(&SigningKey, Option<&Certificate>)>,
    ) -> Result<String, RequestError> {
        check_relay_state(relay_state)?;
        let (mut xml, signature_position) = self.write()?;
        if let Some((key, certificate)) = key {
            xml = sign_enveloped(&xml, signature_position, &self.id, key, certificate)?;
        }
        Ok(STANDARD.encode(xml))
    }

    /// The document in canonical form, and where a Signature belongs (behind the Issuer).
    fn write(&self) -> Result<(String, usize), RequestError> {
        self.check_texts()?;
        let issue_instant = self.issue_instant.map(|instant| instant.to_string()).unwrap_or_default();
        let mut attributes = vec![
            ("xmlns:samlp", SAMLP),
            ("ID", &self.id),
            ("Version", "2.0"),
            ("IssueInstant", &issue_instant),
            ("Destination", &self.destination),
            ("AssertionConsumerServiceURL", &self.acs_url),
            ("ProtocolBinding", HTTP_POST),
        ];
        if self.force_authn {
            attributes.push(("ForceAuthn", "true"));
        }
        if self.is_passive {
            attributes.push(("IsPassive", "true"));
        }
        let mut out = Writer::default();
        out.start("samlp:AuthnRequest", &attributes);
        out.leaf("saml:Issuer", &[("xmlns:saml", SAML)], &self.issuer);
        let signature_position = out.position();
        if let Some(format) = &self.name_id_format {
            out.leaf("samlp:NameIDPolicy", &[("AllowCreate", "true"), ("Format", format)], "");
        }
        if !self.authn_context.is_empty() {
            let comparison = [("Comparison", self.authn_context_comparison)];
            out.start("samlp:RequestedAuthnContext", &comparison);
            for class in &self.authn_context {
                out.leaf("saml:AuthnContextClassRef", &[("xmlns:saml", SAML)], class);
            }
            out.end();
        }
        Ok((out.finish(), signature_position))
    }

    fn check_texts(&self) -> Result<(), RequestError> {
        let named = [
            ("the entity ID", self.issuer.as_str()),
            ("the identity provider's location", &self.destination),
            ("the ACS URL", &self.acs_url),
            ("the NameID format", self.name_id_format.as_deref().unwrap_or_default()),
        ];
        let classes =
            self.authn_context.iter().map(|class| ("an authentication context class", class.as_str()));
        check_writable(named.into_iter().chain(classes))
    }
}

/// No text may hold what XML 1.0 cannot (production 2); other control characters have no place in these either.
pub(super) fn check_writable<'t>(
    named: impl IntoIterator<Item = (&'static str, &'t str)>,
) -> Result<(), RequestError> {
    let bad = |character: char| character.is_control() || matches!(character, '\u{FFFE}' | '\u{FFFF}');
    match named.into_iter().find(|(_, text)| text.contains(bad)) {
        Some((what, _)) => Err(RequestError::Unwritable { what }),
        None => Ok(()),
    }
}

fn check_relay_state(relay_state: Option<&str>) -> Result<(), RequestError> {
    match relay_state.map(str::len) {
        Some(found_bytes) if found_bytes > MAX_RELAY_STATE_BYTES => {
            Err(RequestError::RelayStateTooLong { found_bytes })
        }
        _ => Ok(()),
    }
}
