//! The identity provider's metadata (SAML Metadata 2.3 to 2.4.3): who it is, where to send users, which keys it signs with.

use super::duration::parse_seconds;
use crate::dsig::{Certificate, KeyError, SignatureError, TrustedKey, signature_of, verify};
use crate::limits::Limits;
use crate::time::UtcTime;
use crate::xml::{Document, Element, XmlError, decode_base64};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// Why metadata cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MetadataError {
    /// Not XML as we read it.
    #[error("metadata cannot be read: {0}")]
    Xml(#[from] XmlError),
    /// Some other document.
    #[error("document is not SAML metadata, expected EntityDescriptor or EntitiesDescriptor as its root")]
    NotMetadata,
    /// Nobody in there is an identity provider for SAML 2.0.
    #[error("metadata has no identity provider for SAML 2.0")]
    NoIdentityProvider,
    /// Several identity providers, and nobody said which.
    #[error("metadata has {found} identity providers, expected one, or entity_id to choose by")]
    Several {
        /// How many there are.
        found: usize,
    },
    /// The one that was asked for isn't there.
    #[error("metadata has no identity provider {expected:?}, its identity providers are {found:?}")]
    Unknown {
        /// The entity ID that was asked for.
        expected: String,
        /// The first few that are there.
        found: Vec<String>,
    },
    /// One entity ID twice, or one entity with two IdP roles for SAML 2.0: which keys are meant?
    #[error("metadata describes {entity_id:?} more than once as an identity provider for SAML 2.0")]
    Ambiguous {
        /// The entity ID.
        entity_id: String,
    },
    /// Older than it may be.
    #[error("metadata is valid until {valid_until}, and it is {now}")]
    Expired {
        /// The earliest validUntil above or at the identity provider.
        valid_until: UtcTime,
        /// Now.
        now: UtcTime,
    },
    /// A value that is not what the schema says.
    #[error("metadata is malformed: {fact}")]
    Malformed {
        /// The fact.
        fact: &'static str,
    },
    /// Certificates were given, and nothing that the identity provider stands in is signed.
    #[error("metadata is not signed, expected a signature by one of the signing certificates")]
    Unsigned,
    /// The signature over the metadata is refused.
    #[error("signature of the metadata: {0}")]
    Signature(#[from] SignatureError),
    /// None of the signing keys can be used.
    #[error("no signing key of {entity_id:?} can be used: {error}")]
    Key {
        /// The entity ID.
        entity_id: String,
        /// Why the first of them is not.
        error: KeyError,
    },
    /// No key to verify anything with.
    #[error(
        "metadata has no signing key for {entity_id:?}, expected a KeyDescriptor for signing with an X509Certificate"
    )]
    NoSigningKey {
        /// The entity ID.
        entity_id: String,
    },
}

impl MetadataError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(_) => "metadata.xml",
            Self::NotMetadata => "metadata.not_metadata",
            Self::NoIdentityProvider => "metadata.no_identity_provider",
            Self::Several { .. } => "metadata.several_identity_providers",
            Self::Unknown { .. } => "metadata.unknown_entity_id",
            Self::Ambiguous { .. } => "metadata.ambiguous_entity_id",
            Self::Expired { .. } => "metadata.expired",
            Self::Malformed { .. } => "metadata.malformed",
            Self::Unsigned => "metadata.unsigned",
            Self::Signature(error) => error.code(),
            Self::Key { error, .. } => error.code(),
            Self::NoSigningKey { .. } => "metadata.no_signing_key",
        }
    }

    /// What an operator can change, and where.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotMetadata => {
                Some("fetch the metadata document itself; a login page or a redirect may have answered")
            }
            Self::NoIdentityProvider => {
                Some("this may be the metadata of a service provider; ask for the identity provider's")
            }
            Self::Several { .. } | Self::Unknown { .. } => {
                Some("pass entity_id= with the identity provider that you mean")
            }
            Self::Expired { .. } => Some("fetch the metadata again"),
            Self::Unsigned => Some(
                "have whoever publishes the metadata sign it, or check the document by other means and leave signing_certificates out",
            ),
            Self::Signature(SignatureError::Invalid { .. }) => Some(
                "pass the certificate of whoever signs the metadata; it may be another than the identity provider's",
            ),
            Self::Signature(error) => error.hint(),
            Self::Xml(_)
            | Self::Ambiguous { .. }
            | Self::Malformed { .. }
            | Self::Key { .. }
            | Self::NoSigningKey { .. } => None,
        }
    }
}

/// One identity provider as its metadata describe it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityProviderMetadata {
    /// Who it is.
    pub entity_id: String,
    /// All certificates for signing whose key can be used, unique, in document order. At least one.
    pub signing_certificates: Vec<Certificate>,
    /// Why further signing keys are not used, in document order.
    pub unusable_keys: Vec<KeyError>,
    /// Where to send users, in document order.
    pub single_sign_on: Vec<Endpoint>,
    /// Whether it wants login requests to be signed.
    pub wants_signed_requests: bool,
    /// NameID formats that it offers, in document order.
    pub name_id_formats: Vec<String>,
    /// Until when the metadata may be used: the earliest validUntil at or above the identity provider.
    pub valid_until: Option<UtcTime>,
    /// For how many seconds the metadata may be kept before they are fetched again: the shortest cacheDuration at or above
    /// the identity provider.
    pub cache_seconds: Option<u64>,
}

/// A SingleSignOnService.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    /// The binding's URI.
    pub binding: String,
    /// An http or https URL.
    pub location: String,
}

impl IdentityProviderMetadata {
    /// Read one identity provider out of metadata; `entity_id` chooses among several.
    ///
    /// Whether the document is genuine is for the caller to know.
    pub fn read(
        metadata: &[u8],
        entity_id: Option<&str>,
        now: UtcTime,
        limits: &Limits,
    ) -> Result<Self, MetadataError> {
        let document = Document::parse(metadata, limits)?;
        let role = choose(document.root(), entity_id)?;
        Freshness::of(role)?.check(now)?;
        Self::from_role(role, now)
    }

    /// Read one identity provider out of metadata that one of `keys` has signed.
    ///
    /// The signature is the root's, or, in a list whose root has none, that of the EntityDescriptor itself; it is held to the
    /// same profile as a Response's, and everything is read from the bytes that it covers. A validUntil around them counts as
    /// well: it can only refuse.
    pub fn read_signed(
        metadata: &[u8],
        keys: &[TrustedKey],
        entity_id: Option<&str>,
        now: UtcTime,
        limits: &Limits,
    ) -> Result<Self, MetadataError> {
        let document = Document::parse(metadata, limits)?;
        let root = document.root();
        let role = choose(root, entity_id)?;
        Freshness::of(role)?.check(now)?;
        let entity = role.parent().ok_or(MetadataError::NotMetadata)?;
        let (element, signature) = match (signature_of(root)?, signature_of(entity)?) {
            (Some(signature), _) => (root, signature),
            (None, Some(signature)) => (entity, signature),
            (None, None) => return Err(MetadataError::Unsigned),
        };
        let signed = verify(element, signature, keys)?;
        let role = choose(signed.root(), entity_id)?;
        Self::from_role(role, now)
    }

    fn from_role(role: Element<'_>, now: UtcTime) -> Result<Self, MetadataError> {
        let entity_id = entity_id_of(role);
        if entity_id.is_empty() {
            return malformed("an EntityDescriptor has no entityID");
        }
        let freshness = Freshness::of(role)?;
        freshness.check(now)?;
        let certificates = signing_certificates(role)?;
        let (usable, unusable): (Vec<_>, Vec<_>) = certificates
            .into_iter()
            .map(|certificate| (TrustedKey::from_certificate(&certificate).err(), certificate))
            .partition(|(error, _)| error.is_none());
        match (usable.first(), unusable.first()) {
            (None, Some((Some(error), _))) => return Err(MetadataError::Key { entity_id, error: *error }),
            (None, _) => return Err(MetadataError::NoSigningKey { entity_id }),
            (Some(_), _) => {}
        }
        Ok(Self {
            entity_id,
            signing_certificates: usable.into_iter().map(|(_, certificate)| certificate).collect(),
            unusable_keys: unusable.into_iter().filter_map(|(error, _)| error).collect(),
            single_sign_on: endpoints(role)?,
            wants_signed_requests: boolean(role, "WantAuthnRequestsSigned")?,
            name_id_formats: role
                .children_named(MD, "NameIDFormat")
                .filter_map(|format| Some(format.text()?.trim().to_owned()))
                .collect(),
            valid_until: freshness.valid_until,
            cache_seconds: freshness.cache_seconds,
        })
    }

    /// The signing keys, in the order of the certificates; at least one.
    #[must_use]
    pub fn signing_keys(&self) -> Vec<TrustedKey> {
        self.signing_certificates.iter().filter_map(|one| TrustedKey::from_certificate(one).ok()).collect()
    }

    /// The location for a binding, the first if there are several.
    #[must_use]
    pub fn location(&self, binding: &str) -> Option<&str> {
        let mut endpoints = self.single_sign_on.iter();
        endpoints.find(|endpoint| endpoint.binding == binding).map(|endpoint| endpoint.location.as_str())
    }
}

/// The one IDPSSODescriptor for SAML 2.0 that is meant.
fn choose<'d>(root: Element<'d>, entity_id: Option<&str>) -> Result<Element<'d>, MetadataError> {
    if !root.is(MD, "EntityDescriptor") && !root.is(MD, "EntitiesDescriptor") {
        return Err(MetadataError::NotMetadata);
    }
    let roles: Vec<Element<'d>> = roles_in(root);
    let mut named = roles.iter().filter(|role| entity_id.is_none_or(|wanted| entity_id_of(**role) == wanted));
    match (named.next(), named.next()) {
        (Some(role), None) => Ok(*role),
        (None, _) => Err(match entity_id {
            Some(expected) if !roles.is_empty() => MetadataError::Unknown {
                expected: expected.to_owned(),
                found: roles.iter().take(5).map(|role| entity_id_of(*role)).collect(),
            },
            _ => MetadataError::NoIdentityProvider,
        }),
        (Some(first), Some(_)) => {
            let entity_ids = roles.iter().map(|role| entity_id_of(*role));
            let distinct: std::collections::BTreeSet<String> = entity_ids.collect();
            Err(if entity_id.is_some() || distinct.len() == 1 {
                MetadataError::Ambiguous { entity_id: entity_id_of(*first) }
            } else {
                MetadataError::Several { found: distinct.len() }
            })
        }
    }
}

/// Every IDPSSODescriptor for SAML 2.0, where the schema has them: EntitiesDescriptor may nest, EntityDescriptor may not.
/// What stands in Extensions is not looked at.
fn roles_in(root: Element<'_>) -> Vec<Element<'_>> {
    let in_place = |entity: &Element<'_>| {
        entity.is(MD, "EntityDescriptor")
            && std::iter::successors(entity.parent(), |above| above.parent())
                .all(|above| above.is(MD, "EntitiesDescriptor"))
    };
    root.descendants()
        .filter(in_place)
        .flat_map(|entity| entity.children_named(MD, "IDPSSODescriptor"))
        .filter(|role| {
            let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
            protocols.split_ascii_whitespace().any(|protocol| protocol == SAMLP)
        })
        .collect()
}

fn entity_id_of(role: Element<'_>) -> String {
    let entity_id = role.parent().and_then(|entity| entity.attribute("entityID"));
    entity_id.unwrap_or_default().into_owned()
}

/// validUntil and cacheDuration at the role and at everything it stands in (SAML Metadata 2.3.1, 2.3.2, 2.4.1).
struct Freshness {
    valid_until: Option<UtcTime>,
    cache_seconds: Option<u64>,
}

impl Freshness {
    fn check(&self, now: UtcTime) -> Result<(), MetadataError> {
        match self.valid_until {
            Some(valid_until) if now >= valid_until => Err(MetadataError::Expired { valid_until, now }),
            _ => Ok(()),
        }
    }

    fn of(role: Element<'_>) -> Result<Self, MetadataError> {
        let mut all = Self { valid_until: None, cache_seconds: None };
        for element in std::iter::successors(Some(role), |element| element.parent()) {
            if let Some(text) = element.attribute("validUntil") {
                let instant = UtcTime::parse(text.trim())
                    .ok_or(MetadataError::Malformed { fact: "a validUntil is not a time in UTC" })?;
                all.valid_until = Some(all.valid_until.map_or(instant, |other| other.min(instant)));
            }
            if let Some(text) = element.attribute("cacheDuration") {
                let seconds = parse_seconds(text.trim())
                    .ok_or(MetadataError::Malformed { fact: "a cacheDuration is not a duration" })?;
                all.cache_seconds = Some(all.cache_seconds.map_or(seconds, |other| other.min(seconds)));
            }
        }
        Ok(all)
    }
}

/// The certificates of all KeyDescriptors for signing; one without `use` is for both (SAML Metadata 2.4.1.1).
fn signing_certificates(role: Element<'_>) -> Result<Vec<Certificate>, MetadataError> {
    // Each key is tried on a Response; a rollover has two or three.
    const MOST: usize = 32;
    let of_role = role.children_named(MD, "KeyDescriptor").flat_map(Element::descendants);
    if of_role.filter(|element| element.is(DS, "X509Certificate")).count() > MOST {
        return malformed("an identity provider has more than 32 certificates");
    }
    let mut found: Vec<Certificate> = Vec::new();
    for descriptor in role.children_named(MD, "KeyDescriptor") {
        match descriptor.attribute("use").as_deref() {
            None | Some("signing") => {}
            Some("encryption") => continue,
            Some(_) => return malformed("a KeyDescriptor's use is neither signing nor encryption"),
        }
        let key_infos = descriptor.children_named(DS, "KeyInfo");
        for data in key_infos.flat_map(|info| info.children_named(DS, "X509Data")) {
            let chain = data
                .children_named(DS, "X509Certificate")
                .map(read_certificate)
                .collect::<Result<Vec<_>, _>>()?;
            // A chain's authorities do not sign Responses: only what no other certificate here was issued by.
            let is_authority = |one: &Certificate| chain.iter().any(|other| one.issued(other));
            for certificate in chain.iter().filter(|certificate| !is_authority(certificate)) {
                if !found.contains(certificate) {
                    found.push(certificate.clone());
                }
            }
        }
    }
    Ok(found)
}

fn read_certificate(element: Element<'_>) -> Result<Certificate, MetadataError> {
    const FACT: MetadataError =
        MetadataError::Malformed { fact: "an X509Certificate is not base64 of a certificate" };
    let text = element.text().ok_or(FACT)?;
    let der = decode_base64(text.as_bytes()).ok_or(FACT)?;
    Certificate::from_der(der).map_err(|_| FACT)
}

fn endpoints(role: Element<'_>) -> Result<Vec<Endpoint>, MetadataError> {
    role.children_named(MD, "SingleSignOnService")
        .map(|service| {
            let attribute = |name| service.attribute(name).unwrap_or_default().trim().to_owned();
            let endpoint = Endpoint { binding: attribute("Binding"), location: attribute("Location") };
            // The browser is sent there: nothing but the web, and nothing that could end a header or an attribute.
            let is_web = ["https://", "http://"].iter().any(|scheme| {
                let head = endpoint.location.get(..scheme.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(scheme))
            });
            let is_clean = endpoint.location.bytes().all(|byte| byte.is_ascii_graphic());
            if is_web && is_clean {
                Ok(endpoint)
            } else {
                malformed("a SingleSignOnService's Location is not an http or https URL")
            }
        })
        .collect()
}

/// An xs:boolean, false where it is left out.
fn boolean(element: Element<'_>, name: &str) -> Result<bool, MetadataError> {
    match element.attribute(name).as_deref().map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => malformed("a boolean is neither true nor false"),
    }
}

fn malformed<T>(fact: &'static str) -> Result<T, MetadataError> {
    Err(MetadataError::Malformed { fact })
}
