//! libxml2 as a second canonicaliser and a second reader of values.

use crate::values::{Values, ValuesBuilder};
use libxml::bindings as c;
use libxml::parser::{Parser, ParserOptions};
use libxml::tree::{Node, NodeType};
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;

/// How to canonicalise, in libxml2's terms.
pub struct How<'a> {
    pub mode: c::xmlC14NMode,
    pub with_comments: bool,
    pub prefixes: &'a [String],
}

struct Selection {
    apex: c::xmlNodePtr,
}

/// Keep libxml2 and xmlsec from writing to standard error.
pub fn silence() {
    type Handler = unsafe extern "C" fn(*mut c_void, *mut c::xmlError);
    unsafe extern "C" {
        fn xmlSetStructuredErrorFunc(context: *mut c_void, handler: Option<Handler>);
        fn xmlSecErrorsDefaultCallbackEnableOutput(enabled: c_int);
    }
    unsafe extern "C" fn nothing(_: *mut c_void, _: *mut c::xmlError) {}
    // SAFETY: called once, before any other thread is started.
    unsafe {
        xmlSetStructuredErrorFunc(ptr::null_mut(), Some(nothing));
        xmlSecErrorsDefaultCallbackEnableOutput(0);
    }
}

/// Whether libxml2 reads it as a URI; its canonicalisation refuses namespace names that are none.
pub fn is_uri(text: &str) -> bool {
    unsafe extern "C" {
        fn xmlParseURI(text: *const std::ffi::c_char) -> *mut c_void;
        fn xmlFreeURI(uri: *mut c_void);
    }
    let Ok(text) = CString::new(text) else { return false };
    // SAFETY: a terminated string in; what comes back is freed once.
    unsafe {
        let uri = xmlParseURI(text.as_ptr());
        if !uri.is_null() {
            xmlFreeURI(uri);
        }
        !uri.is_null()
    }
}

/// The canonical bytes of the element whose attribute `ID` is `id`.
pub fn canonicalize(xml: &[u8], id: &str, how: &How<'_>) -> Result<Vec<u8>, String> {
    let document = Document::parse(xml)?;
    let mut selection = Selection { apex: document.element_by_id(id).ok_or("no such ID")? };
    let names: Vec<CString> = how
        .prefixes
        .iter()
        .map(|prefix| {
            CString::new(if prefix.is_empty() { "#default" } else { prefix })
                .map_err(|error| error.to_string())
        })
        .collect::<Result<_, _>>()?;
    let mut list: Vec<*mut c::xmlChar> = names.iter().map(|name| name.as_ptr() as *mut c::xmlChar).collect();
    list.push(ptr::null_mut());
    // SAFETY: the document lives to the end of this function, the list is null-terminated, and the callback reads
    // only `selection`, which outlives the call.
    unsafe {
        let buffer = c::xmlAllocOutputBuffer(ptr::null_mut());
        let written = c::xmlC14NExecute(
            document.0,
            Some(is_visible),
            (&raw mut selection).cast(),
            how.mode as c_int,
            if names.is_empty() { ptr::null_mut() } else { list.as_mut_ptr() },
            c_int::from(how.with_comments),
            buffer,
        );
        let bytes = if written < 0 {
            Err("libxml2 does not canonicalise it".to_owned())
        } else {
            let content = c::xmlOutputBufferGetContent(buffer);
            Ok(std::slice::from_raw_parts(content, c::xmlOutputBufferGetSize(buffer)).to_vec())
        };
        c::xmlOutputBufferClose(buffer);
        bytes
    }
}

unsafe extern "C" fn is_visible(data: *mut c_void, node: c::xmlNodePtr, parent: c::xmlNodePtr) -> c_int {
    // SAFETY: libxml2 hands over what `canonicalize` gave it, and nodes of the document that it walks. A namespace
    // node has no parent field of its own, so the walk starts at the parent that libxml2 names.
    unsafe {
        let apex = (*data.cast::<Selection>()).apex;
        if node == apex {
            return 1;
        }
        let mut above = parent;
        while !above.is_null() {
            if above == apex {
                return 1;
            }
            above = (*above).parent;
        }
        0
    }
}

struct Document(c::xmlDocPtr);

impl Document {
    fn parse(xml: &[u8]) -> Result<Self, String> {
        // NOENT: without it libxml2 leaves a reference in a namespace name half replaced (`&#38;` for `&amp;`).
        let options = c::xmlParserOption_XML_PARSE_NONET
            | c::xmlParserOption_XML_PARSE_NOENT
            | c::xmlParserOption_XML_PARSE_NOERROR
            | c::xmlParserOption_XML_PARSE_NOWARNING;
        // SAFETY: pointer and length belong together.
        let document = unsafe {
            c::xmlReadMemory(
                xml.as_ptr().cast(),
                xml.len() as c_int,
                ptr::null(),
                ptr::null(),
                options as c_int,
            )
        };
        if document.is_null() { Err("libxml2 does not parse it".to_owned()) } else { Ok(Self(document)) }
    }

    fn element_by_id(&self, id: &str) -> Option<c::xmlNodePtr> {
        let wanted = CString::new(id).ok()?;
        // SAFETY: nodes of a live document; the attribute's copy is freed.
        unsafe {
            let root = c::xmlDocGetRootElement(self.0);
            let mut node = root;
            while !node.is_null() {
                if (*node).type_ == c::xmlElementType_XML_ELEMENT_NODE {
                    let value = c::xmlGetNoNsProp(node, c"ID".as_ptr().cast());
                    if !value.is_null() {
                        let same = c::xmlStrEqual(value, wanted.as_ptr().cast()) == 1;
                        libc_free(value.cast());
                        if same {
                            return Some(node);
                        }
                    }
                }
                node = following(node, root);
            }
        }
        None
    }
}

unsafe fn libc_free(pointer: *mut c_void) {
    unsafe extern "C" {
        fn free(pointer: *mut c_void);
    }
    // SAFETY: libxml2 allocates with malloc unless told otherwise, and nothing here tells it.
    unsafe { free(pointer) }
}

/// The next node in document order.
unsafe fn following(node: c::xmlNodePtr, root: c::xmlNodePtr) -> c::xmlNodePtr {
    // SAFETY: nodes of a live document.
    unsafe {
        if !(*node).children.is_null() {
            return (*node).children;
        }
        let mut node = node;
        while node != root && !node.is_null() {
            if !(*node).next.is_null() {
                return (*node).next;
            }
            node = (*node).parent;
        }
        ptr::null_mut()
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        // SAFETY: made by `parse`, freed once.
        unsafe { c::xmlFreeDoc(self.0) }
    }
}

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The values of the one assertion in what xmlsec verified: the assertion itself, or the Response around it.
pub fn values(verified: &str) -> Result<Values, String> {
    let options = ParserOptions { recover: false, no_net: true, ..ParserOptions::default() };
    let parser = Parser::default();
    let document = parser.parse_string_with_options(verified, options).map_err(|error| format!("{error}"))?;
    let root = document.get_root_element().ok_or("no root")?;
    let assertion = if is(&root, "Assertion") {
        root
    } else {
        let mut found = children(&root).into_iter().filter(|node| is(node, "Assertion"));
        let first = found.next().ok_or("no assertion in what was verified")?;
        if found.next().is_some() {
            return Err("two assertions in what was verified".to_owned());
        }
        first
    };
    let mut builder = ValuesBuilder::default();
    for child in children(&assertion) {
        if is(&child, "Subject") {
            for name_id in children(&child).iter().filter(|node| is(node, "NameID")) {
                builder.name_id(name_id.get_content());
            }
        }
        if is(&child, "AttributeStatement") {
            for attribute in children(&child).iter().filter(|node| is(node, "Attribute")) {
                let name = plain_attribute(attribute).unwrap_or_default();
                builder.attribute(&name);
                for value in children(attribute).iter().filter(|node| is(node, "AttributeValue")) {
                    let nil =
                        value.get_attribute_ns("nil", XSI).is_some_and(|nil| nil == "true" || nil == "1");
                    builder.value(&name, (!nil).then(|| value.get_content()));
                }
            }
        }
    }
    Ok(builder.finish())
}

/// The value of `Name`, without a namespace.
fn plain_attribute(node: &Node) -> Option<String> {
    // SAFETY: a node of a live document; the copy is freed.
    unsafe {
        let value = c::xmlGetNoNsProp(node.node_ptr(), c"Name".as_ptr().cast());
        if value.is_null() {
            return None;
        }
        let text = CStr::from_ptr(value.cast()).to_string_lossy().into_owned();
        libc_free(value.cast());
        Some(text)
    }
}

fn children(node: &Node) -> Vec<Node> {
    node.get_child_nodes()
        .into_iter()
        .filter(|child| child.get_type() == Some(NodeType::ElementNode))
        .collect()
}

fn is(node: &Node, name: &str) -> bool {
    node.get_name() == name && node.get_namespace().is_some_and(|namespace| namespace.get_href() == SAML)
}
