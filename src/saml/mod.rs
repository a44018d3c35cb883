//! SAML Response → VerifiedAssertion; metadata; requests.
