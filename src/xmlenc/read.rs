//! Reading an encrypted element (SAML Core 2.2.4 EncryptedElementType; XML Encryption 1.1 sections 3 and 5.5).

use std::borrow::Cow;

use super::algorithm::{ContentCipher, KeyTransport};
use super::element::{EncryptedElement, EncryptedKey, MAX_ENCRYPTED_KEYS};
use super::error::DecryptError;
use crate::xml::{Element, decode_base64};

/// Namespace of XML Encryption 1.0 (section 1.3).
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const ELEMENT_TYPE: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const ENCRYPTED_KEY_TYPE: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";

impl EncryptedElement {
    /// Read an EncryptedAssertion, EncryptedID or EncryptedAttribute; every algorithm it names must be allowed.
    ///
    /// The EncryptedKey elements may stand inside the EncryptedData's KeyInfo or beside the EncryptedData. A RetrievalMethod
    /// chooses one of those beside; it is followed inside this element only. Keys whose Recipient is `recipient`, our entity
    /// ID, are tried first, then those without a Recipient, then the rest: Recipient is a hint that nothing protects.
    pub fn read(wrapper: Element<'_>, recipient: &str) -> Result<Self, DecryptError> {
        let (data, beside) = split(wrapper)?;
        if data.attribute("Type").is_some_and(|kind| kind != ELEMENT_TYPE) {
            return malformed("its Type is not an element's");
        }
        let method = only(data, XENC, "EncryptionMethod", "it does not name its EncryptionMethod once")?;
        let cipher = ContentCipher::from_uri(&algorithm_of(method)?)?;
        check_key_size(method, Some(cipher.key_bytes().saturating_mul(8)))?;

        let key_info = at_most_one(data, DS, "KeyInfo")?;
        let mut sent = keys_of(key_info, &beside)?;
        if sent.len() > MAX_ENCRYPTED_KEYS {
            return Err(DecryptError::TooManyKeys { found: sent.len(), most: MAX_ENCRYPTED_KEYS });
        }
        sent.sort_by_key(|key| match key.attribute("Recipient") {
            Some(named) if named == recipient => 0,
            None => 1,
            Some(_) => 2,
        });
        let keys = sent.into_iter().map(read_key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return malformed("it has no EncryptedKey");
        }
        Ok(Self { cipher, keys, data: cipher_value(data)? })
    }
}

/// The one EncryptedData, and the EncryptedKeys beside it. Nothing else may stand in the wrapper.
fn split(wrapper: Element<'_>) -> Result<(Element<'_>, Vec<Element<'_>>), DecryptError> {
    let (mut data, mut beside) = (None, Vec::new());
    for child in wrapper.children() {
        if child.is(XENC, "EncryptedKey") {
            beside.push(child);
        } else if !child.is(XENC, "EncryptedData") || data.replace(child).is_some() {
            return malformed("it holds something else than one EncryptedData and EncryptedKeys");
        }
    }
    match data {
        Some(data) if wrapper.has_element_content() => Ok((data, beside)),
        _ => malformed("it holds something else than one EncryptedData and EncryptedKeys"),
    }
}

/// The EncryptedKeys that may open the data.
fn keys_of<'d>(
    key_info: Option<Element<'d>>,
    beside: &[Element<'d>],
) -> Result<Vec<Element<'d>>, DecryptError> {
    let Some(key_info) = key_info else { return Ok(beside.to_vec()) };
    if key_info.child(XENC, "AgreementMethod").is_some() || key_info.child(XENC11, "DerivedKey").is_some() {
        return Err(DecryptError::AlgorithmRefused { found: "a key agreement or derived key" });
    }
    let mut keys: Vec<Element<'d>> = key_info.children_named(XENC, "EncryptedKey").collect();
    for method in key_info.children_named(DS, "RetrievalMethod") {
        let uri = method.attribute("URI").unwrap_or_default();
        let is_key = method.attribute("Type").is_none_or(|kind| kind == ENCRYPTED_KEY_TYPE);
        let id = uri.strip_prefix('#').filter(|id| !id.is_empty() && is_key);
        let bears = |key: &&Element<'d>| id.is_some() && key.attribute("Id").as_deref() == id;
        let mut named = beside.iter().filter(bears);
        match (named.next(), named.next()) {
            (Some(key), None) => keys.push(*key),
            _ => return malformed("its RetrievalMethod names no EncryptedKey beside it"),
        }
    }
    if keys.is_empty() { Ok(beside.to_vec()) } else { Ok(keys) }
}

fn read_key(key: Element<'_>) -> Result<EncryptedKey, DecryptError> {
    let method =
        only(key, XENC, "EncryptionMethod", "an EncryptedKey does not name its EncryptionMethod once")?;
    check_key_size(method, None)?;
    let digest = at_most_one(method, DS, "DigestMethod")?.map(algorithm_of).transpose()?;
    let mask = at_most_one(method, XENC11, "MGF")?.map(algorithm_of).transpose()?;
    let algorithm = algorithm_of(method)?;
    let transport = KeyTransport { algorithm: &algorithm, digest: digest.as_deref(), mask: mask.as_deref() };
    let oaep = transport.oaep()?;
    let label = match at_most_one(method, XENC, "OAEPparams")? {
        Some(params) => decode(params)?,
        None => Vec::new(),
    };
    Ok(EncryptedKey { oaep, label, wrapped: cipher_value(key)? })
}

/// CipherData/CipherValue, decoded. A CipherReference would have us fetch something.
fn cipher_value(parent: Element<'_>) -> Result<Vec<u8>, DecryptError> {
    let data = only(parent, XENC, "CipherData", "it does not have one CipherData")?;
    let value = only(data, XENC, "CipherValue", "its CipherData is not one CipherValue")?;
    if data.children().count() != 1 {
        return malformed("its CipherData is not one CipherValue");
    }
    decode(value)
}

/// KeySize, where it is given, says again what the algorithm says.
fn check_key_size(method: Element<'_>, bits: Option<usize>) -> Result<(), DecryptError> {
    let Some(given) = at_most_one(method, XENC, "KeySize")? else { return Ok(()) };
    let given = given.text().and_then(|text| text.trim().parse::<usize>().ok());
    match (given, bits) {
        (Some(given), Some(bits)) if given != bits => malformed("its KeySize is not that of its algorithm"),
        (None, _) => malformed("its KeySize is not a number"),
        _ => Ok(()),
    }
}

fn algorithm_of(method: Element<'_>) -> Result<Cow<'_, str>, DecryptError> {
    method.attribute("Algorithm").ok_or(DecryptError::Malformed { fact: "a method names no Algorithm" })
}

fn only<'d>(
    parent: Element<'d>,
    namespace: &str,
    name: &str,
    fact: &'static str,
) -> Result<Element<'d>, DecryptError> {
    let mut found = parent.children().filter(|child| child.is(namespace, name));
    match (found.next(), found.next()) {
        (Some(element), None) => Ok(element),
        _ => malformed(fact),
    }
}

fn at_most_one<'d>(
    parent: Element<'d>,
    namespace: &str,
    name: &str,
) -> Result<Option<Element<'d>>, DecryptError> {
    let mut found = parent.children().filter(|child| child.is(namespace, name));
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        _ => malformed("it says one thing twice"),
    }
}

fn decode(element: Element<'_>) -> Result<Vec<u8>, DecryptError> {
    let bytes = element.text().and_then(|text| decode_base64(text.as_bytes()));
    bytes.ok_or(DecryptError::Malformed { fact: "a value is not base64" })
}

fn malformed<T>(fact: &'static str) -> Result<T, DecryptError> {
    Err(DecryptError::Malformed { fact })
}
