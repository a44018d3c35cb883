//! Writing the XML that we send. What is written is in exclusive canonical form already, so that it can be signed as it stands.

use super::text::{push_canonical_attribute, push_canonical_text};

/// Writes elements one after the other, each with an end tag of its own and its attributes in canonical order.
///
/// Namespace declarations are attributes like others: declare a prefix where it is first used, as exclusive canonical XML
/// does (section 3), and not above.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    open: Vec<&'static str>,
}

impl Writer {
    /// Begin an element. Attributes may come in any order; of two equal names the document would be no XML.
    pub fn start(&mut self, name: &'static str, attributes: &[(&str, &str)]) -> &mut Self {
        let mut sorted: Vec<&(&str, &str)> = attributes.iter().collect();
        // Canonical XML 1.0 section 2.2: namespace declarations first, then names without a namespace. We write no others.
        sorted.sort_by_key(|(name, _)| (!name.starts_with("xmlns"), *name));
        self.out.push('<');
        self.out.push_str(name);
        for (attribute, value) in sorted {
            self.out.push(' ');
            self.out.push_str(attribute);
            self.out.push_str("=\"");
            push_canonical_attribute(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
        self.open.push(name);
        self
    }

    /// Write character data.
    pub fn text(&mut self, text: &str) -> &mut Self {
        push_canonical_text(text, &mut self.out);
        self
    }

    /// End the element begun last.
    pub fn end(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
        self
    }

    /// An element with nothing but text.
    pub fn leaf(&mut self, name: &'static str, attributes: &[(&str, &str)], text: &str) -> &mut Self {
        self.start(name, attributes).text(text).end()
    }

    /// Bytes written so far: where something else is put in later.
    #[must_use]
    pub fn position(&self) -> usize {
        self.out.len()
    }

    /// The document; elements still open are ended.
    #[must_use]
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }
}
