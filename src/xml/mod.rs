//! Bounded pull parsing on quick-xml, and canonicalisation.
//!
//! [`Document::parse`] reads the strict part of XML 1.0 (fifth edition) and Namespaces in XML 1.0 that a SAML message
//! may use: UTF-8, no DOCTYPE, no processing instruction, everything well-formed, everywhere. quick-xml finds the
//! tokens; the rules that it leaves to its caller are checked in `parse.rs`, `tag.rs`, `pairs.rs` and `chars.rs`.
//!
//! A [`Document`] is a flat table of nodes whose names and values are ranges of one text. [`Element::canonicalize`]
//! makes another such table, whose text is the canonical form: what was digested is what its ranges point to.

mod base64;
mod canonical;
mod chars;
mod document;
mod error;
mod form;
mod pairs;
mod parse;
mod scope;
mod tag;
mod text;
mod write;

pub use base64::decode_base64;
pub use canonical::{Canonicalization, Method, canonicalize};
pub use document::{Attribute, Children, Document, Element, TextRange};
pub use error::XmlError;
pub use write::Writer;
