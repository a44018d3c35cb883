"""Encrypt an assertion: AES in GCM or CBC, the key under RSA-OAEP (XML Encryption 1.1)."""

from __future__ import annotations

import base64
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from memberof.testing.signature import DS

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
_ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"

# XML Encryption 1.1 sections 5.2 and 5.5: algorithm URI, key size in bytes
_CIPHERS = {
    "aes128-gcm": (f"{XENC11}aes128-gcm", 16),
    "aes192-gcm": (f"{XENC11}aes192-gcm", 24),
    "aes256-gcm": (f"{XENC11}aes256-gcm", 32),
    "aes128-cbc": (f"{XENC}aes128-cbc", 16),
    "aes192-cbc": (f"{XENC}aes192-cbc", 24),
    "aes256-cbc": (f"{XENC}aes256-cbc", 32),
}
_DIGESTS: dict[str, tuple[type[hashes.HashAlgorithm], str]] = {
    "sha256": (hashes.SHA256, f"{XENC}sha256"),
    "sha384": (hashes.SHA384, "http://www.w3.org/2001/04/xmldsig-more#sha384"),
    "sha512": (hashes.SHA512, f"{XENC}sha512"),
}


def encrypt_assertion(
    assertion: etree._Element, certificate: str | bytes, encryption: str, key_transport: str
) -> etree._Element:
    """Replace an Assertion by its EncryptedAssertion, in place.

    Raises:
        ValueError: An algorithm is unknown.
        TypeError: The certificate has no RSA key.

    """
    if encryption not in _CIPHERS:
        raise ValueError(f'encryption is "{encryption}", expected one of {", ".join(_CIPHERS)}')
    pem = certificate.encode() if isinstance(certificate, str) else certificate
    public_key = x509.load_pem_x509_certificate(pem).public_key()
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise TypeError("the certificate to encrypt to has no RSA key")
    uri, size = _CIPHERS[encryption]
    key = os.urandom(size)
    # the plaintext carries all declarations that it needs: it is parsed alone by whoever decrypts it
    ciphertext = _encrypt(etree.tostring(assertion, with_tail=False), key, encryption)

    prefix = next((p for p, ns in assertion.nsmap.items() if ns == _ASSERTION), "saml")
    encrypted = etree.Element(f"{{{_ASSERTION}}}EncryptedAssertion", nsmap={prefix: _ASSERTION})
    data = etree.SubElement(
        encrypted, _x("EncryptedData"), Type=f"{XENC}Element", nsmap={"xenc": XENC, "dsig": DS}
    )
    etree.SubElement(data, _x("EncryptionMethod"), Algorithm=uri)
    key_info = etree.SubElement(data, f"{{{DS}}}KeyInfo")
    encrypted_key = etree.SubElement(key_info, _x("EncryptedKey"))
    _append_transport(encrypted_key, key_transport)
    _append_cipher_value(encrypted_key, public_key.encrypt(key, _oaep(key_transport)))
    _append_cipher_value(data, ciphertext)

    parent = assertion.getparent()
    if parent is None:
        raise ValueError("the assertion stands alone, expected one in a response")
    parent.replace(assertion, encrypted)
    return encrypted


def _encrypt(plaintext: bytes, key: bytes, encryption: str) -> bytes:
    if encryption.endswith("gcm"):
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, None)
    # XML Encryption 5.2.2: as ISO 10126, random bytes and then the number of bytes added, 1 to 16
    missing = 16 - len(plaintext) % 16
    padded = plaintext + os.urandom(missing - 1) + bytes([missing])
    iv = os.urandom(16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(padded) + encryptor.finalize()


def _oaep(key_transport: str) -> padding.OAEP:
    if key_transport == "rsa-oaep-mgf1p":
        # XML Encryption 5.5.2: MGF1 with SHA-1 and a SHA-1 digest unless a DigestMethod says otherwise
        return padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - what products send
    digest, _ = _digest(key_transport)
    return padding.OAEP(padding.MGF1(digest()), digest(), None)


def _append_transport(encrypted_key: etree._Element, key_transport: str) -> None:
    if key_transport == "rsa-oaep-mgf1p":
        etree.SubElement(encrypted_key, _x("EncryptionMethod"), Algorithm=f"{XENC}rsa-oaep-mgf1p")
        return
    name = key_transport.rpartition("-")[2]
    _, digest_uri = _digest(key_transport)
    method = etree.SubElement(encrypted_key, _x("EncryptionMethod"), Algorithm=f"{XENC11}rsa-oaep")
    etree.SubElement(method, f"{{{DS}}}DigestMethod", Algorithm=digest_uri)
    mgf_uri = f"{XENC11}mgf1{name}"
    etree.SubElement(method, f"{{{XENC11}}}MGF", Algorithm=mgf_uri, nsmap={"xenc11": XENC11})


def _digest(key_transport: str) -> tuple[type[hashes.HashAlgorithm], str]:
    name = key_transport.removeprefix("rsa-oaep-")
    if name not in _DIGESTS or name == key_transport:
        names = ", ".join(["rsa-oaep-mgf1p", *(f"rsa-oaep-{digest}" for digest in _DIGESTS)])
        raise ValueError(f'key transport is "{key_transport}", expected one of {names}')
    return _DIGESTS[name]


def _append_cipher_value(parent: etree._Element, data: bytes) -> None:
    cipher_data = etree.SubElement(parent, _x("CipherData"))
    etree.SubElement(cipher_data, _x("CipherValue")).text = base64.b64encode(data).decode("ascii")


def _x(name: str) -> str:
    return f"{{{XENC}}}{name}"
