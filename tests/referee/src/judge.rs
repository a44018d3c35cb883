//! All opinions on one sample.

use crate::corpus::Sample;
use crate::document;
use crate::ours::Ours;
use crate::referees::{self, Keys, Opinion};
use crate::{decrypt, libxml2};
use openssl::pkey::{PKey, Private};

/// A sample with everything prepared.
pub struct Ready {
    pub sample: Sample,
    /// Or the code of a key that we don't trust.
    pub ours: Result<Ours, String>,
    pub keys: Keys,
    openssl_keys: Vec<PKey<Private>>,
}

impl Ready {
    pub fn new(sample: Sample) -> Self {
        let ours = Ours::new(&sample.setting, &sample.certificates, &sample.decryption_keys);
        let keys = Keys::new(&sample.certificates).expect("certificates");
        let openssl_keys = sample
            .decryption_keys
            .iter()
            .map(|key| {
                PKey::private_key_from_pem(key)
                    .or_else(|_| PKey::private_key_from_der(key))
                    .expect("a decryption key")
            })
            .collect();
        Self { sample, ours, keys, openssl_keys }
    }

    pub fn our_opinion(&self) -> Opinion {
        match &self.ours {
            Ok(ours) => ours.opinion(&self.sample.form),
            Err(code) => Opinion::Refuses(code.clone()),
        }
    }

    pub fn is_encrypted(&self) -> bool {
        self.sample.xml.as_ref().is_some_and(|xml| xml.contains("EncryptedAssertion"))
    }

    /// What each referee says of the sample as it was sent.
    pub fn opinions(&self) -> [(&'static str, Opinion); 2] {
        let Some(xml) = &self.sample.xml else {
            return referees::NAMES.map(|name| (name, Opinion::Abstains("not UTF-8, or not base64")));
        };
        if has_encrypted_parts(xml) {
            return referees::NAMES.map(|name| (name, Opinion::Abstains(referees::INSIDE)));
        }
        // A byte order mark is the transport's, not the document's.
        let xml = xml.strip_prefix('\u{feff}').unwrap_or(xml);
        if self.is_encrypted() {
            return referees::NAMES.map(|name| (name, self.on_encrypted(name, xml)));
        }
        referees::NAMES.map(|name| (name, judge(name, xml, &self.keys)))
    }

    /// OpenSSL decrypts. What is signed outside is judged as sent, what is signed inside as decrypted, and the values are
    /// read from the plaintext by libxml2.
    fn on_encrypted(&self, name: &str, xml: &str) -> Opinion {
        let plain = match decrypt::assertion(xml, &self.openssl_keys) {
            Ok(plain) => plain,
            Err(error) => return Opinion::Refuses(format!("OpenSSL does not decrypt it: {error}")),
        };
        let plain = match plain.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
            Some((_, rest)) => rest,
            None => &plain,
        };
        let outside = xml[..xml.find("EncryptedAssertion").unwrap_or_default()].contains("Signature");
        if outside && let Opinion::Refuses(why) = referees::signatures_hold(name, xml, &self.keys) {
            return Opinion::Refuses(why);
        }
        if plain.contains("Signature") {
            return judge(name, plain, &self.keys);
        }
        if !outside {
            return Opinion::Refuses("nothing is signed".to_owned());
        }
        let root = xml.find('<').map(|start| &xml[start..]).unwrap_or_default();
        let head = root.find('>').map(|end| &root[..=end]).unwrap_or_default();
        match libxml2::values(&format!("{head}{plain}</samlp:Response>")) {
            Ok(values) => Opinion::Accepts(values),
            Err(error) => Opinion::Refuses(error),
        }
    }
}

/// What a referee says of a Response, or of an assertion on its own.
pub fn judge(name: &str, xml: &str, keys: &Keys) -> Opinion {
    if has_encrypted_parts(xml) {
        return Opinion::Abstains(referees::INSIDE);
    }
    match name {
        "bergshamra" => referees::bergshamra(xml, keys),
        _ => referees::samael(xml, keys, &document::facts(xml)),
    }
}

fn has_encrypted_parts(xml: &str) -> bool {
    ["EncryptedID", "EncryptedAttribute"].iter().any(|element| xml.contains(element))
}
