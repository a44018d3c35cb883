//! Bytes → [`Document`]: one pass of quick-xml's tokenizer, with every rule checked that it leaves to its caller.

use super::chars::{forbidden_character, is_ncname, is_space, qualified_name_len, referenced};
use super::document::{
    AttributeNode, Declaration, Document, ElementNode, Kind, NO_NAMESPACE, Name, Node, Span, XML_DECLARATION,
    XML_NAMESPACE, XMLNS_NAMESPACE, at, to_u32,
};
use super::error::XmlError;
use super::text::{attribute_value, is_plain_attribute};
use crate::limits::Limits;
use memchr::{memchr, memchr_iter, memchr2};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use std::borrow::Cow;

/// No name of SAML, XML Signature or a sane namespace prefix comes near; it bounds a name's length to 16 bits.
const MAX_NAME_BYTES: usize = 1_024;

impl<'x> Document<'x> {
    /// Read a document, strictly.
    ///
    /// UTF-8 with or without a byte-order mark; no DOCTYPE and no processing instruction; well-formed throughout, with
    /// every prefix bound, and no two elements with the same ID. All of that is checked in the whole document, whatever
    /// part of it is used later.
    pub fn parse(bytes: &'x [u8], limits: &Limits) -> Result<Self, XmlError> {
        // The last two numbers of 32 bits have a meaning of their own.
        let allowed = limits.max_bytes.min(at(u32::MAX - 2));
        if bytes.len() > allowed {
            return Err(XmlError::TooLarge { found: bytes.len(), allowed });
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text =
            str::from_utf8(bytes).map_err(|error| XmlError::Encoding { offset: error.valid_up_to() })?;
        if let Some(offset) = forbidden_character(text) {
            return Err(malformed("a character that XML does not allow", offset));
        }
        Parser::new(text, limits).run()
    }
}

struct Parser<'x, 'l> {
    text: &'x str,
    limits: &'l Limits,
    document: Document<'x>,
    /// Indices of the declarations in scope, innermost last.
    scope: Vec<u32>,
    open: Vec<Open>,
    /// Elements, comments and CDATA sections so far.
    markup: usize,
    /// Attributes that may be IDs.
    ids: Vec<u32>,
}

/// An element whose end tag has not come yet.
struct Open {
    node: u32,
    scope_len: usize,
}

fn malformed(what: &'static str, offset: usize) -> XmlError {
    XmlError::Malformed { what, offset }
}

impl<'x, 'l> Parser<'x, 'l> {
    fn new(text: &'x str, limits: &'l Limits) -> Self {
        // Tables of the right size from the start: every node is preceded or ended by a `<`.
        let tags = memchr_iter(b'<', text.as_bytes()).count().min(limits.max_elements.saturating_mul(2));
        // An attribute has two quotation marks, and texts have few. Apostrophes stand in texts, so who quotes with
        // them lets the table grow.
        let quotes = memchr_iter(b'"', text.as_bytes()).count().min(tags * 2);
        let document = Document {
            text: Cow::Borrowed(text),
            decoded: String::new(),
            nodes: Vec::with_capacity(tags + 1),
            attributes: Vec::with_capacity(quotes / 2),
            declarations: Vec::new(),
            root: u32::MAX,
        };
        Self { text, limits, document, scope: Vec::new(), open: Vec::new(), markup: 0, ids: Vec::new() }
    }

    fn run(mut self) -> Result<Document<'x>, XmlError> {
        let mut reader = Reader::from_str(self.text);
        let config = reader.config_mut();
        // End tags are compared here, against the table, and comments are looked at as a whole.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        loop {
            let start = position(&reader);
            let event = reader.read_event().map_err(|_| self.broken(start))?;
            let end = position(&reader);
            match event {
                Event::Text(_) => self.character_data(start, end)?,
                Event::Start(_) => self.start_tag(start + 1, end - 1)?,
                Event::End(name) => self.end_tag(&name, start)?,
                Event::Empty(_) => {
                    self.start_tag(start + 1, end - 2)?;
                    self.close();
                }
                Event::GeneralRef(_) => self.reference(start, end)?,
                Event::CData(_) => self.cdata(start, end)?,
                Event::Comment(_) => self.comment(start, end)?,
                Event::Decl(_) => self.declaration(start, end)?,
                Event::PI(_) => return Err(XmlError::ProcessingInstruction { offset: start }),
                Event::DocType(_) => return Err(XmlError::Doctype { offset: start }),
                Event::Eof => break,
            }
        }
        if let Some(open) = self.open.last() {
            let offset = match self.document.node(open.node).kind {
                Kind::Element(element) => at(element.name.start),
                Kind::Text { .. } | Kind::CData(_) | Kind::Comment(_) => 0,
            };
            return Err(malformed("an element is not closed", offset));
        }
        if self.document.root == u32::MAX {
            return Err(malformed("there is no element", self.text.len()));
        }
        self.check_ids()?;
        Ok(self.document)
    }

    /// What the tokenizer could not get past.
    fn broken(&self, start: usize) -> XmlError {
        let rest = self.text.get(start..).unwrap_or_default();
        let keyword = rest.strip_prefix("<!").unwrap_or_default().as_bytes();
        match rest.as_bytes() {
            _ if keyword.first().is_some_and(|first| first.eq_ignore_ascii_case(&b'd')) => {
                XmlError::Doctype { offset: start }
            }
            [b'<', b'!', ..] => malformed("a comment or CDATA section is not closed", start),
            [b'<', b'?', ..] => malformed("a processing instruction is not closed", start),
            [b'<', ..] => malformed("a tag is not closed", start),
            _ => malformed("an ampersand that begins no reference", start),
        }
    }

    fn character_data(&mut self, start: usize, end: usize) -> Result<(), XmlError> {
        let raw = self.text.get(start..end).unwrap_or_default().as_bytes();
        if self.open.is_empty() {
            let blank = raw.iter().all(|byte| is_space(*byte));
            return if blank { Ok(()) } else { Err(malformed("text outside the root element", start)) };
        }
        let (mut exact, mut canonical) = (true, true);
        if memchr2(b'\r', b'>', raw).is_some() {
            canonical = false;
            exact = memchr(b'\r', raw).is_none();
            // XML 1.0, production 14.
            if memchr_iter(b'>', raw)
                .any(|bracket| raw.get(..bracket).is_some_and(|before| before.ends_with(b"]]")))
            {
                return Err(malformed("the characters ]]> in text", start));
            }
        }
        self.push_text(Span::new(start, end), exact, canonical);
        Ok(())
    }

    fn reference(&mut self, start: usize, end: usize) -> Result<(), XmlError> {
        let name = self.text.get(start + 1..end - 1).unwrap_or_default();
        if self.open.is_empty() {
            return Err(malformed("text outside the root element", start));
        }
        if referenced(name).is_none() {
            return Err(malformed("a reference to no predefined entity or allowed character", start));
        }
        let canonical = matches!(name, "amp" | "lt" | "gt");
        self.push_text(Span::new(start, end), false, canonical);
        Ok(())
    }

    /// Text and references that follow each other are one node.
    fn push_text(&mut self, span: Span, exact: bool, canonical: bool) {
        if let Some(Node { kind: Kind::Text { span: last, exact: whole, canonical: form }, .. }) =
            self.document.nodes.last_mut()
            && last.end == span.start
        {
            last.end = span.end;
            *whole &= exact;
            *form &= canonical;
        } else {
            self.push_leaf(Kind::Text { span, exact, canonical });
        }
    }

    fn push_leaf(&mut self, kind: Kind) {
        let parent = self.open.last().map_or(u32::MAX, |open| open.node);
        let next = to_u32(self.document.nodes.len() + 1);
        self.document.nodes.push(Node { kind, parent, next });
    }

    fn count_markup(&mut self) -> Result<(), XmlError> {
        self.markup += 1;
        let allowed = self.limits.max_elements;
        if self.markup > allowed { Err(XmlError::TooManyElements { allowed }) } else { Ok(()) }
    }

    fn cdata(&mut self, start: usize, end: usize) -> Result<(), XmlError> {
        self.count_markup()?;
        if self.open.is_empty() {
            return Err(malformed("text outside the root element", start));
        }
        self.push_leaf(Kind::CData(Span::new(start + "<![CDATA[".len(), end - "]]>".len())));
        Ok(())
    }

    fn comment(&mut self, start: usize, end: usize) -> Result<(), XmlError> {
        self.count_markup()?;
        let span = Span::new(start + "<!--".len(), end - "-->".len());
        let content = self.document.slice(span);
        // XML 1.0, production 15: neither `--` inside nor a hyphen before `-->`.
        if content.contains("--") || content.ends_with('-') {
            return Err(malformed("two hyphens in a comment", start));
        }
        if !self.open.is_empty() {
            self.push_leaf(Kind::Comment(span));
        }
        Ok(())
    }

    /// XML 1.0, productions 23 to 26, 32, 80 and 81.
    fn declaration(&self, start: usize, end: usize) -> Result<(), XmlError> {
        let fault = malformed("an XML declaration that is misplaced or misspelt", start);
        if start != 0 {
            return Err(fault);
        }
        let inside = self.text.get("<?xml".len()..end - "?>".len()).unwrap_or_default();
        let mut pairs = Pairs { text: self.text, position: "<?xml".len(), end: "<?xml".len() + inside.len() };
        let mut expected = ["version", "encoding", "standalone"].into_iter();
        let mut has_version = false;
        while let Some(pair) = pairs.next_pair()? {
            let name = self.text.get(pair.name.0..pair.name.1).unwrap_or_default();
            let value = self.text.get(pair.value.0..pair.value.1).unwrap_or_default();
            if !expected.by_ref().any(|allowed| allowed == name) {
                return Err(fault);
            }
            match name {
                "version" if value == "1.0" => has_version = true,
                "encoding" if value.eq_ignore_ascii_case("utf-8") => {}
                "encoding" => return Err(XmlError::Encoding { offset: pair.value.0 }),
                "standalone" if value == "yes" || value == "no" => {}
                _ => return Err(fault),
            }
        }
        if has_version { Ok(()) } else { Err(fault) }
    }

    fn start_tag(&mut self, start: usize, end: usize) -> Result<(), XmlError> {
        self.count_markup()?;
        if self.open.is_empty() && self.document.root != u32::MAX {
            return Err(malformed("a second root element", start));
        }
        if self.open.len() >= self.limits.max_depth {
            return Err(XmlError::TooDeep { allowed: self.limits.max_depth });
        }
        let bytes = self.text.as_bytes().get(start..end).unwrap_or_default();
        let name_end = start + qualified_name_len(bytes);
        let name = self.name(start, name_end)?;
        let attributes_start = self.document.attributes.len();
        let declarations_start = self.document.declarations.len();
        let scope_len = self.scope.len();
        self.attributes(name_end, end, attributes_start, declarations_start)?;
        let namespace = self.resolve(name)?;
        let attribute_count = self.document.attributes.len() - attributes_start;
        if attribute_count > 1 {
            self.check_repeated_attributes(attributes_start)?;
        }
        let element = ElementNode {
            name,
            namespace,
            attributes_start: to_u32(attributes_start),
            declarations_start: to_u32(declarations_start),
            attribute_count: u16::try_from(attribute_count).unwrap_or(u16::MAX),
            declaration_count: u16::try_from(self.document.declarations.len() - declarations_start)
                .unwrap_or(u16::MAX),
        };
        let node = to_u32(self.document.nodes.len());
        if self.open.is_empty() {
            self.document.root = node;
        }
        self.push_leaf(Kind::Element(element));
        self.open.push(Open { node, scope_len });
        Ok(())
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

    fn end_tag(&mut self, name: &str, start: usize) -> Result<(), XmlError> {
        let open = self.open.last().map(|open| self.document.node(open.node).kind);
        let Some(Kind::Element(element)) = open else {
            return Err(malformed("an end tag without a start tag", start));
        };
        if self.document.qualified(element.name) != name {
            return Err(malformed("an end tag that does not match its start tag", start));
        }
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.scope.truncate(open.scope_len);
            let next = to_u32(self.document.nodes.len());
            if let Some(node) = self.document.nodes.get_mut(at(open.node)) {
                node.next = next;
            }
        }
    }

    /// Any attribute whose local name is some spelling of `id`, in whatever namespace (`ID`, `Id`, `xml:id`,
    /// `saml:ID`), may be an ID for somebody; no two may have one value, so that nobody can take one for the other.
    fn check_ids(&self) -> Result<(), XmlError> {
        let values = self.ids.iter().filter_map(|index| self.document.attributes.get(at(*index)));
        let mut values: Vec<_> = values.map(|attribute| self.document.value_of(*attribute)).collect();
        values.sort_unstable();
        let repeated = values.windows(2).any(|pair| matches!(pair, [one, other] if one == other));
        if repeated { Err(XmlError::DuplicateId) } else { Ok(()) }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
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

/// The `name="value"` pairs of a tag or declaration, by position.
struct Pairs<'x> {
    text: &'x str,
    position: usize,
    end: usize,
}

struct Pair {
    name: (usize, usize),
    value: (usize, usize),
}

impl Pairs<'_> {
    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.position..self.end).unwrap_or_default()
    }

    fn skip_space(&mut self) -> usize {
        let blanks = self.rest().iter().take_while(|byte| is_space(**byte)).count();
        self.position += blanks;
        blanks
    }

    /// XML 1.0, productions 40, 41 and 25: white space, a name, `=`, a quoted value.
    fn next_pair(&mut self) -> Result<Option<Pair>, XmlError> {
        let blanks = self.skip_space();
        if self.position >= self.end {
            return Ok(None);
        }
        let name_start = self.position;
        let fault = malformed("an attribute that is misspelt", name_start);
        let name_len = qualified_name_len(self.rest());
        if blanks == 0 || name_len == 0 {
            return Err(fault);
        }
        self.position += name_len;
        let name = (name_start, self.position);
        self.skip_space();
        if self.rest().first() != Some(&b'=') {
            return Err(fault);
        }
        self.position += 1;
        self.skip_space();
        let Some((quote @ (b'"' | b'\''), inside)) = self.rest().split_first() else { return Err(fault) };
        let Some(length) = memchr(*quote, inside) else { return Err(fault) };
        let value_start = self.position + 1;
        self.position = value_start + length + 1;
        Ok(Some(Pair { name, value: (value_start, value_start + length) }))
    }
}
