//! The common name of a distinguished name, fast: plain names are read in one pass without allocation.

use super::dn::{DnError, is_common_name};
use super::parts::{PartValue, Parts, Place, hex_digit, is_escapable};
use std::borrow::Cow;

/// The CN in the first RDN (rule R2), where the whole text is a distinguished name; None where that RDN has no CN
/// or one that is no text. The same as `DistinguishedName::parse(text)?.common_name()`, without building it.
pub fn first_common_name(text: &str) -> Result<Option<Cow<'_, str>>, DnError> {
    if let Some(name) = plain_common_name(text) {
        return Ok(Some(Cow::Borrowed(name)));
    }
    let mut found = None;
    let mut in_first = true;
    for part in Parts::new(text) {
        let part = part?;
        in_first &= matches!(part.place, Place::First | Place::SameRdn);
        // The first CN of the RDN decides, also where it is no text.
        if in_first && found.is_none() && is_common_name(part.attribute_type) {
            found = Some(match part.value {
                PartValue::Text(text) => Some(text),
                PartValue::Ber(_) => None,
            });
        }
    }
    Ok(found.flatten())
}

/// The name of a plain DN, as directories write nearly all of them: it begins with `CN=`, has no escape, quote,
/// `+`, `;`, `<`, `>`, `#` or NUL, and no white space beside a separator. None says nothing: ask the parser.
pub(crate) fn plain_common_name(text: &str) -> Option<&str> {
    let head = Head::cut(text)?;
    let plain = !head.escaped && head.rest.is_none_or(is_plain_rest);
    plain.then_some(head.written)
}

/// `CN=written,rest`, where the first RDN is that CN alone and holds nothing but plain characters and escapes.
pub(crate) struct Head<'t> {
    /// The value as it stands in the text.
    pub(crate) written: &'t str,
    /// Whether it holds escapes.
    pub(crate) escaped: bool,
    /// What stands behind the comma, if there is one.
    pub(crate) rest: Option<&'t str>,
}

impl<'t> Head<'t> {
    /// None says nothing: ask the parser.
    pub(crate) fn cut(row: &'t str) -> Option<Self> {
        let [b'C' | b'c', b'N' | b'n', b'=', text @ ..] = row.as_bytes() else { return None };
        let mut end = 0;
        let mut behind_escape = 0;
        loop {
            let remaining = text.get(end..)?;
            end += plain_length(remaining);
            match text.get(end) {
                Some(b'\\') => {
                    end += escape_length(text.get(end..)?)?;
                    behind_escape = end;
                }
                None | Some(b',') => break,
                Some(_) => return None,
            }
        }
        let written = row.get(3..end + 3)?;
        let edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
        let name = written.as_bytes();
        if edge(name.first()) || (edge(name.last()) && behind_escape != end) {
            return None;
        }
        let rest = (end < text.len()).then(|| row.get(end + 4..)).flatten();
        Some(Self { written, escaped: behind_escape > 0, rest })
    }

    /// The value without its escapes, in `space` where it has any.
    pub(crate) fn name<'s>(&self, space: &'s mut String) -> &'s str
    where
        't: 's,
    {
        if !self.escaped {
            return self.written;
        }
        space.clear();
        let mut rest = self.written;
        while let Some((plain, escape)) = rest.split_once('\\') {
            space.push_str(plain);
            let length = match escape.as_bytes() {
                [high, low, ..] if !is_escapable(*high) => {
                    let digit = |byte: &u8| hex_digit(*byte).unwrap_or_default();
                    space.push(char::from(digit(high) << 4 | digit(low)));
                    2
                }
                bytes => {
                    space.push(bytes.first().copied().map_or('\\', char::from));
                    1
                }
            };
            rest = escape.get(length..).unwrap_or_default();
        }
        space.push_str(rest);
        space
    }
}

/// The length of the escape that `bytes` begin with, if it stands for an ASCII character (others: ask the parser).
fn escape_length(bytes: &[u8]) -> Option<usize> {
    let [b'\\', first, following @ ..] = bytes else { return None };
    if is_escapable(*first) {
        return Some(2);
    }
    hex_digit(*first).filter(|high| *high < 8)?;
    following.first().copied().and_then(hex_digit).map(|_| 3)
}

/// Whether the RDNs behind the first are plain: `type=value,type=value`, one or more.
pub(crate) fn is_plain_rest(rest: &str) -> bool {
    let mut in_type = true;
    let mut before = b','; // the byte before this one
    for byte in rest.bytes() {
        if in_type {
            let fits = match byte {
                b'=' => before != b',',
                _ if byte.is_ascii_alphabetic() => true,
                _ => before != b',' && (byte.is_ascii_digit() || byte == b'-'),
            };
            if !fits {
                return false;
            }
            in_type = byte != b'=';
        } else if byte == b',' {
            if before <= b' ' {
                return false;
            }
            in_type = true;
        } else if is_special(byte) || (before == b'=' && byte <= b' ') {
            return false;
        }
        before = byte;
    }
    !in_type && before > b' '
}

/// How many bytes at the beginning are not special.
fn plain_length(bytes: &[u8]) -> usize {
    // Sixteen at a time, written so that the compiler compares them at once.
    let (blocks, tail) = bytes.as_chunks::<16>();
    for (index, block) in blocks.iter().enumerate() {
        let marks = u128::from_le_bytes(block.map(mark));
        if marks != 0 {
            return index * 16 + usize::try_from(marks.trailing_zeros() / 8).unwrap_or_default();
        }
    }
    let in_tail = tail.iter().position(|byte| is_special(*byte)).unwrap_or(tail.len());
    blocks.len() * 16 + in_tail
}

/// What ends a plain value, or its plainness.
const SPECIAL: [u8; 9] = *b",\\\"+;<>#\0";

/// 1 for a special byte, 0 for others: in numbers, since conditions would keep the compiler from comparing many at once.
fn mark(byte: u8) -> u8 {
    SPECIAL.iter().fold(0, |mark, special| mark | u8::from(byte == *special))
}

/// The same for one byte at a time.
fn is_special(byte: u8) -> bool {
    const TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut index = 0;
        while index < SPECIAL.len() {
            #[allow(clippy::indexing_slicing, clippy::as_conversions, reason = "evaluated when compiling")]
            {
                table[SPECIAL[index] as usize] = true;
            }
            index += 1;
        }
        table
    };
    TABLE.get(usize::from(byte)).copied().unwrap_or(true)
}
