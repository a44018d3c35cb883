//! What we send: login requests and our metadata, and the signatures over both.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memberof::dsig::{Certificate, SigningKey, percent_encode};
use memberof::limits::Limits;
use memberof::saml::{AuthnRequest, RequestError, ServiceMetadata};
use memberof::time::UtcTime;
use memberof::xml::{Canonicalization, Document, Element, Writer, canonicalize};

const RSA_KEY: &str = include_str!("../vectors/sp/rsa.key");
const RSA_CERTIFICATE: &str = include_str!("../vectors/sp/rsa.crt");
const P256_KEY: &str = include_str!("../vectors/sp/p256.key");
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

fn request() -> AuthnRequest {
    AuthnRequest {
        id: "_0123456789abcdef0123456789abcdef01234567".into(),
        issue_instant: UtcTime::parse("2026-11-24T06:00:00Z"),
        issuer: "https://sp.example.test/metadata".into(),
        destination: "https://idp.example.test/sso?tenant=1&x=\"<>\"".into(),
        acs_url: "https://sp.example.test/acs".into(),
        ..AuthnRequest::default()
    }
}

fn certificate(pem: &str) -> Certificate {
    Certificate::all_from_pem(pem).unwrap().remove(0)
}

/// The parameters of a URL's query, still encoded.
fn parameter<'u>(url: &'u str, name: &str) -> Option<&'u str> {
    let query = url.split_once('?')?.1;
    query
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
        .map(|(_, value)| value)
}

fn decode(encoded: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    bytes
}

fn sent_xml(url: &str) -> String {
    let packed = STANDARD.decode(decode(parameter(url, "SAMLRequest").unwrap())).unwrap();
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec(&packed).unwrap()).unwrap()
}

fn form_xml(value: &str) -> String {
    String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
}

/// The document in canonical form, by the verifier's canonicaliser.
fn canonical(xml: &str) -> String {
    let bytes = canonicalize(xml.as_bytes(), None, &Canonicalization::EXCLUSIVE, &Limits::DEFAULT).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn with_root(xml: &str, look: impl FnOnce(Element<'_>)) {
    look(Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap().root());
}

#[test]
fn a_redirect_carries_the_whole_request() {
    let url = request().redirect_url(Some("next=/a b&c"), None).unwrap();
    assert!(url.starts_with("https://idp.example.test/sso?tenant=1&x=\"<>\"&SAMLRequest="), "{url}");
    assert_eq!(parameter(&url, "RelayState"), Some("next%3D%2Fa%20b%26c"));
    assert_eq!(parameter(&url, "Signature"), None);
    with_root(&sent_xml(&url), |root| {
        assert!(root.is(SAMLP, "AuthnRequest"));
        let attribute = |name| root.attribute(name).unwrap().into_owned();
        assert_eq!(attribute("ID"), request().id);
        assert_eq!(attribute("Version"), "2.0");
        assert_eq!(attribute("IssueInstant"), "2026-11-24T06:00:00Z");
        assert_eq!(attribute("Destination"), request().destination);
        assert_eq!(attribute("AssertionConsumerServiceURL"), "https://sp.example.test/acs");
        assert_eq!(attribute("ProtocolBinding"), "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
        assert_eq!(root.attribute("ForceAuthn"), None);
        assert_eq!(root.attribute("IsPassive"), None);
        assert_eq!(root.child(SAML, "Issuer").unwrap().text().unwrap(), request().issuer);
        assert_eq!(root.children().count(), 1);
    });
}

#[test]
fn a_request_asks_for_what_it_was_told_to_in_the_order_of_the_schema() {
    let asked = AuthnRequest {
        force_authn: true,
        is_passive: true,
        name_id_format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
        authn_context: vec!["urn:a".into(), "urn:b & c".into()],
        authn_context_comparison: "minimum",
        ..request()
    };
    with_root(&sent_xml(&asked.redirect_url(None, None).unwrap()), |root| {
        assert_eq!(root.attribute("ForceAuthn").unwrap(), "true");
        assert_eq!(root.attribute("IsPassive").unwrap(), "true");
        let names: Vec<&str> = root.children().map(Element::local_name).collect();
        assert_eq!(names, ["Issuer", "NameIDPolicy", "RequestedAuthnContext"]);
        let policy = root.child(SAMLP, "NameIDPolicy").unwrap();
        assert_eq!(policy.attribute("Format").unwrap(), asked.name_id_format.as_deref().unwrap());
        assert_eq!(policy.attribute("AllowCreate").unwrap(), "true");
        let context = root.child(SAMLP, "RequestedAuthnContext").unwrap();
        assert_eq!(context.attribute("Comparison").unwrap(), "minimum");
        let classes: Vec<_> = context.children().map(|class| class.text().unwrap().into_owned()).collect();
        assert_eq!(classes, ["urn:a", "urn:b & c"]);
    });
}

#[test]
fn the_query_is_joined_to_any_location() {
    for (location, start) in [
        ("https://idp/sso", "https://idp/sso?SAMLRequest="),
        ("https://idp/sso?", "https://idp/sso?SAMLRequest="),
        ("https://idp/sso?a=1", "https://idp/sso?a=1&SAMLRequest="),
        ("https://idp/sso?a=1&", "https://idp/sso?a=1&SAMLRequest="),
    ] {
        let url =
            AuthnRequest { destination: location.into(), ..request() }.redirect_url(None, None).unwrap();
        assert!(url.starts_with(start), "{url}");
    }
}

#[test]
fn a_signed_redirect_signs_exactly_what_is_sent() {
    let key = SigningKey::from_pem(RSA_KEY).unwrap();
    let url = request().redirect_url(Some("r"), Some(&key)).unwrap();
    let (signed, signature) = url.split_once("&Signature=").unwrap();
    let signed = &signed[signed.find("SAMLRequest=").unwrap()..];
    assert!(
        signed
            .contains("&RelayState=r&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256")
    );
    let signature = STANDARD.decode(decode(signature)).unwrap();
    let info = certificate(RSA_CERTIFICATE);
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, info.public_key_info())
        .verify(signed.as_bytes(), &signature)
        .unwrap();

    let key = SigningKey::from_pem(P256_KEY).unwrap();
    let url = request().redirect_url(None, Some(&key)).unwrap();
    let (signed, signature) = url.split_once("&Signature=").unwrap();
    let signed = &signed[signed.find("SAMLRequest=").unwrap()..];
    let signature = STANDARD.decode(decode(signature)).unwrap();
    assert_eq!(signature.len(), 64);
    let info = certificate(include_str!("../vectors/sp/p256.crt"));
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, info.public_key_info())
        .verify(signed.as_bytes(), &signature)
        .unwrap();
}

#[test]
fn what_is_signed_is_canonical_already() {
    let plain = form_xml(&request().form_value(None, None).unwrap());
    assert_eq!(canonical(&plain), plain);
    let key = SigningKey::from_pem(RSA_KEY).unwrap();
    let signed =
        form_xml(&request().form_value(None, Some((&key, Some(&certificate(RSA_CERTIFICATE))))).unwrap());
    assert_eq!(canonical(&signed), signed);
    // Bindings 3.5.4, SAML Core 3.2.1: the Signature stands behind the Issuer.
    let start = signed.find("<ds:Signature ").unwrap();
    let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    assert_eq!(signed[..start].to_owned() + &signed[end..], plain);
    assert!(signed[..start].ends_with("</saml:Issuer>"));
}

#[test]
fn what_xmlsec1_verified_is_what_we_sign() {
    let key = SigningKey::from_pem(RSA_KEY).unwrap();
    let certificate = certificate(RSA_CERTIFICATE);
    let signed = form_xml(&request().form_value(None, Some((&key, Some(&certificate)))).unwrap());
    assert_eq!(signed, include_str!("../vectors/sp/signed-request.xml").trim_end());
    let metadata =
        metadata(&certificate).to_signed_xml("_0123456789abcdef", &key, Some(&certificate)).unwrap();
    assert_eq!(metadata, include_str!("../vectors/sp/signed-metadata.xml").trim_end());
}

fn metadata(certificate: &Certificate) -> ServiceMetadata<'_> {
    const ACS: [&str; 2] = ["https://sp.example.test/acs", "https://sp.example.test/acs?a=1&b=2"];
    static ACS_URLS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    ServiceMetadata {
        entity_id: "https://sp.example.test/metadata",
        acs_urls: ACS_URLS.get_or_init(|| ACS.map(String::from).to_vec()),
        signing: vec![certificate],
        encryption: vec![certificate],
        requests_signed: true,
        want_assertions_signed: true,
        name_id_formats: &[],
        valid_until: UtcTime::parse("2027-01-01T00:00:00Z"),
    }
}

#[test]
fn metadata_say_who_we_are_and_offer_no_single_logout() {
    const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    let certificate = certificate(RSA_CERTIFICATE);
    let xml = metadata(&certificate).to_xml().unwrap();
    assert_eq!(canonical(&xml), xml);
    assert!(!xml.contains("SingleLogoutService"));
    with_root(&xml, |root| {
        assert!(root.is(MD, "EntityDescriptor"));
        assert_eq!(root.attribute("entityID").unwrap(), "https://sp.example.test/metadata");
        assert_eq!(root.attribute("validUntil").unwrap(), "2027-01-01T00:00:00Z");
        let role = root.child(MD, "SPSSODescriptor").unwrap();
        assert_eq!(role.attribute("WantAssertionsSigned").unwrap(), "true");
        assert_eq!(role.attribute("AuthnRequestsSigned").unwrap(), "true");
        let uses: Vec<_> =
            role.children_named(MD, "KeyDescriptor").map(|key| key.attribute("use").unwrap()).collect();
        assert_eq!(uses, ["signing", "encryption"]);
        let services: Vec<_> = role
            .children_named(MD, "AssertionConsumerService")
            .map(|service| {
                let attribute = |name| service.attribute(name).map(std::borrow::Cow::into_owned);
                (attribute("Location").unwrap(), attribute("index").unwrap(), attribute("isDefault"))
            })
            .collect();
        assert_eq!(
            services,
            [
                ("https://sp.example.test/acs".into(), "0".into(), Some("true".into())),
                ("https://sp.example.test/acs?a=1&b=2".into(), "1".into(), None),
            ]
        );
    });
}

#[test]
fn a_relay_state_over_80_bytes_and_unwritable_texts_are_refused() {
    assert!(request().redirect_url(Some(&"x".repeat(80)), None).is_ok());
    let error = request().redirect_url(Some(&format!("{}é", "x".repeat(79))), None).unwrap_err();
    assert_eq!(error, RequestError::RelayStateTooLong { found_bytes: 81 });
    assert_eq!(error.code(), "request.relay_state_too_long");
    assert!(request().form_value(Some(&"x".repeat(81)), None).is_err());
    for bad in ["a\0b", "a\nb", "a\u{FFFF}"] {
        let unwritable = AuthnRequest { authn_context: vec![bad.into()], ..request() };
        assert_eq!(unwritable.redirect_url(None, None).unwrap_err().code(), "request.unwritable");
    }
}

#[test]
fn keys_that_cannot_sign_say_what_is_expected() {
    let error = SigningKey::from_pem(include_str!("../vectors/sp/rsa1024.key")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "private key cannot be used, expected an RSA key of 2048 to 8192 bits or an EC key on P-256, P-384 or P-521"
    );
    let two = format!("{RSA_KEY}{P256_KEY}");
    assert_eq!(
        SigningKey::from_pem(&two).unwrap_err().to_string(),
        "PEM text holds 2 private keys, expected one"
    );
    let pkcs1 = RSA_KEY.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    assert!(SigningKey::from_pem(&pkcs1).unwrap_err().hint().unwrap().contains("openssl pkcs8"));
    assert!(SigningKey::from_pem(RSA_CERTIFICATE).is_err());
    for (key, certificate) in [
        (RSA_KEY, RSA_CERTIFICATE),
        (P256_KEY, include_str!("../vectors/sp/p256.crt")),
        (include_str!("../vectors/sp/p384.key"), include_str!("../vectors/sp/p384.crt")),
        (include_str!("../vectors/sp/p521.key"), include_str!("../vectors/sp/p521.crt")),
    ] {
        let key = SigningKey::from_pem(key).unwrap();
        assert!(key.fits(&Certificate::all_from_pem(certificate).unwrap()[0]));
        assert_eq!(key.fits(&certificate_of_p256()), certificate.contains(&P256_CERTIFICATE[40..120]));
    }
}

const P256_CERTIFICATE: &str = include_str!("../vectors/sp/p256.crt");

fn certificate_of_p256() -> Certificate {
    certificate(P256_CERTIFICATE)
}

#[test]
fn percent_encoding_leaves_the_unreserved_characters_of_rfc_3986() {
    assert_eq!(percent_encode("aZ09-._~ +/=%é"), "aZ09-._~%20%2B%2F%3D%25%C3%A9");
}

#[test]
fn a_writer_escapes_and_sorts_as_canonical_xml_does() {
    let mut out = Writer::default();
    out.start("a:b", &[("z", "1"), ("xmlns:a", "urn:a"), ("A", "<\"&\t\n>")]).text("<&>\r").end();
    let xml = out.finish();
    assert_eq!(
        xml,
        "<a:b xmlns:a=\"urn:a\" A=\"&lt;&quot;&amp;&#x9;&#xA;>\" z=\"1\">&lt;&amp;&gt;&#xD;</a:b>"
    );
    assert_eq!(canonical(&xml), xml);
}
