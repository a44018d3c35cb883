//! The referees' opinions on a Response.

use crate::document::{self, Facts};
use crate::libxml2;
use crate::values::{Values, ValuesBuilder};
use bergshamra::{DsigContext, KeysManager, VerifyResult};
use samael::crypto::{AllowedSignatureAlgorithm, CertificateDer, Crypto, CryptoProvider, ReduceMode};
use uppsala::{Document, NodeId, NodeKind, Parser};

/// What somebody says about a Response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Opinion {
    /// The signatures hold, and these are the values.
    Accepts(Values),
    /// They don't, or it can't be read.
    Refuses(String),
    /// This referee can't judge it; why.
    Abstains(&'static str),
}

/// The keys of an identity provider, in each referee's own form.
pub struct Keys {
    of_several_kinds: bool,
    bergshamra: DsigContext,
    samael: Vec<CertificateDer>,
}

impl Keys {
    /// Certificates in PEM.
    pub fn new(named: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let mut manager = KeysManager::new();
        let mut samael = Vec::new();
        let mut kinds = Vec::new();
        for (_, pem) in named {
            let certificate = openssl::x509::X509::from_pem(pem).map_err(|error| error.to_string())?;
            // bergshamra reads no DSA key and no curve outside NIST's: nothing that we accept is signed with one.
            if let Ok(key) = bergshamra::keys::loader::load_x509_cert_pem(pem) {
                manager.add_key(key);
            }
            kinds.push(certificate.public_key().map_err(|error| error.to_string())?.id());
            samael.push(CertificateDer::from(certificate.to_der().map_err(|error| error.to_string())?));
        }
        kinds.dedup();
        Ok(Self { of_several_kinds: kinds.len() > 1, bergshamra: DsigContext::new(manager), samael })
    }
}

pub const NAMES: [&str; 2] = ["bergshamra", "samael"];

/// What a referee does not judge, and how we know.
pub struct Gap {
    pub referee: &'static str,
    pub what: &'static str,
    pub source: &'static str,
}

const ODD_SPACE: &str = "a tab or line end written as such in an attribute's value";
const NO_PSS: &str = "RSA-PSS";
const DIGEST_PAIRS: &str = "a digest by another hash than the signature's";
const MIXED_KEYS: &str = "keys of several kinds at once";
const ID_NAMES: &str = "an ID that is not an NCName";
const NAMESPACES: &str = "a namespace name that is not a URI, declared and never used";
pub const INSIDE: &str = "EncryptedID and EncryptedAttribute";
const FOREIGN: &str = "documents that name a file, a host, a DTD, XPath or XSLT";

pub const GAPS: [Gap; 9] = [
    Gap {
        referee: "bergshamra",
        what: ODD_SPACE,
        source: "uppsala 0.12.0 keeps them; XML 1.0, 3.3.3 makes them spaces, and libxml2 does",
    },
    Gap {
        referee: "samael",
        what: NO_PSS,
        source: "libxmlsec1 1.2, `xmlsec1 --list-transforms`; xmlsec 1.3.0 has it",
    },
    Gap {
        referee: "samael",
        what: DIGEST_PAIRS,
        source: "samael 0.0.22, `AllowedSignatureAlgorithm::digest_uri`",
    },
    Gap {
        referee: "samael",
        what: MIXED_KEYS,
        source: "samael 0.0.22, crypto/xmlsec/mod.rs: the first key that doesn't fit ends the loop",
    },
    Gap { referee: "samael", what: ID_NAMES, source: "samael 0.0.22, `xml_id_value_is_valid`" },
    Gap {
        referee: "samael",
        what: NAMESPACES,
        source: "libxml2 2.9, c14n.c: every namespace name goes through xmlParseURI, rendered or not",
    },
    Gap {
        referee: "samael",
        what: FOREIGN,
        source: "libxmlsec1 follows them before it has checked a signature; it is never shown one",
    },
    Gap { referee: "both", what: INSIDE, source: "neither has them" },
    Gap {
        referee: "both",
        what: "encryption",
        source: "OpenSSL decrypts EncryptedAssertion, and they judge what is signed outside and inside",
    },
];

/// Whether a referee finds all signatures good, whatever they are over: for a Response around an encrypted assertion.
pub fn signatures_hold(name: &str, xml: &str, keys: &Keys) -> Opinion {
    if name == "samael" {
        return samael_verified(xml, keys, &document::facts(xml))
            .map_or_else(|opinion| opinion, |_| Opinion::Accepts(Values::default()));
    }
    let Ok(document) = Parser::new().with_forbid_dtd(true).parse(xml) else {
        return Opinion::Refuses("does not parse".to_owned());
    };
    match bergshamra_verified(&document, xml, keys) {
        Ok(_) => Opinion::Accepts(Values::default()),
        Err(why) => Opinion::Refuses(why),
    }
}

/// bergshamra 0.11.1: its own parser, canonicaliser and signatures; the cryptography is aws-lc's.
pub fn bergshamra(xml: &str, keys: &Keys) -> Opinion {
    if document::has_space_in_an_attribute(xml) {
        return Opinion::Abstains(ODD_SPACE);
    }
    let document = match Parser::new().with_forbid_dtd(true).parse(xml) {
        Ok(document) => document,
        Err(error) => return Opinion::Refuses(format!("does not parse: {error}")),
    };
    let verified = match bergshamra_verified(&document, xml, keys) {
        Ok(verified) => verified,
        Err(why) => return Opinion::Refuses(why),
    };
    match signed_assertion(&document, &verified) {
        Some(assertion) => Opinion::Accepts(read(&document, assertion)),
        None => Opinion::Refuses("no single assertion is signed".to_owned()),
    }
}

/// The elements that good signatures are over; an error if any signature is bad.
fn bergshamra_verified(document: &Document<'_>, xml: &str, keys: &Keys) -> Result<Vec<NodeId>, String> {
    let results =
        bergshamra::dsig::verify::verify_all_document_with_source(&keys.bergshamra, document, Some(xml))
            .map_err(|error| error.to_string())?;
    let mut verified = Vec::new();
    for result in results {
        match result {
            VerifyResult::Valid { references, .. } => {
                verified.extend(
                    references
                        .iter()
                        .filter(|found| found.digest_verified)
                        .filter_map(|found| found.resolved_node),
                );
            }
            VerifyResult::Invalid { reason } => return Err(reason),
        }
    }
    Ok(verified)
}

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The one assertion that is verified or stands directly in what is verified.
fn signed_assertion(document: &Document<'_>, verified: &[NodeId]) -> Option<NodeId> {
    let mut found: Vec<NodeId> = Vec::new();
    for node in verified {
        let inside = elements(document, *node).into_iter();
        found.extend(std::iter::once(*node).chain(inside).filter(|node| is(document, *node, "Assertion")));
    }
    found.sort_by_key(|node| node.index());
    found.dedup();
    match found[..] {
        [assertion] => Some(assertion),
        _ => None,
    }
}

fn read(document: &Document<'_>, assertion: NodeId) -> Values {
    let mut builder = ValuesBuilder::default();
    for child in elements(document, assertion) {
        if is(document, child, "Subject") {
            for name_id in elements(document, child).into_iter().filter(|node| is(document, *node, "NameID"))
            {
                builder.name_id(document.text_content_deep(name_id));
            }
        }
        if is(document, child, "AttributeStatement") {
            for attribute in
                elements(document, child).into_iter().filter(|node| is(document, *node, "Attribute"))
            {
                let name = plain_attribute(document, attribute, "Name").unwrap_or_default();
                builder.attribute(&name);
                for value in elements(document, attribute)
                    .into_iter()
                    .filter(|node| is(document, *node, "AttributeValue"))
                {
                    let nil = document
                        .get_attribute_ns(value, XSI, "nil")
                        .is_some_and(|nil| nil == "true" || nil == "1");
                    builder.value(&name, (!nil).then(|| document.text_content_deep(value)));
                }
            }
        }
    }
    builder.finish()
}

fn plain_attribute(document: &Document<'_>, node: NodeId, name: &str) -> Option<String> {
    let element = document.element(node)?;
    let found = element.attributes.iter().find(|attribute| attribute.name.matches(None, name))?;
    Some(found.value.to_string())
}

fn elements(document: &Document<'_>, node: NodeId) -> Vec<NodeId> {
    document
        .children(node)
        .into_iter()
        .filter(|child| matches!(document.node_kind(*child), Some(NodeKind::Element(_))))
        .collect()
}

fn is(document: &Document<'_>, node: NodeId, name: &str) -> bool {
    document.element(node).is_some_and(|element| element.matches_name_ns(SAML, name))
}

const ALLOWED: [AllowedSignatureAlgorithm; 6] = [
    AllowedSignatureAlgorithm::RsaSha256,
    AllowedSignatureAlgorithm::RsaSha384,
    AllowedSignatureAlgorithm::RsaSha512,
    AllowedSignatureAlgorithm::EcdsaSha256,
    AllowedSignatureAlgorithm::EcdsaSha384,
    AllowedSignatureAlgorithm::EcdsaSha512,
];

/// samael 0.0.22: libxml2 and libxmlsec1 with OpenSSL; values are read by libxml2 from the bytes that xmlsec digested.
pub fn samael(xml: &str, keys: &Keys, facts: &Facts) -> Opinion {
    match samael_verified(xml, keys, facts) {
        Err(opinion) => opinion,
        Ok(verified) => match libxml2::values(&verified) {
            Ok(values) => Opinion::Accepts(values),
            Err(error) => Opinion::Refuses(error),
        },
    }
}

fn samael_verified(xml: &str, keys: &Keys, facts: &Facts) -> Result<String, Opinion> {
    if facts.names_something_else {
        return Err(Opinion::Abstains(FOREIGN));
    }
    if facts.has_pss {
        return Err(Opinion::Abstains(NO_PSS));
    }
    if !document::every_digest_fits_its_signature(facts) {
        return Err(Opinion::Abstains(DIGEST_PAIRS));
    }
    if keys.of_several_kinds {
        return Err(Opinion::Abstains(MIXED_KEYS));
    }
    if facts.has_odd_namespace {
        return Err(Opinion::Abstains(NAMESPACES));
    }
    if facts.has_odd_id {
        return Err(Opinion::Abstains(ID_NAMES));
    }
    Crypto::reduce_xml_to_signed_with_allowed_algorithms(
        xml,
        &keys.samael,
        ReduceMode::PreDigest,
        Some(&ALLOWED),
    )
    .map_err(|error| Opinion::Refuses(error.to_string()))
}
