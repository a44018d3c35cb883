"""EncryptedAssertion and its kin by OpenSSL (cryptography); content keys and IVs are seeded, OAEP's padding is not."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from keys import certificate
from names import DS, SAML, XENC, XENC11

AES128_CBC = XENC + "aes128-cbc"
AES192_CBC = XENC + "aes192-cbc"
AES256_CBC = XENC + "aes256-cbc"
AES128_GCM = XENC11 + "aes128-gcm"
AES192_GCM = XENC11 + "aes192-gcm"
AES256_GCM = XENC11 + "aes256-gcm"
TRIPLE_DES = XENC + "tripledes-cbc"
OAEP_MGF1P = XENC + "rsa-oaep-mgf1p"
OAEP11 = XENC11 + "rsa-oaep"
RSA15 = XENC + "rsa-1_5"
MGF = XENC11 + "mgf1"
HASHES = {
    "http://www.w3.org/2000/09/xmldsig#sha1": hashes.SHA1,
    XENC + "sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384,
    XENC + "sha512": hashes.SHA512,
    MGF + "sha1": hashes.SHA1,
    MGF + "sha256": hashes.SHA256,
    MGF + "sha384": hashes.SHA384,
    MGF + "sha512": hashes.SHA512,
}
SIZES = {
    AES128_CBC: 16,
    AES192_CBC: 24,
    AES256_CBC: 32,
    AES128_GCM: 16,
    AES192_GCM: 24,
    AES256_GCM: 32,
    TRIPLE_DES: 24,
}


def seeded(label: str, size: int) -> bytes:
    return hashlib.shake_256(label.encode()).digest(size)


def cipher_text(plain: bytes, algorithm: str, key: bytes, seed: str, pad: bytes | None = None) -> bytes:
    if algorithm in (AES128_GCM, AES192_GCM, AES256_GCM):
        iv = seeded(seed + "iv", 12)
        return iv + AESGCM(key).encrypt(iv, plain, None)
    block = 8 if algorithm == TRIPLE_DES else 16
    missing = block - len(plain) % block
    # XML Encryption 5.2.1: only the last byte of the padding says anything.
    plain += (
        b" " * (missing % block) + pad
        if pad is not None
        else seeded(seed + "pad", missing - 1) + bytes([missing])
    )
    iv = seeded(seed + "iv", block)
    if algorithm == TRIPLE_DES:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

        cipher = Cipher(TripleDES(key), modes.CBC(iv))
    else:
        cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    encryptor = cipher.encryptor()
    return iv + encryptor.update(plain) + encryptor.finalize()


def wrapped_key(key: bytes, recipient: str, transport: str, digest: str | None, mask: str | None) -> bytes:
    public = certificate(recipient).public_key()
    if transport == RSA15:
        return public.encrypt(key, padding.PKCS1v15())
    digest_hash = HASHES[digest]() if digest else hashes.SHA1()
    mask_hash = HASHES[mask]() if mask else hashes.SHA1()
    return public.encrypt(key, padding.OAEP(padding.MGF1(mask_hash), digest_hash, None))


def encrypted_key(
    key: bytes,
    recipient: str = "sp",
    transport: str = OAEP_MGF1P,
    digest: str | None = None,
    mask: str | None = None,
    attributes: str = "",
    tail: str = "",
    value: bytes | None = None,
) -> str:
    inner = (f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{digest}"/>' if digest else "") + (
        f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{mask}"/>' if mask else ""
    )
    wrapped = base64.b64encode(
        value if value is not None else wrapped_key(key, recipient, transport, digest, mask)
    )
    return (
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}"{attributes}><xenc:EncryptionMethod Algorithm="{transport}">{inner}'
        f"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{wrapped.decode()}</xenc:CipherValue>"
        f"</xenc:CipherData>{tail}</xenc:EncryptedKey>"
    )


def encrypted_data(
    plain: str | bytes,
    algorithm: str = AES256_GCM,
    *,
    seed: str = "vector",
    place: str = "inside",
    wrapper: str = "Assertion",
    change: object = None,
    type: str = "Element",
    pad: bytes | None = None,
    cipher_data: str | None = None,
    key_info: str | None = None,
    **key_parts: object,
) -> str:
    """The whole ``saml:EncryptedAssertion`` (or what ``wrapper`` names); ``place``: the EncryptedKey inside or beside."""
    plain = plain.encode() if isinstance(plain, str) else plain
    key = seeded(seed + "key", SIZES.get(algorithm, 32))
    data = cipher_text(plain, algorithm, key, seed, pad)
    if callable(change):
        data = change(data)
    own_key = encrypted_key(key, **key_parts)
    if key_info is None:
        inner = own_key if place == "inside" else ""
        key_info = f'<ds:KeyInfo xmlns:ds="{DS}">{inner}</ds:KeyInfo>' if inner else ""
    value = (
        f"<xenc:CipherValue>{base64.b64encode(data).decode()}</xenc:CipherValue>"
        if cipher_data is None
        else cipher_data
    )
    kind = f' Type="{XENC}{type}"' if type else ""
    return (
        f'<saml:Encrypted{wrapper} xmlns:saml="{SAML}"><xenc:EncryptedData xmlns:xenc="{XENC}" Id="_encrypted-data"{kind}>'
        f'<xenc:EncryptionMethod Algorithm="{algorithm}"/>{key_info}'
        f"<xenc:CipherData>{value}</xenc:CipherData></xenc:EncryptedData>"
        f"{own_key if place == 'beside' else ''}</saml:Encrypted{wrapper}>"
    )
