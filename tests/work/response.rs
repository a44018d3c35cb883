//! A signed Response of any size, as AD FS writes one: distinguished names as groups.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memberof::dsig::{Certificate, SigningKey, TrustedKey, sign_enveloped};
use memberof::limits::Limits;
use memberof::saml::{Exchange, IdentityProvider, ServiceProvider, VerifiedAssertion};
use memberof::time::UtcTime;

const KEY: &str = include_str!("../vectors/keys/idp.key");
const CERTIFICATE: &str = include_str!("../vectors/keys/idp.crt");
const BEFORE: &str = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r\" InResponseTo=\"_request\" \
    IssueInstant=\"2026-11-24T12:00:00Z\" Version=\"2.0\"><samlp:Status><samlp:StatusCode \
    Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
const HEAD: &str = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\" \
    IssueInstant=\"2026-11-24T12:00:00Z\" Version=\"2.0\"><saml:Issuer>https://idp.example</saml:Issuer>";
const BODY: &str = "<saml:Subject><saml:NameID>alice</saml:NameID><saml:SubjectConfirmation \
    Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData InResponseTo=\"_request\" \
    NotOnOrAfter=\"2026-11-24T12:05:00Z\" Recipient=\"https://sp.example/acs\"></saml:SubjectConfirmationData>\
    </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"2026-11-24T11:59:00Z\" \
    NotOnOrAfter=\"2026-11-24T12:05:00Z\"><saml:AudienceRestriction><saml:Audience>https://sp.example</saml:Audience>\
    </saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"2026-11-24T12:00:00Z\">\
    </saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name=\"memberOf\">";
const TAIL: &str = "</saml:Attribute></saml:AttributeStatement></saml:Assertion>";

/// The document and the form value it is posted as.
pub fn form(groups: usize) -> (String, Vec<u8>) {
    let values: String = (0..groups).map(value).collect();
    let assertion = [HEAD, BODY, &values, TAIL].concat();
    let key = SigningKey::from_pem(KEY).unwrap();
    let signed = sign_enveloped(&assertion, HEAD.len(), "_a", &key, Some(&certificate())).unwrap();
    let xml = [BEFORE, &signed, "</samlp:Response>"].concat();
    let form = STANDARD.encode(&xml).into_bytes();
    (xml, form)
}

/// Every fifth name has an ampersand.
fn value(number: usize) -> String {
    let joint = if number.is_multiple_of(5) { "&amp;" } else { "und" };
    format!(
        "<saml:AttributeValue>CN=App-Müller {joint} Partner {number:04},OU=Anwendungen,OU=Gruppen,DC=corp,DC=example</saml:AttributeValue>"
    )
}

fn certificate() -> Certificate {
    Certificate::all_from_pem(CERTIFICATE).unwrap().remove(0)
}

pub fn provider() -> ServiceProvider {
    ServiceProvider {
        entity_id: "https://sp.example".to_owned(),
        acs_urls: vec!["https://sp.example/acs".to_owned()],
        identity_provider: IdentityProvider {
            entity_id: "https://idp.example".to_owned(),
            signing_keys: vec![TrustedKey::from_certificate(&certificate()).unwrap()],
        },
        decryption_keys: [].into(),
        clock_skew_seconds: 60,
        allow_unsolicited: false,
        limits: Limits::DEFAULT,
    }
}

pub fn verified(provider: &ServiceProvider, form: &[u8]) -> VerifiedAssertion {
    let now = UtcTime::parse("2026-11-24T12:00:01Z").unwrap();
    let exchange = Exchange { now, request_ids: &["_request"], unsolicited: false };
    provider.verify(form, &exchange).unwrap()
}
