//! Why a Response is refused: every code of the SAML floor stands here.

use crate::dsig::SignatureError;
use crate::time::UtcTime;
use crate::xml::XmlError;
use crate::xmlenc::DecryptError;
use thiserror::Error;

/// A Response that is refused. Messages hold no content of the message but entity IDs and attribute names.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The XML is refused.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// A signature is refused.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The form value is not base64.
    #[error("the form value SAMLResponse is not base64")]
    Base64,
    /// Another message.
    #[error("the message is not a SAML 2.0 Response")]
    NotAResponse,
    /// Another version.
    #[error("the {element} is not of SAML version 2.0")]
    Version {
        /// Response or Assertion.
        element: &'static str,
    },
    /// A required attribute is missing or not of its type.
    #[error("{name} of {element} is missing or not a valid value of its type")]
    Attribute {
        /// Which element.
        element: &'static str,
        /// Which attribute.
        name: &'static str,
    },
    /// Something where the schema has nothing, or twice what it has once.
    #[error("{element} has a child element or text that is not expected there")]
    Unexpected {
        /// Which element.
        element: &'static str,
    },
    /// The identity provider says that it failed.
    #[error("the identity provider's status is {status}, expected Success")]
    Status {
        /// The status code's last part, where it is one of SAML Core 3.2.2.2.
        status: &'static str,
    },
    /// No assertion.
    #[error("the Response has no Assertion")]
    AssertionMissing,
    /// More than one assertion.
    #[error("the Response has {found} assertions, expected one")]
    AssertionCount {
        /// How many.
        found: usize,
    },
    /// An Assertion where none belongs.
    #[error("an Assertion stands elsewhere than directly in the Response")]
    AssertionMisplaced,
    /// A Signature where none belongs.
    #[error("a Signature stands elsewhere than directly in the Response or its Assertion")]
    SignatureMisplaced,
    /// Nothing is signed.
    #[error("neither the Response nor its Assertion is signed")]
    Unsigned,
    /// An encrypted element is refused; it is never read as absent.
    #[error("{element}: {error}")]
    Decrypt {
        /// EncryptedAssertion, EncryptedID or EncryptedAttribute.
        element: &'static str,
        /// Why.
        error: DecryptError,
    },
    /// No Issuer where there must be one.
    #[error("the {element} has no Issuer")]
    IssuerMissing {
        /// Response or Assertion.
        element: &'static str,
    },
    /// Another issuer.
    #[error("the issuer of the {element} is {found:?}, the identity provider is {expected:?}")]
    IssuerMismatch {
        /// Response or Assertion.
        element: &'static str,
        /// Its issuer.
        found: String,
        /// The configured identity provider.
        expected: String,
    },
    /// An Issuer that is no entity ID.
    #[error("the Format of the Issuer of the {element} is not entity")]
    IssuerFormat {
        /// Response or Assertion.
        element: &'static str,
    },
    /// A signed Response that does not say where it was sent.
    #[error("the signed Response has no Destination")]
    DestinationMissing,
    /// Sent to somewhere else.
    #[error("the Destination is not the address of this service provider, {expected:?}")]
    DestinationMismatch {
        /// Our addresses.
        expected: String,
    },
    /// No InResponseTo in the answer to a request.
    #[error("{element} has no InResponseTo, expected the ID of a pending request")]
    InResponseToMissing {
        /// Response or SubjectConfirmationData.
        element: &'static str,
    },
    /// The answer to another request.
    #[error("InResponseTo of {element} is not the ID of a pending request")]
    InResponseToMismatch {
        /// Response or SubjectConfirmationData.
        element: &'static str,
    },
    /// InResponseTo in a Response that nobody asked for.
    #[error("{element} has an InResponseTo, but no request is pending")]
    InResponseToUnexpected {
        /// Response or SubjectConfirmationData.
        element: &'static str,
    },
    /// Unsolicited Responses are not allowed.
    #[error("unsolicited Responses are not allowed")]
    UnsolicitedRefused,
    /// No Subject.
    #[error("the Assertion has no Subject")]
    SubjectMissing,
    /// A name of the subject that cannot be read.
    #[error("the subject's name is empty or not a NameID")]
    NameId,
    /// No bearer confirmation.
    #[error("the Subject has no bearer confirmation")]
    ConfirmationMissing,
    /// A bearer confirmation that lacks what the profile demands.
    #[error("the bearer confirmation {fact}")]
    ConfirmationInvalid {
        /// What.
        fact: &'static str,
    },
    /// Confirmed for somebody else.
    #[error("the Recipient is not the address of this service provider, {expected:?}")]
    RecipientMismatch {
        /// Our addresses.
        expected: String,
    },
    /// The bearer confirmation is over.
    #[error("the bearer confirmation ended at {ended}, it is {now}")]
    ConfirmationExpired {
        /// When.
        ended: UtcTime,
        /// The time of the check.
        now: UtcTime,
    },
    /// No Conditions or no AudienceRestriction.
    #[error("the Assertion has no AudienceRestriction")]
    AudienceMissing,
    /// For somebody else.
    #[error("the audience is {found}, this service provider is {expected:?}")]
    AudienceMismatch {
        /// The audiences.
        found: String,
        /// Our entity ID.
        expected: String,
    },
    /// A condition that is not understood.
    #[error("the Assertion has a condition that is not understood")]
    ConditionUnknown,
    /// A condition that may stand once.
    #[error("the Assertion has {condition} more than once")]
    ConditionRepeated {
        /// OneTimeUse or ProxyRestriction.
        condition: &'static str,
    },
    /// Too early.
    #[error("the assertion is valid from {begins}, it is {now}")]
    NotYetValid {
        /// NotBefore.
        begins: UtcTime,
        /// The time of the check.
        now: UtcTime,
    },
    /// Too late.
    #[error("the assertion was valid until {ended}, it is {now}")]
    Expired {
        /// NotOnOrAfter.
        ended: UtcTime,
        /// The time of the check.
        now: UtcTime,
    },
    /// NotBefore is not before NotOnOrAfter.
    #[error("the assertion's NotBefore is not before its NotOnOrAfter")]
    WindowEmpty,
    /// No AuthnStatement.
    #[error("the Assertion has no AuthnStatement")]
    AuthnStatementMissing,
    /// The session at the identity provider is over.
    #[error("the session ended at {ended}, it is {now}")]
    SessionExpired {
        /// SessionNotOnOrAfter.
        ended: UtcTime,
        /// The time of the check.
        now: UtcTime,
    },
}

impl ResponseError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Xml(error) => error.code(),
            Self::Signature(error) => error.code(),
            Self::Base64 => "saml.base64",
            Self::NotAResponse => "saml.not_a_response",
            Self::Version { .. } => "saml.version",
            Self::Attribute { .. } => "saml.attribute_invalid",
            Self::Unexpected { .. } => "saml.unexpected_content",
            Self::Status { .. } => "saml.status",
            Self::AssertionMissing => "saml.assertion_missing",
            Self::AssertionCount { .. } => "saml.assertion_count",
            Self::AssertionMisplaced => "saml.assertion_misplaced",
            Self::SignatureMisplaced => "saml.signature_misplaced",
            Self::Unsigned => "saml.unsigned",
            Self::Decrypt { error, .. } => error.code(),
            Self::IssuerMissing { .. } => "saml.issuer_missing",
            Self::IssuerMismatch { .. } => "saml.issuer_mismatch",
            Self::IssuerFormat { .. } => "saml.issuer_format",
            Self::DestinationMissing => "saml.destination_missing",
            Self::DestinationMismatch { .. } => "saml.destination_mismatch",
            Self::InResponseToMissing { .. } => "saml.in_response_to_missing",
            Self::InResponseToMismatch { .. } => "saml.in_response_to_mismatch",
            Self::InResponseToUnexpected { .. } => "saml.in_response_to_unexpected",
            Self::UnsolicitedRefused => "saml.unsolicited_refused",
            Self::SubjectMissing => "saml.subject_missing",
            Self::NameId => "saml.name_id",
            Self::ConfirmationMissing => "saml.confirmation_missing",
            Self::ConfirmationInvalid { .. } => "saml.confirmation_invalid",
            Self::RecipientMismatch { .. } => "saml.recipient_mismatch",
            Self::ConfirmationExpired { .. } => "saml.confirmation_expired",
            Self::AudienceMissing => "saml.audience_missing",
            Self::AudienceMismatch { .. } => "saml.audience_mismatch",
            Self::ConditionUnknown => "saml.condition_unknown",
            Self::ConditionRepeated { .. } => "saml.condition_repeated",
            Self::NotYetValid { .. } => "saml.not_yet_valid",
            Self::Expired { .. } => "saml.expired",
            Self::WindowEmpty => "saml.window_empty",
            Self::AuthnStatementMissing => "saml.authn_statement_missing",
            Self::SessionExpired { .. } => "saml.session_expired",
        }
    }

    /// What an operator can change, and where.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Signature(error) => return error.hint(),
            Self::Decrypt { error, .. } => return error.hint(),
            Self::Xml(XmlError::TooLarge { .. }) => {
                "send fewer groups, or raise max_bytes of Limits for ServiceProvider"
            }
            Self::Base64 => "pass the form value SAMLResponse as it was posted, after form decoding",
            Self::NotAResponse => "the assertion consumer service takes SAML 2.0 Responses by HTTP-POST only",
            Self::Status { .. } => "look into the identity provider's log: it refused this sign-in",
            Self::Unsigned => "set the identity provider to sign assertions or responses",
            Self::IssuerMismatch { .. } => {
                "configure the identity provider's entity ID as it is in its metadata"
            }
            Self::DestinationMissing | Self::DestinationMismatch { .. } | Self::RecipientMismatch { .. } => {
                "the assertion consumer service URL at the identity provider must equal acs_url, character by character"
            }
            Self::InResponseToMissing { .. } | Self::UnsolicitedRefused => {
                "start the sign-in at this application, or allow_unsolicited=True if it must start at the identity provider"
            }
            Self::InResponseToMismatch { .. } => {
                "the sign-in page was perhaps open twice or too long: keep the IDs of all pending requests in the session"
            }
            Self::InResponseToUnexpected { .. } => {
                "an unsolicited Response has no InResponseTo; have the identity provider leave it out"
            }
            Self::AudienceMissing | Self::AudienceMismatch { .. } => {
                "the audience (SP entity ID) at the identity provider must equal entity_id of ServiceProvider"
            }
            Self::NotYetValid { .. } | Self::Expired { .. } | Self::ConfirmationExpired { .. } => {
                "compare the clocks of both machines; clock_skew says how many seconds they may differ"
            }
            Self::Xml(_)
            | Self::Version { .. }
            | Self::Attribute { .. }
            | Self::Unexpected { .. }
            | Self::AssertionMissing
            | Self::AssertionCount { .. }
            | Self::AssertionMisplaced
            | Self::SignatureMisplaced
            | Self::IssuerMissing { .. }
            | Self::IssuerFormat { .. }
            | Self::SubjectMissing
            | Self::NameId
            | Self::ConfirmationMissing
            | Self::ConfirmationInvalid { .. }
            | Self::ConditionUnknown
            | Self::ConditionRepeated { .. }
            | Self::WindowEmpty
            | Self::AuthnStatementMissing
            | Self::SessionExpired { .. } => return None,
        })
    }
}
