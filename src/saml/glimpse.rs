//! What a message says, whoever wrote it: for people who look for a mistake, never for a sign-in.
//!
//! NOTE: this is the one place that reads a message without its signature. Nothing here can become a
//! [`VerifiedAssertion`]: that comes from signed bytes only.

use super::assertion::{VerifiedAssertion, is_nil};
use super::check::trim;
use super::names::{ASSERTION, PROTOCOL, SCHEMA_INSTANCE, STATUS_PREFIX};
use crate::dsig::DS;
use crate::limits::Limits;
use crate::time::UtcTime;
use crate::xml::{Document, Element, XmlError};
use crate::xmlenc::XENC;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Namespace of the types of XML Schema part 2.
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
/// So many types of one attribute's values are listed. Honest messages have one.
const MAX_TYPES: usize = 8;

/// An unverified look at a message. It holds no name of the subject, and `Debug` prints sizes.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Glimpse {
    /// Namespace of the root element.
    pub namespace: String,
    /// Local name of the root element; all below is of a Response or Assertion of SAML 2.0 only.
    pub name: String,
    /// The Issuer of the Assertion, else of the Response.
    pub issuer: Option<String>,
    /// IssueInstant of the Assertion, else of the Response.
    pub issue_instant: Option<UtcTime>,
    /// Destination of the Response.
    pub destination: Option<String>,
    /// `InResponseTo` of the Response.
    pub in_response_to: Option<String>,
    /// Consent of the Response.
    pub consent: Option<String>,
    /// The most precise `StatusCode`, without its common beginning.
    pub status: Option<String>,
    /// Which elements are signed, each with its signature algorithm.
    pub signatures: Vec<(String, String)>,
    /// How many assertions there are, encrypted ones counted.
    pub assertions: usize,
    /// What is encrypted, each with the algorithm of its content.
    pub encrypted: Vec<(String, String)>,
    /// The audiences.
    pub audiences: Vec<String>,
    /// The recipients of the bearer confirmations.
    pub recipients: Vec<String>,
    /// `NotBefore` of the Conditions.
    pub not_before: Option<UtcTime>,
    /// `NotOnOrAfter` of the Conditions.
    pub not_on_or_after: Option<UtcTime>,
    /// `SessionNotOnOrAfter` of the first `AuthnStatement`.
    pub session_not_on_or_after: Option<UtcTime>,
    /// Whether the Subject has a `NameID`.
    pub has_name_id: bool,
    /// Format of the `NameID`.
    pub name_id_format: Option<String>,
    /// `AuthnContextClassRef` of the first `AuthnStatement`.
    pub authn_context: Option<String>,
    /// Format of the Issuer.
    pub issuer_format: Option<String>,
    /// Whether the `AttributeStatement` stands before the `AuthnStatement`.
    pub attributes_first: bool,
    /// Prefix of the root element; empty for a default namespace.
    pub protocol_prefix: String,
    /// Prefix of the Assertion.
    pub assertion_prefix: String,
    /// Prefix of the first Signature.
    pub signature_prefix: Option<String>,
    /// The outermost element that declares the namespace of the XML Schema types, if above the values.
    pub types_declared_on: Option<String>,
    /// The attributes, in document order, each name once.
    pub attributes: Vec<GlimpsedAttribute>,
}

/// All `Attribute` elements of one Name.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct GlimpsedAttribute {
    /// The Name.
    pub name: String,
    /// The `FriendlyName`.
    pub friendly_name: Option<String>,
    /// The `NameFormat`.
    pub name_format: Option<String>,
    /// How many elements bear the name.
    pub elements: usize,
    /// The `xsi:type`s of the values, each once, the first eight.
    pub types: Vec<String>,
    /// The values; None for `xsi:nil`.
    pub values: Vec<Option<String>>,
}

impl fmt::Debug for Glimpse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Glimpse({}, {} attributes)", self.name, self.attributes.len())
    }
}

impl fmt::Debug for GlimpsedAttribute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "GlimpsedAttribute({:?}, {} values)", self.name, self.values.len())
    }
}

impl Glimpse {
    /// Looks at a message. Whatever is no well-formed XML within the limits is refused; all else only reported.
    pub fn of(xml: &[u8], limits: &Limits) -> Result<Self, XmlError> {
        let document = Document::parse(xml, limits)?;
        let root = document.root();
        let mut glimpse = Self {
            namespace: root.namespace().to_owned(),
            name: root.local_name().to_owned(),
            protocol_prefix: root.prefix().to_owned(),
            ..Self::default()
        };
        if root.is(PROTOCOL, "Response") {
            glimpse.see_response(root);
        } else if root.is(ASSERTION, "Assertion") {
            glimpse.assertions = 1;
            glimpse.see_assertion(root);
        }
        Ok(glimpse)
    }

    /// Looks at the bytes of a verified assertion: what surrounds its values, such as their types.
    pub fn of_verified(assertion: &VerifiedAssertion, limits: &Limits) -> Result<Self, XmlError> {
        Self::of(assertion.signed_text().as_bytes(), limits)
    }

    fn see_response(&mut self, response: Element<'_>) {
        self.see_head(response);
        self.destination = attribute(response, "Destination");
        self.in_response_to = attribute(response, "InResponseTo");
        self.consent = attribute(response, "Consent");
        self.status = response.child(PROTOCOL, "Status").and_then(status);
        for child in response.children() {
            if child.is(ASSERTION, "Assertion") {
                self.assertions += 1;
                if self.assertions == 1 {
                    self.see_assertion(child);
                }
            } else if child.is(ASSERTION, "EncryptedAssertion") {
                self.assertions += 1;
                child.prefix().clone_into(&mut self.assertion_prefix);
                self.see_encrypted(child);
            }
        }
    }

    /// What a Response and an Assertion have both; the inner one is seen last and counts.
    fn see_head(&mut self, element: Element<'_>) {
        if let Some(issuer) = element.child(ASSERTION, "Issuer") {
            self.issuer = text(issuer).or_else(|| self.issuer.take());
            self.issuer_format = attribute(issuer, "Format").or_else(|| self.issuer_format.take());
        }
        self.issue_instant = time(element, "IssueInstant").or(self.issue_instant);
        if let Some(signature) = element.child(DS, "Signature") {
            let method = signature.child(DS, "SignedInfo").and_then(|info| info.child(DS, "SignatureMethod"));
            let algorithm = method.and_then(|method| attribute(method, "Algorithm")).unwrap_or_default();
            self.signatures.push((element.local_name().to_owned(), algorithm));
            self.signature_prefix.get_or_insert_with(|| signature.prefix().to_owned());
        }
        let declares = || element.namespaces_in_scope().iter().any(|(_, namespace)| *namespace == SCHEMA);
        if self.types_declared_on.is_none() && declares() {
            self.types_declared_on = Some(element.local_name().to_owned());
        }
    }

    fn see_assertion(&mut self, assertion: Element<'_>) {
        self.see_head(assertion);
        assertion.prefix().clone_into(&mut self.assertion_prefix);
        if let Some(subject) = assertion.child(ASSERTION, "Subject") {
            self.see_subject(subject);
        }
        if let Some(conditions) = assertion.child(ASSERTION, "Conditions") {
            self.not_before = time(conditions, "NotBefore");
            self.not_on_or_after = time(conditions, "NotOnOrAfter");
            let restrictions = conditions.children_named(ASSERTION, "AudienceRestriction");
            let audiences =
                restrictions.flat_map(|restriction| restriction.children_named(ASSERTION, "Audience"));
            self.audiences = audiences.filter_map(text).collect();
        }
        if let Some(statement) = assertion.child(ASSERTION, "AuthnStatement") {
            self.session_not_on_or_after = time(statement, "SessionNotOnOrAfter");
            let context = statement.child(ASSERTION, "AuthnContext");
            let class = context.and_then(|context| context.child(ASSERTION, "AuthnContextClassRef"));
            self.authn_context = class.and_then(text);
        }
        let place = |name| assertion.children().position(|child| child.is(ASSERTION, name));
        self.attributes_first = matches!((place("AttributeStatement"), place("AuthnStatement")), (Some(one), Some(other)) if one < other);
        let mut known = BTreeMap::new();
        for statement in assertion.children_named(ASSERTION, "AttributeStatement") {
            for child in statement.children() {
                if child.is(ASSERTION, "Attribute") {
                    self.see_attribute(child, &mut known);
                } else if child.is(ASSERTION, "EncryptedAttribute") {
                    self.see_encrypted(child);
                }
            }
        }
    }

    fn see_subject(&mut self, subject: Element<'_>) {
        if let Some(name_id) = subject.child(ASSERTION, "NameID") {
            self.has_name_id = true;
            self.name_id_format = attribute(name_id, "Format");
        }
        if let Some(encrypted) = subject.child(ASSERTION, "EncryptedID") {
            self.has_name_id = true;
            self.see_encrypted(encrypted);
        }
        for confirmation in subject.children_named(ASSERTION, "SubjectConfirmation") {
            let data = confirmation.child(ASSERTION, "SubjectConfirmationData");
            self.recipients.extend(data.and_then(|data| attribute(data, "Recipient")));
        }
    }

    fn see_encrypted(&mut self, wrapper: Element<'_>) {
        let data = wrapper.child(XENC, "EncryptedData");
        let method = data.and_then(|data| data.child(XENC, "EncryptionMethod"));
        let algorithm = method.and_then(|method| attribute(method, "Algorithm")).unwrap_or_default();
        self.encrypted.push((wrapper.local_name().to_owned(), algorithm));
    }

    fn see_attribute(&mut self, element: Element<'_>, known: &mut BTreeMap<String, usize>) {
        let name = attribute(element, "Name").unwrap_or_default();
        let index = *known.entry(name.clone()).or_insert(self.attributes.len());
        if index == self.attributes.len() {
            self.attributes.push(GlimpsedAttribute { name, ..GlimpsedAttribute::default() });
        }
        let Some(seen) = self.attributes.get_mut(index) else { return };
        seen.elements += 1;
        seen.friendly_name = seen.friendly_name.take().or_else(|| attribute(element, "FriendlyName"));
        seen.name_format = seen.name_format.take().or_else(|| attribute(element, "NameFormat"));
        for value in element.children_named(ASSERTION, "AttributeValue") {
            let written = value.attribute_in(SCHEMA_INSTANCE, "type").map(Cow::into_owned);
            if let Some(kind) = written
                && seen.types.len() < MAX_TYPES
                && !seen.types.contains(&kind)
            {
                seen.types.push(kind);
            }
            seen.values.push((!is_nil(value)).then(|| value.string_value()));
        }
    }
}

/// The innermost code says most (SAML Core 3.2.2.2).
fn status(status: Element<'_>) -> Option<String> {
    let mut code = status.child(PROTOCOL, "StatusCode")?;
    while let Some(inner) = code.child(PROTOCOL, "StatusCode") {
        code = inner;
    }
    let value = attribute(code, "Value")?;
    Some(value.strip_prefix(STATUS_PREFIX).map_or(value.clone(), str::to_owned))
}

fn attribute(element: Element<'_>, name: &str) -> Option<String> {
    element.attribute(name).map(Cow::into_owned)
}

fn text(element: Element<'_>) -> Option<String> {
    element.text().map(|text| trim(&text).to_owned())
}

fn time(element: Element<'_>, name: &str) -> Option<UtcTime> {
    UtcTime::parse(trim(&element.attribute(name)?))
}
