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
    let (name, rest) = plain_head(text.as_bytes())?;
    if rest.is_some_and(|rest| !is_plain_rest(rest)) {
        return None;
    }
    text.get(3..name.len() + 3)
}

/// Cuts `CN=name,rest` where the name is plain; the rest is None without a comma. UTF-8 is not judged.
pub(crate) fn plain_head(row: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let [b'C' | b'c', b'N' | b'n', b'=', text @ ..] = row else { return None };
    let length = text.iter().position(|byte| kind(*byte) != ORDINARY).unwrap_or(text.len());
    let (name, behind) = text.split_at_checked(length)?;
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
    if edge(name.first()) || edge(name.last()) {
        return None;
    }
    match behind {
        [] => Some((name, None)),
        [b',', rest @ ..] => Some((name, Some(rest))),
        _ => None,
    }
}

/// Whether the RDNs behind the first are plain: `type=value,type=value`, one or more.
pub(crate) fn is_plain_rest(rest: &[u8]) -> bool {
    let mut in_type = true;
    let mut before = b','; // the byte before this one
    for byte in rest.iter().copied() {
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
        } else if kind(byte) != ORDINARY || (before == b'=' && byte <= b' ') {
            return false;
        }
        before = byte;
    }
    !in_type && before > b' '
}

const ORDINARY: u8 = 0;

/// Which bytes end a plain value, or its plainness.
fn kind(byte: u8) -> u8 {
    const KINDS: [u8; 256] = {
        let mut kinds = [ORDINARY; 256];
        let special = b",\\\"+;<>#\0";
        let mut index = 0;
        while index < special.len() {
            #[allow(clippy::indexing_slicing, clippy::as_conversions, reason = "evaluated when compiling")]
            {
                kinds[special[index] as usize] = 1;
            }
            index += 1;
        }
        kinds
    };
    KINDS.get(usize::from(byte)).copied().unwrap_or(1)
}
