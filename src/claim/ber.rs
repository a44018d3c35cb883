//! The strings that a `#hex` value of a distinguished name may hold.

/// Reads one BER value of a string type (X.520 DirectoryString, and IA5String), using all of `bytes`.
/// None for any other type, a damaged one, or one whose content isn't text.
pub(crate) fn directory_string(bytes: &[u8]) -> Option<String> {
    let (tag, rest) = bytes.split_first()?;
    let content = content(rest)?;
    match tag {
        0x0C => String::from_utf8(content.to_vec()).ok(), // UTF8String
        // PrintableString, TeletexString, IA5String. NOTE: Teletex beyond ASCII is a T.61 text to some writers and
        // Latin-1 to others; a guess could name another group, so it isn't read.
        0x13 | 0x14 | 0x16 if content.is_ascii() => String::from_utf8(content.to_vec()).ok(),
        0x1C => {
            // UniversalString: UCS-4, big-endian
            let (chunks, []) = content.as_chunks::<4>() else { return None };
            chunks.iter().map(|chunk| char::from_u32(u32::from_be_bytes(*chunk))).collect()
        }
        0x1E => {
            // BMPString: UCS-2, big-endian; a surrogate isn't a character of it
            let (chunks, []) = content.as_chunks::<2>() else { return None };
            chunks.iter().map(|chunk| char::from_u32(u32::from(u16::from_be_bytes(*chunk)))).collect()
        }
        _ => None,
    }
}

/// The content behind a definite length, short or long form.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    let (length, content) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (octets, content) = rest.split_at_checked(usize::from(first & 0x7F))?;
        if octets.is_empty() || octets.len() > 4 {
            return None; // indefinite, or longer than any name
        }
        (octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), content)
    };
    (content.len() == length).then_some(content)
}
