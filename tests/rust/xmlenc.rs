//! Decryption: what a real identity provider encrypted, and everything that is refused with its code.

use crate::vectors::{Case, all_values, case, cases, values};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memberof::limits::Limits;
use memberof::xml::Document;
use memberof::xmlenc::{DecryptError, DecryptionKey, EncryptedElement};
use proptest::prelude::*;
use std::sync::LazyLock;

type Values = (String, Vec<Option<String>>);

const RESPONSE: &str = include_str!("../vectors/idp/simplesamlphp/enc-both-groups3.b64");
const KEY: &[u8] = include_bytes!("../vectors/idp/simplesamlphp/sp-key.der");
const TRIPLE_DES: &str = include_str!("../vectors/idp/djangosaml2idp2/enc-both-groups3.b64");
const OTHER_KEY: &str = include_str!("../vectors/sp/rsa.key");
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

fn xml(response: &str) -> String {
    String::from_utf8(STANDARD.decode(response.trim()).unwrap()).unwrap()
}

fn key(pkcs8: &[u8]) -> DecryptionKey {
    DecryptionKey::from_pkcs8(pkcs8).unwrap()
}

fn read(response: &str) -> Result<EncryptedElement, DecryptError> {
    let document = Document::parse(response.as_bytes(), &Limits::DEFAULT).unwrap();
    let encrypted = document.root().child(SAML, "EncryptedAssertion").unwrap();
    EncryptedElement::read(encrypted, "https://sp.example.test/metadata")
}

fn decrypt(response: &str, keys: &[DecryptionKey]) -> Result<Vec<u8>, DecryptError> {
    read(response)?.decrypt(keys)
}

fn code(response: &str) -> &'static str {
    decrypt(response, &[key(KEY)]).unwrap_err().code()
}

/// The text of the nth CipherValue.
fn cipher_value(response: &str, index: usize) -> &str {
    response.split("CipherValue>").nth(2 * index + 1).unwrap().split('<').next().unwrap()
}

/// The Response with other bytes in its nth CipherValue.
fn with_cipher_value(response: &str, index: usize, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let old = cipher_value(response, index);
    let bytes = STANDARD.decode(old.split_whitespace().collect::<String>()).unwrap();
    response.replacen(old, &STANDARD.encode(change(bytes)), 1)
}

fn is_assertion(plaintext: &[u8]) -> bool {
    Document::parse(plaintext, &Limits::DEFAULT).is_ok_and(|document| document.root().is(SAML, "Assertion"))
}

#[test]
fn a_real_assertion_under_aes_128_cbc_is_decrypted() {
    let plaintext = decrypt(&xml(RESPONSE), &[key(KEY)]).unwrap();
    assert!(is_assertion(&plaintext));
    assert!(String::from_utf8(plaintext).unwrap().contains("qa-team"));
}

#[test]
fn any_of_several_keys_opens_it_and_without_the_right_one_it_fails_uniformly() {
    assert!(is_assertion(
        &decrypt(&xml(RESPONSE), &[DecryptionKey::from_pem(OTHER_KEY).unwrap(), key(KEY)]).unwrap()
    ));
    assert_eq!(decrypt(&xml(RESPONSE), &[]).unwrap_err().code(), "xmlenc.no_key");
    // A wrong key is a wrong content key: AES-CBC gives bytes, and they are no XML.
    let plaintext = decrypt(&xml(RESPONSE), &[DecryptionKey::from_pem(OTHER_KEY).unwrap()]).unwrap();
    assert!(Document::parse(&plaintext, &Limits::DEFAULT).is_err());
}

#[test]
fn triple_des_and_rsa_1_5_are_refused_before_any_key_is_used() {
    assert_eq!(read(&xml(TRIPLE_DES)).unwrap_err(), DecryptError::AlgorithmRefused { found: "3DES" });
    let rsa15 = xml(RESPONSE).replace("xmlenc#rsa-oaep-mgf1p", "xmlenc#rsa-1_5");
    assert_eq!(read(&rsa15).unwrap_err(), DecryptError::AlgorithmRefused { found: "RSA PKCS#1 v1.5" });
    assert_eq!(read(&rsa15).unwrap_err().code(), "xmlenc.algorithm_refused");
    let wrap = xml(RESPONSE).replace("xmlenc#rsa-oaep-mgf1p", "xmlenc#kw-aes128");
    assert_eq!(code(&wrap), "xmlenc.algorithm_refused");
    assert_eq!(
        code(&xml(RESPONSE).replace("xmlenc#aes128-cbc", "xmlenc#aes128-ctr")),
        "xmlenc.algorithm_refused"
    );
}

#[test]
fn a_mix_of_oaep_digests_says_what_to_set() {
    let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    let digest = format!("<dsig:DigestMethod Algorithm=\"{sha256}\"/></xenc:EncryptionMethod>");
    let mixed = xml(RESPONSE).replace("rsa-oaep-mgf1p\"/>", &format!("rsa-oaep-mgf1p\">{digest}"));
    let error = read(&mixed).unwrap_err();
    assert_eq!(error, DecryptError::OaepDigestMix { digest: "SHA-256", mask: "SHA-1" });
    assert_eq!(error.code(), "xmlenc.oaep_digest_mix");
    assert!(error.hint().unwrap().contains("rsa-oaep-mgf1p with digest SHA-1"));
}

#[test]
fn what_is_visibly_no_encrypted_element_is_malformed() {
    let good = xml(RESPONSE);
    let value = cipher_value(&good, 1).to_owned();
    let cases = [
        good.replacen(&value, "!!!!", 1),
        good.replace("xmlenc#Element\"", "xmlenc#Content\""),
        good.replace("EncryptedKey", "OtherKey"),
        good.replace("CipherValue", "CipherReference"),
        good.replace("</saml:EncryptedAssertion>", "<saml:Assertion/></saml:EncryptedAssertion>"),
        good.replace("</saml:EncryptedAssertion>", "text</saml:EncryptedAssertion>"),
    ];
    for (index, changed) in cases.into_iter().enumerate() {
        assert_ne!(changed, good, "case {index}");
        assert_eq!(code(&changed), "xmlenc.malformed", "case {index}");
    }
}

#[test]
fn more_than_eight_encrypted_keys_are_refused() {
    let good = xml(RESPONSE);
    let start = good.find("<xenc:EncryptedKey").unwrap();
    let end = good.find("</xenc:EncryptedKey>").unwrap() + "</xenc:EncryptedKey>".len();
    let one = &good[start..end];
    assert!(decrypt(&good.replace(one, &one.repeat(8)), &[key(KEY)]).is_ok());
    assert_eq!(code(&good.replace(one, &one.repeat(9))), "xmlenc.too_many_keys");
}

#[test]
fn an_encrypted_key_is_found_inside_or_beside() {
    let good = xml(RESPONSE);
    let start = good.find("<xenc:EncryptedKey").unwrap();
    let end = good.find("</xenc:EncryptedKey>").unwrap() + "</xenc:EncryptedKey>".len();
    let one = good[start..end].to_owned();
    let beside = |inside: &str, key: &str| {
        good.replace(&one, inside)
            .replace("</saml:EncryptedAssertion>", &format!("{}</saml:EncryptedAssertion>", key.replace("<xenc:EncryptedKey", "<xenc:EncryptedKey xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" xmlns:dsig=\"http://www.w3.org/2000/09/xmldsig#\"")))
    };
    let with_id = one.replacen("<xenc:EncryptedKey", "<xenc:EncryptedKey Id=\"_k\"", 1);
    let retrieval = |uri: &str| {
        format!(
            "<dsig:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"{uri}\"/>"
        )
    };
    assert!(is_assertion(&decrypt(&beside("", &one), &[key(KEY)]).unwrap()));
    assert!(is_assertion(&decrypt(&beside(&retrieval("#_k"), &with_id), &[key(KEY)]).unwrap()));
    for uri in ["#_other", "", "#", "http://127.0.0.1/k", "_k"] {
        assert_eq!(code(&beside(&retrieval(uri), &with_id)), "xmlenc.malformed", "{uri}");
    }
}

#[test]
fn debug_shows_no_content_and_no_key() {
    let read = read(&xml(RESPONSE)).unwrap();
    assert!(format!("{read:?}").starts_with("EncryptedElement { keys: 1, bytes: "), "{read:?}");
    assert_eq!(format!("{:?}", key(KEY)), "DecryptionKey { bits: 2048, .. }");
}

#[test]
fn a_captured_encrypted_response_gives_its_exact_values() {
    let case = case("simplesamlphp/enc-both-groups3");
    let assertion = case.verify().unwrap();
    let name = case.facts["attribute_name"].as_str().unwrap();
    assert_eq!(values(&assertion, name), case.wire_values());
    assert_eq!(assertion.name_id().unwrap().value, case.facts["name_id"]);
    assert_eq!(assertion.attributes().count(), all_values(&assertion).len());
}

#[test]
fn three_captured_responses_under_3des_are_refused() {
    let refused: Vec<_> = cases()
        .iter()
        .filter(|case| case.is_encrypted() && case.is("expect", "policy"))
        .map(|case| case.verify().unwrap_err().code())
        .collect();
    assert_eq!(refused, ["xmlenc.algorithm_refused"; 3]);
}

static SAMPLE: LazyLock<(Case, Vec<Values>)> = LazyLock::new(|| {
    let case = case("simplesamlphp/enc-both-groups3");
    let values = all_values(&case.verify().unwrap());
    (case, values)
});

/// The Response of the sample without the signature of its own: what an attacker is free to change.
fn without_own_signature(xml: &str) -> String {
    let start = xml.find("<ds:Signature ").unwrap();
    let end = xml.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    [&xml[..start], &xml[end..]].concat()
}

#[test]
fn the_signature_inside_is_enough_and_a_bad_one_outside_refuses() {
    let case = case("simplesamlphp/enc-both-groups3");
    let inner_only = without_own_signature(&case.xml());
    assert_eq!(all_values(&case.verify_xml(&inner_only).unwrap()), all_values(&case.verify().unwrap()));
    let changed = with_cipher_value(&case.xml(), 1, |mut bytes| {
        bytes[40] ^= 1;
        bytes
    });
    assert_eq!(case.verify_xml(&changed).unwrap_err().code(), "dsig.digest_mismatch");
}

#[test]
fn without_a_key_an_encrypted_assertion_says_what_is_missing() {
    let mut case = case("simplesamlphp/enc-both-groups3");
    case.provider.decryption_keys = [].into();
    let error = case.verify().unwrap_err();
    assert_eq!(error.code(), "xmlenc.no_key");
    assert_eq!(
        error.to_string(),
        "EncryptedAssertion: the message is encrypted, and no decryption key is configured"
    );
    assert!(error.hint().unwrap().contains("decryption_key="));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The oracle that there must not be: whichever bit of what is encrypted is changed, the answer is one.
    #[test]
    fn a_changed_ciphertext_gives_one_answer(which in 0..2_usize, position in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (case, expected) = &*SAMPLE;
        let changed = with_cipher_value(&without_own_signature(&case.xml()), which, |mut bytes| {
            let position = position.index(bytes.len());
            bytes[position] ^= 1 << bit;
            bytes
        });
        match case.verify_xml(&changed) {
            // A bit of the padding, whose value is nobody's: the assertion is what it was.
            Ok(assertion) => prop_assert_eq!(&all_values(&assertion), expected),
            Err(error) => prop_assert_eq!(error.to_string(), "EncryptedAssertion: the encrypted element could not be decrypted and verified"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_changed_encrypted_key_never_opens_and_never_says_why(position in 0..256_usize, bit in 0..8_u8) {
        let changed = with_cipher_value(&xml(RESPONSE), 0, |mut bytes| {
            bytes[position] ^= 1 << bit;
            bytes
        });
        match decrypt(&changed, &[key(KEY)]) {
            Ok(plaintext) => prop_assert!(Document::parse(&plaintext, &Limits::DEFAULT).is_err()),
            Err(error) => prop_assert_eq!(error, DecryptError::Failed),
        }
    }

    #[test]
    fn a_truncated_ciphertext_never_opens_and_never_says_why(which in 0..2_usize, keep in any::<prop::sample::Index>()) {
        let changed = with_cipher_value(&xml(RESPONSE), which, |mut bytes| {
            bytes.truncate(keep.index(bytes.len()));
            bytes
        });
        match decrypt(&changed, &[key(KEY)]) {
            Ok(plaintext) => prop_assert!(Document::parse(&plaintext, &Limits::DEFAULT).is_err()),
            Err(error) => prop_assert_eq!(error, DecryptError::Failed),
        }
    }
}
