//! The canonical form of an element, as text and as a table of ranges of that text.

use super::canonical::{Canonicalization, Method};
use super::document::{
    AttributeNode, Declaration, Document, Element, ElementNode, Kind, NO_NAMESPACE, Name, Node, Span,
    XML_DECLARATION, XML_NAMESPACE, at, to_u32,
};
use super::error::XmlError;
use super::text::{character_data, line_ends, push_canonical_attribute, push_canonical_text};
use memchr::memchr;
use std::borrow::Cow;
use std::ops::Range;

/// Writes the canonical form of one element, and lays down its table meanwhile.
pub(super) struct Form<'d, 'c> {
    source: &'d Document<'d>,
    /// The element that is written.
    apex: Element<'d>,
    canonicalization: &'c Canonicalization,
    text: String,
    /// How long the text may become.
    allowed: usize,
    /// The table of the canonical form.
    out: Document<'static>,
    /// Namespace declarations written and in scope, innermost last.
    rendered: Vec<Rendered<'d>>,
    open: Vec<Open>,
    /// The declarations to write at the current element.
    to_render: Vec<(&'d str, &'d str)>,
    /// Start tags written before, one for each of the innermost depths.
    known: [Option<KnownTag<'d>>; KNOWN_TAGS],
}

/// A start tag that was written. The same element under the same declarations is written the same way.
struct KnownTag<'d> {
    source: ElementNode,
    /// The innermost declaration shown around it, which is only ever shown together with the same others.
    shown: u32,
    tag: Range<usize>,
    written: ElementNode,
    rendered: Vec<Rendered<'d>>,
}

const KNOWN_TAGS: usize = 8;

/// How many times as long as its document a canonical form may be. A namespace that is declared once and written at every
/// value makes a real one twice as long; what an attacker sends unsigned would become hundreds of times as long.
const MAX_GROWTH: usize = 8;
/// And so much for documents of a few elements.
const SPARE: usize = 65_536;

#[derive(Clone, Copy)]
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

impl<'d, 'c> Form<'d, 'c> {
    /// `text` and `table` are empty, with as much room as the form is likely to need.
    pub(super) fn new(
        apex: Element<'d>,
        canonicalization: &'c Canonicalization,
        text: String,
        table: Document<'static>,
    ) -> Self {
        Self {
            source: apex.document,
            apex,
            canonicalization,
            text,
            allowed: apex.document.text.len().saturating_mul(MAX_GROWTH).saturating_add(SPARE),
            out: table,
            rendered: Vec::new(),
            open: Vec::new(),
            to_render: Vec::new(),
            known: [const { None }; KNOWN_TAGS],
        }
    }

    /// Walk the flat table, `omitted` elements apart; depth costs no stack.
    pub(super) fn write(mut self, omitted: &[Element<'d>]) -> Result<Document<'static>, XmlError> {
        let source = self.source;
        let end = source.node(self.apex.index).next;
        let mut index = self.apex.index;
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
                Kind::Element(element) => self.start_tag(element, node.next)?,
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
        self.out.text = Cow::Owned(self.text);
        Ok(self.out)
    }

    fn start_tag(&mut self, element: ElementNode, next: u32) -> Result<(), XmlError> {
        let rendered_len = self.rendered.len();
        let shown = self.rendered.last().map_or(NO_NAMESPACE, |rendered| rendered.declaration);
        let slot = self.open.len() % KNOWN_TAGS;
        let known = self.known.get(slot).and_then(Option::as_ref);
        let known = known.filter(|known| known.source == element && known.shown == shown);
        let written = if let Some(known) = known {
            self.text.extend_from_within(known.tag.clone());
            self.rendered.extend_from_slice(&known.rendered);
            known.written
        } else {
            let start = self.text.len();
            let is_apex = self.open.is_empty();
            let written = self.write_start_tag(element, is_apex)?;
            // What the apex takes over from above is written at no other element.
            if let Some(slot) = self.known.get_mut(slot).filter(|_| !is_apex) {
                let rendered = self.rendered.get(rendered_len..).unwrap_or_default().to_vec();
                *slot =
                    Some(KnownTag { source: element, shown, tag: start..self.text.len(), written, rendered });
            }
            written
        };
        if self.text.len() > self.allowed {
            return Err(XmlError::CanonicalTooLarge { allowed: self.allowed });
        }
        let node = to_u32(self.out.nodes.len());
        self.push_node(Kind::Element(written));
        self.open.push(Open { source_next: next, source_name: element.name, node, rendered_len });
        Ok(())
    }

    fn write_start_tag(&mut self, element: ElementNode, is_apex: bool) -> Result<ElementNode, XmlError> {
        let source = self.source;
        let written = source.qualified(element.name);
        let attributes = source.attributes_of(element);
        self.collect_namespaces(element, attributes, is_apex);

        self.text.push('<');
        let name = self.push_name(element.name, written);
        let declarations_start = self.out.declarations.len();
        self.push_declarations();
        let attributes_start = self.out.attributes.len();
        match attributes {
            _ if is_apex && self.canonicalization.method != Method::Exclusive => {
                let inherited = self.inherited_attributes()?;
                self.push_attributes(attributes.iter().chain(inherited.iter()).copied().collect());
            }
            [] => {}
            [only] => self.push_attribute(*only),
            _ => self.push_attributes(attributes.to_vec()),
        }
        self.text.push('>');
        let count = |now: usize, start: usize| u16::try_from(now - start).unwrap_or(u16::MAX);
        Ok(ElementNode {
            name,
            namespace: self.rendered_declaration(source.prefix(element.name)),
            attributes_start: to_u32(attributes_start),
            declarations_start: to_u32(declarations_start),
            attribute_count: count(self.out.attributes.len(), attributes_start),
            declaration_count: count(self.out.declarations.len(), declarations_start),
        })
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
    fn collect_namespaces(&mut self, element: ElementNode, attributes: &[AttributeNode], is_apex: bool) {
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
        let declared = if is_apex { in_scope(self.apex) } else { source.declarations_of(element).to_vec() };
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
    fn inherited_attributes(&self) -> Result<Vec<AttributeNode>, XmlError> {
        let source = self.source;
        let own: Vec<&str> =
            xml_attributes(self.apex).map(|attribute| source.local(attribute.name)).collect();
        let mut inherited: Vec<AttributeNode> = Vec::new();
        for above in std::iter::successors(self.apex.parent(), |element| element.parent()) {
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
