//! From EncryptedAssertion, EncryptedID and EncryptedAttribute to the element inside (SAML Core 2.3.4, 2.2.4, 2.7.3.2).

use super::error::ResponseError;
use super::provider::ServiceProvider;
use crate::limits::Limits;
use crate::xml::{Document, Element, Writer};
use crate::xmlenc::{DecryptError, EncryptedElement};

/// Decrypt what `wrapper`, an element of that name, holds and hand it to `read`.
///
/// Whatever `read` says against it is [`DecryptError::Failed`], like all that goes wrong from the first use of a key on.
/// The plaintext is read where the EncryptedData stood (XML Encryption 1.1 section 4.3), so prefixes that are declared around
/// it are bound in it; it must be one element with nothing around it.
pub(super) fn open<T>(
    provider: &ServiceProvider,
    wrapper: Element<'_>,
    name: &'static str,
    read: impl FnOnce(Element<'_>) -> Result<T, ResponseError>,
) -> Result<T, ResponseError> {
    open_element(provider, wrapper, read).map_err(|error| ResponseError::Decrypt { element: name, error })
}

fn open_element<T>(
    provider: &ServiceProvider,
    wrapper: Element<'_>,
    read: impl FnOnce(Element<'_>) -> Result<T, ResponseError>,
) -> Result<T, DecryptError> {
    let encrypted = EncryptedElement::read(wrapper, &provider.entity_id)?;
    let plaintext = encrypted.decrypt(&provider.decryption_keys)?;
    let context = Context::of(wrapper);
    let text = context.around(&plaintext);
    let limits = Limits {
        max_bytes: provider.limits.max_bytes.saturating_add(context.length()),
        max_depth: provider.limits.max_depth.saturating_add(1),
        ..provider.limits
    };
    let document = Document::parse(&text, &limits).map_err(|_| DecryptError::Failed)?;
    let root = document.root();
    let mut children = root.children();
    match (children.next(), children.next()) {
        (Some(element), None) if root.has_element_content() => {
            read(element).map_err(|_| DecryptError::Failed)
        }
        _ => Err(DecryptError::Failed),
    }
}

/// An element around the plaintext that declares what is declared around the EncryptedData.
struct Context {
    start: String,
}

impl Context {
    const NAME: &str = "context";

    fn of(wrapper: Element<'_>) -> Self {
        let declared: Vec<(String, &str)> = wrapper
            .namespaces_in_scope()
            .into_iter()
            .map(|(prefix, namespace)| match prefix {
                "" => ("xmlns".to_owned(), namespace),
                _ => (format!("xmlns:{prefix}"), namespace),
            })
            .collect();
        let attributes: Vec<(&str, &str)> =
            declared.iter().map(|(name, namespace)| (name.as_str(), *namespace)).collect();
        let mut out = Writer::default();
        out.start(Self::NAME, &attributes);
        let start = out.position();
        let mut text = out.finish();
        text.truncate(start);
        Self { start: text }
    }

    fn length(&self) -> usize {
        self.start.len().saturating_add(Self::NAME.len()).saturating_add(3)
    }

    fn around(&self, plaintext: &[u8]) -> Vec<u8> {
        let end = format!("</{}>", Self::NAME);
        [self.start.as_bytes(), without_declaration(plaintext), end.as_bytes()].concat()
    }
}

/// Some encrypt a whole document, XML declaration and all; it says nothing that isn't known.
fn without_declaration(plaintext: &[u8]) -> &[u8] {
    let plaintext = plaintext.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(plaintext);
    let declared =
        plaintext.strip_prefix(b"<?xml").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace));
    let end = declared.and_then(|rest| rest.windows(2).position(|pair| pair == b"?>"));
    match (declared, end) {
        (Some(rest), Some(end)) => rest.get(end.saturating_add(2)..).unwrap_or_default(),
        _ => plaintext,
    }
}
