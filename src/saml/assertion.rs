//! An Assertion, read from canonical bytes whose signature was checked (SAML Core, section 2).

use super::check::trim;
use super::decrypt;
use super::error::ResponseError;
use super::names::{ASSERTION, SCHEMA_INSTANCE};
use super::provider::ServiceProvider;
use crate::dsig::DS;
use crate::time::UtcTime;
use crate::xml::{Document, Element, TextRange};
use std::borrow::Cow;
use std::fmt;

/// What an identity provider says of one user, signed by it, meant for us, now. Only
/// [`ServiceProvider::verify`](super::ServiceProvider::verify) makes one.
///
/// It keeps the canonical bytes that were signed; the values of attributes are ranges of them. `Debug` prints sizes.
#[derive(Clone, Eq, PartialEq)]
pub struct VerifiedAssertion {
    pub(super) text: String,
    pub(super) id: String,
    pub(super) issuer: String,
    pub(super) issue_instant: UtcTime,
    pub(super) name_id: Option<NameId>,
    pub(super) attributes: Vec<AttributeEntry>,
    pub(super) not_on_or_after: UtcTime,
    pub(super) in_response_to: Option<String>,
    pub(super) session_index: Option<String>,
    pub(super) session_not_on_or_after: Option<UtcTime>,
    pub(super) authn_instant: UtcTime,
    pub(super) authn_context: Option<String>,
    pub(super) one_time_use: bool,
}

/// The name of the subject (SAML Core 2.2.3), compared exactly and with all its parts.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NameId {
    /// The name, untouched.
    pub value: String,
    /// What kind of name it is.
    pub format: Option<String>,
    /// In whose domain it is unique.
    pub name_qualifier: Option<String>,
    /// For which service provider it was made.
    pub sp_name_qualifier: Option<String>,
}

impl fmt::Debug for NameId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NameId({} bytes)", self.value.len())
    }
}

/// All attributes of one name, merged in document order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct AttributeEntry {
    name: String,
    friendly_name: Option<String>,
    values: Vec<Value>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Value {
    Nil,
    Range(TextRange),
    /// A value with elements inside, by its whole text.
    Joined(String),
}

/// An attribute of a verified assertion: a name and its values, in document order.
#[derive(Clone, Copy)]
pub struct AssertionAttribute<'a> {
    text: &'a str,
    entry: &'a AttributeEntry,
}

impl VerifiedAssertion {
    /// The ID, unique for the identity provider: what a replay cache records.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The identity provider's entity ID.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// When the identity provider made it.
    #[must_use]
    pub fn issue_instant(&self) -> UtcTime {
        self.issue_instant
    }

    /// The subject's name; none if the Subject has none.
    #[must_use]
    pub fn name_id(&self) -> Option<&NameId> {
        self.name_id.as_ref()
    }

    /// The canonical bytes that were signed: the Assertion, or the Response around it.
    pub(super) fn signed_text(&self) -> &str {
        &self.text
    }

    /// The attributes by `Name`, in document order, each name once.
    #[must_use]
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = AssertionAttribute<'_>> {
        self.attributes.iter().map(|entry| AssertionAttribute { text: &self.text, entry })
    }

    /// From when on it is never accepted again, clock skew apart: the earlier of the ends of its Conditions and of its bearer
    /// confirmation.
    #[must_use]
    pub fn not_on_or_after(&self) -> UtcTime {
        self.not_on_or_after
    }

    /// The ID of the request that it answers; none if unsolicited.
    #[must_use]
    pub fn in_response_to(&self) -> Option<&str> {
        self.in_response_to.as_deref()
    }

    /// The session at the identity provider, of the first AuthnStatement that names one.
    #[must_use]
    pub fn session_index(&self) -> Option<&str> {
        self.session_index.as_deref()
    }

    /// When the session must end, at the latest: the earliest one of all AuthnStatements.
    #[must_use]
    pub fn session_not_on_or_after(&self) -> Option<UtcTime> {
        self.session_not_on_or_after
    }

    /// When the user authenticated, by the first AuthnStatement.
    #[must_use]
    pub fn authn_instant(&self) -> UtcTime {
        self.authn_instant
    }

    /// How the user authenticated (AuthnContextClassRef), by the first AuthnStatement.
    #[must_use]
    pub fn authn_context(&self) -> Option<&str> {
        self.authn_context.as_deref()
    }

    /// Whether it must be used at once and not kept (SAML Core 2.5.1.5).
    #[must_use]
    pub fn one_time_use(&self) -> bool {
        self.one_time_use
    }
}

impl fmt::Debug for VerifiedAssertion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: usize = self.attributes.iter().map(|attribute| attribute.values.len()).sum();
        write!(
            out,
            "VerifiedAssertion({} bytes, {} attributes, {values} values)",
            self.text.len(),
            self.attributes.len()
        )
    }
}

impl<'a> AssertionAttribute<'a> {
    /// The `Name`: what identifies an attribute (SAML Core 2.7.3.1).
    #[must_use]
    pub fn name(self) -> &'a str {
        &self.entry.name
    }

    /// The `FriendlyName`, for people only, of the first element of that name that has one.
    #[must_use]
    pub fn friendly_name(self) -> Option<&'a str> {
        self.entry.friendly_name.as_deref()
    }

    /// The values, untouched; None for `xsi:nil`. They are lent wherever they hold no reference.
    #[must_use]
    pub fn values(self) -> impl ExactSizeIterator<Item = Option<Cow<'a, str>>> {
        let text = self.text;
        self.entry.values.iter().map(move |value| match value {
            Value::Nil => None,
            Value::Range(range) => Some(range.read(text)),
            Value::Joined(joined) => Some(Cow::Borrowed(joined.as_str())),
        })
    }
}

impl fmt::Debug for AssertionAttribute<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AssertionAttribute({:?}, {} values)", self.entry.name, self.entry.values.len())
    }
}

/// The parts of an Assertion, in the order of SAML Core 2.3.3, each where it belongs and as often as it may stand.
pub(super) struct AssertionParts<'d> {
    pub(super) element: Element<'d>,
    pub(super) issuer: Option<Element<'d>>,
    pub(super) subject: Option<Element<'d>>,
    pub(super) conditions: Option<Element<'d>>,
    pub(super) authn_statements: Vec<Element<'d>>,
    pub(super) attribute_statements: Vec<Element<'d>>,
}

impl<'d> AssertionParts<'d> {
    pub(super) fn of(element: Element<'d>) -> Result<Self, ResponseError> {
        let fault = ResponseError::Unexpected { element: "Assertion" };
        let mut parts = Self {
            element,
            issuer: None,
            subject: None,
            conditions: None,
            authn_statements: Vec::new(),
            attribute_statements: Vec::new(),
        };
        let mut advice = None;
        if !element.has_element_content() {
            return Err(fault);
        }
        for child in element.children() {
            if child.is(DS, "Signature") {
                continue;
            }
            if child.namespace() != ASSERTION {
                return Err(fault);
            }
            let once = match child.local_name() {
                "Issuer" => &mut parts.issuer,
                "Subject" => &mut parts.subject,
                "Conditions" => &mut parts.conditions,
                // SAML Core 2.6.1: may be ignored. Never read.
                "Advice" => &mut advice,
                "AuthnStatement" => {
                    parts.authn_statements.push(child);
                    continue;
                }
                "AttributeStatement" => {
                    parts.attribute_statements.push(child);
                    continue;
                }
                // Statements of other kinds say nothing that is asked for.
                "Statement" | "AuthzDecisionStatement" => continue,
                _ => return Err(fault),
            };
            if once.replace(child).is_some() {
                return Err(fault);
            }
        }
        Ok(parts)
    }
}

/// The name of a Subject (SAML Core 2.4.1).
pub(super) fn read_name_id(
    provider: &ServiceProvider,
    subject: Element<'_>,
) -> Result<Option<NameId>, ResponseError> {
    let mut identifier = None;
    for child in subject.children() {
        if child.is(ASSERTION, "NameID") || child.is(ASSERTION, "EncryptedID") {
            if identifier.replace(child).is_some() {
                return Err(ResponseError::NameId);
            }
        } else if !child.is(ASSERTION, "SubjectConfirmation") {
            // BaseID: an identifier that only an extension could read.
            return Err(ResponseError::NameId);
        }
    }
    match identifier {
        None => Ok(None),
        Some(name_id) if name_id.local_name() == "NameID" => name_id_of(name_id).map(Some),
        Some(encrypted) => decrypt::open(provider, encrypted, "EncryptedID", |name_id| {
            // SAML Core 2.2.4: it may hold another kind of identifier, or an assertion.
            if name_id.is(ASSERTION, "NameID") { name_id_of(name_id) } else { Err(ResponseError::NameId) }
        })
        .map(Some),
    }
}

fn name_id_of(element: Element<'_>) -> Result<NameId, ResponseError> {
    let value = element.text().ok_or(ResponseError::NameId)?.into_owned();
    if trim(&value).is_empty() {
        return Err(ResponseError::NameId);
    }
    let part = |name| element.attribute(name).map(Cow::into_owned);
    Ok(NameId {
        value,
        format: part("Format"),
        name_qualifier: part("NameQualifier"),
        sp_name_qualifier: part("SPNameQualifier"),
    })
}

/// The attributes of all AttributeStatements (SAML Core 2.7.3), those of one Name merged.
pub(super) fn read_attributes(
    provider: &ServiceProvider,
    statements: &[Element<'_>],
) -> Result<Vec<AttributeEntry>, ResponseError> {
    let mut entries: Vec<AttributeEntry> = Vec::new();
    let mut known = std::collections::BTreeMap::new();
    for attribute in statements.iter().flat_map(|statement| statement.children()) {
        let read = if attribute.is(ASSERTION, "EncryptedAttribute") {
            // Its values are of another text than the assertion's, so they are kept one by one.
            let own =
                |element: Element<'_>| read_attribute(element, |value| Value::Joined(value.string_value()));
            decrypt::open(provider, attribute, "EncryptedAttribute", own)?
        } else {
            read_attribute(attribute, |value| match value.text_range() {
                Some(range) => Value::Range(range),
                None => Value::Joined(value.string_value()),
            })?
        };
        let index = *known.entry(read.name.clone()).or_insert(entries.len());
        match entries.get_mut(index) {
            None => entries.push(read),
            Some(entry) => {
                entry.friendly_name = entry.friendly_name.take().or(read.friendly_name);
                entry.values.extend(read.values);
            }
        }
    }
    Ok(entries)
}

fn read_attribute(
    attribute: Element<'_>,
    read: impl Fn(Element<'_>) -> Value,
) -> Result<AttributeEntry, ResponseError> {
    if !attribute.is(ASSERTION, "Attribute") {
        return Err(ResponseError::Unexpected { element: "AttributeStatement" });
    }
    let name = attribute.attribute("Name").filter(|name| !name.is_empty());
    let name = name.ok_or(ResponseError::Attribute { element: "Attribute", name: "Name" })?.into_owned();
    let friendly_name = attribute.attribute("FriendlyName").map(Cow::into_owned);
    let mut values = Vec::new();
    for value in attribute.children() {
        if !value.is(ASSERTION, "AttributeValue") {
            return Err(ResponseError::Unexpected { element: "Attribute" });
        }
        values.push(if is_nil(value) { Value::Nil } else { read(value) });
    }
    Ok(AttributeEntry { name, friendly_name, values })
}

/// XML Schema part 1, 2.6.2: `xsi:nil`, and then without content.
pub(super) fn is_nil(value: Element<'_>) -> bool {
    let said = value.attribute_in(SCHEMA_INSTANCE, "nil").is_some_and(|nil| nil == "true" || nil == "1");
    said && value.text().is_some_and(|text| text.is_empty())
}

impl VerifiedAssertion {
    /// Keep the bytes that the ranges point to.
    pub(super) fn keep(&mut self, document: Document<'static>) {
        self.text = document.into_text();
    }
}
