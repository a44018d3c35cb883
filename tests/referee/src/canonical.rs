//! Random XML, canonicalised by memberof, bergshamra and libxml2.

use crate::libxml2;
use crate::random::Random;
use bergshamra::c14n::C14nMode;
use bergshamra::xml::NodeSet;
use libxml::bindings as c;
use memberof::limits::Limits;
use memberof::xml::{Canonicalization, Method};
use std::fmt::Write;
use uppsala::{Document, NodeId, NodeKind, Parser};

/// What came of one case.
#[derive(Debug, Eq, PartialEq)]
pub enum Outcome {
    /// All three agree on this many bytes.
    Agree,
    /// We refuse it with this code, and the table says why.
    WeRefuse(&'static str),
    /// Somebody else is known not to follow the recommendation here.
    Known(&'static str),
    Differ(String),
}

pub struct Case {
    pub xml: String,
    /// Whether it has literal white space that bergshamra's parser doesn't normalise.
    odd_space: bool,
    /// Whether it has `&` in a namespace name, which libxml2 doesn't escape.
    odd_name: bool,
    /// Whether it has xml:id or an unknown xml: attribute, and Canonical XML 1.1 is asked for.
    odd_xml: bool,
    pub canonicalization: Canonicalization,
}

/// libxml2 and memberof make them what the recommendation says.
pub const ODD_SPACE: &str = "bergshamra's parser keeps literal tabs and line ends in attribute values (XML 1.0, 3.3.3) and CR in CDATA and comments (2.11)";

/// bergshamra and memberof write `&amp;`.
pub const ODD_NAME: &str =
    "libxml2 2.9 writes a namespace name without escaping it (Canonical XML 1.0, 2.3: as attribute nodes)";

/// libxml2 and memberof leave them where they are.
pub const ODD_XML: &str = "bergshamra takes xml:id and unknown xml: attributes over from above in Canonical XML 1.1 (2.4: lang and space alone)";

const PREFIXES: [&str; 6] = ["", "a", "b", "ds", "saml", "xs"];
const URIS: [&str; 7] = [
    "urn:a",
    "urn:b",
    "http://example.org/ns",
    "urn:oasis:names:tc:SAML:2.0:assertion",
    "urn:%C3%A9",
    "urn:a",
    "urn:x?y=1&amp;z=2",
];
const LOCAL: [&str; 6] = ["e", "Element", "f-g", "_h", "i.j", "\u{e9}l"];
const TEXTS: [&str; 14] = [
    "x",
    " ",
    "\n",
    "\r\n",
    "\t",
    "&amp;",
    "&lt;&gt;",
    "&#xD;",
    "&#10;",
    "\u{e9}\u{1F600}",
    "\"'",
    "&#x9;",
    ">",
    "\u{85}\u{2028}",
];
const VALUES: [&str; 12] =
    ["v", " ", "\t", "\n", "&#9;", "&#xA;", "&#13;", "&quot;", "&amp;", "\u{e9}", ">", "&lt;"];

/// The case of that number.
pub fn case(random: &mut Random) -> Case {
    let mut xml = String::new();
    let odd_space = random.one_in(4);
    let odd_name = !odd_space && random.one_in(8);
    let odd_xml = random.one_in(4);
    let mut writer = Generator { random, xml: &mut xml, ids: 0, odd_space, odd_name, odd_xml };
    if writer.random.one_in(4) {
        writer.xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }
    if writer.random.one_in(8) {
        writer.xml.push_str("<!-- before -->");
    }
    writer.element(&[(String::new(), String::new())], 0);
    if writer.random.one_in(8) {
        writer.xml.push_str("\n<!-- after -->\n");
    }
    let method =
        [Method::Exclusive, Method::Exclusive, Method::Inclusive10, Method::Inclusive11][random.below(4)];
    let mut inclusive_prefixes = Vec::new();
    if method == Method::Exclusive && random.one_in(2) {
        for _ in 0..1 + random.below(3) {
            let prefix = random.pick(&PREFIXES).to_owned();
            if !inclusive_prefixes.contains(&prefix) {
                inclusive_prefixes.push(prefix);
            }
        }
    }
    let odd_xml = odd_xml && method == Method::Inclusive11;
    Case {
        xml,
        odd_space,
        odd_name,
        odd_xml,
        canonicalization: Canonicalization { method, with_comments: random.one_in(2), inclusive_prefixes },
    }
}

struct Generator<'r, 'x> {
    random: &'r mut Random,
    xml: &'x mut String,
    ids: usize,
    odd_space: bool,
    odd_name: bool,
    odd_xml: bool,
}

impl Generator<'_, '_> {
    /// An element; `scope` is what its parent has in scope.
    fn element(&mut self, scope: &[(String, String)], depth: usize) {
        let mut scope = scope.to_vec();
        let mut declared: Vec<(String, String)> = Vec::new();
        let wanted = if depth == 0 { 2 + self.random.below(3) } else { self.random.below(3) };
        for _ in 0..wanted {
            let prefix = self.random.pick(&PREFIXES).to_owned();
            if declared.iter().any(|(known, _)| *known == prefix) {
                continue;
            }
            let uri = if prefix.is_empty() && self.random.one_in(3) {
                String::new()
            } else {
                self.random.pick(if self.odd_name { &URIS } else { &URIS[..URIS.len() - 1] }).to_owned()
            };
            declared.push((prefix.clone(), uri.clone()));
            scope.retain(|(known, _)| *known != prefix);
            scope.push((prefix, uri));
        }
        let name = self.name(&scope);
        self.xml.push('<');
        self.xml.push_str(&name);
        let mut pieces: Vec<String> = declared
            .iter()
            .map(|(prefix, uri)| {
                if prefix.is_empty() { format!("xmlns=\"{uri}\"") } else { format!("xmlns:{prefix}='{uri}'") }
            })
            .collect();
        if depth == 1 || self.random.one_in(3) {
            pieces.push(format!("ID=\"id{}\"", self.ids));
            self.ids += 1;
        }
        self.attributes(&scope, &mut pieces);
        while !pieces.is_empty() {
            let piece = pieces.swap_remove(self.random.below(pieces.len()));
            let space = self.random.pick(&[" ", " ", "\n", "  "]);
            self.xml.push_str(space);
            self.xml.push_str(&piece);
        }
        if self.random.one_in(6) && depth > 1 {
            self.xml.push_str("/>");
            return;
        }
        self.xml.push('>');
        let children = if depth > 4 { 0 } else { 1 + self.random.below(4) };
        for _ in 0..children {
            self.content(&scope, depth);
        }
        if depth == 0 {
            self.element(&scope, 1);
        }
        let _ = write!(self.xml, "</{name}>");
    }

    fn content(&mut self, scope: &[(String, String)], depth: usize) {
        match self.random.below(8) {
            0..=2 => self.element(scope, depth + 1),
            3 => {
                let comment = self.random.pick(&["<!-- c -->", "<!---->", "<!-- <&> -->", "<!--\r\n-->"]);
                self.xml.push_str(if self.odd_space { comment } else { comment.trim_end_matches("\r\n-->") });
                if !self.odd_space && comment.contains('\r') {
                    self.xml.push_str("-->");
                }
            }
            4 => {
                let section = self.random.pick(&[
                    "<![CDATA[<&>]]>",
                    "<![CDATA[]]>",
                    "<![CDATA[x]]>y",
                    "<![CDATA[\r\n]]]>",
                ]);
                self.xml.push_str(if self.odd_space {
                    section
                } else {
                    section.trim_end_matches("<![CDATA[\r\n]]]>")
                });
            }
            _ => {
                for _ in 0..1 + self.random.below(3) {
                    let text = self.random.pick(&TEXTS);
                    self.xml.push_str(text);
                }
            }
        }
    }

    fn name(&mut self, scope: &[(String, String)]) -> String {
        let bound: Vec<&str> = scope.iter().map(|(prefix, _)| prefix.as_str()).collect();
        let prefix = bound[self.random.below(bound.len())];
        let local = self.random.pick(&LOCAL);
        if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
    }

    fn attributes(&mut self, scope: &[(String, String)], pieces: &mut Vec<String>) {
        // Expanded names, since two prefixes may have one namespace.
        let mut used: Vec<(String, String)> = vec![(String::new(), "ID".to_owned())];
        for _ in 0..self.random.below(4) {
            let mut value = String::new();
            for _ in 0..self.random.below(4) {
                let piece = self.random.pick(&VALUES);
                if self.odd_space || !matches!(piece, "\t" | "\n") {
                    value.push_str(piece);
                }
            }
            let (prefix, uri) = match self.random.below(8) {
                0 => ("xml".to_owned(), "xml".to_owned()),
                1..=3 => (String::new(), String::new()),
                _ => scope[self.random.below(scope.len())].clone(),
            };
            let local = if prefix == "xml" {
                self.random.pick(if self.odd_xml {
                    &["lang", "space", "id", "foo"]
                } else {
                    &["lang", "space"]
                })
            } else {
                self.random.pick(&LOCAL)
            };
            let uri = if prefix.is_empty() { String::new() } else { uri };
            if used.contains(&(uri.clone(), local.to_owned())) {
                continue;
            }
            used.push((uri, local.to_owned()));
            // xml:id must be a name and unlike any other: libxml2 complains of anything else.
            if prefix == "xml" && local == "id" {
                value = format!("x{}", self.xml.len());
            }
            if prefix == "xml" && local == "space" {
                value = "preserve".to_owned();
            }
            let quote = if self.random.one_in(2) { '"' } else { '\'' };
            pieces.push(if prefix.is_empty() {
                format!("{local}={quote}{value}{quote}")
            } else {
                format!("{prefix}:{local} = {quote}{value}{quote}")
            });
        }
    }
}

/// Let all three canonicalise every element of the case that has an ID.
pub fn judge(case: &Case) -> Outcome {
    let how = &case.canonicalization;
    let mut outcome = Outcome::Agree;
    let document = match Parser::new().with_forbid_dtd(true).parse(&case.xml) {
        Ok(document) => document,
        Err(error) => return Outcome::Differ(format!("bergshamra does not parse it: {error}")),
    };
    for (node, id) in identified(&document) {
        let ours = match memberof::xml::canonicalize(case.xml.as_bytes(), Some(&id), how, &Limits::DEFAULT) {
            Ok(bytes) => bytes,
            Err(error) => return refusal(error.code()),
        };
        let mode = match how.method {
            Method::Exclusive => c::xmlC14NMode_XML_C14N_EXCLUSIVE_1_0,
            Method::Inclusive10 => c::xmlC14NMode_XML_C14N_1_0,
            Method::Inclusive11 => c::xmlC14NMode_XML_C14N_1_1,
        };
        let mut known = None;
        let theirs =
            libxml2::How { mode, with_comments: how.with_comments, prefixes: &how.inclusive_prefixes };
        match libxml2::canonicalize(case.xml.as_bytes(), &id, &theirs) {
            Ok(bytes) if bytes == ours => {}
            Ok(_) if case.odd_name => known = Some(ODD_NAME),
            Ok(bytes) => return differ("libxml2", &id, &ours, &bytes),
            Err(error) => return Outcome::Differ(format!("libxml2 on {id}: {error}")),
        }
        match canonical_by_bergshamra(&document, node, how) {
            Ok(bytes) if bytes == ours => {}
            Ok(_) if case.odd_space => known = Some(ODD_SPACE),
            Ok(_) if case.odd_xml => known = Some(ODD_XML),
            Ok(bytes) => return differ("bergshamra", &id, &ours, &bytes),
            Err(error) => return Outcome::Differ(format!("bergshamra on {id}: {error}")),
        }
        if let Some(why) = known {
            outcome = Outcome::Known(why);
        }
    }
    outcome
}

fn refusal(code: &'static str) -> Outcome {
    Outcome::WeRefuse(code)
}

fn differ(who: &str, id: &str, ours: &[u8], theirs: &[u8]) -> Outcome {
    Outcome::Differ(format!(
        "{who} on {id}:\n ours   {}\n theirs {}",
        String::from_utf8_lossy(ours),
        String::from_utf8_lossy(theirs)
    ))
}

fn identified(document: &Document<'_>) -> Vec<(NodeId, String)> {
    let mut found = Vec::new();
    let mut open = vec![document.root()];
    while let Some(node) = open.pop() {
        if let Some(NodeKind::Element(element)) = document.node_kind(node) {
            let id = element.attributes.iter().find(|attribute| attribute.name.matches(None, "ID"));
            if let Some(id) = id {
                found.push((node, id.value.to_string()));
            }
        }
        open.extend(document.children(node));
    }
    found
}

fn canonical_by_bergshamra(
    document: &Document<'_>,
    node: NodeId,
    how: &Canonicalization,
) -> Result<Vec<u8>, String> {
    let mode = match (how.method, how.with_comments) {
        (Method::Exclusive, false) => C14nMode::Exclusive,
        (Method::Exclusive, true) => C14nMode::ExclusiveWithComments,
        (Method::Inclusive10, false) => C14nMode::Inclusive,
        (Method::Inclusive10, true) => C14nMode::InclusiveWithComments,
        (Method::Inclusive11, false) => C14nMode::Inclusive11,
        (Method::Inclusive11, true) => C14nMode::Inclusive11WithComments,
    };
    let nodes = if how.with_comments {
        NodeSet::tree_with_comments(node, document)
    } else {
        NodeSet::tree_without_comments(node, document)
    };
    let prefixes: Vec<&str> = how
        .inclusive_prefixes
        .iter()
        .map(|prefix| if prefix.is_empty() { "#default" } else { prefix })
        .collect();
    bergshamra::c14n::canonicalize_doc(document, mode, Some(&nodes), &prefixes)
        .map_err(|error| error.to_string())
}
