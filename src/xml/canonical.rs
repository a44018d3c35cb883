//! Canonical XML: exclusive 1.0, inclusive 1.0 and 1.1.
//!
//! Sources: Exclusive XML Canonicalization 1.0 (section 3), Canonical XML 1.0 (sections 2.3 and 2.4), Canonical XML 1.1
//! (section 2.4). Documents have no DTD and no processing instruction, so the parts about those have no counterpart.

use super::document::{Document, Element, Kind, at};
use super::error::XmlError;
use super::form::Form;
use crate::limits::Limits;
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
        let text = String::with_capacity(size.bytes + 64);
        let table = Document {
            text: Cow::Borrowed(""),
            decoded: String::new(),
            nodes: Vec::with_capacity(size.nodes),
            attributes: Vec::with_capacity(size.attributes),
            declarations: Vec::new(),
            root: 0,
        };
        Form::new(self, canonicalization, text, table).write(omitted)
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
