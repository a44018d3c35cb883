//! The Responses of `tests/vectors/NNN-name`, signed by xmlsec1 and by libxml2 with OpenSSL, never by us: each is accepted
//! with exactly the values that its `case.toml` says, or refused with exactly its code. `scripts/vectors` writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memberof::dsig::{Certificate, KeyError, SignatureError, TrustedKey};
use memberof::limits::Limits;
use memberof::saml::{Exchange, IdentityProvider, ServiceProvider, VerifiedAssertion};
use memberof::time::UtcTime;
use memberof::xmlenc::DecryptionKey;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn folders() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.toml").exists())
        .collect();
    found.sort();
    found
}

struct Case {
    name: String,
    table: Table,
    form: Vec<u8>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let form = fs::read(folder.join("response.b64"))
            .unwrap_or_else(|_| STANDARD.encode(fs::read(folder.join("response.xml")).unwrap()).into_bytes());
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            table: fs::read_to_string(folder.join("case.toml")).unwrap().parse().unwrap(),
            form,
        }
    }

    fn text(&self, table: &str, name: &str) -> String {
        self.table[table][name].as_str().unwrap().to_owned()
    }

    fn list(&self, table: &str, name: &str) -> Vec<String> {
        let list = self.table[table].get(name).and_then(|value| value.as_array());
        list.into_iter().flatten().map(|value| value.as_str().unwrap().to_owned()).collect()
    }

    fn code(&self) -> Option<&str> {
        self.table["expect"].get("code").map(|code| code.as_str().unwrap())
    }

    /// The provider, or why a key is not trusted.
    fn provider(&self) -> Result<ServiceProvider, KeyError> {
        let file = |name: &str, ending: &str| {
            fs::read_to_string(folder().join(format!("keys/{name}.{ending}"))).unwrap()
        };
        let mut signing_keys = Vec::new();
        for name in self.list("identity_provider", "keys") {
            for certificate in Certificate::all_from_pem(&file(&name, "crt")).unwrap() {
                signing_keys.push(TrustedKey::from_certificate(&certificate)?);
            }
        }
        let keys = self.list("service_provider", "decryption_keys");
        let unsolicited = self.table["service_provider"].get("allow_unsolicited");
        Ok(ServiceProvider {
            entity_id: self.text("service_provider", "entity_id"),
            acs_urls: self.list("service_provider", "acs_url"),
            identity_provider: IdentityProvider {
                entity_id: self.text("identity_provider", "entity_id"),
                signing_keys,
            },
            decryption_keys: keys
                .iter()
                .map(|name| DecryptionKey::from_pem(&file(name, "key")).unwrap())
                .collect(),
            clock_skew_seconds: 60,
            allow_unsolicited: unsolicited.is_some_and(|allowed| allowed.as_bool().unwrap()),
            limits: Limits::DEFAULT,
        })
    }

    fn verify(&self) -> Result<VerifiedAssertion, &'static str> {
        let provider = self.provider().map_err(|error| error.code())?;
        let request_id = self.table.get("request_id").map(|id| id.as_str().unwrap());
        let request_ids: Vec<&str> = request_id.into_iter().collect();
        let now = UtcTime::parse(self.table["now"].as_str().unwrap()).unwrap();
        let exchange = Exchange { now, request_ids: &request_ids, unsolicited: request_ids.is_empty() };
        provider.verify(&self.form, &exchange).map_err(|error| error.code())
    }

    /// The attributes that are expected, None for `xsi:nil`, which TOML writes as an empty table.
    fn attributes(&self) -> BTreeMap<String, Vec<Option<String>>> {
        let list = self.table["expect"].get("attribute").and_then(|list| list.as_array());
        let values = |attribute: &toml::Value| {
            let values = attribute["values"].as_array().unwrap();
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
        };
        list.into_iter()
            .flatten()
            .map(|attribute| (attribute["name"].as_str().unwrap().to_owned(), values(attribute)))
            .collect()
    }
}

#[test]
fn every_vector_is_accepted_with_its_values_or_refused_with_its_code() {
    let mut faults = Vec::new();
    let folders = folders();
    assert!(folders.len() >= 480, "{} vectors", folders.len());
    for folder in folders {
        let case = Case::read(&folder);
        match (case.verify(), case.code()) {
            (Err(found), Some(expected)) if found == expected => {}
            (Err(found), expected) => faults.push(format!("{}: {found}, expected {expected:?}", case.name)),
            (Ok(_), Some(expected)) => faults.push(format!("{}: accepted, expected {expected}", case.name)),
            (Ok(assertion), None) => {
                let name_id = case.table["expect"].get("name_id").map(|name| name.as_str().unwrap());
                let found: BTreeMap<String, Vec<Option<String>>> = assertion
                    .attributes()
                    .map(|attribute| {
                        let values = attribute.values().map(|value| value.map(std::borrow::Cow::into_owned));
                        (attribute.name().to_owned(), values.collect())
                    })
                    .collect();
                if assertion.name_id().map(|name| name.value.as_str()) != name_id
                    || found != case.attributes()
                {
                    faults.push(format!("{}: other values: {found:?}", case.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Codes of the enums of `src/xml`, `src/dsig`, `src/xmlenc` and `src/saml/error.rs`, read from the source.
fn codes_in(file: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let mut found = Vec::new();
    for piece in text.split("=> \"").skip(1) {
        let code = piece.split('"').next().unwrap();
        if code.contains('.') && !code.contains(' ') {
            found.push(code.to_owned());
        }
    }
    found
}

/// Codes without a vector, and where they are tested.
const TESTED_ELSEWHERE: [(&str, &str); 11] = [
    ("xml.canonical_too_large", "tests/rust/xml.rs"),
    ("xml.too_large", "tests/rust/huge.rs"),
    ("xml.too_deep", "tests/rust/huge.rs"),
    ("xml.too_many_elements", "tests/rust/huge.rs"),
    ("xml.too_many_attributes", "tests/rust/huge.rs"),
    ("xml.too_many_namespaces", "tests/rust/huge.rs"),
    ("xml.name_too_long", "tests/rust/huge.rs"),
    ("xml.unknown_id", "tests/rust/xml.rs"),
    ("xml.inherited_base", "tests/rust/xml.rs"),
    ("xmlenc.too_many_keys", "tests/rust/xmlenc.rs"),
    ("dsig.key_malformed", "src/dsig/key.rs"),
];

#[test]
fn every_code_of_the_verifier_has_a_vector_or_a_named_test() {
    let mut covered: BTreeSet<String> =
        folders().iter().filter_map(|folder| Case::read(folder).code().map(str::to_owned)).collect();
    for (code, file) in TESTED_ELSEWHERE {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(
            text.contains(&format!("\"{code}\"")) || text.contains(variant_of(code)),
            "{file} doesn't name {code}"
        );
        assert!(covered.insert(code.to_owned()), "{code} has a vector: take it out of the list");
    }
    let files = ["src/xml/error.rs", "src/dsig/error.rs", "src/xmlenc/error.rs", "src/saml/error.rs"];
    let codes: Vec<String> = files.iter().flat_map(|file| codes_in(file)).collect();
    assert!(codes.len() > 60 && codes.contains(&SignatureError::Digest.code().to_owned()));
    let missing: Vec<&String> = codes.iter().filter(|code| !covered.contains(*code)).collect();
    assert!(missing.is_empty(), "no test of {missing:?}");
}

/// Tests beside the code may name the variant.
fn variant_of(code: &str) -> &'static str {
    match code {
        "xml.inherited_base" => "InheritedBase",
        "xml.unknown_id" => "UnknownId",
        "xmlenc.too_many_keys" => "TooManyKeys",
        "dsig.key_malformed" => "KeyError::Malformed",
        _ => "\0",
    }
}
