//! What the Web Browser SSO profile checks, one function each.
//!
//! Sources: SAML Core (assertions and protocols), SAML Profiles 4.1.4, SAML Bindings 3.5.5.

use super::assertion::{AssertionParts, VerifiedAssertion, read_attributes, read_name_id};
use super::error::ResponseError;
use super::names::{ASSERTION, BEARER, ENTITY, PROTOCOL, STATUS_PREFIX, SUCCESS};
use super::provider::{Exchange, ServiceProvider};
use super::response::Envelope;
use crate::time::UtcTime;
use crate::xml::Element;
use std::borrow::Cow;

/// What the Response has settled and its assertion must repeat.
pub(super) struct Expected {
    /// Where the message was delivered: the Recipient must be one of these.
    recipients: Vec<String>,
    /// The request that is answered; None if unsolicited.
    request_id: Option<String>,
}

/// SAML Core 3.2.2.1: only Success comes with an assertion.
pub(super) fn status(status: Element<'_>) -> Result<(), ResponseError> {
    // The names of SAML Core 3.2.2.2 that say something to an operator.
    const KNOWN: [&str; 12] = [
        "AuthnFailed",
        "InvalidNameIDPolicy",
        "NoAuthnContext",
        "NoPassive",
        "NoAvailableIDP",
        "RequestDenied",
        "RequestUnsupported",
        "UnknownPrincipal",
        "UnsupportedBinding",
        "Requester",
        "Responder",
        "VersionMismatch",
    ];
    let fault = ResponseError::Unexpected { element: "Status" };
    let mut codes = status.children_named(PROTOCOL, "StatusCode");
    let (Some(code), None) = (codes.next(), codes.next()) else { return Err(fault) };
    if code.attribute("Value").is_some_and(|value| value == SUCCESS) {
        return Ok(());
    }
    // The second-level code says more than the first.
    let values = [code.child(PROTOCOL, "StatusCode"), Some(code)].into_iter().flatten();
    let found = values.filter_map(|code| code.attribute("Value")).find_map(|value| {
        let name = value.strip_prefix(STATUS_PREFIX)?.to_owned();
        KNOWN.into_iter().find(|known| *known == name)
    });
    Err(ResponseError::Status { status: found.unwrap_or("another one") })
}

/// Check the Response beside its assertion.
pub(super) fn response(
    provider: &ServiceProvider,
    exchange: &Exchange<'_>,
    envelope: &Envelope<'_>,
    is_signed: bool,
) -> Result<Expected, ResponseError> {
    let response = envelope.element;
    identity(response, "Response")?;
    status(envelope.status)?;
    // Profiles 4.1.4.2: Issuer must be there if the Response is signed or an assertion encrypted.
    let encrypted =
        envelope.assertions.iter().any(|assertion| assertion.local_name() == "EncryptedAssertion");
    match envelope.issuer {
        Some(element) => issuer(provider, element, "Response")?,
        None if is_signed || encrypted => return Err(ResponseError::IssuerMissing { element: "Response" }),
        None => {}
    }
    Ok(Expected {
        recipients: destination(provider, response, is_signed)?,
        request_id: in_response_to(exchange, response)?,
    })
}

/// Check the assertion and read it.
pub(super) fn assertion(
    provider: &ServiceProvider,
    exchange: &Exchange<'_>,
    expected: &Expected,
    parts: &AssertionParts<'_>,
) -> Result<VerifiedAssertion, ResponseError> {
    let issue_instant = identity(parts.element, "Assertion")?;
    // Core 2.3.3: Issuer is required.
    let issuer_element = parts.issuer.ok_or(ResponseError::IssuerMissing { element: "Assertion" })?;
    issuer(provider, issuer_element, "Assertion")?;
    let clock = Clock { now: exchange.now, skew_seconds: provider.clock_skew_seconds };
    let conditions = conditions(provider, &clock, parts.conditions)?;
    let subject = parts.subject.ok_or(ResponseError::SubjectMissing)?;
    let name_id = read_name_id(provider, subject)?;
    let confirmed_until = confirmation(provider, &clock, expected, subject)?;
    let session = session(&clock, &parts.authn_statements)?;
    Ok(VerifiedAssertion {
        text: String::new(),
        id: parts.element.attribute("ID").unwrap_or_default().into_owned(),
        issuer: provider.identity_provider.entity_id.clone(),
        issue_instant,
        name_id,
        attributes: read_attributes(provider, &parts.attribute_statements)?,
        not_on_or_after: conditions.not_on_or_after.map_or(confirmed_until, |end| end.min(confirmed_until)),
        in_response_to: expected.request_id.clone(),
        session_index: session.index,
        session_not_on_or_after: session.not_on_or_after,
        authn_instant: session.authn_instant,
        authn_context: session.authn_context,
        one_time_use: conditions.one_time_use,
    })
}

struct Clock {
    now: UtcTime,
    skew_seconds: i64,
}

impl Clock {
    /// Whether an instant that excludes itself has passed, even for the slowest clock.
    fn is_over(&self, end: UtcTime) -> bool {
        self.now >= end.plus_seconds(self.skew_seconds)
    }

    fn is_before(&self, begin: UtcTime) -> bool {
        self.now.plus_seconds(self.skew_seconds) < begin
    }
}

/// Core 2.3.3 and 3.2.2: Version is 2.0, ID and IssueInstant are there.
fn identity(element: Element<'_>, name: &'static str) -> Result<UtcTime, ResponseError> {
    if element.attribute("Version").is_none_or(|version| version != "2.0") {
        return Err(ResponseError::Version { element: name });
    }
    if element.attribute("ID").is_none_or(|id| id.is_empty()) {
        return Err(ResponseError::Attribute { element: name, name: "ID" });
    }
    let issued = time(element, name, "IssueInstant")?;
    issued.ok_or(ResponseError::Attribute { element: name, name: "IssueInstant" })
}

/// An `xs:dateTime` attribute. The type collapses white space around it (XML Schema part 2, 4.3.6).
fn time(
    element: Element<'_>,
    element_name: &'static str,
    name: &'static str,
) -> Result<Option<UtcTime>, ResponseError> {
    let Some(value) = element.attribute(name) else { return Ok(None) };
    let instant = UtcTime::parse(trim(&value));
    instant.map(Some).ok_or(ResponseError::Attribute { element: element_name, name })
}

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// Profiles 4.1.4.2: the unique identifier of the issuing identity provider; Format absent or entity.
fn issuer(
    provider: &ServiceProvider,
    issuer: Element<'_>,
    element: &'static str,
) -> Result<(), ResponseError> {
    let found = issuer.text().ok_or(ResponseError::Unexpected { element: "Issuer" })?;
    let expected = &provider.identity_provider.entity_id;
    if found != expected.as_str() {
        let (found, expected) = (shown(&found), expected.clone());
        return Err(ResponseError::IssuerMismatch { element, found, expected });
    }
    match issuer.attribute("Format") {
        Some(format) if format != ENTITY => Err(ResponseError::IssuerFormat { element }),
        Some(_) | None => Ok(()),
    }
}

/// An entity ID has at most 1,024 characters (Core 8.3.6); no message needs more of one.
fn shown(entity_id: &str) -> String {
    entity_id.chars().take(256).collect()
}

/// Bindings 3.5.5.2: a signed Response must name its Destination. Core 3.2.2: whoever names one must name us. The URL is
/// compared as it stands, for a prefix or another spelling is another address.
fn destination(
    provider: &ServiceProvider,
    response: Element<'_>,
    is_signed: bool,
) -> Result<Vec<String>, ResponseError> {
    match response.attribute("Destination") {
        Some(destination) if provider.acs_urls.iter().any(|url| *url == destination) => {
            Ok(vec![destination.into_owned()])
        }
        Some(_) => Err(ResponseError::DestinationMismatch { expected: addresses(&provider.acs_urls) }),
        None if is_signed => Err(ResponseError::DestinationMissing),
        None => Ok(provider.acs_urls.clone()),
    }
}

fn addresses(urls: &[String]) -> String {
    urls.join(" or ")
}

/// Core 3.2.2: InResponseTo is the ID of the request, and is absent if there was none. Some send a made-up one with
/// unsolicited Responses (Rippling does); it is refused, since it can't be told from a stolen answer.
fn in_response_to(exchange: &Exchange<'_>, response: Element<'_>) -> Result<Option<String>, ResponseError> {
    let element = "the Response";
    match response.attribute("InResponseTo") {
        Some(id) if !id.is_empty() && exchange.request_ids.iter().any(|pending| *pending == id) => {
            Ok(Some(id.into_owned()))
        }
        Some(_) if exchange.unsolicited && exchange.request_ids.is_empty() => {
            Err(ResponseError::InResponseToUnexpected { element })
        }
        Some(_) => Err(ResponseError::InResponseToMismatch { element }),
        None if exchange.unsolicited => Ok(None),
        None => Err(ResponseError::InResponseToMissing { element }),
    }
}

struct Conditions {
    not_on_or_after: Option<UtcTime>,
    one_time_use: bool,
}

/// Core 2.5.1; Profiles 4.1.4.2 demands an AudienceRestriction with us in it.
fn conditions(
    provider: &ServiceProvider,
    clock: &Clock,
    conditions: Option<Element<'_>>,
) -> Result<Conditions, ResponseError> {
    let conditions = conditions.ok_or(ResponseError::AudienceMissing)?;
    let not_before = time(conditions, "Conditions", "NotBefore")?;
    let not_on_or_after = time(conditions, "Conditions", "NotOnOrAfter")?;
    // Core 2.5.1.2.
    if let (Some(begin), Some(end)) = (not_before, not_on_or_after)
        && begin >= end
    {
        return Err(ResponseError::WindowEmpty);
    }
    if let Some(begins) = not_before.filter(|begin| clock.is_before(*begin)) {
        return Err(ResponseError::NotYetValid { begins, now: clock.now });
    }
    if let Some(ended) = not_on_or_after.filter(|end| clock.is_over(*end)) {
        return Err(ResponseError::Expired { ended, now: clock.now });
    }
    if !conditions.has_element_content() {
        return Err(ResponseError::Unexpected { element: "Conditions" });
    }
    let (mut restrictions, mut one_time_use, mut proxy_restrictions) = (0, 0, 0);
    for condition in conditions.children() {
        match (condition.namespace(), condition.local_name()) {
            // Core 2.5.1.4: several restrictions must all hold, of several audiences one is enough.
            (ASSERTION, "AudienceRestriction") => {
                restrictions += 1;
                audience(provider, condition)?;
            }
            (ASSERTION, "OneTimeUse") => one_time_use += 1,
            // Core 2.5.1.6: it binds those who would issue assertions on the ground of this one. We don't.
            (ASSERTION, "ProxyRestriction") => proxy_restrictions += 1,
            // Core 2.5.1: an assertion with a condition that is not understood must not be relied on.
            _ => return Err(ResponseError::ConditionUnknown),
        }
    }
    // Core 2.5.1.5 and 2.5.1.6.
    for (count, condition) in [(one_time_use, "OneTimeUse"), (proxy_restrictions, "ProxyRestriction")] {
        if count > 1 {
            return Err(ResponseError::ConditionRepeated { condition });
        }
    }
    if restrictions == 0 {
        return Err(ResponseError::AudienceMissing);
    }
    Ok(Conditions { not_on_or_after, one_time_use: one_time_use == 1 })
}

fn audience(provider: &ServiceProvider, restriction: Element<'_>) -> Result<(), ResponseError> {
    let mut found = Vec::new();
    for audience in restriction.children() {
        let text = audience.text().filter(|_| audience.is(ASSERTION, "Audience"));
        found.push(text.ok_or(ResponseError::Unexpected { element: "AudienceRestriction" })?);
    }
    // An Audience is an xs:anyURI, whose type collapses white space around it.
    if found.iter().any(|audience| trim(audience) == provider.entity_id) {
        return Ok(());
    }
    let names: Vec<_> = found.iter().take(3).map(|audience| format!("{:?}", shown(audience))).collect();
    let found = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    Err(ResponseError::AudienceMismatch { found, expected: provider.entity_id.clone() })
}

/// Profiles 4.1.4.3: at least one bearer confirmation must hold; the answer is when the last of those ends.
fn confirmation(
    provider: &ServiceProvider,
    clock: &Clock,
    expected: &Expected,
    subject: Element<'_>,
) -> Result<UtcTime, ResponseError> {
    let mut until = None;
    let mut failure = None;
    for confirmation in subject.children_named(ASSERTION, "SubjectConfirmation") {
        if confirmation.attribute("Method").is_none_or(|method| method != BEARER) {
            continue;
        }
        match bearer(provider, clock, expected, confirmation) {
            Ok(end) => until = until.max(Some(end)),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    until.ok_or_else(|| failure.unwrap_or(ResponseError::ConfirmationMissing))
}

fn bearer(
    provider: &ServiceProvider,
    clock: &Clock,
    expected: &Expected,
    confirmation: Element<'_>,
) -> Result<UtcTime, ResponseError> {
    let invalid = |fact| ResponseError::ConfirmationInvalid { fact };
    let name = "SubjectConfirmationData";
    let mut all = confirmation.children_named(ASSERTION, name);
    let (Some(data), None) = (all.next(), all.next()) else {
        return Err(invalid("has no single SubjectConfirmationData"));
    };
    // Profiles 4.1.4.2: Recipient and NotOnOrAfter must be there, NotBefore must not.
    let recipient = data.attribute("Recipient").ok_or_else(|| invalid("has no Recipient"))?;
    if !expected.recipients.iter().any(|url| *url == recipient) {
        return Err(ResponseError::RecipientMismatch { expected: addresses(&provider.acs_urls) });
    }
    if data.attribute("NotBefore").is_some() {
        return Err(invalid("has a NotBefore"));
    }
    let end = time(data, name, "NotOnOrAfter")?.ok_or_else(|| invalid("has no NotOnOrAfter"))?;
    if clock.is_over(end) {
        return Err(ResponseError::ConfirmationExpired { ended: end, now: clock.now });
    }
    // Profiles 4.1.4.3: the ID of the request, or absent if unsolicited.
    match (data.attribute("InResponseTo"), &expected.request_id) {
        (None, None) => Ok(end),
        (Some(found), Some(id)) if found == id.as_str() => Ok(end),
        (Some(_), Some(_)) => Err(ResponseError::InResponseToMismatch { element: name }),
        (Some(_), None) => Err(ResponseError::InResponseToUnexpected { element: name }),
        (None, Some(_)) => Err(ResponseError::InResponseToMissing { element: name }),
    }
}

struct Session {
    index: Option<String>,
    not_on_or_after: Option<UtcTime>,
    authn_instant: UtcTime,
    authn_context: Option<String>,
}

/// Profiles 4.1.4.2: an AuthnStatement must be there. Core 2.7.2: what it says of the session.
fn session(clock: &Clock, statements: &[Element<'_>]) -> Result<Session, ResponseError> {
    let name = "AuthnStatement";
    let first = *statements.first().ok_or(ResponseError::AuthnStatementMissing)?;
    let missing = ResponseError::Attribute { element: name, name: "AuthnInstant" };
    let mut end = None;
    for statement in statements {
        let bound = time(*statement, name, "SessionNotOnOrAfter")?;
        if let Some(ended) = bound.filter(|bound| clock.is_over(*bound)) {
            return Err(ResponseError::SessionExpired { ended, now: clock.now });
        }
        end = [end, bound].into_iter().flatten().min();
    }
    let context = first.child(ASSERTION, "AuthnContext");
    let class = context.and_then(|context| context.child(ASSERTION, "AuthnContextClassRef"));
    Ok(Session {
        index: statements
            .iter()
            .find_map(|statement| statement.attribute("SessionIndex"))
            .map(Cow::into_owned),
        not_on_or_after: end,
        authn_instant: time(first, name, "AuthnInstant")?.ok_or(missing)?,
        authn_context: class.and_then(Element::text).map(|text| trim(&text).to_owned()),
    })
}
