//! Start tags: names, attributes, namespaces.

use super::chars::{is_ncname, qualified_name_len, referenced};
use super::document::{
    AttributeNode, Declaration, ElementNode, Kind, NO_NAMESPACE, Name, Span, XML_DECLARATION, XML_NAMESPACE,
    XMLNS_NAMESPACE, at, to_u32,
};
use super::error::XmlError;
use super::pairs::Pairs;
use super::parse::{Open, Parser, malformed};
use super::text::{attribute_value, is_plain_attribute};
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// No name of SAML, XML Signature, no sane prefix and no namespace name comes near. It bounds a name's length to 16 bits, and
/// what it costs to compare namespace names and to write them again and again.
const MAX_NAME_BYTES: usize = 1_024;

/// A start tag and what it says. The same text in the same scope says the same, so the thousandth AttributeValue needs no
/// second look: its element shares name, attributes and declarations with the first.
#[derive(Clone, Copy)]
pub(super) struct KnownTag {
    tag: Span,
    /// The innermost declaration around it: a declaration is only ever in scope together with the same others.
    scope: u32,
    element: ElementNode,
}

pub(super) const KNOWN_TAGS: usize = 8;

impl Parser<'_, '_> {
    /// Read what stands between `start` and `end`: a start tag without its brackets.
    pub(super) fn start_tag(&mut self, start: usize, end: usize) -> Result<(), XmlError> {
        self.count_markup()?;
        if self.open.is_empty() && self.document.root != u32::MAX {
            return Err(malformed("a second root element", start));
        }
        if self.open.len() >= self.limits.max_depth {
            return Err(XmlError::TooDeep { allowed: self.limits.max_depth });
        }
        let tag = Span::new(start, end);
        let scope = self.scope.last().copied().unwrap_or(NO_NAMESPACE);
        let scope_len = self.scope.len();
        let slot = self.open.len() % KNOWN_TAGS;
        let known = self.known.get(slot).copied().flatten();
        let known = known.filter(|known| known.scope == scope && self.is_same_text(known.tag, tag));
        let element = if let Some(KnownTag { element, .. }) = known {
            let first = element.declarations_start;
            self.scope.extend(first..first + u32::from(element.declaration_count));
            element
        } else {
            let ids = self.ids.len();
            let element = self.element(start, end)?;
            // An ID stands for one element, and `xmlns:xml` is never in scope: both are read each time.
            let repeatable = self.ids.len() == ids
                && self.scope.len() - scope_len == usize::from(element.declaration_count);
            if let Some(slot) = self.known.get_mut(slot) {
                *slot = repeatable.then_some(KnownTag { tag, scope, element });
            }
            element
        };
        let node = to_u32(self.document.nodes.len());
        if self.open.is_empty() {
            self.document.root = node;
        }
        self.push_leaf(Kind::Element(element));
        self.open.push(Open { node, start, scope_len });
        Ok(())
    }

    fn is_same_text(&self, one: Span, other: Span) -> bool {
        let bytes = |span: Span| self.text.as_bytes().get(at(span.start)..at(span.end));
        bytes(one) == bytes(other)
    }

    /// What a start tag says that is between `start` and `end`.
    fn element(&mut self, start: usize, end: usize) -> Result<ElementNode, XmlError> {
        let bytes = self.text.as_bytes().get(start..end).unwrap_or_default();
        let name_end = start + qualified_name_len(bytes);
        let name = self.name(start, name_end)?;
        let attributes_start = self.document.attributes.len();
        let declarations_start = self.document.declarations.len();
        self.attributes(name_end, end, attributes_start, declarations_start)?;
        let namespace = self.resolve(name)?;
        let attribute_count = self.document.attributes.len() - attributes_start;
        if attribute_count > 1 {
            self.check_repeated_attributes(attributes_start)?;
        }
        let declaration_count = self.document.declarations.len() - declarations_start;
        Ok(ElementNode {
            name,
            namespace,
            attributes_start: to_u32(attributes_start),
            declarations_start: to_u32(declarations_start),
            attribute_count: u16::try_from(attribute_count).unwrap_or(u16::MAX),
            declaration_count: u16::try_from(declaration_count).unwrap_or(u16::MAX),
        })
    }

    fn attributes(
        &mut self,
        start: usize,
        end: usize,
        attributes_start: usize,
        declarations_start: usize,
    ) -> Result<(), XmlError> {
        let mut pairs = Pairs { text: self.text, position: start, end };
        while let Some(pair) = pairs.next_pair()? {
            let name = self.name(pair.name.0, pair.name.1)?;
            let raw = self.text.get(pair.value.0..pair.value.1).unwrap_or_default();
            check_attribute_value(raw, pair.value.0)?;
            let written = self.document.qualified(name);
            if written == "xmlns" || self.document.prefix(name) == "xmlns" {
                self.declare(name, raw, pair.value, declarations_start)?;
            } else {
                let exact = is_plain_attribute(raw);
                let value = Span::new(pair.value.0, pair.value.1);
                if self.document.local(name).eq_ignore_ascii_case("id") {
                    self.ids.push(to_u32(self.document.attributes.len()));
                }
                self.document.attributes.push(AttributeNode { name, namespace: NO_NAMESPACE, value, exact });
            }
            let count = self.document.attributes.len() - attributes_start + self.document.declarations.len()
                - declarations_start;
            // 16 bits count the attributes of an element.
            let allowed = self.limits.max_attributes.min(usize::from(u16::MAX));
            if count > allowed {
                return Err(XmlError::TooManyAttributes { allowed });
            }
        }
        for index in attributes_start..self.document.attributes.len() {
            let Some(name) = self.document.attributes.get(index).map(|attribute| attribute.name) else {
                break;
            };
            // Namespaces in XML 1.0, 6.2: an attribute without a prefix has no namespace.
            if name.prefix_len > 0 {
                let namespace = self.resolve(name)?;
                if let Some(attribute) = self.document.attributes.get_mut(index) {
                    attribute.namespace = namespace;
                }
            }
        }
        Ok(())
    }

    /// A namespace declaration (Namespaces in XML 1.0, section 3).
    fn declare(
        &mut self,
        name: Name,
        raw: &str,
        value: (usize, usize),
        first: usize,
    ) -> Result<(), XmlError> {
        let offset = at(name.start);
        let value_at = value.0;
        let prefix_end = offset + usize::from(name.len);
        let prefix = match name.prefix_len {
            0 => "",
            colon => self.text.get(offset + usize::from(colon) + 1..prefix_end).unwrap_or_default(),
        };
        if raw.len() > MAX_NAME_BYTES {
            return Err(XmlError::NameTooLong { offset: value_at });
        }
        let uri = attribute_value(raw);
        let bound = match prefix {
            "xmlns" => return Err(malformed("the prefix xmlns is declared", offset)),
            "xml" if uri == XML_NAMESPACE => None,
            "xml" => return Err(malformed("the prefix xml is bound to another namespace", offset)),
            _ if uri == XML_NAMESPACE || uri == XMLNS_NAMESPACE => {
                return Err(malformed("a reserved namespace is bound to a prefix", offset));
            }
            "" if uri.is_empty() => None,
            _ if uri.is_empty() => return Err(malformed("a prefix is bound to nothing", offset)),
            // Canonical XML 1.0, 1.3: it is not defined for relative namespace names.
            _ if !has_scheme(&uri) => return Err(XmlError::RelativeNamespace { offset: value_at }),
            _ => Some(()),
        };
        let known = self.document.declarations.get(first..).unwrap_or_default();
        if known.iter().any(|other| self.document.slice(other.prefix) == prefix) {
            return Err(malformed("a namespace prefix is declared twice in one element", offset));
        }
        let (uri, decoded) = match uri {
            Cow::Borrowed(_) => (Span::new(value.0, value.1), false),
            Cow::Owned(uri) => (self.document.push_decoded(&uri), true),
        };
        let prefix = Span::new(prefix_end - prefix.len(), prefix_end);
        let index = to_u32(self.document.declarations.len());
        self.document.declarations.push(Declaration { prefix, uri, decoded });
        // `xml` is in scope everywhere; the empty default namespace is a declaration like any other.
        if bound.is_some() || prefix.start == prefix.end {
            self.scope.push(index);
        }
        let allowed = self.limits.max_namespaces;
        if self.scope.len() > allowed { Err(XmlError::TooManyNamespaces { allowed }) } else { Ok(()) }
    }

    /// The declaration that binds a name's prefix.
    fn resolve(&self, name: Name) -> Result<u32, XmlError> {
        let prefix = self.document.prefix(name);
        if prefix == "xml" {
            return Ok(XML_DECLARATION);
        }
        let found = self.scope.iter().rev().find(|index| {
            self.document
                .declarations
                .get(at(**index))
                .is_some_and(|known| self.document.slice(known.prefix) == prefix)
        });
        match found {
            Some(index) => Ok(*index),
            None if prefix.is_empty() => Ok(NO_NAMESPACE),
            None => Err(malformed("a prefix that is not bound", at(name.start))),
        }
    }

    /// Namespaces in XML 1.0, 6.3: neither the same name twice nor two prefixes for one namespace.
    fn check_repeated_attributes(&self, start: usize) -> Result<(), XmlError> {
        let attributes = self.document.attributes.get(start..).unwrap_or_default();
        let key = |attribute: &AttributeNode| {
            (self.document.local(attribute.name), self.document.uri(attribute.namespace))
        };
        let offset = attributes.first().map_or(0, |first| at(first.name.start));
        let repeated = if attributes.len() <= 8 {
            attributes.iter().enumerate().any(|(index, one)| {
                attributes.get(index + 1..).unwrap_or_default().iter().any(|other| key(one) == key(other))
            })
        } else {
            let mut keys: Vec<_> = attributes.iter().map(key).collect();
            keys.sort_unstable();
            keys.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
        };
        if repeated { Err(malformed("an attribute stands twice in one element", offset)) } else { Ok(()) }
    }

    /// Check a qualified name (Namespaces in XML 1.0, production 7).
    fn name(&self, start: usize, end: usize) -> Result<Name, XmlError> {
        let text = self.text.get(start..end).unwrap_or_default();
        if text.len() > MAX_NAME_BYTES {
            return Err(XmlError::NameTooLong { offset: start });
        }
        let (prefix_len, valid) = match memchr(b':', text.as_bytes()) {
            None => (0, is_ncname(text)),
            Some(colon) => {
                let (prefix, local) = text.split_at(colon);
                (colon, is_ncname(prefix) && local.get(1..).is_some_and(is_ncname))
            }
        };
        if !valid {
            return Err(malformed("a name that XML does not allow", start));
        }
        let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        Ok(Name { start: to_u32(start), len: short(text.len()), prefix_len: short(prefix_len) })
    }
}

/// XML 1.0, production 10: no `<`, and every `&` begins a reference that is allowed.
fn check_attribute_value(raw: &str, offset: usize) -> Result<(), XmlError> {
    let mut rest = raw;
    while let Some(found) = memchr2(b'<', b'&', rest.as_bytes()) {
        let from = rest.get(found..).unwrap_or_default();
        let reference = from.strip_prefix('&').and_then(|inside| inside.split_once(';'));
        match reference {
            Some((name, after)) if referenced(name).is_some() => rest = after,
            _ => {
                return Err(malformed(
                    "an attribute value with a bare < or &, or an unknown reference",
                    offset,
                ));
            }
        }
    }
    Ok(())
}

/// RFC 3986, 4.3: an absolute URI begins with a scheme.
fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}
