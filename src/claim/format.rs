//! The formats: what one attribute value says under each.

use super::common_name::{first_common_name, plain_common_name};
use super::dn::{DistinguishedName, DnValue, canonical_type, is_common_name};
use super::list::{self, is_delimiter};
use super::parts::{Part, Parts, Place, is_blank};
use super::unreadable::Unreadable;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How the values of the group attribute are written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// Each value is a distinguished name (rule R2); with a delimiter, several.
    Ldap,
    /// Each value is a name (rule R3).
    Array,
    /// Each value is a delimited list of names (rule R4).
    Csv,
    /// Each value is a JSON array of names.
    Json,
    /// Each value is a path, `/parent/child` (Keycloak's full group path).
    Path,
    /// Each value is `DOMAIN\name` (AD FS, Entra).
    Domain,
}

impl Format {
    /// All of them, by the name that configuration uses.
    pub const ALL: [(&'static str, Self); 6] = [
        ("ldap", Self::Ldap),
        ("array", Self::Array),
        ("csv", Self::Csv),
        ("json", Self::Json),
        ("path", Self::Path),
        ("domain", Self::Domain),
    ];

    /// The name that configuration uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ldap => "ldap",
            Self::Array => "array",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Path => "path",
            Self::Domain => "domain",
        }
    }
}

/// Which part of a value under `ldap`, `path` or `domain` names the group.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Naming {
    /// `ldap`: the CN of the first RDN; `path`, `domain`: the whole value.
    #[default]
    Default,
    /// `ldap`: the whole name, normalised (RFC 4514, canonical types, NFC).
    Dn,
    /// `ldap`: the OUs from the root down and then the CN, joined by `/`: `EMEA/Sales/Team`. A `/` in one is `\/`.
    OuPath,
    /// `ldap`: the value of this type in the first RDN.
    Type(String),
    /// `path`: the last segment.
    Leaf,
    /// `path`: the first segment.
    Top,
    /// `domain`: what stands behind the backslash.
    Name,
}

/// How values are read.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Reader {
    /// The format of the values.
    pub format: Format,
    /// What separates names under `csv`, or distinguished names in one value under `ldap`.
    pub delimiter: Option<String>,
    /// Which part names the group.
    pub naming: Naming,
}

/// One name, or the reason why there is none, of a value.
pub(crate) struct Reading<'v> {
    /// The value, or the item of it.
    pub(crate) raw: Cow<'v, str>,
    pub(crate) name: Result<Cow<'v, str>, Unreadable>,
}

impl Reader {
    /// What is wrong with this combination, each one sentence.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(delimiter) = &self.delimiter {
            if !matches!(self.format, Format::Csv | Format::Ldap) {
                problems.push(format!("delimiter has no meaning under format \"{}\"", self.format.name()));
            } else if !is_delimiter(delimiter) {
                problems.push(super::ListError::Delimiter.to_string());
            } else if self.format == Format::Ldap
                && (delimiter.chars().all(|char| char.is_alphanumeric() || " ,+=".contains(char)))
            {
                // A comma separates RDNs, so "a list of DNs, joined by commas" can't be cut safely.
                problems.push(
                    "delimiter under format \"ldap\" must be one that no distinguished name needs: \";\", \"|\" or a line break".to_owned(),
                );
            }
        }
        let fits = match self.naming {
            Naming::Default => true,
            Naming::Dn | Naming::OuPath | Naming::Type(_) => self.format == Format::Ldap,
            Naming::Leaf | Naming::Top => self.format == Format::Path,
            Naming::Name => self.format == Format::Domain,
        };
        if !fits {
            problems.push(format!("this naming has no meaning under format \"{}\"", self.format.name()));
        }
        problems
    }

    /// Reads one value that is not blank; every reading goes to `take`, none for an empty list.
    pub(crate) fn read<'v>(&self, value: &'v str, mut take: impl FnMut(Reading<'v>)) {
        if self.format == Format::Ldap {
            return self.read_ldap(value, take); // trims by itself: `CN=x\ ` ends in a real space
        }
        let value = trim(value);
        let raw = Cow::Borrowed(value);
        match self.format {
            Format::Ldap => {}
            Format::Array => {
                take(Reading { raw, name: foreign(value).map_or(Ok(Cow::Borrowed(value)), Err) });
            }
            Format::Csv => self.read_csv(value, take),
            Format::Json => read_json(value, take),
            Format::Path => take(Reading { raw, name: path(value, &self.naming) }),
            Format::Domain => take(Reading { raw, name: domain(value, &self.naming) }),
        }
    }

    fn read_ldap<'v>(&self, value: &'v str, mut take: impl FnMut(Reading<'v>)) {
        let mut one = |raw: &'v str, several: bool| {
            take(Reading { raw: Cow::Borrowed(raw), name: self.name_in_dn(raw, several) });
        };
        let Some(delimiter) = &self.delimiter else { return one(value, false) };
        let pieces = pieces(value, delimiter);
        if let [_] = pieces.as_slice() {
            return one(value, false);
        }
        // RFC 2253 section 4 lets `;` and line breaks stand between RDNs, so a one-RDN piece may be half a DN, and
        // no DN may become several groups.
        let between_rdns = delimiter == ";" || delimiter.bytes().all(is_blank);
        let whole = |count: Option<usize>| count.is_some_and(|rdns| rdns > 1 || !between_rdns);
        if !pieces.iter().all(|piece| whole(rdn_count(piece))) {
            return take(Reading { raw: Cow::Borrowed(value), name: Err(Unreadable::JoinedDns) });
        }
        for piece in pieces {
            one(piece, true);
        }
    }

    fn read_csv<'v>(&self, value: &'v str, mut take: impl FnMut(Reading<'v>)) {
        let whole = |fault| Reading { raw: Cow::Borrowed(value), name: Err(fault) };
        if let Some(fault) = foreign(value) {
            return take(whole(fault));
        }
        let Ok(items) = list::items(value, self.delimiter.as_deref().unwrap_or(",")) else {
            return take(whole(Unreadable::OpenQuote));
        };
        // No distinguished name is several groups: neither one that is the whole value, such as `CN="a,b"`, …
        if items.len() > 1 && value.contains('=') && rdn_count(value).is_some() {
            return take(whole(Unreadable::LooksLikeDn { joined: false }));
        }
        // … nor one among names: its RDNs would be items of their own.
        let rdn = |item: &list::Item<'_>| rdn_count(item.raw) == Some(1);
        if items.windows(2).any(|pair| pair.iter().all(rdn)) {
            return take(whole(Unreadable::LooksLikeDn { joined: false }));
        }
        for item in items {
            let fault = foreign(&item.name).or_else(|| foreign(item.raw));
            take(Reading {
                raw: Cow::Borrowed(item.raw),
                name: fault.map_or(Ok(Cow::Owned(item.name)), Err),
            });
        }
    }

    fn name_in_dn<'v>(&self, text: &'v str, several: bool) -> Result<Cow<'v, str>, Unreadable> {
        if self.naming == Naming::Default
            && let Some(plain) = plain_common_name(text)
        {
            if dotted(plain) && rdn_count(text) == Some(1) {
                return Err(Unreadable::DottedDn);
            }
            return if percent_joined(plain) { Err(Unreadable::JoinedDns) } else { Ok(Cow::Borrowed(plain)) };
        }
        let shape = Shape::of(text).ok_or(Unreadable::NotADn)?;
        if shape.joined(several) || percent_joined(text) {
            return Err(Unreadable::JoinedDns);
        }
        if shape.rdns == 1 && dotted(text) {
            return Err(Unreadable::DottedDn);
        }
        match &self.naming {
            Naming::Dn => parse(text).map(|dn| Cow::Owned(dn.normalized().to_string())),
            Naming::OuPath => ou_path(&parse(text)?).map(Cow::Owned),
            Naming::Type(wanted) => {
                let found = parse(text)?.first_value(wanted).map(str::to_owned);
                found.map(Cow::Owned).ok_or(Unreadable::NoNameInDn)
            }
            _ => match first_common_name(text) {
                Ok(Some(name)) => Ok(name),
                Ok(None) => Err(Unreadable::NoNameInDn),
                Err(_) => Err(Unreadable::NotADn),
            },
        }
    }
}

/// Trims XML white space, and nothing else: U+00A0 is data.
pub(crate) fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t', '\r', '\n'])
}

fn parse(text: &str) -> Result<DistinguishedName, Unreadable> {
    DistinguishedName::parse(text).map_err(|_| Unreadable::NotADn)
}

/// Whether a value under `array` or `csv` is written in another format: the format doctor.
fn foreign(value: &str) -> Option<Unreadable> {
    if value.starts_with('[') && serde_json::from_str::<Vec<String>>(value).is_ok() {
        return Some(Unreadable::LooksLikeJson);
    }
    if !value.contains('=') {
        return None;
    }
    let shape = Shape::of(value)?;
    (shape.rdns >= 2).then(|| Unreadable::LooksLikeDn { joined: shape.joined(false) })
}

/// What separators a distinguished name has.
struct Shape {
    rdns: usize,
    commas: usize,
    semicolons: usize,
    last_is_common_name: bool,
}

impl Shape {
    fn of(text: &str) -> Option<Self> {
        let mut shape = Self { rdns: 0, commas: 0, semicolons: 0, last_is_common_name: false };
        for part in Parts::new(text) {
            let Part { place, attribute_type, .. } = part.ok()?;
            shape.rdns += usize::from(place != Place::SameRdn);
            shape.commas += usize::from(place == Place::Comma);
            shape.semicolons += usize::from(place == Place::Semicolon);
            shape.last_is_common_name = is_common_name(attribute_type);
        }
        (shape.rdns > 0).then_some(shape)
    }

    /// NOTE: RFC 2253 section 4 reads `;` as `,`. Where both stand in one value, or it ends in a CN (no root of a
    /// directory is one), it is rather a list of names (OneLogin), and reading it as one would lose the others.
    fn joined(&self, several: bool) -> bool {
        self.semicolons > 0 && (self.commas > 0 || self.last_is_common_name || several)
    }
}

fn rdn_count(text: &str) -> Option<usize> {
    Shape::of(text).map(|shape| shape.rdns)
}

/// The eDirectory form `CN=Group1.OU=Groups.O=acme`, which RFC 4514 reads as one long CN.
fn dotted(text: &str) -> bool {
    text.split('.').skip(1).any(starts_with_rdn)
}

/// Names joined by commas whose own commas are percent-encoded (seen: npm @boxyhq/saml20 with flattenArray), which
/// RFC 4514 reads as one name with a long CN.
fn percent_joined(text: &str) -> bool {
    let joined = |comma: &str| text.split(comma).skip(1).any(starts_with_rdn);
    text.contains('%') && (joined("%2C") || joined("%2c"))
}

fn starts_with_rdn(text: &str) -> bool {
    let is_type =
        |kind: &str| ["CN", "OU", "O", "C", "L", "DC"].iter().any(|one| kind.eq_ignore_ascii_case(one));
    text.split_once('=').is_some_and(|(kind, _)| is_type(kind))
}

/// Cuts a value at a delimiter, outside the escapes and quotation marks of distinguished names; blanks dropped.
fn pieces<'v>(value: &'v str, delimiter: &str) -> Vec<&'v str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    let mut skip_to = 0;
    for (index, char) in value.char_indices() {
        if index < skip_to {
            continue;
        }
        if escaped {
            escaped = false;
        } else if char == '\\' {
            escaped = true;
        } else if char == '"' {
            quoted = !quoted;
        } else if !quoted && value.get(index..).is_some_and(|rest| rest.starts_with(delimiter)) {
            pieces.extend(value.get(start..index));
            skip_to = index + delimiter.len();
            start = skip_to;
        }
    }
    pieces.extend(value.get(start..));
    pieces.into_iter().filter(|piece| !trim(piece).is_empty()).collect()
}

fn ou_path(dn: &DistinguishedName) -> Result<String, Unreadable> {
    let name = dn.common_name().ok_or(Unreadable::NoNameInDn)?;
    let ou = |rdn: &Vec<super::dn::TypeAndValue>| {
        let found = rdn.iter().find(|part| canonical_type(&part.attribute_type) == "OU");
        found.and_then(|part| match &part.value {
            DnValue::Text(text) => Some(text.clone()),
            DnValue::Ber(_) => None,
        })
    };
    let escaped = |part: &str| part.replace('\\', "\\\\").replace('/', "\\/");
    let mut path: Vec<String> = dn.rdns().iter().skip(1).filter_map(ou).map(|part| escaped(&part)).collect();
    path.reverse();
    path.push(escaped(name));
    Ok(path.join("/"))
}

fn read_json<'v>(value: &'v str, mut take: impl FnMut(Reading<'v>)) {
    let whole = |fault| Reading { raw: Cow::Borrowed(value), name: Err(fault) };
    // `null` is what a serialiser makes of a user without the attribute: as xsi:nil, no names.
    match serde_json::from_str::<Option<Vec<serde_json::Value>>>(value) {
        Ok(items) => {
            for item in items.unwrap_or_default() {
                match item {
                    serde_json::Value::String(text) => {
                        let name = trim(&text).to_owned();
                        let fault = foreign(&name);
                        take(Reading {
                            raw: Cow::Owned(text),
                            name: fault.map_or(Ok(Cow::Owned(name)), Err),
                        });
                    }
                    other => {
                        take(Reading { raw: Cow::Owned(other.to_string()), name: Err(Unreadable::NotJson) });
                    }
                }
            }
        }
        Err(_) => take(whole(foreign(value).unwrap_or(Unreadable::NotJson))),
    }
}

/// Keycloak GroupMembershipMapper: `/top/sub`. With the realm option on, a `/` in a name is written `~/`.
fn path<'v>(value: &'v str, naming: &Naming) -> Result<Cow<'v, str>, Unreadable> {
    if let Some(fault) = foreign(value) {
        return Err(fault);
    }
    let inner = value.strip_prefix('/').ok_or(Unreadable::NotAPath)?;
    let mut segments: Vec<&str> = Vec::new();
    let mut start = 0;
    for (index, _) in inner.match_indices('/') {
        if inner.get(start..index).is_some_and(|segment| !segment.ends_with('~')) {
            segments.extend(inner.get(start..index));
            start = index + 1;
        }
    }
    segments.extend(inner.get(start..));
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err(Unreadable::NotAPath);
    }
    let found = match naming {
        Naming::Leaf => segments.last(),
        Naming::Top => segments.first(),
        _ => return Ok(Cow::Borrowed(value)),
    };
    let segment = found.copied().unwrap_or_default();
    Ok(if segment.contains("~/") { Cow::Owned(segment.replace("~/", "/")) } else { Cow::Borrowed(segment) })
}

/// AD FS "Qualified by Domain Name", Entra "NetbiosDomain\sAMAccountName": a sAMAccountName holds no backslash.
fn domain<'v>(value: &'v str, naming: &Naming) -> Result<Cow<'v, str>, Unreadable> {
    if let Some(fault) = foreign(value) {
        return Err(fault);
    }
    match value.split_once('\\') {
        Some((domain, name)) if !domain.is_empty() && !name.is_empty() && !name.contains('\\') => {
            Ok(Cow::Borrowed(if *naming == Naming::Name { name } else { value }))
        }
        _ => Err(Unreadable::NoDomain),
    }
}
