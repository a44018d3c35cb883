//! Our own signatures: enveloped in an element that we wrote, and beside the query string of HTTP-Redirect.
//!
//! Only messages of this service provider are signed here (login requests, its metadata). Nothing that is verified in tests
//! is signed by this code alone.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::certificate::Certificate;
use super::private_key::{PrivateKeyError, SigningKey};
use crate::xml::Writer;

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// Sign the whole of a document and put the Signature in at byte `position`.
///
/// `document` must be in exclusive canonical form, as [`Writer`] makes it, with `id` as the value of its root's ID; then the
/// digest of the canonical form without the Signature is the digest of its bytes (SAML Core 5.4).
pub fn sign_enveloped(
    document: &str,
    position: usize,
    id: &str,
    key: &SigningKey,
    certificate: Option<&Certificate>,
) -> Result<String, PrivateKeyError> {
    let reference = format!("#{id}");
    let digest_value = STANDARD.encode(digest(&SHA256, document.as_bytes()));
    let mut canonical = Writer::default();
    write_signed_info(&mut canonical, &[("xmlns:ds", DS)], key, &reference, &digest_value);
    let signature_value = STANDARD.encode(key.sign(canonical.finish().as_bytes())?);

    let mut signature = Writer::default();
    signature.start("ds:Signature", &[("xmlns:ds", DS)]);
    // The same element: in place, the prefix is declared on its parent.
    write_signed_info(&mut signature, &[], key, &reference, &digest_value);
    signature.leaf("ds:SignatureValue", &[], &signature_value);
    if let Some(certificate) = certificate {
        write_key_info(&mut signature, &[], certificate);
    }
    let (before, after) = document.split_at_checked(position).ok_or(PrivateKeyError::Signing)?;
    Ok([before, &signature.finish(), after].concat())
}

/// Write a ds:KeyInfo that holds a certificate. `attributes` declares the prefix where it isn't declared yet.
pub fn write_key_info(out: &mut Writer, attributes: &[(&str, &str)], certificate: &Certificate) {
    out.start("ds:KeyInfo", attributes).start("ds:X509Data", &[]);
    out.leaf("ds:X509Certificate", &[], &STANDARD.encode(certificate.der()));
    out.end().end();
}

/// Sign a query string (Bindings 3.4.4.1): append SigAlg and Signature to `query`, which is `SAMLRequest=…` and, where
/// there is one, `&RelayState=…`, both percent-encoded as they will be sent.
pub fn sign_query(query: &str, key: &SigningKey) -> Result<String, PrivateKeyError> {
    let signed = format!("{query}&SigAlg={}", percent_encode(key.signature_uri()));
    let signature = STANDARD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}&Signature={}", percent_encode(&signature)))
}

/// Percent-encode all but the unreserved characters of RFC 3986 section 2.3.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let mut out = String::with_capacity(text.len().saturating_mul(3) / 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend(HEX.get(usize::from(byte >> 4)));
            out.extend(HEX.get(usize::from(byte & 15)));
        }
    }
    out
}

fn write_signed_info(
    out: &mut Writer,
    attributes: &[(&str, &str)],
    key: &SigningKey,
    reference: &str,
    digest_value: &str,
) {
    out.start("ds:SignedInfo", attributes);
    out.leaf("ds:CanonicalizationMethod", &[("Algorithm", EXCLUSIVE)], "");
    out.leaf("ds:SignatureMethod", &[("Algorithm", key.signature_uri())], "");
    out.start("ds:Reference", &[("URI", reference)]).start("ds:Transforms", &[]);
    out.leaf("ds:Transform", &[("Algorithm", ENVELOPED)], "");
    out.leaf("ds:Transform", &[("Algorithm", EXCLUSIVE)], "");
    out.end();
    out.leaf("ds:DigestMethod", &[("Algorithm", SHA256_URI)], "");
    out.leaf("ds:DigestValue", &[], digest_value);
    out.end().end();
}
