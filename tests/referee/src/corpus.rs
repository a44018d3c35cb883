//! The signed Responses that judging starts from: tests/vectors and the captured ones in tests/vectors/idp.

use crate::ours::Setting;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One Response with all that is needed to judge it.
pub struct Sample {
    pub name: String,
    /// The form value.
    pub form: Vec<u8>,
    /// What it decodes to, if that is text.
    pub xml: Option<String>,
    pub setting: Setting,
    /// Certificates in PEM, by name.
    pub certificates: Vec<(String, Vec<u8>)>,
    /// Decryption keys in PEM or DER.
    pub decryption_keys: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
struct CaseFile {
    now: String,
    request_id: Option<String>,
    service_provider: ServiceProviderTable,
    identity_provider: IdentityProviderTable,
}

#[derive(Deserialize)]
struct ServiceProviderTable {
    entity_id: String,
    acs_url: Vec<String>,
    #[serde(default)]
    allow_unsolicited: bool,
    #[serde(default)]
    decryption_keys: Vec<String>,
}

#[derive(Deserialize)]
struct IdentityProviderTable {
    entity_id: String,
    keys: Vec<String>,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors() -> PathBuf {
    root().join("tests/vectors")
}

/// All vectors, then all captured Responses.
pub fn samples() -> Vec<Sample> {
    let mut found = numbered();
    found.extend(captured());
    found
}

fn numbered() -> Vec<Sample> {
    let mut folders: Vec<PathBuf> = fs::read_dir(vectors())
        .expect("tests/vectors")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("case.toml").exists())
        .collect();
    folders.sort();
    folders.iter().map(|folder| from_folder(folder)).collect()
}

fn from_folder(folder: &Path) -> Sample {
    let text = fs::read_to_string(folder.join("case.toml")).expect("case.toml");
    let case: CaseFile =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let form = fs::read(folder.join("response.b64")).unwrap_or_else(|_| {
        STANDARD.encode(fs::read(folder.join("response.xml")).expect("response.xml")).into_bytes()
    });
    let key_file = |name: &String, ending: &str| {
        fs::read(vectors().join(format!("keys/{name}.{ending}"))).expect("a key")
    };
    Sample {
        name: folder.file_name().expect("a name").to_string_lossy().into_owned(),
        xml: text_of(&form),
        form,
        setting: Setting {
            now: case.now,
            request_ids: case.request_id.into_iter().collect(),
            entity_id: case.service_provider.entity_id,
            acs_urls: case.service_provider.acs_url,
            allow_unsolicited: case.service_provider.allow_unsolicited,
            idp_entity_id: case.identity_provider.entity_id,
        },
        certificates: case
            .identity_provider
            .keys
            .iter()
            .map(|name| (name.clone(), key_file(name, "crt")))
            .collect(),
        decryption_keys: case
            .service_provider
            .decryption_keys
            .iter()
            .map(|name| key_file(name, "key"))
            .collect(),
    }
}

fn text_of(form: &[u8]) -> Option<String> {
    let encoded: Vec<u8> = form.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

#[derive(Deserialize)]
struct Captured {
    sp_entity_id: String,
    acs_url: String,
    cases: Vec<BTreeMap<String, serde_json::Value>>,
}

fn captured() -> Vec<Sample> {
    let folder = vectors().join("idp");
    let text = fs::read_to_string(folder.join("cases.json")).expect("cases.json");
    let captured: Captured = serde_json::from_str(&text).expect("cases.json");
    let mut found = Vec::new();
    for case in &captured.cases {
        let field = |name: &str| case.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let file = field("file").expect("file");
        let form = fs::read(folder.join(&file)).expect("a captured Response");
        let issued = field("issue_instant").expect("issue_instant");
        let request_id = field("request_id");
        found.push(Sample {
            name: format!("idp/{file}"),
            xml: text_of(&form),
            form,
            setting: Setting {
                now: issued,
                allow_unsolicited: request_id.is_none(),
                request_ids: request_id.into_iter().collect(),
                entity_id: captured.sp_entity_id.clone(),
                acs_urls: vec![captured.acs_url.clone()],
                idp_entity_id: field("idp_entity_id").expect("idp_entity_id"),
            },
            certificates: vec![(
                field("idp_cert").expect("idp_cert"),
                fs::read(folder.join(field("idp_cert").expect("idp_cert"))).expect("a certificate"),
            )],
            decryption_keys: field("sp_key")
                .map(|key| fs::read(folder.join(key)).expect("a key"))
                .into_iter()
                .collect(),
        });
    }
    found
}
