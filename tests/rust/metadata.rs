//! Identity providers' metadata: what is read, and what is refused with which code.

use memberof::dsig::{Certificate, KeyError, TrustedKey};
use memberof::limits::Limits;
use memberof::saml::{IdentityProviderMetadata, MetadataError};
use memberof::time::UtcTime;
use proptest::prelude::*;

const SSP: &str = include_str!("../vectors/idp/simplesamlphp/idp-metadata.xml");
const ROLLOVER: &str = include_str!("../vectors/idp/simplesamlphp/idp-metadata-rollover.xml");
const DJANGO: &str = include_str!("../vectors/idp/djangosaml2idp2/idp-metadata.xml");
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

fn at(text: &str) -> UtcTime {
    UtcTime::parse(text).unwrap()
}

fn read_for(xml: &str, entity_id: Option<&str>) -> Result<IdentityProviderMetadata, MetadataError> {
    IdentityProviderMetadata::read(xml.as_bytes(), entity_id, at("2026-11-24T06:00:00Z"), &Limits::METADATA)
}

fn read(xml: &str) -> Result<IdentityProviderMetadata, MetadataError> {
    read_for(xml, None)
}

fn code(xml: &str) -> &'static str {
    read(xml).unwrap_err().code()
}

/// The text of the root element, without the XML declaration: to put it in a list.
fn element(xml: &str) -> &str {
    xml.trim_start().strip_prefix("<?xml version=\"1.0\"?>").unwrap_or(xml)
}

fn list(attributes: &str, entities: &[&str]) -> String {
    let inside: String = entities.iter().map(|entity| element(entity)).collect();
    format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" {attributes}>{inside}</md:EntitiesDescriptor>"
    )
}

#[test]
fn metadata_of_two_products_give_entity_id_locations_and_certificates() {
    let ssp = read(SSP).unwrap();
    assert_eq!(ssp.entity_id, "https://idp-ssp.example.test/idp");
    assert_eq!(ssp.signing_certificates.len(), 1);
    assert!(ssp.location(REDIRECT).unwrap().starts_with("http"));
    assert_eq!((ssp.valid_until, ssp.cache_seconds), (None, None));

    let django = read(DJANGO).unwrap();
    assert_eq!(django.entity_id, "https://idp-django.example.test/idp");
    assert_eq!(django.valid_until, Some(at("2027-11-24T00:42:33Z")));
    assert!(django.location(REDIRECT).is_some());
}

#[test]
fn a_rollover_gives_all_signing_keys_in_document_order_and_no_encryption_key() {
    let rollover = read(ROLLOVER).unwrap();
    let old = read(SSP).unwrap().signing_certificates;
    assert_eq!(rollover.signing_certificates.len(), 2);
    assert_eq!(rollover.signing_certificates[1..], old);
    let only_encryption = ROLLOVER.replace("use=\"signing\"", "use=\"encryption\"");
    assert_eq!(code(&only_encryption), "metadata.no_signing_key");
    let without_use = ROLLOVER.replace("use=\"signing\"", "");
    assert_eq!(read(&without_use).unwrap().signing_certificates, rollover.signing_certificates);
    assert_eq!(code(&ROLLOVER.replace("use=\"signing\"", "use=\"Signing\"")), "metadata.malformed");
}

#[test]
fn one_of_a_list_is_chosen_by_entity_id() {
    let both = list("", &[SSP, DJANGO]);
    let django = read_for(&both, Some("https://idp-django.example.test/idp")).unwrap();
    assert_eq!(django, read(DJANGO).unwrap());
    let nested = list("", &[&list("", &[SSP]), DJANGO]);
    assert_eq!(read_for(&nested, Some("https://idp-ssp.example.test/idp")).unwrap(), read(SSP).unwrap());
    assert_eq!(read(&list("", &[SSP])).unwrap(), read(SSP).unwrap());

    assert_eq!(read(&both).unwrap_err(), MetadataError::Several { found: 2 });
    let unknown = read_for(&both, Some("https://idp-ssp.example.test/id")).unwrap_err();
    assert_eq!(unknown.code(), "metadata.unknown_entity_id");
    assert!(unknown.to_string().contains("https://idp-django.example.test/idp"), "{unknown}");
    assert_eq!(code(&list("", &[SSP, SSP])), "metadata.ambiguous_entity_id");
    assert_eq!(code(&list("", &[])), "metadata.no_identity_provider");
}

#[test]
fn a_role_is_read_only_where_the_schema_has_it() {
    let inside_extensions = list("", &[&format!("<md:Extensions>{}</md:Extensions>", element(SSP))]);
    assert_eq!(code(&inside_extensions), "metadata.no_identity_provider");
    let other_protocol =
        SSP.replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol");
    assert_eq!(code(&other_protocol), "metadata.no_identity_provider");
    let two_protocols = SSP.replace(
        "\"urn:oasis:names:tc:SAML:2.0:protocol\"",
        "\"urn:oasis:names:tc:SAML:1.1:protocol\n urn:oasis:names:tc:SAML:2.0:protocol\"",
    );
    assert_eq!(read(&two_protocols).unwrap(), read(SSP).unwrap());
}

#[test]
fn metadata_expire_with_the_earliest_valid_until_around_them() {
    assert!(read(&list("validUntil=\"2026-11-24T06:00:00.001Z\"", &[SSP])).is_ok());
    let expired = list("validUntil=\"2026-11-24T06:00:00Z\"", &[DJANGO]);
    let error = read(&expired).unwrap_err();
    assert_eq!(error.code(), "metadata.expired");
    assert_eq!(
        error.to_string(),
        "metadata is valid until 2026-11-24T06:00:00Z, and it is 2026-11-24T06:00:00Z"
    );
    let at_role =
        SSP.replace("<md:IDPSSODescriptor ", "<md:IDPSSODescriptor validUntil=\"2020-01-01T00:00:00Z\" ");
    assert_eq!(code(&at_role), "metadata.expired");
    assert_eq!(code(&list("validUntil=\"tomorrow\"", &[SSP])), "metadata.malformed");
}

#[test]
fn the_shortest_cache_duration_is_kept() {
    let at_role = SSP.replace("<md:IDPSSODescriptor ", "<md:IDPSSODescriptor cacheDuration=\"PT6H\" ");
    let read = read(&list("cacheDuration=\"P1D\"", &[&at_role])).unwrap();
    assert_eq!(read.cache_seconds, Some(21_600));
    assert_eq!(code(&list("cacheDuration=\"1 day\"", &[SSP])), "metadata.malformed");
}

#[test]
fn a_location_that_is_no_web_address_is_refused() {
    let location = read(SSP).unwrap().location(REDIRECT).unwrap().to_owned();
    for bad in [
        "javascript:alert(1)",
        "",
        "//idp.example",
        "https://idp.example/ x",
        "https://idp.example/&#xA;x",
        "ftp://idp.example/",
    ] {
        let xml = SSP.replace(&location, bad);
        assert_eq!(code(&xml), "metadata.malformed", "{bad}");
    }
}

#[test]
fn what_is_no_metadata_says_so() {
    assert_eq!(code("<html/>"), "metadata.not_metadata");
    assert_eq!(code("{}"), "metadata.xml");
    assert_eq!(code(&format!("<!DOCTYPE x>{}", element(SSP))), "metadata.xml");
    assert_eq!(
        code(
            &SSP.replace("<md:IDPSSODescriptor", "<md:SPSSODescriptor")
                .replace("</md:IDPSSODescriptor", "</md:SPSSODescriptor")
        ),
        "metadata.no_identity_provider"
    );
    let certificate = SSP.split("X509Certificate>").nth(1).unwrap();
    assert_eq!(code(&SSP.replacen(&certificate[..40], "MIID", 1)), "metadata.malformed");
}

#[test]
fn more_certificates_than_any_rollover_needs_are_refused() {
    let start = SSP.find("<md:KeyDescriptor use=\"signing\"").unwrap();
    let end = start + SSP[start..].find("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
    let descriptors = SSP.matches("<ds:X509Certificate>").count();
    let with = |times: usize| SSP.replacen(&SSP[start..end], &SSP[start..end].repeat(times), 1);
    assert_eq!(read(&with(32 - descriptors + 1)).unwrap(), read(SSP).unwrap());
    assert_eq!(code(&with(33 - descriptors + 1)), "metadata.malformed");
}

#[test]
fn authorities_in_a_chain_are_not_signing_keys() {
    let leaf = include_str!("../vectors/metadata/chain-leaf.pem");
    let root = include_str!("../vectors/metadata/chain-root.pem");
    let inside = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let certificate = SSP.split("X509Certificate>").nth(1).unwrap().trim_end_matches("</ds:");
    let two = format!("{}</ds:X509Certificate><ds:X509Certificate>{}", inside(root), inside(leaf));
    let chain = read(&SSP.replace(certificate, &two)).unwrap();
    let alone = read(&SSP.replace(certificate, &inside(leaf))).unwrap();
    assert_eq!(chain.signing_certificates, alone.signing_certificates);
}

const ENTITY_SIGNED: &str = include_str!("../vectors/metadata/entity-signed.xml");
const LIST_SIGNED: &str = include_str!("../vectors/metadata/list-signed.xml");
const LIST_ENTITY_SIGNED: &str = include_str!("../vectors/metadata/list-entity-signed.xml");
const SSP_ID: &str = "https://idp-ssp.example.test/idp";
const DJANGO_ID: &str = "https://idp-django.example.test/idp";

fn federation() -> TrustedKey {
    let pem = include_str!("../vectors/metadata/federation.crt");
    TrustedKey::from_certificate(&Certificate::all_from_pem(pem).unwrap()[0]).unwrap()
}

fn read_signed(xml: &str, entity_id: &str) -> Result<IdentityProviderMetadata, MetadataError> {
    let now = at("2026-11-24T06:00:00Z");
    IdentityProviderMetadata::read_signed(
        xml.as_bytes(),
        &[federation()],
        Some(entity_id),
        now,
        &Limits::METADATA,
    )
}

fn signed_code(xml: &str, entity_id: &str) -> &'static str {
    read_signed(xml, entity_id).unwrap_err().code()
}

#[test]
fn signed_metadata_give_what_unsigned_ones_give() {
    let ssp = read(SSP).unwrap();
    assert_eq!(read_signed(ENTITY_SIGNED, SSP_ID).unwrap(), ssp);
    assert_eq!(read_signed(LIST_SIGNED, SSP_ID).unwrap(), ssp);
    assert_eq!(read_signed(LIST_SIGNED, DJANGO_ID).unwrap(), read(DJANGO).unwrap());
    assert_eq!(read_signed(LIST_ENTITY_SIGNED, SSP_ID).unwrap(), ssp);
}

#[test]
fn unsigned_and_badly_signed_metadata_are_refused() {
    assert_eq!(signed_code(SSP, SSP_ID), "metadata.unsigned");
    assert_eq!(signed_code(LIST_ENTITY_SIGNED, DJANGO_ID), "metadata.unsigned");
    assert_eq!(
        signed_code(include_str!("../vectors/metadata/entity-signed-attacker.xml"), SSP_ID),
        "dsig.invalid"
    );
    assert_eq!(
        signed_code(include_str!("../vectors/metadata/entity-signed-sha1.xml"), SSP_ID),
        "dsig.algorithm_weak"
    );
    for signed in [ENTITY_SIGNED, LIST_SIGNED, LIST_ENTITY_SIGNED] {
        assert_eq!(
            signed_code(&signed.replacen("use=\"signing\"", "use=\"encryption\"", 1), SSP_ID),
            "dsig.digest_mismatch"
        );
        assert_eq!(
            signed_code(&signed.replacen("http://127.0.0.1", "http://127.0.0.2", 1), SSP_ID),
            "dsig.digest_mismatch"
        );
    }
    let start = ENTITY_SIGNED.find("<ds:Signature ").unwrap();
    let end = ENTITY_SIGNED.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let stripped = [&ENTITY_SIGNED[..start], &ENTITY_SIGNED[end..]].concat();
    assert_eq!(signed_code(&stripped, SSP_ID), "metadata.unsigned");
}

#[test]
fn a_signature_counts_for_the_element_that_it_stands_in_and_for_no_other() {
    let signature = {
        let start = ENTITY_SIGNED.find("<ds:Signature ").unwrap();
        let end = ENTITY_SIGNED.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        &ENTITY_SIGNED[start..end]
    };
    let evil = element(SSP).replacen("<md:EntityDescriptor ", "<md:EntityDescriptor ID=\"_evil\" ", 1);
    let (head, body) = evil.split_once('>').unwrap();
    // The genuine element hidden in Extensions of a forged one that bears its signature.
    let wrapped = format!(
        "{head}>{signature}<md:Extensions>{}</md:Extensions>{body}",
        ENTITY_SIGNED.replace(signature, "")
    );
    assert_eq!(signed_code(&wrapped, SSP_ID), "dsig.reference_uri");
    // The genuine element beside a forged one.
    assert_eq!(signed_code(&list("", &[ENTITY_SIGNED, &evil]), SSP_ID), "metadata.ambiguous_entity_id");
    let other = evil.replace(SSP_ID, "https://evil.example.test/idp");
    assert_eq!(
        signed_code(&list("", &[ENTITY_SIGNED, &other]), "https://evil.example.test/idp"),
        "metadata.unsigned"
    );
    assert_eq!(read_signed(&list("", &[ENTITY_SIGNED, &other]), SSP_ID).unwrap(), read(SSP).unwrap());
    // A forged list around a genuine one.
    let inner = LIST_SIGNED.trim();
    assert_eq!(signed_code(&list("", &[inner, &other]), DJANGO_ID), "metadata.unsigned");
}

#[test]
fn hostile_sizes_end_with_a_code() {
    let inside = |content: &str| {
        SSP.replacen(
            "<md:IDPSSODescriptor",
            &format!("<md:Extensions>{content}</md:Extensions><md:IDPSSODescriptor"),
            1,
        )
    };
    let attributes = (0..100_000).fold(String::new(), |out, number| out + &format!(" a{number}=''"));
    for (content, expected) in [
        (format!("{}{}", "<x>".repeat(10_000), "</x>".repeat(10_000)), "xml.too_deep"),
        (format!("<x{attributes}/>"), "xml.too_many_attributes"),
        ("x".repeat(Limits::METADATA.max_bytes), "xml.too_large"),
    ] {
        let error = read(&inside(&content)).unwrap_err();
        assert_eq!(error.code(), "metadata.xml");
        assert!(matches!(error, MetadataError::Xml(xml) if xml.code() == expected), "{expected}");
    }
    let start = ENTITY_SIGNED.find("<ds:Reference ").unwrap();
    let end = ENTITY_SIGNED.find("</ds:Reference>").unwrap() + "</ds:Reference>".len();
    let references = ENTITY_SIGNED[start..end].repeat(1_000);
    let many = [&ENTITY_SIGNED[..start], &references, &ENTITY_SIGNED[end..]].concat();
    assert_eq!(signed_code(&many, SSP_ID), "dsig.reference_count");
}

#[test]
fn a_valid_until_around_a_signed_entity_counts_too() {
    let expired = list("validUntil=\"2026-01-01T00:00:00Z\"", &[ENTITY_SIGNED]);
    assert_eq!(signed_code(&expired, SSP_ID), "metadata.expired");
}

#[test]
fn a_signed_assertion_is_no_metadata() {
    use base64::Engine as _;
    let response = include_str!("../vectors/idp/simplesamlphp/both-groups3.b64");
    let xml = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(response.trim()).unwrap())
        .unwrap();
    assert_eq!(signed_code(&xml, SSP_ID), "metadata.not_metadata");
}

#[test]
fn keys_that_cannot_be_used_are_left_out_and_named() {
    let small = include_str!("../vectors/sp/rsa1024.crt");
    let inside: String = small.lines().filter(|line| !line.starts_with('-')).collect();
    let certificates: Vec<&str> =
        ROLLOVER.split("<ds:X509Certificate>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    let one_small = ROLLOVER.replacen(certificates[0], &inside, 1);
    let left = read(&one_small).unwrap();
    assert_eq!(left.signing_certificates.len(), 1);
    assert_eq!(left.unusable_keys.iter().map(KeyError::code).collect::<Vec<_>>(), ["dsig.key_size"]);
    let certificate = SSP.split("<ds:X509Certificate>").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(code(&SSP.replace(certificate, &inside)), "dsig.key_size");
}

proptest! {
    #[test]
    fn any_bytes_end_in_a_code_and_never_in_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let now = at("2026-11-24T06:00:00Z");
        prop_assert!(IdentityProviderMetadata::read(&bytes, None, now, &Limits::METADATA).is_err());
    }

    #[test]
    fn a_changed_byte_ends_in_a_code_or_in_metadata(position in 0..SSP.len(), byte in any::<u8>()) {
        let mut bytes = SSP.as_bytes().to_vec();
        bytes[position] = byte;
        let now = at("2026-11-24T06:00:00Z");
        match IdentityProviderMetadata::read(&bytes, None, now, &Limits::METADATA) {
            Ok(read) => prop_assert!(!read.signing_certificates.is_empty()),
            Err(error) => prop_assert!(["metadata.", "dsig.key_"].iter().any(|floor| error.code().starts_with(floor))),
        }
    }
}
