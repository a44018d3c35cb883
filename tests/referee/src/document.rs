//! Facts about a document that decide whether a referee may or can judge it; found by plain text search, so that they
//! hold for malformed documents too and err on the side of abstention.

use crate::libxml2;

/// What the text of a document shows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// Whether xmlsec must not see it: it would open files or the network, or take long.
    pub names_something_else: bool,
    /// An ID that is not an NCName.
    pub has_odd_id: bool,
    /// A namespace name that is not a URI.
    pub has_odd_namespace: bool,
    pub has_pss: bool,
    /// Hash of each SignatureMethod and of each DigestMethod, in document order.
    pub signature_hashes: Vec<String>,
    pub digest_hashes: Vec<String>,
}

/// Look at a document.
pub fn facts(xml: &str) -> Facts {
    let mut facts = Facts::default();
    for (at, _) in xml.match_indices("Algorithm") {
        let Some(value) = value_after(&xml[at + "Algorithm".len()..]) else { continue };
        let name = element_before(xml, at);
        let hash = value.rsplit(['#', '/']).next().unwrap_or_default();
        if name.ends_with("SignatureMethod") {
            facts.has_pss |= value.contains("MGF1") || value.contains("rsa-pss");
            facts.signature_hashes.push(hash.rsplit('-').next().unwrap_or_default().to_owned());
        } else if name.ends_with("DigestMethod") {
            facts.digest_hashes.push(hash.to_owned());
        }
    }
    facts.has_odd_id = xml.match_indices("ID").any(|(at, name)| {
        xml[..at].ends_with(|before: char| before.is_ascii_whitespace() || before == ':')
            && value_after(&xml[at + name.len()..]).is_some_and(|id| !is_ncname(id))
    });
    facts.has_odd_namespace = xml.match_indices("xmlns").any(|(at, name)| {
        let rest = &xml[at + name.len()..];
        let equals = rest.find('=').unwrap_or_default();
        value_after(&rest[equals..]).is_some_and(|uri| !uri.is_empty() && !libxml2::is_uri(uri))
    });
    facts.names_something_else = names_something_else(xml);
    facts
}

fn is_ncname(id: &str) -> bool {
    id.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && id.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

/// xmlsec resolves whatever a document names before it has checked any signature.
fn names_something_else(xml: &str) -> bool {
    let reference = xml.match_indices("URI").any(|(at, _)| {
        xml[..at].ends_with(|before: char| before.is_ascii_whitespace())
            && value_after(&xml[at + 3..]).is_some_and(|value| !value.is_empty() && !value.starts_with('#'))
    });
    let costly = [
        "<!DOCTYPE",
        "<!ENTITY",
        "TR/1999/REC-xslt",
        "TR/1999/REC-xpath",
        "xmldsig-filter2",
        "xpointer",
        "RetrievalMethod",
        "XInclude",
    ];
    reference || costly.iter().any(|name| xml.contains(name))
}

/// Whether a tab or line end stands in a tag's quotes.
pub fn has_space_in_an_attribute(xml: &str) -> bool {
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
            .into_iter()
            .find(|(open, _)| rest.starts_with(open));
        if let Some((_, close)) = skipped {
            rest = rest.find(close).map_or("", |end| &rest[end + close.len()..]);
            continue;
        }
        let mut quote = None;
        let mut end = rest.len();
        for (at, letter) in rest.char_indices() {
            match (quote, letter) {
                (None, '"' | '\'') => quote = Some(letter),
                (None, '>') => {
                    end = at + 1;
                    break;
                }
                (Some(open), letter) if letter == open => quote = None,
                (Some(_), '\t' | '\n' | '\r') => return true,
                _ => {}
            }
        }
        rest = &rest[end..];
    }
    false
}

fn value_after(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next()
}

fn element_before(xml: &str, at: usize) -> &str {
    let start = xml[..at].rfind('<').map_or(0, |found| found + 1);
    xml[start..at].split(|letter: char| letter.is_ascii_whitespace()).next().unwrap_or_default()
}

/// samael's allow-list takes RSA-SHA256 only with a SHA-256 digest, and so on.
pub fn every_digest_fits_its_signature(facts: &Facts) -> bool {
    facts.signature_hashes.len() == facts.digest_hashes.len()
        && facts
            .signature_hashes
            .iter()
            .zip(&facts.digest_hashes)
            .all(|(signature, digest)| signature == digest)
}
