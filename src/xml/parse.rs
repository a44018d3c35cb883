//! Bytes → [`Document`]: one pass of quick-xml's tokenizer, with every rule checked that it leaves to its caller.

use super::chars::{forbidden_character, is_space, referenced};
use super::document::{Document, Kind, Node, Span, at, to_u32};
use super::error::XmlError;
use super::pairs::Pairs;
use super::tag::{KNOWN_TAGS, KnownTag};
use crate::limits::Limits;
use memchr::{memchr, memchr_iter, memchr2};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use std::borrow::Cow;

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

pub(super) struct Parser<'x, 'l> {
    pub(super) text: &'x str,
    pub(super) limits: &'l Limits,
    pub(super) document: Document<'x>,
    /// Indices of the declarations in scope, innermost last.
    pub(super) scope: Vec<u32>,
    pub(super) open: Vec<Open>,
    /// Elements, comments and CDATA sections so far.
    markup: usize,
    /// Attributes that may be IDs.
    pub(super) ids: Vec<u32>,
    /// Start tags read before, one for each of the innermost depths.
    pub(super) known: [Option<KnownTag>; KNOWN_TAGS],
}

/// An element whose end tag has not come yet.
pub(super) struct Open {
    pub(super) node: u32,
    pub(super) start: usize,
    pub(super) scope_len: usize,
}

pub(super) fn malformed(what: &'static str, offset: usize) -> XmlError {
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
        Self {
            text,
            limits,
            document,
            scope: Vec::new(),
            open: Vec::new(),
            markup: 0,
            ids: Vec::new(),
            known: [None; KNOWN_TAGS],
        }
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
            return Err(malformed("an element is not closed", open.start));
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

    pub(super) fn push_leaf(&mut self, kind: Kind) {
        let parent = self.open.last().map_or(u32::MAX, |open| open.node);
        let next = to_u32(self.document.nodes.len() + 1);
        self.document.nodes.push(Node { kind, parent, next });
    }

    pub(super) fn count_markup(&mut self) -> Result<(), XmlError> {
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
