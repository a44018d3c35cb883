//! Why an XML document is refused.

use thiserror::Error;

/// A document that is not read, or an element that is not canonicalised. Offsets are bytes into the document.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum XmlError {
    /// The document is longer than `Limits::max_bytes`.
    #[error("the document has {found} bytes, at most {allowed} are read")]
    TooLarge {
        /// Bytes of the document.
        found: usize,
        /// Bytes that are read.
        allowed: usize,
    },
    /// Not UTF-8, or declared to be something else.
    #[error("the document is not UTF-8 (byte {offset})")]
    Encoding {
        /// Where.
        offset: usize,
    },
    /// A document type declaration.
    #[error("the document has a DOCTYPE (byte {offset})")]
    Doctype {
        /// Where.
        offset: usize,
    },
    /// A processing instruction.
    #[error("the document has a processing instruction (byte {offset})")]
    ProcessingInstruction {
        /// Where.
        offset: usize,
    },
    /// Not well-formed.
    #[error("the document is not well-formed XML: {what} (byte {offset})")]
    Malformed {
        /// Which rule is broken.
        what: &'static str,
        /// Where.
        offset: usize,
    },
    /// More elements inside each other than `Limits::max_depth`.
    #[error("more than {allowed} elements inside each other")]
    TooDeep {
        /// How many are read.
        allowed: usize,
    },
    /// More elements than `Limits::max_elements`.
    #[error("more than {allowed} elements")]
    TooManyElements {
        /// How many are read.
        allowed: usize,
    },
    /// More attributes of one element than `Limits::max_attributes`.
    #[error("an element has more than {allowed} attributes")]
    TooManyAttributes {
        /// How many are read.
        allowed: usize,
    },
    /// More namespace declarations in scope than `Limits::max_namespaces`.
    #[error("more than {allowed} namespace declarations in scope")]
    TooManyNamespaces {
        /// How many are read.
        allowed: usize,
    },
    /// A canonical form much longer than its document: namespaces declared once and written at every element.
    #[error("the canonical form is longer than {allowed} bytes")]
    CanonicalTooLarge {
        /// How many bytes are made.
        allowed: usize,
    },
    /// A name or a namespace name longer than 1,024 bytes.
    #[error("a name is longer than 1024 bytes (byte {offset})")]
    NameTooLong {
        /// Where.
        offset: usize,
    },
    /// A namespace name that is a relative reference: canonical XML is not defined for it.
    #[error("a namespace name is a relative reference (byte {offset})")]
    RelativeNamespace {
        /// Where.
        offset: usize,
    },
    /// Two elements bear one ID.
    #[error("two elements have the same ID")]
    DuplicateId,
    /// No element bears the ID that was asked for.
    #[error("no element has the ID that was asked for")]
    UnknownId,
    /// An `xml:base` above the element in canonical XML 1.1, which would have to be joined.
    #[error("xml:base above an element in canonical XML 1.1 is not supported")]
    InheritedBase,
}

impl XmlError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "xml.too_large",
            Self::Encoding { .. } => "xml.encoding",
            Self::Doctype { .. } => "xml.doctype",
            Self::ProcessingInstruction { .. } => "xml.processing_instruction",
            Self::Malformed { .. } => "xml.malformed",
            Self::TooDeep { .. } => "xml.too_deep",
            Self::TooManyElements { .. } => "xml.too_many_elements",
            Self::TooManyAttributes { .. } => "xml.too_many_attributes",
            Self::TooManyNamespaces { .. } => "xml.too_many_namespaces",
            Self::CanonicalTooLarge { .. } => "xml.canonical_too_large",
            Self::NameTooLong { .. } => "xml.name_too_long",
            Self::RelativeNamespace { .. } => "xml.relative_namespace",
            Self::DuplicateId => "xml.duplicate_id",
            Self::UnknownId => "xml.unknown_id",
            Self::InheritedBase => "xml.inherited_base",
        }
    }
}
