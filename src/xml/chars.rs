//! The character rules of XML 1.0 and Namespaces in XML 1.0 that a tokenizer leaves to its caller.

const NAME: u8 = 1;
const NAME_START: u8 = 2;

/// What each byte may be in an NCName. Bytes of longer characters pass here and are looked at by `is_ncname`.
const CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where an index out of bounds is an error")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte: u8 = 0;
    let mut at = 0;
    while at < 256 {
        table[at] = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => NAME | NAME_START,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            _ => 0,
        };
        byte = byte.wrapping_add(1);
        at += 1;
    }
    table
}

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether a byte is white space (XML 1.0, production 3).
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// How many bytes from the start belong to a qualified name, the colon included.
pub(super) fn qualified_name_len(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| class(**byte) & NAME != 0 || **byte == b':').count()
}

/// Whether a text is an NCName (Namespaces in XML 1.0, production 4).
pub(super) fn is_ncname(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return false };
    if class(*first) & NAME_START == 0 || bytes.iter().any(|byte| class(*byte) & NAME == 0) {
        return false;
    }
    text.is_ascii() || {
        let mut characters = text.chars();
        characters.next().is_some_and(is_name_start) && characters.all(is_name)
    }
}

/// XML 1.0, production 4 (NameStartChar), without the colon.
fn is_name_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// XML 1.0, production 4a (NameChar), without the colon.
fn is_name(character: char) -> bool {
    is_name_start(character)
        || matches!(character,
            '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// XML 1.0, production 2 (Char).
const fn is_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Where the first character stands that XML does not allow, if any.
pub(super) fn forbidden_character(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // Two plain loops, which the compiler turns into vector code: this runs over every byte of every message.
    let mut control = false;
    let mut high = false;
    for byte in bytes {
        control |= *byte < b' ' && *byte != b'\t' && *byte != b'\n' && *byte != b'\r';
        // U+FFFE and U+FFFF begin with EF BF.
        high |= *byte == 0xEF;
    }
    if !control && !high {
        return None;
    }
    text.char_indices().find(|(_, character)| !is_char(*character)).map(|(at, _)| at)
}

/// The character that the inside of a reference stands for (`amp`, `#38`, `#x26`): the five predefined entities and
/// character references to characters that XML allows (XML 1.0, productions 66 and 68, section 4.6).
pub(super) fn referenced(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    let code = u32::from_str_radix(digits, radix).ok().filter(|_| valid)?;
    char::from_u32(code).filter(|character| is_char(*character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_production() {
        for good in ["a", "_", "saml", "a-b.c9", "é", "日本", "a\u{B7}", "\u{10000}"] {
            assert!(is_ncname(good), "{good}");
        }
        for bad in ["", "9a", "-a", ".a", "a:b", "a b", "a\u{D7}", "\u{B7}a", "a\u{2190}", "\u{300}a", "a/"] {
            assert!(!is_ncname(bad), "{bad}");
        }
    }

    #[test]
    fn references_stand_for_allowed_characters_only() {
        assert_eq!(referenced("amp"), Some('&'));
        assert_eq!(referenced("#x1F600"), Some('\u{1F600}'));
        assert_eq!(referenced("#00013"), Some('\r'));
        for bad in [
            "",
            "#",
            "#x",
            "#X41",
            "nbsp",
            "AMP",
            "#0",
            "#x0",
            "#8",
            "#xD800",
            "#xFFFE",
            "#x110000",
            "#+5",
            "# 5",
            "#-5",
            "#99999999999",
            "#1_0",
            "#x٣",
        ] {
            assert_eq!(referenced(bad), None, "{bad}");
        }
    }

    #[test]
    fn characters_outside_xml_are_found() {
        assert_eq!(forbidden_character("a\tb\r\nc\u{85}\u{FFFD}\u{7F}"), None);
        for bad in ["\0", "\u{1}", "\u{B}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
            assert_eq!(forbidden_character(&format!("ä{bad}")), Some(2), "{bad:?}");
        }
    }
}
