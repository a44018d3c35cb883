//! A third library decrypts: OpenSSL, on what libxml2 read. The referees then judge the plaintext.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libxml::parser::{Parser, ParserOptions};
use libxml::tree::{Node, NodeType};
use openssl::md::Md;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, decrypt_aead};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// The plaintext of the one EncryptedAssertion in a Response.
pub fn assertion(xml: &str, keys: &[PKey<Private>]) -> Result<String, String> {
    let options = ParserOptions { recover: false, no_net: true, ..ParserOptions::default() };
    let document =
        Parser::default().parse_string_with_options(xml, options).map_err(|error| format!("{error}"))?;
    let root = document.get_root_element().ok_or("no root")?;
    let encrypted = find(&root, "EncryptedAssertion").ok_or("no EncryptedAssertion")?;
    let data = find(&encrypted, "EncryptedData").ok_or("no EncryptedData")?;
    let key = find(&encrypted, "EncryptedKey").ok_or("no EncryptedKey")?;
    let mut last = "no key".to_owned();
    for private in keys {
        match unwrap_key(&key, private).and_then(|session| decipher(&data, &session)) {
            Ok(plain) => return String::from_utf8(plain).map_err(|error| error.to_string()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn unwrap_key(key: &Node, private: &PKey<Private>) -> Result<Vec<u8>, String> {
    let method = find(key, "EncryptionMethod").ok_or("no EncryptionMethod")?;
    let digest_uri =
        children(&method).iter().find(|node| node.get_name() == "DigestMethod").and_then(algorithm);
    let mask_uri = children(&method).iter().find(|node| node.get_name() == "MGF").and_then(algorithm);
    let digest = hash(digest_uri.as_deref())?;
    let mask = hash(mask_uri.as_deref())?;
    match algorithm(&method).as_deref() {
        Some(uri) if uri == format!("{XENC}rsa-oaep-mgf1p") || uri == format!("{XENC11}rsa-oaep") => {}
        other => return Err(format!("key transport {other:?}")),
    }
    let mut context = PkeyCtx::new(private).map_err(text)?;
    context.decrypt_init().map_err(text)?;
    context.set_rsa_padding(Padding::PKCS1_OAEP).map_err(text)?;
    context.set_rsa_oaep_md(digest).map_err(text)?;
    context.set_rsa_mgf1_md(mask).map_err(text)?;
    let mut session = Vec::new();
    context.decrypt_to_vec(&cipher_value(key)?, &mut session).map_err(text)?;
    Ok(session)
}

fn hash(uri: Option<&str>) -> Result<&'static openssl::md::MdRef, String> {
    Ok(match uri.map(|uri| uri.rsplit('#').next().unwrap_or_default()) {
        None | Some("sha1" | "mgf1sha1") => Md::sha1(),
        Some("sha256" | "mgf1sha256") => Md::sha256(),
        Some("sha384" | "mgf1sha384") => Md::sha384(),
        Some("sha512" | "mgf1sha512") => Md::sha512(),
        Some(other) => return Err(format!("hash {other}")),
    })
}

fn decipher(data: &Node, session: &[u8]) -> Result<Vec<u8>, String> {
    let method = children(data)
        .into_iter()
        .find(|node| node.get_name() == "EncryptionMethod")
        .ok_or("no EncryptionMethod")?;
    let uri = algorithm(&method).unwrap_or_default();
    let bytes = cipher_value(data)?;
    let name = uri.rsplit('#').next().unwrap_or_default();
    let (cipher, is_gcm) = match name {
        "aes128-gcm" => (Cipher::aes_128_gcm(), true),
        "aes192-gcm" => (Cipher::aes_192_gcm(), true),
        "aes256-gcm" => (Cipher::aes_256_gcm(), true),
        "aes128-cbc" => (Cipher::aes_128_cbc(), false),
        "aes192-cbc" => (Cipher::aes_192_cbc(), false),
        "aes256-cbc" => (Cipher::aes_256_cbc(), false),
        other => return Err(format!("cipher {other}")),
    };
    if session.len() != cipher.key_len() {
        return Err("a key of another size".to_owned());
    }
    if is_gcm {
        if bytes.len() < 28 {
            return Err("too short".to_owned());
        }
        let (iv, rest) = bytes.split_at(12);
        let (body, tag) = rest.split_at(rest.len() - 16);
        return decrypt_aead(cipher, session, Some(iv), &[], body, tag).map_err(text);
    }
    if bytes.len() < 32 || bytes.len() % 16 != 0 {
        return Err("no whole blocks".to_owned());
    }
    let (iv, body) = bytes.split_at(16);
    let mut crypter =
        openssl::symm::Crypter::new(cipher, openssl::symm::Mode::Decrypt, session, Some(iv)).map_err(text)?;
    // ISO 10126 padding, which OpenSSL has no name for: only the last byte counts.
    crypter.pad(false);
    let mut plain = vec![0; body.len() + 16];
    let length = crypter.update(body, &mut plain).map_err(text)?;
    plain.truncate(length);
    let pad = usize::from(*plain.last().ok_or("empty")?);
    if pad == 0 || pad > 16 || pad > plain.len() {
        return Err("padding".to_owned());
    }
    plain.truncate(plain.len() - pad);
    Ok(plain)
}

fn cipher_value(of: &Node) -> Result<Vec<u8>, String> {
    let data =
        children(of).into_iter().find(|node| node.get_name() == "CipherData").ok_or("no CipherData")?;
    let value =
        children(&data).into_iter().find(|node| node.get_name() == "CipherValue").ok_or("no CipherValue")?;
    let encoded: String = value.get_content().split_ascii_whitespace().collect();
    STANDARD.decode(encoded).map_err(|error| error.to_string())
}

fn algorithm(node: &Node) -> Option<String> {
    node.get_attribute("Algorithm")
}

fn children(node: &Node) -> Vec<Node> {
    node.get_child_nodes()
        .into_iter()
        .filter(|child| child.get_type() == Some(NodeType::ElementNode))
        .collect()
}

/// The first element of that local name, in document order.
fn find(node: &Node, name: &str) -> Option<Node> {
    if node.get_name() == name {
        return Some(node.clone());
    }
    children(node).iter().find_map(|child| find(child, name))
}

fn text(error: openssl::error::ErrorStack) -> String {
    error.to_string()
}
