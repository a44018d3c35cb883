//! The common name of a distinguished name, fast: plain names are read in one pass without allocation.

use super::dn::{DnError, is_common_name};
use super::parts::{PartValue, Parts, Place};
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
    let bytes = text.as_bytes();
    let [b'C' | b'c', b'N' | b'n', b'=', rest @ ..] = bytes else { return None };
    let mut end_of_first = None;
    let mut in_type = false;
    let mut before = b'='; // the byte before this one
    for (index, byte) in rest.iter().copied().enumerate() {
        match byte {
            b',' => {
                if in_type || before <= b' ' {
                    return None;
                }
                end_of_first.get_or_insert(index);
                in_type = true;
            }
            b'=' if in_type => {
                if before == b',' {
                    return None;
                }
                in_type = false;
            }
            b'\\' | b'"' | b'+' | b';' | b'<' | b'>' | b'#' | 0 => return None,
            _ if in_type => {
                let fits =
                    byte.is_ascii_alphabetic() || (before != b',' && (byte.is_ascii_digit() || byte == b'-'));
                if !fits {
                    return None;
                }
            }
            _ if before == b'=' && byte <= b' ' => return None,
            _ => {}
        }
        before = byte;
    }
    if in_type || before <= b' ' {
        return None;
    }
    text.get(3..end_of_first.map_or(text.len(), |end| end + 3))
}
