//! A parsed document: a flat table in document order, whose names and values are ranges of one text.

use super::text::{attribute_value, character_data, line_ends};
use std::borrow::Cow;
use std::fmt;

/// The namespace of the prefix `xml` (Namespaces in XML 1.0, section 3).
pub(super) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of the prefix `xmlns`, which nothing may be bound to.
pub(super) const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
/// Declaration of nothing: a name without a namespace.
pub(super) const NO_NAMESPACE: u32 = u32::MAX;
/// The declaration of the prefix `xml`, which stands in every document unwritten.
pub(super) const XML_DECLARATION: u32 = u32::MAX - 1;

/// A well-formed document. `Debug` prints sizes, never content.
pub struct Document<'x> {
    pub(super) text: Cow<'x, str>,
    /// Namespace names that hold references, decoded.
    pub(super) decoded: String,
    pub(super) nodes: Vec<Node>,
    pub(super) attributes: Vec<AttributeNode>,
    pub(super) declarations: Vec<Declaration>,
    pub(super) root: u32,
}

/// Bytes `start..end` of the document's text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A qualified name: where it stands, how long it is, and how much of that is its prefix.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Name {
    pub(super) start: u32,
    pub(super) len: u16,
    pub(super) prefix_len: u16,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) parent: u32,
    /// The node after this one and all that is inside it.
    pub(super) next: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Element(ElementNode),
    /// Character data; `exact`: the raw text is the value; `canonical`: the raw text is the canonical form.
    Text {
        span: Span,
        exact: bool,
        canonical: bool,
    },
    CData(Span),
    Comment(Span),
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct ElementNode {
    pub(super) name: Name,
    /// Index of the declaration that binds the prefix, [`NO_NAMESPACE`] or [`XML_DECLARATION`].
    pub(super) namespace: u32,
    pub(super) attributes_start: u32,
    pub(super) declarations_start: u32,
    pub(super) attribute_count: u16,
    pub(super) declaration_count: u16,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct AttributeNode {
    pub(super) name: Name,
    pub(super) namespace: u32,
    pub(super) value: Span,
    /// The raw text is the value.
    pub(super) exact: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Declaration {
    pub(super) prefix: Span,
    pub(super) uri: Span,
    /// The range `uri` is one of [`Document::decoded`], not of the text.
    pub(super) decoded: bool,
}

/// An index as a `usize`; every index of a document fits 32 bits, which parsing has checked.
pub(super) fn at(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// A position or count as 32 bits. Documents are at most `u32::MAX - 2` bytes, so nothing is cut off.
pub(super) fn to_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: to_u32(start), end: to_u32(end) }
    }
}

impl Document<'_> {
    /// The text of the document; of a canonicalised element, its canonical bytes.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text alone, as a string of the caller's own. [`TextRange`]s of the document read from it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text.into_owned()
    }

    /// The root element.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element { document: self, index: self.root }
    }

    /// The one element whose unqualified attribute `ID` has this value.
    #[must_use]
    pub fn element_by_id(&self, id: &str) -> Option<Element<'_>> {
        self.root().descendants().find(|element| element.attribute("ID").is_some_and(|value| value == id))
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(at(span.start)..at(span.end)).unwrap_or_default()
    }

    pub(super) fn node(&self, index: u32) -> &Node {
        const NOTHING: Node =
            Node { kind: Kind::Comment(Span { start: 0, end: 0 }), parent: u32::MAX, next: u32::MAX };
        self.nodes.get(at(index)).unwrap_or(&NOTHING)
    }

    pub(super) fn prefix(&self, name: Name) -> &str {
        let start = at(name.start);
        self.text.get(start..start + usize::from(name.prefix_len)).unwrap_or_default()
    }

    pub(super) fn qualified(&self, name: Name) -> &str {
        let start = at(name.start);
        self.text.get(start..start + usize::from(name.len)).unwrap_or_default()
    }

    pub(super) fn local(&self, name: Name) -> &str {
        let colon = usize::from(name.prefix_len > 0);
        self.qualified(name).get(usize::from(name.prefix_len) + colon..).unwrap_or_default()
    }

    /// The namespace name that a declaration binds.
    pub(super) fn uri(&self, declaration: u32) -> &str {
        match declaration {
            NO_NAMESPACE => "",
            XML_DECLARATION => XML_NAMESPACE,
            _ => self.declarations.get(at(declaration)).map_or("", |found| self.declared_uri(*found)),
        }
    }

    pub(super) fn declared_uri(&self, declaration: Declaration) -> &str {
        let Declaration { uri, decoded, .. } = declaration;
        if decoded {
            self.decoded.get(at(uri.start)..at(uri.end)).unwrap_or_default()
        } else {
            self.slice(uri)
        }
    }

    pub(super) fn push_decoded(&mut self, uri: &str) -> Span {
        let start = self.decoded.len();
        self.decoded.push_str(uri);
        Span::new(start, self.decoded.len())
    }

    pub(super) fn attributes_of(&self, element: ElementNode) -> &[AttributeNode] {
        let start = at(element.attributes_start);
        self.attributes.get(start..start + usize::from(element.attribute_count)).unwrap_or_default()
    }

    pub(super) fn declarations_of(&self, element: ElementNode) -> &[Declaration] {
        let start = at(element.declarations_start);
        self.declarations.get(start..start + usize::from(element.declaration_count)).unwrap_or_default()
    }

    pub(super) fn value_of(&self, attribute: AttributeNode) -> Cow<'_, str> {
        let raw = self.slice(attribute.value);
        if attribute.exact { Cow::Borrowed(raw) } else { attribute_value(raw) }
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Document({} bytes, {} nodes)", self.text.len(), self.nodes.len())
    }
}

/// One element of a document.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) index: u32,
}

/// Where a text stands in its document. It outlives the document and reads from [`Document::into_text`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TextRange {
    span: Span,
    exact: bool,
}

impl TextRange {
    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.span.start == self.span.end
    }

    /// The text, references replaced; lent where there are none.
    #[must_use]
    pub fn read(self, text: &str) -> Cow<'_, str> {
        let raw = text.get(at(self.span.start)..at(self.span.end)).unwrap_or_default();
        if self.exact { Cow::Borrowed(raw) } else { character_data(raw) }
    }
}

/// One attribute of an element, namespace declarations apart.
#[derive(Clone, Copy)]
pub struct Attribute<'d> {
    document: &'d Document<'d>,
    node: AttributeNode,
}

impl<'d> Element<'d> {
    pub(super) fn node(self) -> ElementNode {
        match self.document.node(self.index).kind {
            Kind::Element(element) => element,
            Kind::Text { .. } | Kind::CData(_) | Kind::Comment(_) => ElementNode::default(),
        }
    }

    /// The namespace name, empty where there is none.
    #[must_use]
    pub fn namespace(self) -> &'d str {
        self.document.uri(self.node().namespace)
    }

    /// The name without its prefix.
    #[must_use]
    pub fn local_name(self) -> &'d str {
        self.document.local(self.node().name)
    }

    /// The prefix of the name, empty where there is none.
    #[must_use]
    pub fn prefix(self) -> &'d str {
        self.document.prefix(self.node().name)
    }

    /// Whether this is the element of that namespace and name.
    #[must_use]
    pub fn is(self, namespace: &str, local_name: &str) -> bool {
        let node = self.node();
        self.document.local(node.name) == local_name && self.document.uri(node.namespace) == namespace
    }

    /// The value of the attribute of that name that has no namespace.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<Cow<'d, str>> {
        self.attribute_in("", name)
    }

    /// The value of the attribute of that namespace and local name.
    #[must_use]
    pub fn attribute_in(self, namespace: &str, local_name: &str) -> Option<Cow<'d, str>> {
        self.attributes()
            .find(|attribute| attribute.local_name() == local_name && attribute.namespace() == namespace)
            .map(Attribute::value)
    }

    /// All attributes in document order, namespace declarations apart.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'d>> {
        let document = self.document;
        document.attributes_of(self.node()).iter().map(move |node| Attribute { document, node: *node })
    }

    /// The element that this one stands in.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let parent = self.document.node(self.index).parent;
        (at(parent) < self.document.nodes.len()).then_some(Self { document: self.document, index: parent })
    }

    /// The elements directly inside, in document order.
    #[must_use]
    pub fn children(self) -> Children<'d> {
        Children { document: self.document, index: self.index + 1, end: self.document.node(self.index).next }
    }

    /// The elements directly inside of that namespace and name.
    pub fn children_named(self, namespace: &str, local_name: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.is(namespace, local_name))
    }

    /// The first element directly inside of that namespace and name.
    #[must_use]
    pub fn child(self, namespace: &str, local_name: &str) -> Option<Self> {
        self.children_named(namespace, local_name).next()
    }

    /// This element and all elements inside it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        let document = self.document;
        (self.index..document.node(self.index).next)
            .filter(move |index| matches!(document.node(*index).kind, Kind::Element(_)))
            .map(move |index| Self { document, index })
    }

    /// The whole text directly inside: comments left out, CDATA sections joined in. None if there is an element.
    #[must_use]
    pub fn text(self) -> Option<Cow<'d, str>> {
        let document = self.document;
        let end = document.node(self.index).next;
        let mut index = self.index + 1;
        let mut text = Cow::Borrowed("");
        while index < end {
            let node = document.node(index);
            let piece = match node.kind {
                Kind::Element(_) => return None,
                Kind::Text { span, exact: true, .. } => Cow::Borrowed(document.slice(span)),
                Kind::Text { span, .. } => character_data(document.slice(span)),
                Kind::CData(span) => line_ends(document.slice(span)),
                Kind::Comment(_) => Cow::Borrowed(""),
            };
            // The first piece is lent, and only a second one makes a copy.
            if text.is_empty() {
                text = piece;
            } else if !piece.is_empty() {
                text.to_mut().push_str(&piece);
            }
            index = node.next;
        }
        Some(text)
    }

    /// Where the text directly inside stands, if it is one piece and there is no element.
    #[must_use]
    pub fn text_range(self) -> Option<TextRange> {
        let document = self.document;
        let first = self.index + 1;
        let end = document.node(self.index).next;
        if first >= end {
            return Some(TextRange { span: Span::default(), exact: true });
        }
        match document.node(first).kind {
            Kind::Text { span, exact, .. } if first + 1 == end => Some(TextRange { span, exact }),
            Kind::Element(_) | Kind::Text { .. } | Kind::CData(_) | Kind::Comment(_) => None,
        }
    }

    /// All text inside, at any depth, joined (XPath 1.0, 5.2: the string-value).
    #[must_use]
    pub fn string_value(self) -> String {
        let document = self.document;
        let mut text = String::new();
        for index in self.index..document.node(self.index).next {
            match document.node(index).kind {
                Kind::Text { span, .. } => text.push_str(&character_data(document.slice(span))),
                Kind::CData(span) => text.push_str(&line_ends(document.slice(span))),
                Kind::Element(_) | Kind::Comment(_) => {}
            }
        }
        text
    }

    /// Whether nothing but white space and comments stands between the elements directly inside.
    #[must_use]
    pub fn has_element_content(self) -> bool {
        let document = self.document;
        let end = document.node(self.index).next;
        let mut index = self.index + 1;
        while index < end {
            let node = document.node(index);
            let blank = match node.kind {
                Kind::Text { span, .. } => document.slice(span).bytes().all(super::chars::is_space),
                Kind::CData(_) => false,
                Kind::Element(_) | Kind::Comment(_) => true,
            };
            if !blank {
                return false;
            }
            index = node.next;
        }
        true
    }

    /// Whether a comment or CDATA section stands anywhere inside.
    #[must_use]
    pub fn has_comment_or_cdata(self) -> bool {
        let document = self.document;
        (self.index..document.node(self.index).next)
            .any(|index| matches!(document.node(index).kind, Kind::Comment(_) | Kind::CData(_)))
    }

    /// Whether both are one element of one document.
    #[must_use]
    pub fn is_same(self, other: Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.index == other.index
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Element({})", self.local_name())
    }
}

impl<'d> Attribute<'d> {
    /// The namespace name, empty where there is none.
    #[must_use]
    pub fn namespace(self) -> &'d str {
        self.document.uri(self.node.namespace)
    }

    /// The name without its prefix.
    #[must_use]
    pub fn local_name(self) -> &'d str {
        self.document.local(self.node.name)
    }

    /// The value, references replaced and white space normalised.
    #[must_use]
    pub fn value(self) -> Cow<'d, str> {
        self.document.value_of(self.node)
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Attribute({})", self.local_name())
    }
}

/// The elements directly inside another.
#[derive(Clone, Debug)]
pub struct Children<'d> {
    document: &'d Document<'d>,
    index: u32,
    end: u32,
}

impl<'d> Iterator for Children<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Element<'d>> {
        while self.index < self.end {
            let index = self.index;
            let node = self.document.node(index);
            self.index = node.next;
            if matches!(node.kind, Kind::Element(_)) {
                return Some(Element { document: self.document, index });
            }
        }
        None
    }
}
