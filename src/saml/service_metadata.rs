//! This service provider's metadata (SAML Metadata 2.4.4), to hand to the identity provider.

use super::request::{RequestError, check_writable};
use crate::dsig::{Certificate, SigningKey, sign_enveloped, write_key_info};
use crate::time::UtcTime;
use crate::xml::Writer;

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// What an identity provider may encrypt with, best first: some take the first that they can do.
const ENCRYPTION_METHODS: [&str; 6] = [
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
];

/// What the metadata say of us.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ServiceMetadata<'a> {
    /// Our entity ID.
    pub entity_id: &'a str,
    /// Where Responses are posted; the first is the default. At least one.
    pub acs_urls: &'a [String],
    /// Certificates of the keys that we sign with.
    pub signing: Vec<&'a Certificate>,
    /// Certificates of the keys that we decrypt with.
    pub encryption: Vec<&'a Certificate>,
    /// Whether login requests are signed.
    pub requests_signed: bool,
    /// Whether to ask for a signature on the Assertion itself.
    pub want_assertions_signed: bool,
    /// NameID formats, in order of preference.
    pub name_id_formats: &'a [String],
    /// Until when they may be used; for ever where it is left out.
    pub valid_until: Option<UtcTime>,
}

impl ServiceMetadata<'_> {
    /// Write the EntityDescriptor.
    ///
    /// There is no SingleLogoutService: single logout is not offered.
    pub fn to_xml(&self) -> Result<String, RequestError> {
        Ok(self.write(None)?.0)
    }

    /// Write the EntityDescriptor with an enveloped signature. `id` is `_` and random bits, drawn by the caller.
    pub fn to_signed_xml(
        &self,
        id: &str,
        key: &SigningKey,
        certificate: Option<&Certificate>,
    ) -> Result<String, RequestError> {
        let (xml, signature_position) = self.write(Some(id))?;
        Ok(sign_enveloped(&xml, signature_position, id, key, certificate)?)
    }

    fn write(&self, id: Option<&str>) -> Result<(String, usize), RequestError> {
        let named = std::iter::once(("the entity ID", self.entity_id));
        let urls = self.acs_urls.iter().map(|url| ("the ACS URL", url.as_str()));
        let formats = self.name_id_formats.iter().map(|format| ("a NameID format", format.as_str()));
        check_writable(named.chain(urls).chain(formats))?;
        let valid_until = self.valid_until.map(|instant| instant.to_string());
        let mut attributes = vec![("xmlns:md", MD), ("entityID", self.entity_id)];
        attributes.extend(id.map(|id| ("ID", id)));
        attributes.extend(valid_until.as_deref().map(|instant| ("validUntil", instant)));
        let mut out = Writer::default();
        out.start("md:EntityDescriptor", &attributes);
        let signature_position = out.position();
        out.start(
            "md:SPSSODescriptor",
            &[
                ("AuthnRequestsSigned", boolean(self.requests_signed)),
                ("WantAssertionsSigned", boolean(self.want_assertions_signed)),
                ("protocolSupportEnumeration", SAMLP),
            ],
        );
        for certificate in &self.signing {
            write_key(&mut out, "signing", certificate, &[]);
        }
        for certificate in &self.encryption {
            write_key(&mut out, "encryption", certificate, &ENCRYPTION_METHODS);
        }
        for format in self.name_id_formats {
            out.leaf("md:NameIDFormat", &[], format);
        }
        for (index, url) in self.acs_urls.iter().enumerate() {
            let index_text = index.to_string();
            let mut attributes = vec![("Binding", HTTP_POST), ("Location", url), ("index", &index_text)];
            if index == 0 {
                attributes.push(("isDefault", "true"));
            }
            out.leaf("md:AssertionConsumerService", &attributes, "");
        }
        Ok((out.finish(), signature_position))
    }
}

fn write_key(out: &mut Writer, usage: &str, certificate: &Certificate, methods: &[&str]) {
    out.start("md:KeyDescriptor", &[("use", usage)]);
    write_key_info(out, &[("xmlns:ds", DS)], certificate);
    for method in methods {
        out.leaf("md:EncryptionMethod", &[("Algorithm", method)], "");
    }
    out.end();
}

const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
