//! memberof's own opinion.

use crate::referees::Opinion;
use crate::values::ValuesBuilder;
use memberof::dsig::{Certificate, TrustedKey};
use memberof::limits::Limits;
use memberof::saml::{Exchange, IdentityProvider, ServiceProvider};
use memberof::time::UtcTime;
use memberof::xmlenc::DecryptionKey;

/// Who we are in a sample, and what time it is.
#[derive(Clone, Debug)]
pub struct Setting {
    pub now: String,
    pub request_ids: Vec<String>,
    pub entity_id: String,
    pub acs_urls: Vec<String>,
    pub allow_unsolicited: bool,
    pub idp_entity_id: String,
}

pub struct Ours {
    provider: ServiceProvider,
    now: UtcTime,
    request_ids: Vec<String>,
}

impl Ours {
    /// Certificates in PEM, decryption keys in PEM or DER. An error is the code of a key that is not trusted.
    pub fn new(
        setting: &Setting,
        certificates: &[(String, Vec<u8>)],
        decryption_keys: &[Vec<u8>],
    ) -> Result<Self, String> {
        let mut signing_keys = Vec::new();
        for (_, pem) in certificates {
            let text = String::from_utf8_lossy(pem);
            for certificate in Certificate::all_from_pem(&text).map_err(|error| error.to_string())? {
                signing_keys.push(
                    TrustedKey::from_certificate(&certificate).map_err(|error| error.code().to_owned())?,
                );
            }
        }
        let decryption_keys = decryption_keys
            .iter()
            .map(|key| match std::str::from_utf8(key) {
                Ok(pem) => DecryptionKey::from_pem(pem),
                Err(_) => DecryptionKey::from_pkcs8(key),
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let provider = ServiceProvider {
            entity_id: setting.entity_id.clone(),
            acs_urls: setting.acs_urls.clone(),
            identity_provider: IdentityProvider { entity_id: setting.idp_entity_id.clone(), signing_keys },
            decryption_keys: decryption_keys.into(),
            clock_skew_seconds: 60,
            allow_unsolicited: setting.allow_unsolicited,
            limits: Limits::DEFAULT,
        };
        let now = UtcTime::parse(&setting.now).ok_or("the time")?;
        Ok(Self { provider, now, request_ids: setting.request_ids.clone() })
    }

    /// The form value.
    pub fn opinion(&self, form: &[u8]) -> Opinion {
        self.with_exchange(|exchange| self.provider.verify(form, exchange))
    }

    /// The XML in it.
    pub fn opinion_on_xml(&self, xml: &[u8]) -> Opinion {
        self.with_exchange(|exchange| self.provider.verify_xml(xml, exchange))
    }

    fn with_exchange(
        &self,
        verify: impl Fn(&Exchange<'_>) -> Result<memberof::saml::VerifiedAssertion, memberof::saml::ResponseError>,
    ) -> Opinion {
        let request_ids: Vec<&str> = self.request_ids.iter().map(String::as_str).collect();
        let exchange =
            Exchange { now: self.now, request_ids: &request_ids, unsolicited: request_ids.is_empty() };
        match verify(&exchange) {
            Err(error) => Opinion::Refuses(error.code().to_owned()),
            Ok(assertion) => {
                let mut values = ValuesBuilder::default();
                if let Some(name_id) = assertion.name_id() {
                    values.name_id(name_id.value.clone());
                }
                for attribute in assertion.attributes() {
                    values.attribute(attribute.name());
                    for value in attribute.values() {
                        values.value(attribute.name(), value.map(std::borrow::Cow::into_owned));
                    }
                }
                Opinion::Accepts(values.finish())
            }
        }
    }
}
