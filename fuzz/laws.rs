//! What must hold for any input: the bodies of the fuzz targets, which `tests/rust/fuzz_corpus.rs` runs on stable too.

use arrow_array::cast::AsArray;
use arrow_array::{Array, StringArray};
use memberof::claim::{DistinguishedName, common_names, first_common_name, split_list};
use memberof::dsig::{Certificate, TrustedKey};
use memberof::limits::Limits;
use memberof::saml::{Exchange, IdentityProvider, IdentityProviderMetadata, ServiceProvider};
use memberof::time::UtcTime;
use memberof::xml::{Canonicalization, Document, Method, canonicalize, decode_base64};
use memberof::xmlenc::DecryptionKey;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A law, by the name of its target.
pub type Law = fn(&[u8]);

/// All of them.
pub const LAWS: [(&str, Law); 9] = [
    ("xml", xml),
    ("c14n", c14n),
    ("response", response),
    ("metadata", metadata),
    ("decrypt", decrypt),
    ("dn", dn),
    ("list", list),
    ("base64", base64),
    ("time", time),
];

/// Parsing ends, and what was parsed has its values.
pub fn xml(data: &[u8]) {
    if let Ok(document) = Document::parse(data, &Limits::DEFAULT) {
        for element in document.root().descendants() {
            let _ = (element.text(), element.namespace(), element.has_element_content());
            for attribute in element.attributes() {
                let _ = attribute.value();
            }
        }
    }
}

/// The canonical form of a canonical form is itself, and it is well-formed.
pub fn c14n(data: &[u8]) {
    for method in [Method::Exclusive, Method::Inclusive10, Method::Inclusive11] {
        for with_comments in [false, true] {
            let how = Canonicalization {
                method,
                with_comments,
                inclusive_prefixes: vec![String::new(), "a".to_owned()],
            };
            if let Ok(once) = canonicalize(data, None, &how, &Limits::DEFAULT) {
                // Escapes make it longer than what may come in.
                let wide = Limits { max_bytes: usize::MAX, ..Limits::DEFAULT };
                let twice = canonicalize(&once, None, &how, &wide);
                assert_eq!(twice.as_deref(), Ok(&once[..]), "canonical form is not stable");
            }
        }
    }
}

const CERTIFICATE: &str = include_str!("../tests/vectors/keys/idp.crt");
const DECRYPTION_KEY: &str = include_str!("../tests/vectors/keys/sp.key");

static PROVIDER: LazyLock<ServiceProvider> = LazyLock::new(|| {
    let certificates = Certificate::all_from_pem(CERTIFICATE).expect("a certificate");
    ServiceProvider {
        entity_id: "https://sp.example/metadata".to_owned(),
        acs_urls: vec!["https://sp.example/acs".to_owned()],
        identity_provider: IdentityProvider {
            entity_id: "https://idp.example/metadata".to_owned(),
            signing_keys: vec![TrustedKey::from_certificate(&certificates[0]).expect("a key")],
        },
        decryption_keys: [DecryptionKey::from_pem(DECRYPTION_KEY).expect("a key")].into(),
        clock_skew_seconds: 60,
        allow_unsolicited: false,
        limits: Limits::DEFAULT,
    }
});

/// What is accepted names the people and groups that were signed, whatever an attacker makes of the message.
pub fn response(data: &[u8]) {
    let now = UtcTime::parse("2026-11-24T12:00:00Z").expect("a time");
    let exchange = Exchange { now, request_ids: &["_request-6f1d"], unsolicited: false };
    let _ = PROVIDER.verify(data, &exchange);
    if let Ok(assertion) = PROVIDER.verify_xml(data, &exchange) {
        let name = assertion.name_id().map(|name| name.value.clone());
        assert!(
            name.is_none_or(|name| !name.contains("admin") || name.contains("attacker.example")),
            "a forged name"
        );
        for value in assertion.attributes().flat_map(|attribute| attribute.values().collect::<Vec<_>>()) {
            assert!(value.is_none_or(|value| !value.contains("Domain Admins")), "a forged group");
        }
    }
}

/// Metadata is read or refused.
pub fn metadata(data: &[u8]) {
    let now = UtcTime::parse("2026-11-24T12:00:00Z").expect("a time");
    let _ = IdentityProviderMetadata::read(data, None, now, &Limits::METADATA);
}

/// A ciphertext of our own choice inside a good envelope is refused with the one code.
pub fn decrypt(data: &[u8]) {
    const ENCRYPTED: &str = include_str!("../tests/vectors/603-aes128-cbc/response.xml");
    let now = UtcTime::parse("2026-11-24T12:00:00Z").expect("a time");
    let exchange = Exchange { now, request_ids: &["_request-6f1d"], unsolicited: false };
    let (head, value) = ENCRYPTED.rsplit_once("<xenc:CipherValue>").expect("a value");
    let (_, tail) = value.split_once("</").expect("an end");
    let mut letters: String = data.iter().map(|byte| char::from(b'A' + byte % 26)).collect();
    letters.push_str(&"A".repeat((4 - data.len() % 4) % 4));
    let code = PROVIDER
        .verify_xml(format!("{head}<xenc:CipherValue>{letters}</{tail}").as_bytes(), &exchange)
        .unwrap_err()
        .code();
    assert!(code == "xmlenc.failed" || data.len() > 100_000, "{code}");
}

/// A name that is read is written so that it reads the same, and the fast ways to its first CN agree.
pub fn dn(data: &[u8]) {
    let column = StringArray::from_iter_values([data; 2].map(String::from_utf8_lossy));
    let read = common_names(&column).expect("a column of texts");
    let (names, errors) = (read.values.as_string::<i32>(), read.errors.as_string::<i32>());
    let text = column.value(0);
    let (name, error) = match DistinguishedName::parse(text) {
        Ok(dn) => {
            let again = DistinguishedName::parse(&dn.to_string()).expect("what was written");
            assert_eq!(again.rdns(), dn.rdns(), "it reads otherwise when written");
            let name = dn.common_name().map(str::to_owned);
            let error = name.is_none().then_some("claim.no_common_name");
            assert_eq!(first_common_name(text).map(|name| name.map(Cow::into_owned)), Ok(name.clone()));
            (name, error)
        }
        Err(error) => {
            assert_eq!(first_common_name(text), Err(error));
            (None, Some(error.code()))
        }
    };
    // Twice, since the second row may be read by what was kept of the first.
    for row in 0..2 {
        assert_eq!(names.is_valid(row).then(|| names.value(row)), name.as_deref());
        assert_eq!(errors.is_valid(row).then(|| errors.value(row)), error);
    }
}

/// Splitting ends; items are neither empty nor repeated.
pub fn list(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for delimiter in [",", ";", "\n", "|"] {
        if let Ok(items) = split_list(text, delimiter) {
            for (index, item) in items.iter().enumerate() {
                assert!(!item.is_empty() && !items[..index].contains(item), "{item:?}");
            }
        }
    }
}

/// What is decoded has exactly one encoding, white space apart.
pub fn base64(data: &[u8]) {
    if let Some(bytes) = decode_base64(data) {
        let plain: Vec<u8> =
            data.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).collect();
        assert_eq!(plain.len(), bytes.len().div_ceil(3) * 4);
    }
}

/// An instant is read or refused.
pub fn time(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = UtcTime::parse(text).map(|instant| instant.plus_seconds(60));
}
