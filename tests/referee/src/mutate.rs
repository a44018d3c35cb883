//! Mutations of signed Responses: flip, move, duplicate, insert, re-namespace, delete, swap, splice, rename.

use crate::random::Random;

/// Where an element stands in a text: `start..end`, its content `inner..close`.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    inner: usize,
    close: usize,
    end: usize,
}

/// The elements of a well-formed text; of anything else, those that are closed.
fn spans(xml: &str) -> Vec<Span> {
    let bytes = xml.as_bytes();
    let mut found = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while let Some(next) = xml[at..].find('<') {
        let start = at + next;
        let rest = &xml[start..];
        let skip = |end: &str| rest.find(end).map_or(xml.len(), |found| start + found + end.len());
        if rest.starts_with("<!--") {
            at = skip("-->");
        } else if rest.starts_with("<![CDATA[") {
            at = skip("]]>");
        } else if rest.starts_with("<?") {
            at = skip("?>");
        } else if rest.starts_with("<!") {
            at = skip(">");
        } else {
            let end = tag_end(bytes, start);
            if rest.starts_with("</") {
                if let Some((outer, inner)) = open.pop() {
                    found.push(Span { start: outer, inner, close: start, end });
                }
            } else if xml[..end].ends_with("/>") {
                found.push(Span { start, inner: end, close: end, end });
            } else {
                open.push((start, end));
            }
            at = end;
        }
    }
    found
}

fn tag_end(bytes: &[u8], start: usize) -> usize {
    let mut quote = None;
    for (offset, byte) in bytes[start..].iter().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if *byte == open => quote = None,
            (None, b'>') => return start + offset + 1,
            _ => {}
        }
    }
    bytes.len()
}

const NODES: [&str; 22] = [
    "<!-- x -->",
    "<!---->",
    "<?x y?>",
    "<![CDATA[x]]>",
    "<![CDATA[]]>",
    "x",
    " ",
    "\n",
    "\u{a0}",
    "&#13;",
    "&amp;",
    "<x/>",
    "<x xmlns=\"\"/>",
    "<x xmlns=\"urn:example:x\" ID=\"_x\"/>",
    "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_evil\"/>",
    "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">u-admin</saml:NameID>",
    "<saml:AttributeValue xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">Domain Admins</saml:AttributeValue>",
    "<saml:Attribute xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Name=\"memberOf\"><saml:AttributeValue>Domain Admins</saml:AttributeValue></saml:Attribute>",
    "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
    "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
    "<samlp:Extensions xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>",
];

const ATTRIBUTES: [&str; 12] = [
    " ID=\"_x\"",
    " Id=\"_x\"",
    " xml:id=\"_x\"",
    " x=\"y\"",
    " xmlns=\"urn:example:x\"",
    " xmlns:saml=\"urn:example:x\"",
    " xmlns:ds=\"urn:example:x\"",
    " xmlns:unused=\"urn:example:x\"",
    " xmlns:void=\"../x\"",
    " xml:lang=\"de\"",
    " xml:base=\"http://example.org/\"",
    " xsi:nil=\"true\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
];

const NAMESPACES: [&str; 6] = [
    "urn:oasis:names:tc:SAML:2.0:assertion",
    "urn:oasis:names:tc:SAML:2.0:protocol",
    "http://www.w3.org/2000/09/xmldsig#",
    "urn:example:x",
    "",
    "relative",
];

/// A mutant of `seed`; `other` is another signed Response to splice from.
pub fn mutant(random: &mut Random, seed: &str, other: &str) -> Vec<u8> {
    let mut text = seed.to_owned();
    for _ in 0..1 + random.below(3) {
        text = match random.below(12) {
            0 => return flip(random, text.into_bytes()),
            1 | 2 => relocate(random, &text, true),
            3 => relocate(random, &text, false),
            4 => insert_node(random, &text),
            5 => insert_attribute(random, &text),
            6 => renamespace(random, &text),
            7 => delete(random, &text),
            8 => swap(random, &text),
            9 => splice(random, &text, other),
            10 => exchange_values(random, &text),
            _ => rename(random, &text),
        };
    }
    text.into_bytes()
}

fn flip(random: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    for _ in 0..1 + random.below(2) {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
    bytes
}

fn any(random: &mut Random, text: &str) -> Option<Span> {
    let found = spans(text);
    if found.is_empty() { None } else { Some(found[random.below(found.len())]) }
}

/// A place between nodes.
fn place(random: &mut Random, text: &str) -> Option<usize> {
    let span = any(random, text)?;
    Some([span.start, span.inner, span.close, span.end][random.below(4)])
}

fn relocate(random: &mut Random, text: &str, cut: bool) -> String {
    let (Some(span), Some(to)) = (any(random, text), place(random, text)) else { return text.to_owned() };
    let element = &text[span.start..span.end];
    if !cut {
        return format!("{}{element}{}", &text[..to], &text[to..]);
    }
    if to > span.start && to < span.end {
        return text.to_owned();
    }
    let (first, second) = (&text[..span.start], &text[span.end..]);
    if to <= span.start {
        format!("{}{element}{}{second}", &first[..to], &first[to..])
    } else {
        let to = to - span.end;
        format!("{first}{}{element}{}", &second[..to], &second[to..])
    }
}

fn insert_node(random: &mut Random, text: &str) -> String {
    let Some(mut to) = place(random, text) else { return text.to_owned() };
    // Half of the time in the middle of the text that follows.
    if random.one_in(2)
        && let Some(length) = text[to..].find('<').filter(|length| *length > 1)
    {
        to += random.below(length);
        while !text.is_char_boundary(to) {
            to += 1;
        }
    }
    format!("{}{}{}", &text[..to], random.pick(&NODES), &text[to..])
}

fn insert_attribute(random: &mut Random, text: &str) -> String {
    let Some(span) = any(random, text) else { return text.to_owned() };
    let name_end = text[span.start..]
        .find([' ', '>', '/', '\n', '\t', '\r'])
        .map_or(text.len(), |found| span.start + found);
    // `</` and `/>` both have their slash before the name's end or at it.
    format!("{}{}{}", &text[..name_end], random.pick(&ATTRIBUTES), &text[name_end..])
}

fn renamespace(random: &mut Random, text: &str) -> String {
    let declarations: Vec<usize> = text.match_indices("xmlns").map(|(at, _)| at).collect();
    if declarations.is_empty() {
        return text.to_owned();
    }
    let at = declarations[random.below(declarations.len())];
    let Some(open) = text[at..].find(['"', '\'']).map(|found| at + found + 1) else { return text.to_owned() };
    let Some(close) = text[open..].find(['"', '\'']).map(|found| open + found) else {
        return text.to_owned();
    };
    if random.one_in(2) {
        return format!("{}{}{}", &text[..open], random.pick(&NAMESPACES), &text[close..]);
    }
    // Another prefix for the same namespace, in the declaration alone or everywhere.
    let prefix: String =
        text[at + 5..].chars().skip(1).take_while(|letter| letter.is_alphanumeric()).collect();
    if prefix.is_empty() || !text[at + 5..].starts_with(':') {
        return text.to_owned();
    }
    if random.one_in(2) {
        text.replacen(&format!("xmlns:{prefix}="), "xmlns:q=", 1)
    } else {
        text.replace(&format!("xmlns:{prefix}="), "xmlns:q=")
            .replace(&format!("<{prefix}:"), "<q:")
            .replace(&format!("</{prefix}:"), "</q:")
    }
}

fn delete(random: &mut Random, text: &str) -> String {
    let Some(span) = any(random, text) else { return text.to_owned() };
    match random.below(3) {
        // The element, its tags, or one of its attributes.
        0 => format!("{}{}", &text[..span.start], &text[span.end..]),
        1 => format!("{}{}{}", &text[..span.start], &text[span.inner..span.close], &text[span.end..]),
        _ => {
            let tag = &text[span.start..span.inner];
            let attributes: Vec<usize> = tag.match_indices('=').map(|(at, _)| at).collect();
            if attributes.is_empty() {
                return text.to_owned();
            }
            let at = attributes[random.below(attributes.len())];
            let from = tag[..at].rfind([' ', '\n', '\t', '\r']).unwrap_or(at);
            let Some(open) = tag[at..].find(['"', '\'']).map(|found| at + found) else {
                return text.to_owned();
            };
            let quote = &tag[open..=open];
            let Some(to) = tag[open + 1..].find(quote).map(|found| open + found + 2) else {
                return text.to_owned();
            };
            format!("{}{}{}{}", &text[..span.start], &tag[..from], &tag[to..], &text[span.inner..])
        }
    }
}

fn swap(random: &mut Random, text: &str) -> String {
    let (Some(one), Some(two)) = (any(random, text), any(random, text)) else { return text.to_owned() };
    let (first, second) = if one.start <= two.start { (one, two) } else { (two, one) };
    if first.end > second.start {
        return text.to_owned();
    }
    format!(
        "{}{}{}{}{}",
        &text[..first.start],
        &text[second.start..second.end],
        &text[first.end..second.start],
        &text[first.start..first.end],
        &text[second.end..]
    )
}

fn splice(random: &mut Random, text: &str, other: &str) -> String {
    let (Some(from), Some(into)) = (any(random, other), any(random, text)) else { return text.to_owned() };
    let element = &other[from.start..from.end];
    if random.one_in(2) {
        format!("{}{element}{}", &text[..into.start], &text[into.end..])
    } else {
        format!("{}{element}{}", &text[..into.inner], &text[into.inner..])
    }
}

/// One attribute gets the value of another of the same name, or of an ID.
fn exchange_values(random: &mut Random, text: &str) -> String {
    let name = random.pick(&[
        "ID=\"",
        "URI=\"#",
        "Algorithm=\"",
        "InResponseTo=\"",
        "Name=\"",
        "Recipient=\"",
        "Value=\"",
    ]);
    let values: Vec<(usize, usize)> = text
        .match_indices(name)
        .filter_map(|(at, _)| {
            let from = at + name.len();
            text[from..].find('"').map(|length| (from, from + length))
        })
        .collect();
    if values.is_empty() {
        return text.to_owned();
    }
    let (from, to) = values[random.below(values.len())];
    let (other_from, other_to) = values[random.below(values.len())];
    let value = if random.one_in(2) { text[other_from..other_to].to_owned() } else { "_x".to_owned() };
    format!("{}{value}{}", &text[..from], &text[to..])
}

/// An element gets another name.
fn rename(random: &mut Random, text: &str) -> String {
    let names = [
        "Assertion",
        "Response",
        "Signature",
        "SignedInfo",
        "Reference",
        "Issuer",
        "Subject",
        "Conditions",
        "Attribute",
        "AttributeValue",
    ];
    let (from, to) = (random.pick(&names), random.pick(&names));
    let Some(at) = text.find(&format!("{from}>")).or_else(|| text.find(&format!("{from} "))) else {
        return text.to_owned();
    };
    if random.one_in(2) {
        format!("{}{to}{}", &text[..at], &text[at + from.len()..])
    } else {
        text.replace(from, to)
    }
}
