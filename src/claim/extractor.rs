//! Attributes → [`GroupClaim`]: which attribute, which status, and the account of every value.

use super::format::{Format, Reader, Reading};
use super::preset::{Overage, is_well_known};
use super::rules::GroupRules;
use super::settle::{Candidate, settle};
use super::{ClaimStatus, Dropped, GroupClaim, name, overage};
use std::borrow::Cow;

/// Names are no longer than this many characters unless set otherwise.
pub const MAX_NAME_LENGTH: usize = 255;

/// One attribute as it came: its Name, its FriendlyName, its values in order; None is `xsi:nil`.
#[derive(Clone, Debug)]
pub struct AttributeView<'a> {
    /// The Name, which identifies it.
    pub name: Cow<'a, str>,
    /// The FriendlyName, which must not (SAML Core 2.7.3.1).
    pub friendly_name: Option<Cow<'a, str>>,
    /// The values.
    pub values: Vec<Option<Cow<'a, str>>>,
}

/// Who read the attributes out of the SAML Response. Other libraries blur what the identity provider said
/// (measured: python3-saml 1.16.0, pysaml2 7.5.5).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Library {
    /// This one: everything is as it was sent.
    #[default]
    MemberOf,
    /// One that isn't named, and is taken to hand over every attribute.
    Other,
    /// python3-saml: nil, empty and marked-up values all become no value.
    Python3Saml,
    /// pysaml2 with its defaults: an attribute that no attribute map knows, or without values, is left out.
    Pysaml2,
    /// pysaml2 with `allow_unknown_attributes`: nil and marked-up values become an empty one.
    Pysaml2AllowUnknown,
}

/// What a [`GroupExtractor`] is made from.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Settings {
    /// Names that are merged, in this order.
    pub attributes: Vec<String>,
    /// Names tried in this order where none of `attributes` is there.
    pub aliases: Vec<String>,
    /// How values are read.
    pub reader: Reader,
    /// How many groups the identity provider sends at most.
    pub limit: Option<usize>,
    /// Where overage links are looked for.
    pub overage: bool,
    /// Longer names are skipped, in characters.
    pub max_name_length: usize,
    /// Which names count, and what they are called here.
    pub rules: GroupRules,
}

/// Reads the groups of one user out of the attributes of one login.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct GroupExtractor {
    settings: Settings,
}

impl GroupExtractor {
    /// Checks the settings; every problem found is one sentence.
    pub fn new(settings: Settings) -> Result<Self, Vec<String>> {
        let mut problems = settings.reader.problems();
        if settings.attributes.is_empty() {
            problems.push("attribute names no attribute".to_owned());
        }
        if settings
            .attributes
            .iter()
            .chain(&settings.aliases)
            .any(|name| super::format::trim(name).is_empty())
        {
            problems.push("an attribute's name is empty".to_owned());
        }
        if settings.max_name_length == 0 {
            problems.push("max_name_length is 0, which skips every group".to_owned());
        }
        if settings.limit == Some(0) {
            problems.push("limit is 0; leave it out where the identity provider has none".to_owned());
        }
        if problems.is_empty() { Ok(Self { settings }) } else { Err(problems) }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads the groups. Every value is a group, a repeat, dropped or malformed; none is lost.
    #[must_use]
    pub fn extract(&self, attributes: &[AttributeView<'_>], library: Library) -> GroupClaim {
        let matched = self.matched(attributes);
        let mut claim = GroupClaim {
            attribute: matched.first().map(|attribute| attribute.name.clone().into_owned()),
            limit: self.settings.limit,
            absence_proved: library != Library::Pysaml2,
            ..GroupClaim::default()
        };
        let values: Vec<Option<&str>> =
            matched.iter().flat_map(|attribute| &attribute.values).map(Option::as_deref).collect();
        if let Some(marker) = self.overage_marker(attributes, &matched) {
            overage_claim(&mut claim, marker, &values);
        } else if matched.is_empty() {
            claim.status = ClaimStatus::Absent;
            self.warn_of_absence(&mut claim, attributes);
        } else {
            self.read(&mut claim, &values);
        }
        warn_of_library(&mut claim, library);
        claim
    }

    /// The attributes that carry the groups. Matched by Name, exactly.
    fn matched<'v, 'a>(&self, attributes: &'v [AttributeView<'a>]) -> Vec<&'v AttributeView<'a>> {
        let named = |wanted: &str| -> Vec<&'v AttributeView<'a>> {
            attributes.iter().filter(|attribute| attribute.name == *wanted).collect()
        };
        let mut found = Vec::new();
        for (index, wanted) in self.settings.attributes.iter().enumerate() {
            if !self.settings.attributes.iter().take(index).any(|before| before == wanted) {
                found.extend(named(wanted));
            }
        }
        if !found.is_empty() {
            return found;
        }
        let mut aliases = self.settings.aliases.iter().map(|alias| named(alias));
        aliases.find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Where an attribute says that the groups were left out. By name anywhere, by value in the group attribute; by
    /// value elsewhere only in place of the group attribute and where the preset says so: a user who may edit some
    /// other attribute must not be able to hold her own detachments.
    fn overage_marker(
        &self,
        attributes: &[AttributeView<'_>],
        matched: &[&AttributeView<'_>],
    ) -> Option<String> {
        let by_value = |attribute: &AttributeView<'_>| {
            attribute
                .values
                .iter()
                .flatten()
                .any(|value| overage::is_link(value))
                .then(|| attribute.name.to_string())
        };
        let by_name = attributes.iter().find(|attribute| overage::is_marker(&attribute.name));
        if let Some(attribute) = by_name {
            return Some(super::format::trim(&attribute.name).to_owned());
        }
        matched.iter().find_map(|attribute| by_value(attribute)).or_else(|| {
            let anywhere = matched.is_empty() && self.settings.overage;
            if anywhere { attributes.iter().find_map(by_value) } else { None }
        })
    }

    fn warn_of_absence(&self, claim: &mut GroupClaim, attributes: &[AttributeView<'_>]) {
        let wanted = || self.settings.attributes.iter().chain(&self.settings.aliases);
        for attribute in attributes {
            let name = &attribute.name;
            if let Some(friendly) = attribute.friendly_name.as_deref()
                && wanted().any(|one| one.eq_ignore_ascii_case(friendly))
            {
                claim.warn(
                    "claim.friendly_name_only",
                    format!("attribute \"{name}\" has the FriendlyName \"{friendly}\", which must not identify it (SAML Core 2.7.3.1); set attribute=\"{name}\""),
                    None,
                );
            } else if let Some(near) =
                wanted().find(|one| one.trim().eq_ignore_ascii_case(super::format::trim(name)))
            {
                claim.warn(
                    "claim.attribute_case",
                    format!("there is no attribute \"{near}\" but one \"{name}\", and names are compared exactly; set attribute=\"{name}\""),
                    None,
                );
            } else if is_well_known(name) {
                claim.warn(
                    "claim.other_attribute",
                    format!("the configured attribute is not there, but \"{name}\" is, which usually carries groups; set attribute=\"{name}\" if it does"),
                    None,
                );
            }
        }
    }

    fn read(&self, claim: &mut GroupClaim, values: &[Option<&str>]) {
        let mut names: Vec<Candidate<'_>> = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let value = value.unwrap_or_default();
            let before = claim.received;
            if !super::format::trim(value).is_empty() {
                self.settings.reader.read(value, |reading| self.take(claim, &mut names, index, reading));
            }
            if claim.received == before {
                claim.received += 1;
                claim.drop_value(String::new(), "claim.empty_value");
            }
        }
        let is_blank = |dropped: &Dropped| dropped.reason == "claim.empty_value";
        let blank = names.is_empty() && claim.malformed.is_empty() && claim.dropped.iter().all(is_blank);
        claim.status = if blank { ClaimStatus::Empty } else { ClaimStatus::Present };
        settle(&self.settings, claim, names);
    }

    fn take<'v>(
        &self,
        claim: &mut GroupClaim,
        names: &mut Vec<Candidate<'v>>,
        index: usize,
        reading: Reading<'v>,
    ) {
        claim.received += 1;
        let name = match reading.name {
            Ok(name) => name,
            Err(fault) => {
                claim.warn(fault.code(), fault.message().to_owned(), Some(index));
                claim.malformed.push(reading.raw.into_owned());
                return;
            }
        };
        let normal = match name::composed(&name) {
            Cow::Borrowed(_) => None,
            Cow::Owned(normal) => Some(normal),
        };
        let fault = name::fault(normal.as_deref().unwrap_or(&name), self.settings.max_name_length);
        if let Some(fault) = fault {
            claim.warn(fault.code(), fault.message().to_owned(), Some(index));
            claim.drop_value(reading.raw.into_owned(), fault.code());
            return;
        }
        if matches!(self.settings.reader.format, Format::Array | Format::Csv | Format::Json)
            && has_dn_escape(&name)
        {
            claim.warn(
                "claim.cut_dn",
                "a name holds an escape of distinguished names, as claim rules leave it that cut the CN out of one; send whole distinguished names and set format=\"ldap\"".to_owned(),
                Some(index),
            );
        }
        names.push(Candidate { index, raw: reading.raw, written: name, normal, renamed: false });
    }
}

/// Whether a backslash stands at the end, or before a character that distinguished names escape. A recipe of the
/// TechNet wiki for AD FS cuts `CN=Sales\, EMEA,OU=…` down to `Sales\`.
fn has_dn_escape(name: &str) -> bool {
    name.split('\\')
        .skip(1)
        .any(|behind| behind.is_empty() || behind.starts_with([',', '+', '"', '<', '>', ';', '=', '#']))
}

fn warn_of_library(claim: &mut GroupClaim, library: Library) {
    let (code, text) = match (claim.status, library) {
        (ClaimStatus::Absent, Library::Pysaml2) => (
            "claim.absence_unproved",
            "pysaml2 leaves out attributes that no attribute map knows, so absence proves nothing; set allow_unknown_attributes there and library=\"pysaml2-allow-unknown\" here",
        ),
        (ClaimStatus::Empty, Library::Python3Saml | Library::Pysaml2AllowUnknown) => (
            "claim.empty_blurred",
            "the SAML library reads a value with markup inside as no value, so an attribute that looks empty may not have been",
        ),
        _ => return,
    };
    claim.warn(code, text.to_owned(), None);
}

fn overage_claim(claim: &mut GroupClaim, marker: String, values: &[Option<&str>]) {
    claim.status = ClaimStatus::Overage;
    claim.warn(
        "claim.overage",
        format!("attribute \"{marker}\" says that the groups were left out because there are too many; assign groups to the application or filter them at the identity provider"),
        None,
    );
    claim.attribute.get_or_insert(marker);
    for value in values {
        claim.received += 1;
        claim.drop_value(value.unwrap_or_default().to_owned(), "claim.overage");
    }
}

impl From<Overage> for bool {
    fn from(overage: Overage) -> Self {
        overage == Overage::ByValue
    }
}
