//! The unverified look: it sees what is there, and nothing that is read for a sign-in comes from it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memberof::limits::Limits;
use memberof::saml::Glimpse;
use memberof::time::UtcTime;
use memberof::xml::XmlError;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/idp").join(name);
    let text: String = fs::read_to_string(path).unwrap().split_whitespace().collect();
    STANDARD.decode(text).unwrap()
}

#[test]
fn a_captured_response_is_seen_with_all_that_surrounds_its_attributes() {
    let seen = Glimpse::of(&sample("simplesamlphp/both-dn3.b64"), &Limits::DEFAULT).unwrap();
    assert_eq!((seen.name.as_str(), seen.assertions), ("Response", 1));
    assert_eq!(seen.issuer.as_deref(), Some("https://idp-ssp.example.test/idp"));
    assert_eq!(seen.issue_instant, UtcTime::parse("2026-11-24T00:18:39Z"));
    assert_eq!(seen.not_before, UtcTime::parse("2026-11-24T00:18:09Z"));
    assert_eq!(seen.session_not_on_or_after, UtcTime::parse("2026-11-24T08:18:39Z"));
    assert_eq!(seen.status.as_deref(), Some("Success"));
    assert_eq!(seen.audiences, ["https://sp.example.test/metadata"]);
    assert_eq!(seen.recipients, ["http://127.0.0.1:9/acs"]);
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256".to_owned();
    assert_eq!(seen.signatures, [("Response".to_owned(), rsa.clone()), ("Assertion".to_owned(), rsa)]);
    assert_eq!((seen.protocol_prefix.as_str(), seen.assertion_prefix.as_str()), ("samlp", "saml"));
    assert_eq!(seen.types_declared_on.as_deref(), Some("Assertion"));
    assert!(seen.has_name_id && !seen.attributes_first);
    let names: Vec<&str> = seen.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["uid", "mail", "displayName", "memberOf"]);
    let groups = &seen.attributes[3];
    assert_eq!((groups.elements, groups.values.len()), (1, 3));
    assert_eq!(groups.types, ["xs:string"]);
    assert_eq!(groups.values[0].as_deref(), Some("CN=Group1,CN=Users,DC=corp,DC=example"));
}

#[test]
fn an_encrypted_assertion_stays_closed() {
    let seen = Glimpse::of(&sample("simplesamlphp/enc-both-groups3.b64"), &Limits::DEFAULT).unwrap();
    let algorithm = "http://www.w3.org/2001/04/xmlenc#aes128-cbc".to_owned();
    assert_eq!(seen.encrypted, [("EncryptedAssertion".to_owned(), algorithm)]);
    assert!(seen.attributes.is_empty() && !seen.has_name_id);
}

#[test]
fn attributes_of_one_name_are_one_and_types_are_bounded() {
    let value = |n: usize| format!("<AttributeValue xsi:type='t{n}'>{n}</AttributeValue>");
    let values = (0..20).map(value).collect::<Vec<_>>().concat();
    let xml = format!(
        "<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion' \
         xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><AttributeStatement>\
         <Attribute Name='a'>{values}</Attribute><Attribute Name='b'/>\
         <Attribute Name='a' FriendlyName='A'><AttributeValue xsi:nil='true'/></Attribute>\
         </AttributeStatement></Assertion>"
    );
    let seen = Glimpse::of(xml.as_bytes(), &Limits::DEFAULT).unwrap();
    let [a, b] = &seen.attributes[..] else { panic!("{} attributes", seen.attributes.len()) };
    assert_eq!((a.elements, a.values.len(), a.types.len()), (2, 21, 8));
    assert_eq!((a.friendly_name.as_deref(), a.values[20].as_ref()), (Some("A"), None));
    assert_eq!((b.name.as_str(), b.values.len()), ("b", 0));
}

#[test]
fn the_limits_hold_before_anything_is_looked_at() {
    let fault = |xml: &[u8], limits| Glimpse::of(xml, &limits).unwrap_err();
    let doctype = b"<!DOCTYPE Response><Response/>";
    assert!(matches!(fault(doctype, Limits::DEFAULT), XmlError::Doctype { .. }));
    let small = Limits { max_bytes: 10, ..Limits::DEFAULT };
    assert!(matches!(fault(b"<Response></Response>", small), XmlError::TooLarge { .. }));
}

#[test]
fn debug_prints_no_content() {
    let seen = Glimpse::of(&sample("simplesamlphp/both-dn3.b64"), &Limits::DEFAULT).unwrap();
    assert_eq!(format!("{seen:?}"), "Glimpse(Response, 4 attributes)");
    assert_eq!(format!("{:?}", seen.attributes[3]), "GlimpsedAttribute(\"memberOf\", 3 values)");
}

proptest! {
    #[test]
    fn a_damaged_response_is_seen_or_refused(at in 0_usize..7_000, cut in 0_usize..60, new in prop::collection::vec(any::<u8>(), 0..8)) {
        let mut xml = sample("simplesamlphp/both-dn3.b64");
        let at = at.min(xml.len());
        let end = at.saturating_add(cut).min(xml.len());
        xml.splice(at..end, new);
        let _ = Glimpse::of(&xml, &Limits::DEFAULT);
    }
}
