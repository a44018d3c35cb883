"""Encrypted assertions, identifiers and attributes: accepted ones, and what they must be refused for."""

from __future__ import annotations

import encrypt
import sign
from accepted import info, signed_assertion, signed_response
from case import case
from document import (
    assertion,
    attribute,
    attribute_statement,
    audience_restriction,
    authn_statement,
    conditions,
    confirmation,
    evil_assertion,
    response,
    signature,
    subject,
)
from names import (
    DS,
    GROUPS,
    SAML,
    SP,
    XENC,
)

PROFILE = "profile"
XML = "parser differentials"
BOMBS = "entity bombs and DOCTYPE"
ENCRYPTED = "encrypted assertions"
URN = "urn:oasis:names:tc:SAML:2.0:"


def good(**parts) -> str:
    return response(signed_assertion(parts=parts))


def confirmed(data: str, method: str = URN + "cm:bearer") -> str:
    return good(subject_element=subject(confirmations=confirmation(method, data)))


def conditioned(inner: str | None = None, **instants) -> str:
    return good(conditions_element=conditions(inner, **instants))


# ------------------------------------------------------------ accepted

DECRYPTING = {"sp": {"decryption_keys": ["sp"]}}
for number, name, algorithm in [
    (600, "aes128-gcm", encrypt.AES128_GCM),
    (601, "aes192-gcm", encrypt.AES192_GCM),
    (602, "aes256-gcm", encrypt.AES256_GCM),
    (603, "aes128-cbc", encrypt.AES128_CBC),
    (604, "aes192-cbc", encrypt.AES192_CBC),
    (605, "aes256-cbc", encrypt.AES256_CBC),
]:
    case(number, name, ENCRYPTED, f"signed, then encrypted with {name}", **DECRYPTING)(
        lambda algorithm=algorithm, number=number: response(
            encrypt.encrypted_data(signed_assertion(), algorithm, seed=str(number))
        )
    )
for number, name in [(606, "sha256"), (607, "sha384"), (608, "sha512"), (609, "sha1")]:
    uri = {
        "sha1": DS + "sha1",
        "sha256": XENC + "sha256",
        "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "sha512": XENC + "sha512",
    }[name]
    case(
        number, f"oaep11-{name}", ENCRYPTED, f"RSA-OAEP of XML Encryption 1.1 with {name} twice", **DECRYPTING
    )(
        lambda name=name, uri=uri, number=number: response(
            encrypt.encrypted_data(
                signed_assertion(),
                seed=str(number),
                transport=encrypt.OAEP11,
                digest=uri,
                mask=encrypt.MGF + name,
            )
        )
    )
case(610, "encrypted-key-beside", ENCRYPTED, "EncryptedKey beside EncryptedData", **DECRYPTING)(
    lambda: response(encrypt.encrypted_data(signed_assertion(), seed="610", place="beside"))
)
case(
    611,
    "encrypted-key-retrieval-method",
    ENCRYPTED,
    "EncryptedKey beside, a RetrievalMethod points to it",
    **DECRYPTING,
)(
    lambda: response(
        encrypt.encrypted_data(
            signed_assertion(),
            seed="611",
            place="beside",
            attributes=' Id="_encrypted-key"',
            key_info=f'<ds:KeyInfo xmlns:ds="{DS}"><ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="#_encrypted-key"/></ds:KeyInfo>',
        )
    )
)
case(
    612,
    "second-decryption-key",
    ENCRYPTED,
    "encrypted for the second of two keys",
    sp={"decryption_keys": ["sp-next", "sp"]},
)(lambda: response(encrypt.encrypted_data(signed_assertion(), seed="612")))
case(
    613,
    "encrypted-under-response-signature",
    ENCRYPTED,
    "encrypted, then the Response is signed",
    **DECRYPTING,
)(lambda: signed_response(content=encrypt.encrypted_data(assertion(), seed="613")))
case(614, "encrypted-both-signed", ENCRYPTED, "signed, encrypted, and the Response signed", **DECRYPTING)(
    lambda: signed_response(content=encrypt.encrypted_data(signed_assertion(), seed="614"))
)
case(615, "encrypted-id", ENCRYPTED, "an EncryptedID in place of NameID", **DECRYPTING)(
    lambda: response(
        signed_assertion(
            parts={
                "subject_element": subject(
                    encrypt.encrypted_data(
                        f'<saml:NameID xmlns:saml="{SAML}" Format="{URN}nameid-format:persistent">u-4711</saml:NameID>',
                        seed="615",
                        wrapper="ID",
                    )
                )
            }
        )
    )
)
case(616, "encrypted-attribute", ENCRYPTED, "an EncryptedAttribute", **DECRYPTING)(
    lambda: response(
        signed_assertion(
            parts={
                "statements": authn_statement()
                + attribute_statement(
                    encrypt.encrypted_data(
                        attribute("memberOf", GROUPS, f' xmlns:saml="{SAML}"'),
                        seed="616",
                        wrapper="Attribute",
                    )
                )
            }
        )
    )
)
case(
    617,
    "encrypted-with-xml-declaration",
    ENCRYPTED,
    "the plaintext begins with an XML declaration",
    **DECRYPTING,
)(
    lambda: response(
        encrypt.encrypted_data('<?xml version="1.0" encoding="UTF-8"?>' + signed_assertion(), seed="617")
    )
)
case(
    618,
    "encrypted-namespaces-from-outside",
    ENCRYPTED,
    "the plaintext uses the prefix that EncryptedAssertion's surroundings declare",
    **DECRYPTING,
)(lambda: signed_response(content=encrypt.encrypted_data(assertion(namespaces=""), seed="618")))
case(
    619,
    "encrypted-ecdsa-inside",
    ENCRYPTED,
    "signed with ECDSA P-256, then encrypted with AES-128-CBC",
    sp={"decryption_keys": ["sp"]},
    idp={"keys": ["idp-p256"]},
    signed_by=sign.OPENSSL,
)(
    lambda: response(
        encrypt.encrypted_data(
            sign.openssl(
                assertion(
                    signature=signature(info(method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"))
                ),
                "idp-p256",
            ),
            encrypt.AES128_CBC,
            seed="619",
        )
    )
)
case(
    620,
    "key-in-carried-key-name",
    ENCRYPTED,
    "a Recipient, a KeyName and a CarriedKeyName on the key",
    **DECRYPTING,
)(
    lambda: response(
        encrypt.encrypted_data(
            signed_assertion(),
            seed="620",
            attributes=f' Recipient="{SP}"',
            tail="<xenc:CarriedKeyName>k</xenc:CarriedKeyName>",
        )
    )
)

# ------------------------------------------------------------ refused

REFUSED = "xmlenc.algorithm_refused"
FAILED = "xmlenc.failed"
for number, name, title, code, parts in [
    (640, "rsa-1.5", "RSA 1.5 key transport", REFUSED, {"transport": encrypt.RSA15}),
    (641, "triple-des", "3DES", REFUSED, {"algorithm": encrypt.TRIPLE_DES}),
    (
        642,
        "oaep-sha256-mgf1-sha1",
        "OAEP with SHA-256 and MGF1-SHA-1",
        "xmlenc.oaep_digest_mix",
        {"transport": encrypt.OAEP11, "digest": XENC + "sha256", "mask": encrypt.MGF + "sha1"},
    ),
    (
        643,
        "oaep-mgf1p-sha256",
        "rsa-oaep-mgf1p with a SHA-256 digest",
        "xmlenc.oaep_digest_mix",
        {"digest": XENC + "sha256"},
    ),
    (644, "wrong-key", "encrypted for somebody else", FAILED, {"recipient": "sp-next"}),
    (
        645,
        "gcm-tag",
        "the last byte of the tag is changed",
        FAILED,
        {"change": lambda data: data[:-1] + bytes([data[-1] ^ 1])},
    ),
    (
        646,
        "gcm-iv",
        "the first byte of the IV is changed",
        FAILED,
        {"change": lambda data: bytes([data[0] ^ 1]) + data[1:]},
    ),
    (647, "gcm-short", "a ciphertext of 12 bytes", FAILED, {"change": lambda data: data[:12]}),
    (648, "gcm-empty", "an empty ciphertext", FAILED, {"change": lambda _: b""}),
    (
        649,
        "cbc-padding-zero",
        "CBC padding of length 0",
        FAILED,
        {"algorithm": encrypt.AES128_CBC, "pad": bytes(16)},
    ),
    (
        650,
        "cbc-padding-17",
        "CBC padding of length 17",
        FAILED,
        {"algorithm": encrypt.AES128_CBC, "pad": b"\x11" * 16},
    ),
    (
        651,
        "cbc-not-whole-blocks",
        "a CBC ciphertext that is no whole number of blocks",
        FAILED,
        {"algorithm": encrypt.AES128_CBC, "change": lambda data: data[:-1]},
    ),
    (
        652,
        "cbc-iv-only",
        "a CBC ciphertext of one block",
        FAILED,
        {"algorithm": encrypt.AES128_CBC, "change": lambda data: data[:16]},
    ),
    (
        653,
        "cbc-flipped",
        "a flipped bit in a CBC block",
        FAILED,
        {
            "algorithm": encrypt.AES128_CBC,
            "change": lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        },
    ),
    (
        654,
        "cipher-reference",
        "CipherReference in place of CipherValue",
        "xmlenc.malformed",
        {"cipher_data": '<xenc:CipherReference URI="http://127.0.0.1:9/x"/>'},
    ),
    (655, "unknown-cipher", "an unknown cipher", REFUSED, {"algorithm": "urn:example:cipher"}),
    (656, "no-encrypted-key", "no EncryptedKey", "xmlenc.malformed", {"place": "nowhere"}),
    (
        657,
        "wrong-key-size",
        "a 256-bit key for AES-128",
        FAILED,
        {"algorithm": encrypt.AES256_GCM, "rename": encrypt.AES128_GCM},
    ),
    (
        658,
        "encrypted-key-garbage",
        "EncryptedKey holds bytes that no key decrypts",
        FAILED,
        {"value": bytes(range(256))},
    ),
    (659, "encrypted-key-short", "EncryptedKey holds 16 bytes", FAILED, {"value": bytes(16)}),
    (
        660,
        "unknown-key-transport",
        "AES key wrap as key transport",
        REFUSED,
        {"transport": XENC + "kw-aes256", "value": bytes(40)},
    ),
]:

    def make(number=number, parts=dict(parts)):
        algorithm, rename = parts.pop("algorithm", encrypt.AES256_GCM), parts.pop("rename", None)
        used = encrypt.AES256_GCM if algorithm.startswith("urn:") else algorithm
        text = encrypt.encrypted_data(signed_assertion(), used, seed=str(number), **parts)
        return response(text.replace(used, rename or algorithm, 1))

    case(number, name, ENCRYPTED, title, code, **DECRYPTING)(make)

for number, name, title, plain in [
    (665, "plaintext-garbage", "the plaintext is not XML", lambda: b"\xff\xfe garbage"),
    (
        666,
        "plaintext-two-assertions",
        "the plaintext is two assertions",
        lambda: signed_assertion() + evil_assertion(),
    ),
    (667, "plaintext-doctype", "the plaintext has a DOCTYPE", lambda: "<!DOCTYPE x>" + signed_assertion()),
    (668, "plaintext-response", "the plaintext is a whole signed Response", lambda: signed_response()),
    (
        669,
        "plaintext-name-id",
        "the plaintext is a NameID",
        lambda: f'<saml:NameID xmlns:saml="{SAML}">u</saml:NameID>',
    ),
    (
        670,
        "plaintext-broken-signature",
        "the signature of the plaintext fails",
        lambda: signed_assertion().replace("u-4711", "u-admin"),
    ),
    (
        671,
        "plaintext-attacker-key",
        "the plaintext is signed by an attacker",
        lambda: signed_assertion("attacker"),
    ),
    (
        672,
        "plaintext-sha1",
        "the plaintext is signed with SHA-1",
        lambda: signed_assertion(info=info(method=DS + "rsa-sha1")),
    ),
    (673, "plaintext-empty", "the plaintext is empty", lambda: ""),
    (
        674,
        "plaintext-encrypted-again",
        "the plaintext is an EncryptedAssertion",
        lambda: encrypt.encrypted_data(signed_assertion(), seed="674x", value=encrypt.seeded("674", 256)),
    ),
    (
        675,
        "plaintext-closes-the-wrapper",
        "the plaintext closes its wrapper and opens another",
        lambda: "</saml:EncryptedAssertion>" + signed_assertion() + "<saml:EncryptedAssertion>",
    ),
    (
        676,
        "plaintext-text-around",
        "text around the assertion in the plaintext",
        lambda: "x" + signed_assertion(),
    ),
]:
    case(number, name, ENCRYPTED, title, FAILED, **DECRYPTING)(
        lambda plain=plain, number=number: response(encrypt.encrypted_data(plain(), seed=str(number)))
    )
case(
    680,
    "no-decryption-key",
    ENCRYPTED,
    "an encrypted assertion, and no decryption key is configured",
    "xmlenc.no_key",
)(lambda: response(encrypt.encrypted_data(signed_assertion(), seed="680")))
case(681, "encrypted-id-wrong-key", ENCRYPTED, "an EncryptedID for somebody else", FAILED, **DECRYPTING)(
    lambda: good(
        subject_element=subject(
            encrypt.encrypted_data(
                f'<saml:NameID xmlns:saml="{SAML}">u-4711</saml:NameID>',
                seed="681",
                wrapper="ID",
                recipient="sp-next",
            )
        )
    )
)
case(
    682,
    "encrypted-attribute-wrong-key",
    ENCRYPTED,
    "an EncryptedAttribute for somebody else: never read as absent",
    FAILED,
    **DECRYPTING,
)(
    lambda: good(
        statements=authn_statement()
        + attribute_statement(
            encrypt.encrypted_data(
                attribute("memberOf", GROUPS, f' xmlns:saml="{SAML}"'),
                seed="682",
                wrapper="Attribute",
                recipient="sp-next",
            )
        )
    )
)
case(
    683,
    "encrypted-attribute-no-key",
    ENCRYPTED,
    "an EncryptedAttribute, and no decryption key is configured",
    "xmlenc.no_key",
)(
    lambda: good(
        statements=authn_statement()
        + attribute_statement(
            encrypt.encrypted_data(
                attribute("memberOf", GROUPS, f' xmlns:saml="{SAML}"'), seed="683", wrapper="Attribute"
            )
        )
    )
)
case(
    684,
    "profile-inside-encryption",
    ENCRYPTED,
    "a good encrypted assertion for another audience",
    "saml.audience_mismatch",
    **DECRYPTING,
)(
    lambda: response(
        encrypt.encrypted_data(
            signed_assertion(
                parts={"conditions_element": conditions(audience_restriction("https://other.example"))}
            ),
            seed="684",
        )
    )
)
