//! One enveloped signature over one element: the profile, and what it proves.
//!
//! Sources: XML Signature Syntax and Processing 1.1 (sections in comments); SAML Core 5.4, which narrows it.

use super::algorithm::{ENVELOPED_SIGNATURE, Hash, SignatureAlgorithm};
use super::error::SignatureError;
use super::key::{TrustedKey, verify_with_any};
use crate::xml::{Canonicalization, Document, Element, Method, decode_base64};

/// The namespace of XML Signature.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of exclusive canonicalisation, whose InclusiveNamespaces element has the PrefixList.
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Far above any real SignatureValue (RSA-8192: 1,024 bytes) or PrefixList.
const MAX_SIGNATURE_BYTES: usize = 1_024;
const MAX_PREFIXES: usize = 64;

/// An element that a trusted key has signed. It is the canonical bytes whose digest was checked, and nothing of the
/// document that it came in.
#[derive(Debug)]
pub struct SignedElement {
    document: Document<'static>,
}

impl SignedElement {
    /// The signed element. Its own signature is not part of it.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        self.document.root()
    }

    /// The canonical bytes, as a document.
    #[must_use]
    pub fn document(&self) -> &Document<'static> {
        &self.document
    }

    /// The canonical bytes, as a document of the caller's own.
    #[must_use]
    pub fn into_document(self) -> Document<'static> {
        self.document
    }
}

/// The signature of an element: its direct child, at most one (SAML Core, schema of the signed elements).
pub fn signature_of(element: Element<'_>) -> Result<Option<Element<'_>>, SignatureError> {
    let mut signatures = element.children_named(DS, "Signature");
    let first = signatures.next();
    match signatures.count() {
        0 => Ok(first),
        more => Err(SignatureError::Repeated { found: more + 1 }),
    }
}

/// Check the signature that stands in an element over that element.
///
/// `signature` is a direct child of `element`, as [`signature_of`] finds it. KeyInfo is not looked at: only `keys` count, each
/// of the right kind is tried (a rollover has two). SignedInfo is read from its canonical bytes, which are the ones that
/// the signature is checked over; the signature is checked before anything large is canonicalised or hashed (XML
/// Signature Best Practices, 2.1).
pub fn verify(
    element: Element<'_>,
    signature: Element<'_>,
    keys: &[TrustedKey],
) -> Result<SignedElement, SignatureError> {
    let id = element.attribute("ID").filter(|id| is_id(id)).ok_or(SignatureError::ElementId)?;
    let parts = Parts::of(signature)?;
    let signed_info = parts.signed_info.canonicalize(&parts.canonicalization, &[])?;
    let info = SignedInfo::read(signed_info.root())?;
    // What SignedInfo says of its own canonical form must be what made this form.
    if info.canonicalization != parts.canonicalization {
        return structure("CanonicalizationMethod changes in canonical form");
    }
    if info.reference.uri.strip_prefix('#') != Some(&id) {
        return Err(SignatureError::ReferenceUri);
    }
    verify_with_any(keys, info.algorithm, signed_info.text().as_bytes(), &parts.value)?;
    let document = element.canonicalize(&info.reference.canonicalization, &[signature])?;
    let digest = info.reference.hash.digest(document.text().as_bytes());
    if digest.as_ref() != info.reference.digest.as_slice() {
        return Err(SignatureError::Digest);
    }
    Ok(SignedElement { document })
}

/// What a `#` reference may name without a second meaning: `#xpointer(…)` and quotation marks are out of reach. An ID is an
/// NCName; some identity providers begin theirs with a digit, which harms nothing.
fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-' | '.'))
}

fn structure<T>(what: &'static str) -> Result<T, SignatureError> {
    Err(SignatureError::Structure { what })
}

/// The children of a Signature, as they stand in the document.
struct Parts<'d> {
    signed_info: Element<'d>,
    canonicalization: Canonicalization,
    value: Vec<u8>,
}

impl<'d> Parts<'d> {
    /// XML Signature 4.1, without Object, and without comments and CDATA sections, which no signer has reason to write
    /// here, and at which other readers of DigestValue stop.
    fn of(signature: Element<'d>) -> Result<Self, SignatureError> {
        if signature.has_comment_or_cdata() {
            return structure("a comment or CDATA section in Signature");
        }
        let [signed_info, value, rest @ ..] = &children(signature)?[..] else {
            return structure("Signature without SignedInfo and SignatureValue");
        };
        if !signed_info.is(DS, "SignedInfo") || !value.is(DS, "SignatureValue") {
            return structure("Signature does not begin with SignedInfo and SignatureValue");
        }
        match rest {
            [] => {}
            [only] if only.is(DS, "KeyInfo") => {}
            _ => return structure("something else than KeyInfo after SignatureValue"),
        }
        let method = signed_info.child(DS, "CanonicalizationMethod");
        let Some(method) = method else { return structure("SignedInfo without CanonicalizationMethod") };
        let canonicalization = read_canonicalization(method, "canonicalization")?;
        let value = binary(*value, "SignatureValue", MAX_SIGNATURE_BYTES)?;
        Ok(Self { signed_info: *signed_info, canonicalization, value })
    }
}

/// What SignedInfo says, read from its canonical bytes.
struct SignedInfo {
    canonicalization: Canonicalization,
    algorithm: SignatureAlgorithm,
    reference: Reference,
}

struct Reference {
    uri: String,
    canonicalization: Canonicalization,
    hash: Hash,
    digest: Vec<u8>,
}

impl SignedInfo {
    /// XML Signature 4.4.
    fn read(signed_info: Element<'_>) -> Result<Self, SignatureError> {
        let [canonicalization, method, references @ ..] = &children(signed_info)?[..] else {
            return structure("SignedInfo without CanonicalizationMethod and SignatureMethod");
        };
        if !canonicalization.is(DS, "CanonicalizationMethod") || !method.is(DS, "SignatureMethod") {
            return structure("SignedInfo does not begin with CanonicalizationMethod and SignatureMethod");
        }
        let algorithm = SignatureAlgorithm::from_uri(&algorithm_of(*method)?)?;
        // 6.4.1 HMACOutputLength; RFC 9231, 2.3.9 RSAPSSParams.
        no_parameter(*method, "signature")?;
        if references.iter().any(|child| !child.is(DS, "Reference")) {
            return structure("something else than Reference in SignedInfo");
        }
        // SAML Core 5.4.2: a single reference, to the element that the signature stands in.
        let [reference] = references else {
            return Err(SignatureError::ReferenceCount { found: references.len() });
        };
        Ok(Self {
            canonicalization: read_canonicalization(*canonicalization, "canonicalization")?,
            algorithm,
            reference: Reference::read(*reference)?,
        })
    }
}

impl Reference {
    /// XML Signature 4.4.3.
    fn read(reference: Element<'_>) -> Result<Self, SignatureError> {
        let uri = reference.attribute("URI").ok_or(SignatureError::ReferenceUri)?.into_owned();
        let (transforms, method, value) = match &children(reference)?[..] {
            [transforms, method, value] if transforms.is(DS, "Transforms") => (*transforms, *method, *value),
            // Without enveloped-signature the digest could not be its own.
            [method, _] if method.is(DS, "DigestMethod") => return Err(SignatureError::Transforms),
            _ => return structure("Reference is not Transforms, DigestMethod and DigestValue"),
        };
        if !method.is(DS, "DigestMethod") || !value.is(DS, "DigestValue") {
            return structure("Reference is not Transforms, DigestMethod and DigestValue");
        }
        let canonicalization = read_transforms(transforms)?;
        let hash = Hash::from_uri(&algorithm_of(method)?)?;
        no_parameter(method, "digest")?;
        let digest = binary(value, "DigestValue", 64)?;
        Ok(Self { uri, canonicalization, hash, digest })
    }
}

/// SAML Core 5.4.4: enveloped-signature, then a canonicalisation, and nothing else.
fn read_transforms(transforms: Element<'_>) -> Result<Canonicalization, SignatureError> {
    let transforms = children(transforms)?;
    let (first, rest) = transforms.split_first().ok_or(SignatureError::Transforms)?;
    let is_transform = |element: &Element<'_>| element.is(DS, "Transform");
    if !transforms.iter().all(is_transform) || algorithm_of(*first)? != ENVELOPED_SIGNATURE {
        return Err(SignatureError::Transforms);
    }
    no_parameter(*first, "transform")?;
    let canonicalization = match rest {
        // 4.4.3.2: what is still a node-set at the end is canonicalised by Canonical XML 1.0.
        [] => inclusive(Method::Inclusive10),
        [only] => read_canonicalization(*only, "transform")?,
        _ => return Err(SignatureError::Transforms),
    };
    // 4.4.3.3: `#id` names the element without its comments, so none are left for WithComments to keep.
    Ok(Canonicalization { with_comments: false, ..canonicalization })
}

const fn inclusive(method: Method) -> Canonicalization {
    Canonicalization { method, with_comments: false, inclusive_prefixes: Vec::new() }
}

/// A CanonicalizationMethod, or a Transform that is one (XML Signature 6.5).
fn read_canonicalization(
    element: Element<'_>,
    role: &'static str,
) -> Result<Canonicalization, SignatureError> {
    let uri = algorithm_of(element)?;
    let (method, with_comments) = match uri.as_str() {
        "http://www.w3.org/2001/10/xml-exc-c14n#" => (Method::Exclusive, false),
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => (Method::Exclusive, true),
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" => (Method::Inclusive10, false),
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments" => (Method::Inclusive10, true),
        "http://www.w3.org/2006/12/xml-c14n11" => (Method::Inclusive11, false),
        "http://www.w3.org/2006/12/xml-c14n11#WithComments" => (Method::Inclusive11, true),
        _ if role == "transform" => return Err(SignatureError::Transforms),
        _ => return Err(SignatureError::AlgorithmUnsupported { role }),
    };
    let mut canonicalization = Canonicalization { with_comments, ..inclusive(method) };
    match &children(element)?[..] {
        [] => {}
        [list] if method == Method::Exclusive && list.is(EXCLUSIVE, "InclusiveNamespaces") => {
            no_parameter(*list, role)?;
            canonicalization.inclusive_prefixes = prefix_list(*list)?;
        }
        _ => return Err(SignatureError::AlgorithmParameter { role }),
    }
    Ok(canonicalization)
}

/// Exclusive C14N, section 3: NMTOKENS, where `#default` is the default namespace.
fn prefix_list(list: Element<'_>) -> Result<Vec<String>, SignatureError> {
    let value = list.attribute("PrefixList").unwrap_or_default();
    let prefixes: Vec<String> = value
        .split([' ', '\t', '\n', '\r'])
        .filter(|prefix| !prefix.is_empty())
        .take(MAX_PREFIXES + 1)
        .map(|prefix| if prefix == "#default" { String::new() } else { prefix.to_owned() })
        .collect();
    if prefixes.len() > MAX_PREFIXES {
        structure("more than 64 prefixes in PrefixList")
    } else {
        Ok(prefixes)
    }
}

/// The elements directly inside; text between them is of no meaning and refused.
fn children(element: Element<'_>) -> Result<Vec<Element<'_>>, SignatureError> {
    if !element.has_element_content() {
        return structure("text between elements");
    }
    Ok(element.children().collect())
}

fn algorithm_of(element: Element<'_>) -> Result<String, SignatureError> {
    match element.attribute("Algorithm") {
        Some(uri) => Ok(uri.into_owned()),
        None => structure("an algorithm without a name"),
    }
}

fn no_parameter(element: Element<'_>, role: &'static str) -> Result<(), SignatureError> {
    let empty = element.children().next().is_none() && element.has_element_content();
    if empty { Ok(()) } else { Err(SignatureError::AlgorithmParameter { role }) }
}

fn binary(element: Element<'_>, role: &'static str, max_bytes: usize) -> Result<Vec<u8>, SignatureError> {
    let fault = SignatureError::Base64 { role };
    let text = element.text().ok_or_else(|| fault.clone())?;
    // Base64 takes a third more, and lines of 64 or 76 characters a few per cent.
    if text.len() > max_bytes * 3 {
        return Err(fault);
    }
    decode_base64(text.as_bytes()).filter(|bytes| !bytes.is_empty() && bytes.len() <= max_bytes).ok_or(fault)
}
