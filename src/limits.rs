//! Bounds on input, checked before any cryptography.

/// How much input is read before it is refused. Every bound is about one message; the defaults fit a Response with
/// some 4,000 groups and are far from what real identity providers send (8 to 300 KB, depth 8 to 12).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Limits {
    /// Bytes of the XML document, after base64. Form values up to a third longer are decoded.
    pub max_bytes: usize,
    /// Elements inside each other, the root counted.
    pub max_depth: usize,
    /// Elements in the document. 50,000 empty ones cost single milliseconds.
    pub max_elements: usize,
    /// Attributes of one element, namespace declarations included.
    pub max_attributes: usize,
    /// Namespace declarations in scope at one element. Each prefix is looked up among them, so the bound keeps the
    /// time linear.
    pub max_namespaces: usize,
}

impl Limits {
    /// The defaults, as a constant.
    pub const DEFAULT: Self = Self {
        max_bytes: 1_048_576,
        max_depth: 64,
        max_elements: 50_000,
        max_attributes: 256,
        max_namespaces: 64,
    };

    /// Bounds for metadata: an aggregate of a national federation holds thousands of entities.
    pub const METADATA: Self = Self {
        max_bytes: 128 * 1_048_576,
        max_depth: 64,
        max_elements: 8_000_000,
        max_attributes: 256,
        max_namespaces: 64,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
