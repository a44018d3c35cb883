//! From the text of a document to the value it means, and from a value to its canonical form.

use super::chars::referenced;
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// Character data as an application sees it: references replaced, line ends made LF (XML 1.0, 2.11).
pub(super) fn character_data(raw: &str) -> Cow<'_, str> {
    if memchr2(b'&', b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr2(b'&', b'\r', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        value.push_str(before);
        rest = if from.starts_with('&') {
            replace_reference(from, &mut value)
        } else {
            replace_line_end(from, &mut value)
        };
    }
    value.push_str(rest);
    Cow::Owned(value)
}

/// A CDATA section or comment as an application sees it: line ends made LF, nothing else replaced.
pub(super) fn line_ends(raw: &str) -> Cow<'_, str> {
    if memchr(b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
}

/// An attribute's value as an application sees it (XML 1.0, 3.3.3, for attributes without a declared type): white
/// space characters become spaces, references become their characters.
pub(super) fn attribute_value(raw: &str) -> Cow<'_, str> {
    if is_plain_attribute(raw) {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.bytes().position(is_special_in_attribute) {
        let (before, from) = rest.split_at(at);
        value.push_str(before);
        rest = if from.starts_with('&') {
            replace_reference(from, &mut value)
        } else {
            value.push(' ');
            // 2.11 comes first: CR LF is one line end, hence one space.
            from.strip_prefix("\r\n").unwrap_or_else(|| from.get(1..).unwrap_or_default())
        };
    }
    value.push_str(rest);
    Cow::Owned(value)
}

/// Whether the raw text of an attribute is its value.
pub(super) fn is_plain_attribute(raw: &str) -> bool {
    !raw.bytes().any(is_special_in_attribute)
}

const fn is_special_in_attribute(byte: u8) -> bool {
    matches!(byte, b'&' | b'\t' | b'\n' | b'\r')
}

/// Read the reference at the start, which parsing has found valid; hand back what follows it.
fn replace_reference<'r>(from: &'r str, value: &mut String) -> &'r str {
    let (reference, rest) = from.split_once(';').unwrap_or((from, ""));
    value.extend(reference.strip_prefix('&').and_then(referenced));
    rest
}

fn replace_line_end<'r>(from: &'r str, value: &mut String) -> &'r str {
    value.push('\n');
    from.strip_prefix("\r\n").unwrap_or_else(|| from.get(1..).unwrap_or_default())
}

/// Append character data in canonical form (Canonical XML 1.0, 2.3, text nodes).
pub(super) fn push_canonical_text(value: &str, out: &mut String) {
    push_escaped(value, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

/// Append an attribute's value in canonical form (Canonical XML 1.0, 2.3, attribute nodes).
pub(super) fn push_canonical_attribute(value: &str, out: &mut String) {
    push_escaped(value, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

fn push_escaped(value: &str, out: &mut String, escape: impl Fn(u8) -> Option<&'static str>) {
    let mut written = 0;
    for (at, byte) in value.bytes().enumerate() {
        if let Some(reference) = escape(byte) {
            out.push_str(value.get(written..at).unwrap_or_default());
            out.push_str(reference);
            written = at + 1;
        }
    }
    out.push_str(value.get(written..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_line_ends_are_replaced_once() {
        assert_eq!(character_data("a&amp;lt;b\r\nc\rd\n&#13;\n"), "a&lt;b\nc\nd\n\r\n");
        assert_eq!(line_ends("a&amp;\r\n\r"), "a&amp;\n\n");
        assert!(matches!(character_data("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn white_space_in_attributes_becomes_spaces_and_references_stay() {
        assert_eq!(attribute_value("a\tb\nc\r\nd\re&#xA;&#9;&quot;"), "a b c d e\n\t\"");
    }

    #[test]
    fn canonical_forms_escape_what_the_recommendation_names() {
        let mut out = String::new();
        push_canonical_text("a&<>\"'\t\n\r", &mut out);
        assert_eq!(out, "a&amp;&lt;&gt;\"'\t\n&#xD;");
        out.clear();
        push_canonical_attribute("a&<>\"'\t\n\r", &mut out);
        assert_eq!(out, "a&amp;&lt;>&quot;'&#x9;&#xA;&#xD;");
    }
}
