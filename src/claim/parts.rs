//! The walk over a distinguished name, part by part: the grammar of RFC 4514 section 3, and RFC 2253 section 4.

use super::ber;
use super::dn::{DnError, DnFault};
use std::borrow::Cow;

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
        if is_escapable(first) {
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

/// What a backslash may stand before, to mean the character itself (RFC 4514 section 3: special, ESC).
pub(crate) fn is_escapable(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\')
}

pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
