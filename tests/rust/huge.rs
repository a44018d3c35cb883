//! Bounded work: what is too large, too deep or too many is refused with its code, before any cryptography. `tests/work` counts
//! what such shapes cost.

use memberof::limits::Limits;
use memberof::saml::{Exchange, IdentityProvider, ServiceProvider};
use memberof::time::UtcTime;
use std::fmt::Write as _;

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

fn refusal(xml: &str) -> &'static str {
    let provider = ServiceProvider {
        entity_id: "https://sp.example".to_owned(),
        acs_urls: vec!["https://sp.example/acs".to_owned()],
        identity_provider: IdentityProvider {
            entity_id: "https://idp.example".to_owned(),
            signing_keys: Vec::new(),
        },
        decryption_keys: [].into(),
        clock_skew_seconds: 60,
        allow_unsolicited: false,
        limits: Limits::DEFAULT,
    };
    let now = UtcTime::parse("2026-11-24T12:00:00Z").unwrap();
    let exchange = Exchange { now, request_ids: &["_r"], unsolicited: false };
    provider.verify_xml(xml.as_bytes(), &exchange).unwrap_err().code()
}

fn response(inside: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"{PROTOCOL}\"><samlp:Extensions>{inside}</samlp:Extensions></samlp:Response>"
    )
}

fn many(count: usize, piece: impl Fn(&mut String, usize) -> std::fmt::Result) -> String {
    let mut out = String::new();
    for number in 0..count {
        piece(&mut out, number).unwrap();
    }
    out
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    assert_eq!(refusal(&response(&"x".repeat(100_000_000))), "xml.too_large");
}

#[test]
fn ten_thousand_elements_inside_each_other_are_too_deep() {
    let nested = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert_eq!(refusal(&response(&nested)), "xml.too_deep");
}

#[test]
fn a_hundred_thousand_attributes_are_too_many() {
    let attributes = many(100_000, |out, number| write!(out, " a{number:x}=\"\""));
    assert_eq!(refusal(&response(&format!("<x{attributes}/>"))), "xml.too_many_attributes");
}

#[test]
fn a_hundred_thousand_elements_are_too_many() {
    assert_eq!(refusal(&response(&"<a/>".repeat(100_000))), "xml.too_many_elements");
}

#[test]
fn a_hundred_namespaces_are_too_many() {
    let declared = many(100, |out, number| write!(out, " xmlns:n{number}=\"urn:{number}\""));
    assert_eq!(refusal(&response(&format!("<x{declared}/>"))), "xml.too_many_namespaces");
}

#[test]
fn a_name_of_two_thousand_letters_is_too_long() {
    assert_eq!(refusal(&response(&format!("<{}/>", "x".repeat(2_000)))), "xml.name_too_long");
}

#[test]
fn a_thousand_references_are_counted_and_not_followed() {
    let reference = "<ds:Reference URI=\"#_a\"><ds:Transforms/><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>";
    let signature = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>{}</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>",
        reference.repeat(1_000)
    );
    let xml = format!(
        "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" ID=\"_r\"><samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status><saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\">{signature}</saml:Assertion></samlp:Response>"
    );
    assert_eq!(refusal(&xml), "dsig.reference_count");
}

#[test]
fn a_signed_info_that_grows_a_hundredfold_is_not_written_out() {
    // Canonicalised before any signature is checked: each child would say the whole namespace name again.
    let signature = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:p=\"urn:{}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>{}</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>",
        "x".repeat(1_000),
        "<p:x/>".repeat(40_000)
    );
    let xml = format!(
        "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" ID=\"_r\">{signature}<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status><saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\"></saml:Assertion></samlp:Response>"
    );
    assert_eq!(refusal(&xml), "xml.canonical_too_large");
}

#[test]
fn thirty_thousand_ids_are_compared() {
    let elements = many(30_000, |out, number| write!(out, "<a ID=\"i{number}\"/>"));
    assert_eq!(refusal(&response(&elements)), "saml.unexpected_content");
}
