//! The captured Responses of `tests/vectors/idp`, and the service provider that each was sent to.

use memberof::dsig::{Certificate, TrustedKey};
use memberof::limits::Limits;
use memberof::saml::{Exchange, IdentityProvider, ResponseError, ServiceProvider, VerifiedAssertion};
use memberof::time::UtcTime;
use memberof::xmlenc::DecryptionKey;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/idp")
}

static CASES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_slice(&fs::read(folder().join("cases.json")).unwrap()).unwrap());

/// One captured Response, and what is known of it.
#[derive(Clone)]
pub struct Case {
    pub facts: &'static Value,
    pub form: Vec<u8>,
    pub provider: ServiceProvider,
}

pub fn cases() -> Vec<Case> {
    CASES["cases"].as_array().unwrap().iter().map(Case::new).collect()
}

pub fn case(id: &str) -> Case {
    cases().into_iter().find(|case| case.id() == id).unwrap()
}

fn decryption_key(file: &str) -> DecryptionKey {
    DecryptionKey::from_pkcs8(&fs::read(folder().join(file)).unwrap()).unwrap()
}

impl std::fmt::Debug for Case {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.id())
    }
}

impl Case {
    fn new(facts: &'static Value) -> Self {
        let text = |key: &str| facts[key].as_str().unwrap();
        let pem = fs::read_to_string(folder().join(text("idp_cert"))).unwrap();
        let signing_keys = Certificate::all_from_pem(&pem)
            .unwrap()
            .iter()
            .map(|certificate| TrustedKey::from_certificate(certificate).unwrap())
            .collect();
        let provider = ServiceProvider {
            entity_id: CASES["sp_entity_id"].as_str().unwrap().to_owned(),
            acs_urls: vec![CASES["acs_url"].as_str().unwrap().to_owned()],
            identity_provider: IdentityProvider { entity_id: text("idp_entity_id").to_owned(), signing_keys },
            clock_skew_seconds: 60,
            allow_unsolicited: facts["request_id"].is_null(),
            decryption_keys: facts["sp_key"].as_str().map(decryption_key).into_iter().collect(),
            limits: Limits::DEFAULT,
        };
        Self { facts, form: fs::read(folder().join(text("file"))).unwrap(), provider }
    }

    pub fn id(&self) -> &'static str {
        self.facts["id"].as_str().unwrap()
    }

    pub fn is(&self, key: &str, value: &str) -> bool {
        self.facts[key] == value
    }

    pub fn is_encrypted(&self) -> bool {
        self.facts["encrypted"] == true
    }

    pub fn now(&self) -> UtcTime {
        UtcTime::parse(self.facts["issue_instant"].as_str().unwrap()).unwrap().plus_seconds(1)
    }

    pub fn request_ids(&self) -> Vec<&'static str> {
        self.facts["request_id"].as_str().into_iter().collect()
    }

    pub fn xml(&self) -> String {
        String::from_utf8(memberof::xml::decode_base64(&self.form).unwrap()).unwrap()
    }

    pub fn verify(&self) -> Result<VerifiedAssertion, ResponseError> {
        let ids = self.request_ids();
        self.provider.verify(&self.form, &self.exchange(&ids))
    }

    pub fn verify_xml(&self, xml: &str) -> Result<VerifiedAssertion, ResponseError> {
        let ids = self.request_ids();
        self.provider.verify_xml(xml.as_bytes(), &self.exchange(&ids))
    }

    pub fn exchange<'a>(&self, ids: &'a [&'a str]) -> Exchange<'a> {
        Exchange { now: self.now(), request_ids: ids, unsolicited: ids.is_empty() }
    }

    /// The values of the group attribute as they must be on the wire; None if it must be absent.
    pub fn wire_values(&self) -> Option<Vec<String>> {
        let seen = &self.facts["wire_values_seen"];
        let values = if seen.is_null() { &self.facts["configured_values"] } else { seen };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        values.as_array().map(|values| values.iter().map(text).collect())
    }
}

/// The values of one attribute, nil as the empty text; None if it is absent.
pub fn values(assertion: &VerifiedAssertion, name: &str) -> Option<Vec<String>> {
    let attribute = assertion.attributes().find(|attribute| attribute.name() == name)?;
    Some(attribute.values().map(|value| value.unwrap_or_default().into_owned()).collect())
}

/// Everything that can be read of the attributes.
pub fn all_values(assertion: &VerifiedAssertion) -> Vec<(String, Vec<Option<String>>)> {
    let read = |value: Option<std::borrow::Cow<'_, str>>| value.map(std::borrow::Cow::into_owned);
    assertion
        .attributes()
        .map(|attribute| (attribute.name().to_owned(), attribute.values().map(read).collect()))
        .collect()
}
