//! Distinguished names: RFC 4514, plus what RFC 2253 section 4 asks readers to accept from older writers.
//!
//! Accepted beyond RFC 4514: `;` between RDNs, white space round `,` `;` `+` and `=`, quoted values, and `OID.`
//! before a numeric type. A raw `=` inside a value is RFC 4514 itself. Directories spell one name in several ways
//! (`\,` in Active Directory, `\2C` in OpenLDAP), so names are compared after parsing, never as text.

use super::ber;
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

/// Where a part stands, told by the separator before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// The first of all.
    First,
    /// Behind `+`: in the same RDN as the part before.
    SameRdn,
    /// Behind `,`.
    Comma,
    /// Behind `;`.
    Semicolon,
}

/// A `type=value` as it stands in the text.
pub(crate) struct Part<'t> {
    pub(crate) place: Place,
    pub(crate) attribute_type: &'t str,
    pub(crate) value: PartValue<'t>,
}

pub(crate) enum PartValue<'t> {
    Text(Cow<'t, str>),
    Ber(Vec<u8>),
}

/// Walks a text part by part, allocating only where something is escaped.
pub(crate) struct Parts<'t> {
    text: &'t str,
    at: usize,
    next: Option<Place>,
}

impl<'t> Parts<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let mut parts = Self { text, at: 0, next: Some(Place::First) };
        parts.skip_blanks();
        if parts.at == text.len() {
            parts.next = None; // the empty name
        }
        parts
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn fail<T>(&self, fault: DnFault, at: usize) -> Result<T, DnError> {
        let offset = self.text.char_indices().take_while(|(index, _)| *index < at).count();
        Err(DnError { fault, offset })
    }

    fn skip_blanks(&mut self) {
        while self.byte().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn part(&mut self, place: Place) -> Result<Part<'t>, DnError> {
        self.skip_blanks();
        let attribute_type = self.attribute_type()?;
        self.skip_blanks();
        if self.byte() != Some(b'=') {
            return self.fail(DnFault::MissingEquals, self.at);
        }
        self.at += 1;
        self.skip_blanks();
        let value = match self.byte() {
            Some(b'#') => self.hex_value()?,
            Some(b'"') => PartValue::Text(self.quoted_value()?),
            _ => PartValue::Text(self.string_value()?),
        };
        self.skip_blanks();
        self.next = match self.byte() {
            None => None,
            Some(b',') => Some(Place::Comma),
            Some(b';') => Some(Place::Semicolon),
            Some(b'+') => Some(Place::SameRdn),
            Some(_) => return self.fail(DnFault::Unescaped, self.at),
        };
        self.at += 1;
        Ok(Part { place, attribute_type, value })
    }

    /// RFC 4512 section 1.4: a name (letter, then letters, digits, hyphens) or a numeric OID of two arcs or more.
    fn attribute_type(&mut self) -> Result<&'t str, DnError> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') {
            self.at += 1;
        }
        let mut name = self.rest(start, self.at);
        // RFC 2253 section 4: OIDs may be prefixed with "oid." or "OID.".
        if let Some((prefix, oid)) = name.split_at_checked(4)
            && prefix.eq_ignore_ascii_case("oid.")
        {
            name = oid;
            return if is_numeric_oid(name) { Ok(name) } else { self.fail(DnFault::AttributeType, start) };
        }
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic()) && !name.contains('.');
        if is_name || is_numeric_oid(name) { Ok(name) } else { self.fail(DnFault::AttributeType, start) }
    }

    /// RFC 4514 section 3: string. Unescaped white space at the end is not part of it (RFC 2253 section 4).
    fn string_value(&mut self) -> Result<Cow<'t, str>, DnError> {
        let start = self.at;
        let mut end = start; // behind the last character that isn't unescaped white space
        while let Some(byte) = self.byte() {
            match byte {
                b',' | b';' | b'+' => break,
                b'\\' => return self.escaped_value(start),
                b'"' | b'<' | b'>' | 0 => return self.fail(DnFault::Unescaped, self.at),
                _ => {
                    self.at += 1;
                    if !is_blank(byte) {
                        end = self.at;
                    }
                }
            }
        }
        Ok(Cow::Borrowed(self.rest(start, end)))
    }

    /// As [`Self::string_value`], from `start`, with a backslash at the cursor.
    fn escaped_value(&mut self, start: usize) -> Result<Cow<'t, str>, DnError> {
        let mut bytes = self.rest(start, self.at).as_bytes().to_vec();
        let mut keep = bytes.len();
        while let Some(byte) = self.byte() {
            match byte {
                b',' | b';' | b'+' => break,
                b'\\' => {
                    bytes.push(self.pair()?);
                    keep = bytes.len();
                }
                b'"' | b'<' | b'>' | 0 => return self.fail(DnFault::Unescaped, self.at),
                _ => {
                    self.at += 1;
                    bytes.push(byte);
                    if !is_blank(byte) {
                        keep = bytes.len();
                    }
                }
            }
        }
        bytes.truncate(keep);
        self.utf8(bytes, start)
    }

    /// RFC 2253 section 4: a value in quotation marks, where only `"` and `\` are special.
    fn quoted_value(&mut self) -> Result<Cow<'t, str>, DnError> {
        let start = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return self.utf8(bytes, start);
                }
                b'\\' => bytes.push(self.pair()?),
                0 => return self.fail(DnFault::Unescaped, self.at),
                _ => {
                    self.at += 1;
                    bytes.push(byte);
                }
            }
        }
        self.fail(DnFault::OpenQuote, start)
    }

    /// RFC 4514 section 3: pair. The byte it stands for; the cursor moves behind it.
    fn pair(&mut self) -> Result<u8, DnError> {
        let start = self.at;
        let mut following = self.text.bytes().skip(start + 1);
        let Some(first) = following.next() else { return self.fail(DnFault::Escape, start) };
        if matches!(first, b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\') {
            self.at += 2;
            return Ok(first);
        }
        match (hex_digit(first), following.next().and_then(hex_digit)) {
            (Some(high), Some(low)) => {
                self.at += 3;
                Ok(high << 4 | low)
            }
            _ => self.fail(DnFault::Escape, start),
        }
    }

    /// RFC 4514 section 3: hexstring, the BER encoding of the value. A DirectoryString is read, all else kept.
    fn hex_value(&mut self) -> Result<PartValue<'t>, DnError> {
        let start = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        while let Some(high) = self.byte().and_then(hex_digit) {
            let Some(low) = self.text.as_bytes().get(self.at + 1).copied().and_then(hex_digit) else {
                return self.fail(DnFault::Hex, start);
            };
            bytes.push(high << 4 | low);
            self.at += 2;
        }
        if bytes.is_empty() {
            return self.fail(DnFault::Hex, start);
        }
        Ok(match ber::directory_string(&bytes) {
            Some(text) => PartValue::Text(Cow::Owned(text)),
            None => PartValue::Ber(bytes),
        })
    }

    fn utf8(&self, bytes: Vec<u8>, start: usize) -> Result<Cow<'t, str>, DnError> {
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => self.fail(DnFault::Utf8, start),
        }
    }
}

impl<'t> Iterator for Parts<'t> {
    type Item = Result<Part<'t>, DnError>;

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.next.take()?;
        Some(self.part(place))
    }
}

/// XML white space, and nothing else: U+00A0 is data.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_numeric_oid(text: &str) -> bool {
    let arc = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    };
    text.contains('.') && text.split('.').all(arc)
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
