//! Canonical XML: exclusive 1.0, inclusive 1.0 and 1.1.
//!
//! Sources: Exclusive XML Canonicalization 1.0 (section 3), Canonical XML 1.0 (sections 2.3 and 2.4), Canonical XML 1.1
//! (section 2.4). Documents have no DTD and no processing instruction, so the parts about those have no counterpart.

use super::document::{
    AttributeNode, Declaration, Document, Element, ElementNode, Kind, NO_NAMESPACE, Name, Node, Span,
    XML_DECLARATION, XML_NAMESPACE, at, to_u32,
};
use super::error::XmlError;
use super::text::{character_data, line_ends, push_canonical_attribute, push_canonical_text};
use crate::limits::Limits;
use memchr::memchr;
use std::borrow::Cow;

/// Which canonical form.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Canonicalization {
    /// The recommendation that is followed.
    pub method: Method,
    /// Whether comments stay.
    pub with_comments: bool,
    /// Prefixes that exclusive canonicalisation treats inclusively; `""` is the default namespace (`#default` on the
    /// wire). Of no meaning to the inclusive methods.
    pub inclusive_prefixes: Vec<String>,
}

/// A recommendation of canonical XML.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Method {
    /// Exclusive XML Canonicalization 1.0.
    Exclusive,
    /// Canonical XML 1.0.
    Inclusive10,
    /// Canonical XML 1.1.
    Inclusive11,
}

impl Canonicalization {
    /// Exclusive, without comments, without prefixes: what nearly every identity provider sends.
    pub const EXCLUSIVE: Self =
        Self { method: Method::Exclusive, with_comments: false, inclusive_prefixes: Vec::new() };
}

/// The canonical bytes of the element whose unqualified attribute `ID` has this value, or of the root for None.
pub fn canonicalize(
    xml: &[u8],
    id: Option<&str>,
    canonicalization: &Canonicalization,
    limits: &Limits,
) -> Result<Vec<u8>, XmlError> {
    let document = Document::parse(xml, limits)?;
    let element = match id {
        None => document.root(),
        Some(id) => document.element_by_id(id).ok_or(XmlError::UnknownId)?,
    };
    Ok(element.canonicalize(canonicalization, &[])?.text.into_owned().into_bytes())
}

impl Element<'_> {
    /// The canonical form of this element and all inside it, `omitted` elements left out with all inside them.
    ///
    /// The text of the new document is the canonical form, byte for byte, and its nodes are ranges of that text, laid
    /// down while it was written. Parsing that text gives the same nodes (a law, `tests/rust/xml.rs`).
    pub fn canonicalize(
        self,
        canonicalization: &Canonicalization,
        omitted: &[Self],
    ) -> Result<Document<'static>, XmlError> {
        let inside = omitted.iter().filter(|element| self.holds(**element)).map(|element| element.size());
        let size = inside.fold(self.size(), Size::without);
        let mut writer = Writer {
            source: self.document,
            canonicalization,
            text: String::with_capacity(size.bytes + 64),
            out: Document {
                text: Cow::Borrowed(""),
                decoded: String::new(),
                nodes: Vec::with_capacity(size.nodes),
                attributes: Vec::with_capacity(size.attributes),
                declarations: Vec::new(),
                root: 0,
            },
            rendered: Vec::new(),
            open: Vec::new(),
            to_render: Vec::new(),
        };
        writer.write(self, omitted)?;
        let Writer { text, mut out, .. } = writer;
        out.text = Cow::Owned(text);
        Ok(out)
    }

    /// How much of the document this element takes, all inside it counted: so much room its canonical form needs, but for
    /// escapes and namespaces from above it.
    fn size(self) -> Size {
        let next = self.document.node(self.index).next;
        let node = self.node();
        let rest = self.document.nodes.get(at(next)..).unwrap_or_default();
        let following = match rest.first().map(|node| node.kind) {
            Some(Kind::Element(element)) => at(element.name.start),
            Some(Kind::Text { span, .. } | Kind::CData(span) | Kind::Comment(span)) => at(span.start),
            None => self.document.text.len(),
        };
        let element = rest.iter().find_map(|node| match node.kind {
            Kind::Element(element) => Some(at(element.attributes_start)),
            Kind::Text { .. } | Kind::CData(_) | Kind::Comment(_) => None,
        });
        let attributes = element.unwrap_or(self.document.attributes.len());
        Size {
            bytes: following.saturating_sub(at(node.name.start)),
            nodes: at(next - self.index),
            attributes: attributes.saturating_sub(at(node.attributes_start)),
        }
    }

    /// Whether an element of the same document stands inside this one.
    fn holds(self, other: Self) -> bool {
        self.index < other.index && other.index < self.document.node(self.index).next
    }
}

/// Room for a canonical form: bytes of text, rows of the tables.
#[derive(Clone, Copy)]
struct Size {
    bytes: usize,
    nodes: usize,
    attributes: usize,
}

impl Size {
    fn without(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            nodes: self.nodes.saturating_sub(other.nodes),
            attributes: self.attributes.saturating_sub(other.attributes),
        }
    }
}

struct Writer<'d, 'c> {
    source: &'d Document<'d>,
    canonicalization: &'c Canonicalization,
    text: String,
    out: Document<'static>,
    /// Namespace declarations written and in scope, innermost last.
    rendered: Vec<Rendered<'d>>,
    open: Vec<Open>,
    /// The declarations to write at the current element.
    to_render: Vec<(&'d str, &'d str)>,
}

struct Rendered<'d> {
    prefix: &'d str,
    uri: &'d str,
    /// Its index in the table of the canonical document.
    declaration: u32,
}

struct Open {
    source_next: u32,
    source_name: Name,
    node: u32,
    rendered_len: usize,
}

impl<'d> Writer<'d, '_> {
    /// Walk the flat table; depth costs no stack.
    fn write(&mut self, apex: Element<'d>, omitted: &[Element<'d>]) -> Result<(), XmlError> {
        let source = self.source;
        let end = source.node(apex.index).next;
        let mut index = apex.index;
        while index < end {
            while self.open.last().is_some_and(|open| open.source_next <= index) {
                self.end_tag();
            }
            let node = source.node(index);
            match node.kind {
                Kind::Element(_) if omitted.iter().any(|element| element.index == index) => {
                    index = node.next;
                    continue;
                }
                Kind::Element(element) => self.start_tag(element, node.next, index == apex.index, apex)?,
                Kind::Text { span, canonical: true, exact } => self.push_text(source.slice(span), exact),
                Kind::Text { span, .. } => self.push_value(&character_data(source.slice(span))),
                Kind::CData(span) => self.push_value(&line_ends(source.slice(span))),
                Kind::Comment(span) if self.canonicalization.with_comments => self.push_comment(span),
                Kind::Comment(_) => {}
            }
            index += 1;
        }
        while !self.open.is_empty() {
            self.end_tag();
        }
        Ok(())
    }

    fn start_tag(
        &mut self,
        element: ElementNode,
        next: u32,
        is_apex: bool,
        apex: Element<'d>,
    ) -> Result<(), XmlError> {
        let source = self.source;
        let rendered_len = self.rendered.len();
        let written = source.qualified(element.name);
        let attributes = source.attributes_of(element);
        self.collect_namespaces(element, attributes, is_apex, apex);

        self.text.push('<');
        let name = self.push_name(element.name, written);
        let declarations_start = self.out.declarations.len();
        self.push_declarations();
        let attributes_start = self.out.attributes.len();
        match attributes {
            _ if is_apex && self.canonicalization.method != Method::Exclusive => {
                let inherited = self.inherited_attributes(apex)?;
                self.push_attributes(attributes.iter().chain(inherited.iter()).copied().collect());
            }
            [] => {}
            [only] => self.push_attribute(*only),
            _ => self.push_attributes(attributes.to_vec()),
        }
        self.text.push('>');

        let node = to_u32(self.out.nodes.len());
        let count = |now: usize, start: usize| u16::try_from(now - start).unwrap_or(u16::MAX);
        let kind = Kind::Element(ElementNode {
            name,
            namespace: self.rendered_declaration(source.prefix(element.name)),
            attributes_start: to_u32(attributes_start),
            declarations_start: to_u32(declarations_start),
            attribute_count: count(self.out.attributes.len(), attributes_start),
            declaration_count: count(self.out.declarations.len(), declarations_start),
        });
        self.push_node(kind);
        self.open.push(Open { source_next: next, source_name: element.name, node, rendered_len });
        Ok(())
    }

    fn end_tag(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.text.push_str("</");
        self.text.push_str(self.source.qualified(open.source_name));
        self.text.push('>');
        self.rendered.truncate(open.rendered_len);
        let next = to_u32(self.out.nodes.len());
        if let Some(node) = self.out.nodes.get_mut(at(open.node)) {
            node.next = next;
        }
    }

    /// Which declarations to write at an element, sorted.
    fn collect_namespaces(
        &mut self,
        element: ElementNode,
        attributes: &[AttributeNode],
        is_apex: bool,
        apex: Element<'d>,
    ) {
        let source = self.source;
        self.to_render.clear();
        let listed = &self.canonicalization.inclusive_prefixes;
        if self.canonicalization.method == Method::Exclusive {
            // Exclusive C14N, section 3: the visibly utilised prefixes.
            self.consider(source.prefix(element.name), source.uri(element.namespace));
            for attribute in attributes.iter().filter(|attribute| attribute.name.prefix_len > 0) {
                self.consider(source.prefix(attribute.name), source.uri(attribute.namespace));
            }
            if listed.is_empty() {
                return self.to_render.sort_unstable();
            }
        }
        // Canonical XML 1.0, 2.3: all of them, or those on the list, where they differ from what the parent shows. Below
        // the apex only the element's own declarations can.
        let inclusive = self.canonicalization.method != Method::Exclusive;
        let is_listed = |prefix: &str| inclusive || listed.iter().any(|listed| listed == prefix);
        let declared = if is_apex { in_scope(apex) } else { source.declarations_of(element).to_vec() };
        for declaration in declared {
            let prefix = source.slice(declaration.prefix);
            if is_listed(prefix) {
                self.consider(prefix, source.declared_uri(declaration));
            }
        }
        self.to_render.sort_unstable();
    }

    /// Note a declaration for writing unless an element that is already written shows the same.
    fn consider(&mut self, prefix: &'d str, uri: &'d str) {
        if prefix == "xml" || self.to_render.iter().any(|(known, _)| *known == prefix) {
            return;
        }
        let shown = self.rendered.iter().rev().find(|rendered| rendered.prefix == prefix);
        // An absent default namespace is what nothing shown means.
        if shown.map_or("", |rendered| rendered.uri) != uri {
            self.to_render.push((prefix, uri));
        }
    }

    fn push_declarations(&mut self) {
        for index in 0..self.to_render.len() {
            let Some((prefix, uri)) = self.to_render.get(index).copied() else { break };
            self.text.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            let prefix_start = self.text.len();
            self.text.push_str(prefix);
            let prefix_span = Span::new(prefix_start, self.text.len());
            self.text.push_str("=\"");
            let start = self.text.len();
            push_canonical_attribute(uri, &mut self.text);
            let as_is = self.text.get(start..) == Some(uri);
            let span = if as_is { Span::new(start, self.text.len()) } else { self.out.push_decoded(uri) };
            self.text.push('"');
            let declaration = to_u32(self.out.declarations.len());
            self.out.declarations.push(Declaration { prefix: prefix_span, uri: span, decoded: !as_is });
            self.rendered.push(Rendered { prefix, uri, declaration });
        }
    }

    /// Canonical XML 1.0, 2.3: by namespace name, then by local name; those without a namespace come first.
    fn push_attributes(&mut self, mut attributes: Vec<AttributeNode>) {
        let source = self.source;
        attributes.sort_by_key(|attribute| (source.uri(attribute.namespace), source.local(attribute.name)));
        for attribute in attributes {
            self.push_attribute(attribute);
        }
    }

    fn push_attribute(&mut self, attribute: AttributeNode) {
        let source = self.source;
        self.text.push(' ');
        let name = self.push_name(attribute.name, source.qualified(attribute.name));
        self.text.push_str("=\"");
        let start = self.text.len();
        let raw = source.slice(attribute.value);
        let exact = attribute.exact && memchr(b'"', raw.as_bytes()).is_none();
        if exact {
            self.text.push_str(raw);
        } else {
            push_canonical_attribute(&source.value_of(attribute), &mut self.text);
        }
        let value = Span::new(start, self.text.len());
        self.text.push('"');
        let exact =
            exact || !self.text.get(start..at(value.end)).is_some_and(|written| written.contains('&'));
        let namespace = match source.prefix(attribute.name) {
            "" => NO_NAMESPACE,
            prefix => self.rendered_declaration(prefix),
        };
        self.out.attributes.push(AttributeNode { name, namespace, value, exact });
    }

    /// The `xml:` attributes that the apex takes over from the elements above it.
    fn inherited_attributes(&self, apex: Element<'d>) -> Result<Vec<AttributeNode>, XmlError> {
        let source = self.source;
        let own: Vec<&str> = xml_attributes(apex).map(|attribute| source.local(attribute.name)).collect();
        let mut inherited: Vec<AttributeNode> = Vec::new();
        for above in std::iter::successors(apex.parent(), |element| element.parent()) {
            for attribute in xml_attributes(above) {
                let local = source.local(attribute.name);
                // Canonical XML 1.0, 2.4: the nearest of every xml: attribute. 1.1, 2.4: xml:lang and xml:space; xml:id
                // and unknown ones stay where they are.
                let taken = match self.canonicalization.method {
                    Method::Inclusive11 if local == "base" => return Err(XmlError::InheritedBase),
                    Method::Inclusive11 => matches!(local, "lang" | "space"),
                    Method::Exclusive | Method::Inclusive10 => true,
                };
                let is_nearer = |known: &AttributeNode| source.local(known.name) == local;
                if taken && !own.contains(&local) && !inherited.iter().any(is_nearer) {
                    inherited.push(attribute);
                }
            }
        }
        Ok(inherited)
    }

    fn push_name(&mut self, name: Name, written: &str) -> Name {
        let start = to_u32(self.text.len());
        self.text.push_str(written);
        Name { start, ..name }
    }

    /// The declaration that a prefix has in the canonical text: what is read is what was written.
    fn rendered_declaration(&self, prefix: &str) -> u32 {
        if prefix == "xml" {
            return XML_DECLARATION;
        }
        let shown = self.rendered.iter().rev().find(|rendered| rendered.prefix == prefix);
        shown.map_or(NO_NAMESPACE, |rendered| rendered.declaration)
    }

    fn push_value(&mut self, value: &str) {
        let start = self.text.len();
        push_canonical_text(value, &mut self.text);
        let exact = self.text.len() - start == value.len();
        self.note_text(start, exact);
    }

    fn push_text(&mut self, canonical: &str, exact: bool) {
        let start = self.text.len();
        self.text.push_str(canonical);
        self.note_text(start, exact);
    }

    /// Character data from `start` to the end; what follows other character data is part of it.
    fn note_text(&mut self, start: usize, exact: bool) {
        let span = Span::new(start, self.text.len());
        if span.start == span.end {
            return;
        }
        if let Some(Node { kind: Kind::Text { span: last, exact: whole, .. }, .. }) =
            self.out.nodes.last_mut()
            && last.end == span.start
        {
            last.end = span.end;
            *whole &= exact;
        } else {
            self.push_node(Kind::Text { span, exact, canonical: true });
        }
    }

    fn push_comment(&mut self, span: Span) {
        self.text.push_str("<!--");
        let start = self.text.len();
        self.text.push_str(&line_ends(self.source.slice(span)));
        let span = Span::new(start, self.text.len());
        self.text.push_str("-->");
        self.push_node(Kind::Comment(span));
    }

    fn push_node(&mut self, kind: Kind) {
        let parent = self.open.last().map_or(u32::MAX, |open| open.node);
        let next = to_u32(self.out.nodes.len() + 1);
        self.out.nodes.push(Node { kind, parent, next });
    }
}

/// The namespace declarations in scope at an element, the nearest of each prefix.
fn in_scope(element: Element<'_>) -> Vec<Declaration> {
    let document = element.document;
    let mut found: Vec<Declaration> = Vec::new();
    for element in std::iter::successors(Some(element), |element| element.parent()) {
        for declaration in document.declarations_of(element.node()) {
            let prefix = document.slice(declaration.prefix);
            if !found.iter().any(|nearer| document.slice(nearer.prefix) == prefix) {
                found.push(*declaration);
            }
        }
    }
    found
}

fn xml_attributes(element: Element<'_>) -> impl Iterator<Item = AttributeNode> {
    let document = element.document;
    let attributes = document.attributes_of(element.node()).iter().copied();
    attributes.filter(move |attribute| document.uri(attribute.namespace) == XML_NAMESPACE)
}
