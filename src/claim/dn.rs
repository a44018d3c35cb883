//! Distinguished names: RFC 4514, plus what RFC 2253 section 4 asks readers to accept from older writers.
//!
//! Accepted beyond RFC 4514: `;` between RDNs, white space round `,` `;` `+` and `=`, quoted values, and `OID.`
//! before a numeric type. A raw `=` inside a value is RFC 4514 itself. Directories spell one name in several ways
//! (`\,` in Active Directory, `\2C` in OpenLDAP), so names are compared after parsing, never as text.

use super::parts::{PartValue, Parts, Place};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write};
use unicode_normalization::UnicodeNormalization;

/// A parsed distinguished name. The empty text is the valid empty name.
///
/// Equality takes type names without regard to case or spelling (`2.5.4.3` is `CN`), the parts of one RDN as a
/// set, and values exactly after NFC. `to_string` writes RFC 4514.
#[derive(Clone, Default)]
pub struct DistinguishedName {
    rdns: Vec<Vec<TypeAndValue>>,
}

/// One `type=value` of an RDN.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TypeAndValue {
    /// The type as written, without a leading `OID.`.
    pub attribute_type: String,
    /// The value, unescaped.
    pub value: DnValue,
}

/// The value of a `type=value`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DnValue {
    /// A text, unescaped; also a `#hex` value that holds a DirectoryString.
    Text(String),
    /// The BER bytes of a `#hex` value that is no text.
    Ber(Vec<u8>),
}

/// Why a text is no distinguished name, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{fault} at character {offset}")]
pub struct DnError {
    /// What is wrong.
    pub fault: DnFault,
    /// Where, in characters from 0.
    pub offset: usize,
}

/// What is wrong with a text that is no distinguished name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DnFault {
    /// No attribute type, or one that is neither a name nor a numeric OID.
    #[error("expected an attribute type such as CN or 2.5.4.3")]
    AttributeType,
    /// A type that no `=` follows.
    #[error("expected \"=\" after an attribute type")]
    MissingEquals,
    /// A backslash before something that can't be escaped.
    #[error("a backslash must be followed by a special character or two hex digits")]
    Escape,
    /// Bytes, after unescaping hex pairs, that aren't UTF-8.
    #[error("hex pairs must spell UTF-8")]
    Utf8,
    /// `#` without an even number of hex digits that are one BER value.
    #[error("\"#\" must be followed by pairs of hex digits")]
    Hex,
    /// A quotation mark that is never closed.
    #[error("a quotation mark is never closed")]
    OpenQuote,
    /// A character that must be escaped, or text behind a quoted value.
    #[error("a character that must be escaped")]
    Unescaped,
}

impl DnError {
    /// A stable code, such as `claim.dn_escape`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.fault {
            DnFault::AttributeType => "claim.dn_attribute_type",
            DnFault::MissingEquals => "claim.dn_missing_equals",
            DnFault::Escape => "claim.dn_escape",
            DnFault::Utf8 => "claim.dn_utf8",
            DnFault::Hex => "claim.dn_hex",
            DnFault::OpenQuote => "claim.dn_open_quote",
            DnFault::Unescaped => "claim.dn_unescaped",
        }
    }
}

impl DistinguishedName {
    /// Reads a distinguished name.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let mut rdns: Vec<Vec<TypeAndValue>> = Vec::new();
        for part in Parts::new(text) {
            let part = part?;
            let attribute_type = part.attribute_type.to_owned();
            let value = match part.value {
                PartValue::Text(text) => DnValue::Text(text.into_owned()),
                PartValue::Ber(bytes) => DnValue::Ber(bytes),
            };
            let read = TypeAndValue { attribute_type, value };
            match rdns.last_mut() {
                Some(rdn) if part.place == Place::SameRdn => rdn.push(read),
                _ => rdns.push(vec![read]),
            }
        }
        Ok(Self { rdns })
    }

    /// Puts a name together from its RDNs, leftmost first. Types are taken as they are; see [`Self::parse`].
    #[must_use]
    pub fn from_rdns(rdns: Vec<Vec<TypeAndValue>>) -> Self {
        Self { rdns }
    }

    /// The RDNs, leftmost first; each has at least one `type=value`.
    #[must_use]
    pub fn rdns(&self) -> &[Vec<TypeAndValue>] {
        &self.rdns
    }

    /// The CN of the first RDN, and of no RDN further right (rule R2). None where there is none or it is no text.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.first_value("CN")
    }

    /// The first value of a type in the first RDN, if it is text.
    #[must_use]
    pub fn first_value(&self, attribute_type: &str) -> Option<&str> {
        let wanted = canonical_type(attribute_type);
        let found = self.rdns.first()?.iter().find(|part| canonical_type(&part.attribute_type) == wanted)?;
        found.value.as_text()
    }

    /// The name with canonical types (`CN`, upper case; a known OID by its short name) and NFC values.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let part = |part: &TypeAndValue| TypeAndValue {
            attribute_type: canonical_type(&part.attribute_type).into_owned(),
            value: match &part.value {
                DnValue::Text(text) => DnValue::Text(text.nfc().collect()),
                DnValue::Ber(bytes) => DnValue::Ber(bytes.clone()),
            },
        };
        Self { rdns: self.rdns.iter().map(|rdn| rdn.iter().map(part).collect()).collect() }
    }

    fn comparable(&self) -> Vec<BTreeSet<TypeAndValue>> {
        self.normalized().rdns.into_iter().map(|rdn| rdn.into_iter().collect()).collect()
    }
}

impl DnValue {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Ber(_) => None,
        }
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.comparable() == other.comparable()
    }
}

impl Eq for DistinguishedName {}

impl std::hash::Hash for DistinguishedName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.comparable().hash(state);
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({} RDNs)", self.rdns.len())
    }
}

/// RFC 4514 section 2.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            for (place, part) in rdn.iter().enumerate() {
                match (index, place) {
                    (0, 0) => {}
                    (_, 0) => f.write_char(',')?,
                    _ => f.write_char('+')?,
                }
                write!(f, "{}=", part.attribute_type)?;
                match &part.value {
                    DnValue::Text(text) => write_escaped(f, text)?,
                    DnValue::Ber(bytes) => {
                        f.write_char('#')?;
                        for byte in bytes {
                            write!(f, "{byte:02x}")?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.char_indices().next_back().map(|(index, _)| index);
    for (index, char) in text.char_indices() {
        match char {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{char}")?,
            '#' if index == 0 => f.write_str("\\#")?,
            ' ' if index == 0 || Some(index) == last => f.write_str("\\ ")?,
            // NUL must be a hex pair (RFC 4514 section 2.4); line ends and tabs are written so too, since XML and
            // trimming readers would change them.
            '\0' | '\t' | '\n' | '\r' => write!(f, "\\{:02X}", u32::from(char))?,
            _ => f.write_char(char)?,
        }
    }
    Ok(())
}

/// The short names of RFC 4514 section 3, `E`, and their OIDs. Everything else is compared in upper case.
pub(crate) fn canonical_type(attribute_type: &str) -> Cow<'_, str> {
    const KNOWN: [(&str, &[&str]); 10] = [
        ("CN", &["2.5.4.3", "commonName"]),
        ("OU", &["2.5.4.11", "organizationalUnitName"]),
        ("DC", &["0.9.2342.19200300.100.1.25", "domainComponent"]),
        ("O", &["2.5.4.10", "organizationName"]),
        ("C", &["2.5.4.6", "countryName"]),
        ("L", &["2.5.4.7", "localityName"]),
        ("ST", &["2.5.4.8", "stateOrProvinceName"]),
        ("STREET", &["2.5.4.9", "streetAddress"]),
        ("UID", &["0.9.2342.19200300.100.1.1", "userId"]),
        ("EMAIL", &["1.2.840.113549.1.9.1", "E", "emailAddress"]),
    ];
    for (short, others) in KNOWN {
        let same = |name: &str| name.eq_ignore_ascii_case(attribute_type);
        if same(short) || others.iter().any(|other| same(other)) {
            return Cow::Borrowed(short);
        }
    }
    Cow::Owned(attribute_type.to_ascii_uppercase())
}

/// Whether a type means the common name.
pub(crate) fn is_common_name(attribute_type: &str) -> bool {
    attribute_type.eq_ignore_ascii_case("CN")
        || attribute_type == "2.5.4.3"
        || attribute_type.eq_ignore_ascii_case("commonName")
}
