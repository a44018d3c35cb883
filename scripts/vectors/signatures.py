"""Void canonicalisation, several SignedInfo, key confusion, weak algorithms, transforms, references, base64."""

from __future__ import annotations

import base64
import hashlib
import re

import sign
from accepted import info, key_info, signed_assertion, signed_in_place, signed_response, with_transform
from case import case
from cryptography.hazmat.primitives import serialization
from document import (
    assertion,
    evil_assertion,
    prefix_list,
    reference,
    response,
    signature,
    signed_info,
    transform,
)
from keys import KEYS, certificate, certificate_base64
from names import (
    ASSERTION_ID,
    C14N,
    DS,
    ECDSA_SHA256,
    ENVELOPED,
    EXC,
    MORE,
    MORE07,
    PSS_SHA256,
    RSA_SHA1,
    RSA_SHA256,
    SAML,
    SHA1,
)
from wrapping import signature_of

VOID = "void canonicalisation"
INFO = "comments in DigestValue, several SignedInfo"
CONFUSION = "key confusion"
WEAK = "weak algorithms"
TRANSFORMS = "transform abuse"
EXTERNAL = "external references"
BASE64 = "base64 oddities"
NOTHING = base64.b64encode(hashlib.sha256(b"").digest()).decode()


# ------------------------------------------------------------ void canonicalisation


@case(
    220,
    "relative-namespace",
    VOID,
    "a relative namespace in the assertion, the digest of nothing (libxml2 canonicalises it to nothing)",
    "xml.relative_namespace",
)
def _():
    void = ' xmlns:void="../void"'
    parts = assertion(extra=void, signature=signature())
    return response(sign.openssl(parts, digests=[NOTHING], root=parts.replace(void, "")))


@case(
    221,
    "relative-namespace-in-signed-info",
    VOID,
    "a relative namespace in SignedInfo, a signature over nothing",
    "xml.relative_namespace",
)
def _():
    made = signature(info().replace("<ds:SignedInfo>", '<ds:SignedInfo xmlns:void="void">'))
    return response(sign.openssl(assertion(signature=made), digests=[NOTHING], signed_bytes=b""))


@case(222, "digest-of-nothing", VOID, "DigestValue is the digest of zero bytes", "dsig.digest_mismatch")
def _():
    return response(sign.openssl(evil_assertion(ASSERTION_ID, signature=signature()), digests=[NOTHING]))


@case(223, "empty-digest-value", VOID, "DigestValue is empty", "dsig.base64")
def _():
    made = assertion(signature=signature()).replace("<ds:DigestValue></ds:DigestValue>", "<ds:DigestValue/>")
    return response(sign.openssl(made, digests=[]))


@case(224, "signature-over-nothing", VOID, "a signature over zero bytes", "dsig.invalid")
def _():
    return response(sign.openssl(evil_assertion(ASSERTION_ID, signature=signature()), signed_bytes=b""))


@case(
    225,
    "digest-of-an-empty-element",
    VOID,
    "the digest of an assertion without its children",
    "dsig.digest_mismatch",
)
def _():
    bare = f'<saml:Assertion xmlns:saml="{SAML}" ID="{ASSERTION_ID}" IssueInstant="2026-11-24T11:59:58Z" Version="2.0"></saml:Assertion>'
    value = base64.b64encode(hashlib.sha256(bare.encode()).digest()).decode()
    return response(sign.openssl(evil_assertion(ASSERTION_ID, signature=signature()), digests=[value]))


@case(226, "namespace-without-scheme", VOID, "a namespace name that is only a path", "xml.relative_namespace")
def _():
    return response(
        signed_assertion(), extensions='<samlp:Extensions><x:y xmlns:x="/path"/></samlp:Extensions>'
    )


# ------------------------------------------------------------ SignedInfo


@case(
    230,
    "comment-in-digest-value",
    INFO,
    "a comment splits DigestValue: the attacker's digest before it, the IdP's after",
    "dsig.structure",
)
def _():
    whole = signed_assertion()
    return response(re.sub(r"<ds:DigestValue>([^<]+)", rf"<ds:DigestValue><!--{NOTHING}-->\1", whole))


@case(
    231,
    "comment-splits-digest-value",
    INFO,
    "a forged assertion's digest before a comment in DigestValue",
    "dsig.structure",
)
def _():
    forged = evil_assertion(ASSERTION_ID, signature=signature())
    own = re.search(r"<ds:DigestValue>([^<]+)", sign.openssl(forged))[1]
    good = signed_assertion()
    mark = re.sub(r"<ds:DigestValue>([^<]+)", rf"<ds:DigestValue>{own}<!-- -->\1", signature_of(good))
    return response(evil_assertion(ASSERTION_ID, signature=mark))


@case(232, "comment-in-signature-value", INFO, "a comment in SignatureValue", "dsig.structure")
def _():
    return response(re.sub(r"(<ds:SignatureValue>[^<]{10})", r"\1<!-- -->", signed_assertion()))


@case(233, "second-signed-info-first", INFO, "a forged SignedInfo before the signed one", "dsig.structure")
def _():
    forged = evil_assertion(ASSERTION_ID, signature=signature())
    own = re.search(r"<ds:SignedInfo>.*</ds:SignedInfo>", sign.openssl(forged))[0]
    return response(
        evil_assertion(
            ASSERTION_ID,
            signature=signature_of(signed_assertion()).replace("<ds:SignedInfo>", own + "<ds:SignedInfo>", 1),
        )
    )


@case(234, "second-signed-info-last", INFO, "a forged SignedInfo after SignatureValue", "dsig.structure")
def _():
    forged = evil_assertion(ASSERTION_ID, signature=signature())
    own = re.search(r"<ds:SignedInfo>.*</ds:SignedInfo>", sign.openssl(forged))[0]
    return response(
        evil_assertion(
            ASSERTION_ID,
            signature=signature_of(signed_assertion()).replace("</ds:Signature>", own + "</ds:Signature>", 1),
        )
    )


@case(235, "two-references", INFO, "a second Reference, to the Response's Status", "dsig.reference_count")
def _():
    made = signature(signed_info(reference(), reference()))
    return response(sign.openssl(assertion(signature=made)))


@case(236, "two-digest-values", INFO, "two DigestValue elements", "dsig.structure")
def _():
    return response(
        signed_assertion().replace(
            "</ds:DigestValue>", f"</ds:DigestValue><ds:DigestValue>{NOTHING}</ds:DigestValue>"
        )
    )


@case(237, "two-signature-values", INFO, "two SignatureValue elements", "dsig.structure")
def _():
    return response(
        signed_assertion().replace(
            "</ds:SignatureValue>", "</ds:SignatureValue><ds:SignatureValue>AAAA</ds:SignatureValue>"
        )
    )


@case(238, "no-digest-method", INFO, "no DigestMethod", "dsig.structure")
def _():
    return response(re.sub(r"<ds:DigestMethod[^>]*/>", "", signed_assertion()))


@case(239, "two-signature-methods", INFO, "two SignatureMethod elements", "dsig.algorithm_symmetric")
def _():
    made = signature(
        info().replace(
            "<ds:SignatureMethod",
            f'<ds:SignatureMethod Algorithm="{MORE}hmac-sha256"/><ds:SignatureMethod',
            1,
        )
    )
    return response(sign.openssl(assertion(signature=made), method=RSA_SHA256))


@case(240, "text-in-signed-info", INFO, "text between the parts of SignedInfo, signed", "dsig.structure")
def _():
    return response(
        sign.openssl(
            assertion(signature=signature(info().replace("<ds:SignatureMethod", "x<ds:SignatureMethod")))
        )
    )


@case(
    241, "signed-info-changed", INFO, "an attribute is added to the Reference after signing", "dsig.invalid"
)
def _():
    return response(signed_assertion().replace("<ds:Reference ", '<ds:Reference Id="x" '))


@case(
    242,
    "digest-replaced",
    INFO,
    "a forged assertion with its own digest put into the signed SignedInfo",
    "dsig.invalid",
)
def _():
    forged = evil_assertion(ASSERTION_ID, signature=signature())
    own = re.search(r"<ds:DigestValue>([^<]+)", sign.openssl(forged))[1]
    mark = re.sub(r"<ds:DigestValue>[^<]+", f"<ds:DigestValue>{own}", signature_of(signed_assertion()))
    return response(evil_assertion(ASSERTION_ID, signature=mark))


@case(
    243,
    "cdata-in-digest-value",
    INFO,
    "a CDATA section in DigestValue: some readers take only what stands before it",
    "dsig.structure",
)
def _():
    return response(re.sub(r"(<ds:DigestValue>[^<]{10})", r"\1<![CDATA[]]>", signed_assertion()))


@case(244, "cdata-in-signature-value", INFO, "a CDATA section in SignatureValue", "dsig.structure")
def _():
    return response(re.sub(r"(<ds:SignatureValue>)", r"\1<![CDATA[]]>", signed_assertion()))


# ------------------------------------------------------------ keys


def spki(name: str) -> bytes:
    return (
        certificate(name)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def spki_pem(name: str) -> bytes:
    return (
        certificate(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def modulus(name: str) -> str:
    number = certificate(name).public_key().public_numbers().n
    return base64.b64encode(number.to_bytes(256, "big")).decode()


case(250, "attacker-key", CONFUSION, "signed by a key that is not configured", "dsig.invalid")(
    lambda: response(signed_assertion("attacker"))
)
case(
    251,
    "attacker-certificate-in-key-info",
    CONFUSION,
    "signed by an attacker whose certificate is in KeyInfo",
    "dsig.invalid",
)(lambda: response(signed_assertion("attacker", tail=key_info("attacker"))))
case(
    252,
    "idp-certificate-in-key-info",
    CONFUSION,
    "signed by an attacker, the IdP's certificate in KeyInfo",
    "dsig.invalid",
)(lambda: response(signed_assertion("attacker", tail=key_info("idp"))))
case(253, "key-value", CONFUSION, "signed by an attacker whose key is in a KeyValue", "dsig.invalid")(
    lambda: response(
        signed_assertion(
            "attacker",
            tail=f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus('attacker')}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>",
        )
    )
)
for number, name, what, secret in [
    (254, "certificate-pem", "the certificate's PEM text", lambda: (KEYS / "idp.crt").read_bytes()),
    (
        255,
        "certificate-der",
        "the certificate's DER bytes",
        lambda: base64.b64decode(certificate_base64("idp")),
    ),
    (256, "spki-der", "the public key's DER bytes", lambda: spki("idp")),
    (257, "spki-pem", "the public key's PEM text", lambda: spki_pem("idp")),
    (258, "certificate-base64", "the certificate's base64 text", lambda: certificate_base64("idp").encode()),
]:
    case(number, f"hmac-{name}", CONFUSION, f"HMAC-SHA256 keyed with {what}", "dsig.algorithm_symmetric")(
        lambda secret=secret: response(
            sign.xmlsec1(
                evil_assertion(ASSERTION_ID, signature=signature(info(method=MORE + "hmac-sha256"))),
                hmac_key=secret(),
            )
        )
    )
case(
    259,
    "hmac-empty-key",
    CONFUSION,
    "HMAC-SHA256 with a truncated output length of 8 bits",
    "dsig.algorithm_symmetric",
)(
    lambda: response(
        sign.openssl(
            assertion(
                signature=signature(
                    info(
                        method=MORE + "hmac-sha256",
                        method_inner="<ds:HMACOutputLength>8</ds:HMACOutputLength>",
                    )
                )
            ),
            method=RSA_SHA256,
        )
    )
)
case(
    260,
    "rsa-key-ecdsa-method",
    CONFUSION,
    "the method says ECDSA, the key and the signature are RSA",
    "dsig.key_kind",
)(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(method=ECDSA_SHA256))), method=RSA_SHA256)
    )
)
case(
    261,
    "ec-key-rsa-method",
    CONFUSION,
    "the method says RSA, the key and the signature are ECDSA",
    "dsig.key_kind",
    idp={"keys": ["idp-p256"]},
)(lambda: response(sign.openssl(assertion(signature=signature()), "idp-p256", method=ECDSA_SHA256)))
case(
    262,
    "ecdsa-in-der",
    CONFUSION,
    "an ECDSA signature in DER instead of r and s",
    "dsig.invalid",
    idp={"keys": ["idp-p256"]},
)(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(method=ECDSA_SHA256))), "idp-p256", der=True)
    )
)
case(263, "pss-as-pkcs1", CONFUSION, "the method says PKCS #1 v1.5, the signature is PSS", "dsig.invalid")(
    lambda: response(sign.openssl(assertion(signature=signature()), method=PSS_SHA256))
)
case(264, "pkcs1-as-pss", CONFUSION, "the method says PSS, the signature is PKCS #1 v1.5", "dsig.invalid")(
    lambda: response(sign.openssl(assertion(signature=signature(info(method=PSS_SHA256))), method=RSA_SHA256))
)
case(
    265,
    "hash-confusion",
    CONFUSION,
    "the method says SHA-512, the signature is over SHA-256",
    "dsig.invalid",
)(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(method=MORE + "rsa-sha512"))), method=RSA_SHA256)
    )
)
case(
    266,
    "ecdsa-zero",
    CONFUSION,
    "an ECDSA signature of zeros (CVE-2022-21449)",
    "dsig.invalid",
    idp={"keys": ["idp-p256"]},
)(
    lambda: response(
        assertion(signature=signature(info(method=ECDSA_SHA256)))
        .replace("<ds:SignatureValue></", f"<ds:SignatureValue>{base64.b64encode(bytes(64)).decode()}</")
        .replace("<ds:DigestValue></", f"<ds:DigestValue>{NOTHING}</")
    )
)
case(267, "rsa-zero", CONFUSION, "an RSA signature of zeros", "dsig.invalid")(
    lambda: response(
        re.sub(
            r"(<ds:SignatureValue>)[^<]+",
            rf"\g<1>{base64.b64encode(bytes(256)).decode()}",
            signed_assertion(),
        )
    )
)
case(268, "rsa-one", CONFUSION, "an RSA signature of the number one", "dsig.invalid")(
    lambda: response(
        re.sub(
            r"(<ds:SignatureValue>)[^<]+",
            rf"\g<1>{base64.b64encode(bytes(255) + bytes([1])).decode()}",
            signed_assertion(),
        )
    )
)
case(269, "rsa-leading-zero-cut", CONFUSION, "an RSA signature one byte too long", "dsig.invalid")(
    lambda: response(
        re.sub(
            r"(<ds:SignatureValue>)([^<]+)",
            lambda m: m[1] + base64.b64encode(bytes(1) + base64.b64decode(m[2])).decode(),
            signed_assertion(),
        )
    )
)
case(
    270,
    "ecdsa-wrong-curve-length",
    CONFUSION,
    "a P-384 signature under a P-256 key",
    "dsig.invalid",
    idp={"keys": ["idp-p256"]},
)(lambda: response(sign.openssl(assertion(signature=signature(info(method=ECDSA_SHA256))), "idp-p384")))

# ------------------------------------------------------------ weak or foreign algorithms

case(280, "rsa-sha1", WEAK, "RSA with SHA-1", "dsig.algorithm_weak")(
    lambda: response(signed_assertion(info=info(method=RSA_SHA1)))
)
case(281, "digest-sha1", WEAK, "a SHA-1 digest under an RSA-SHA256 signature", "dsig.algorithm_weak")(
    lambda: response(signed_assertion(info=info(digest=SHA1)))
)
case(282, "rsa-md5", WEAK, "RSA with MD5", "dsig.algorithm_weak")(
    lambda: response(signed_assertion(info=info(method=MORE + "rsa-md5")))
)
case(283, "digest-md5", WEAK, "an MD5 digest", "dsig.algorithm_weak")(
    lambda: response(signed_assertion(info=info(digest=MORE + "md5")))
)
case(284, "rsa-ripemd160", WEAK, "RSA with RIPEMD-160", "dsig.algorithm_weak")(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(method=MORE + "rsa-ripemd160"))), method=RSA_SHA256)
    )
)
case(285, "rsa-sha224", WEAK, "RSA with SHA-224", "dsig.algorithm_unsupported")(
    lambda: response(signed_assertion(info=info(method=MORE + "rsa-sha224")))
)
case(286, "ecdsa-sha1", WEAK, "ECDSA with SHA-1", "dsig.algorithm_weak", idp={"keys": ["idp-p256"]})(
    lambda: response(signed_assertion("idp-p256", info=info(method=MORE + "ecdsa-sha1")))
)
case(287, "dsa-sha256", WEAK, "DSA with SHA-256, named beside an RSA key", "dsig.algorithm_unsupported")(
    lambda: response(
        signed_assertion("idp-dsa", info=info(method="http://www.w3.org/2009/xmldsig11#dsa-sha256"))
    )
)
case(288, "rsa-1024", WEAK, "an RSA key of 1,024 bits", "dsig.key_size", idp={"keys": ["idp-rsa1024"]})(
    lambda: response(signed_assertion("idp-rsa1024"))
)
case(289, "pss-with-parameters", WEAK, "RSASSA-PSS with parameters of its own", "dsig.algorithm_unsupported")(
    lambda: response(
        sign.openssl(
            assertion(
                signature=signature(
                    info(
                        method=MORE07 + "rsa-pss",
                        method_inner='<pss:RSAPSSParams xmlns:pss="http://www.w3.org/2007/05/xmldsig-more#"/>',
                    )
                )
            ),
            method=PSS_SHA256,
        )
    )
)
case(
    290,
    "secp256k1",
    WEAK,
    "a key on a curve that is not read",
    "dsig.key_unsupported",
    idp={"keys": ["idp-secp256k1"]},
)(lambda: response(sign.openssl(assertion(signature=signature(info(method=ECDSA_SHA256))), "idp-secp256k1")))
case(291, "no-signature-algorithm", WEAK, "SignatureMethod without Algorithm", "dsig.structure")(
    lambda: response(signed_assertion().replace(f' Algorithm="{RSA_SHA256}"', ""))
)
case(
    292,
    "signature-algorithm-with-space",
    WEAK,
    "the method's URI with a space at its end",
    "dsig.algorithm_unsupported",
)(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(method=RSA_SHA256 + " "))), method=RSA_SHA256)
    )
)
case(
    293,
    "response-sha1-assertion-sha256",
    WEAK,
    "both signed, the Response with SHA-1",
    "dsig.algorithm_weak",
)(lambda: signed_response(content=signed_assertion(), method=RSA_SHA1))
case(294, "digest-unknown", WEAK, "an unknown digest method", "dsig.algorithm_unsupported")(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(digest="urn:example:digest"))), digests=[NOTHING])
    )
)
case(295, "sha3-digest", WEAK, "a SHA3-256 digest", "dsig.algorithm_unsupported")(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(digest=MORE07 + "sha3-256"))), digests=[NOTHING])
    )
)
case(
    296,
    "signature-method-parameters",
    WEAK,
    "an unknown child of SignatureMethod",
    "dsig.algorithm_parameter",
)(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(method_inner='<x:y xmlns:x="urn:example:x"/>'))))
    )
)

# ------------------------------------------------------------ transforms

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"


@case(
    300,
    "xpath",
    TRANSFORMS,
    "an XPath transform leaves the AttributeStatement out of the digest, and it is forged",
    "dsig.transforms",
)
def _():
    keep = f'<ds:XPath xmlns:saml="{SAML}">not(ancestor-or-self::saml:AttributeStatement)</ds:XPath>'
    steps = transform(ENVELOPED) + transform(XPATH, keep) + transform(EXC)
    return response(sign.xmlsec1(evil_assertion(ASSERTION_ID, signature=signature(info(steps)))))


@case(
    301,
    "xpath-filter-2",
    TRANSFORMS,
    "an XPath Filter 2.0 transform subtracts the AttributeStatement",
    "dsig.transforms",
)
def _():
    cut = f'<f:XPath xmlns:f="{XPATH2}" xmlns:saml="{SAML}" Filter="subtract">//saml:AttributeStatement</f:XPath>'
    steps = transform(ENVELOPED) + transform(XPATH2, cut) + transform(EXC)
    return response(sign.xmlsec1(assertion(signature=signature(info(steps)))))


@case(302, "xslt", TRANSFORMS, "an XSLT transform writes a constant", "dsig.transforms")
def _():
    sheet = '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">x</xsl:template></xsl:stylesheet>'
    steps = transform(ENVELOPED) + transform(XSLT, sheet)
    return response(sign.xmlsec1(assertion(signature=signature(info(steps)))))


case(303, "base64-transform", TRANSFORMS, "a base64 transform", "dsig.transforms")(
    lambda: response(
        sign.openssl(
            assertion(signature=signature(info(transform(ENVELOPED) + transform(DS + "base64")))),
            digests=[NOTHING],
        )
    )
)
case(304, "enveloped-last", TRANSFORMS, "canonicalisation before enveloped-signature", "dsig.transforms")(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(transform(EXC) + transform(ENVELOPED)))))
    )
)
case(305, "enveloped-twice", TRANSFORMS, "enveloped-signature twice", "dsig.transforms")(
    lambda: response(signed_assertion(info=info(transform(ENVELOPED) * 2 + transform(EXC))))
)
case(306, "canonicalisation-twice", TRANSFORMS, "exclusive canonical XML twice", "dsig.transforms")(
    lambda: response(signed_assertion(info=info(transform(ENVELOPED) + transform(EXC) * 2)))
)
case(307, "no-transforms", TRANSFORMS, "no Transforms element", "dsig.transforms")(
    lambda: response(sign.openssl(assertion(signature=signature(info(""))), digests=[NOTHING]))
)
case(308, "no-enveloped", TRANSFORMS, "canonicalisation without enveloped-signature", "dsig.transforms")(
    lambda: response(sign.openssl(assertion(signature=signature(info(transform(EXC)))), digests=[NOTHING]))
)
case(
    309,
    "foreign-transform-element",
    TRANSFORMS,
    "a Transform element of another namespace",
    "dsig.transforms",
)(
    lambda: response(
        sign.openssl(
            assertion(
                signature=signature(
                    info(
                        transform(ENVELOPED)
                        + transform(EXC)
                        + '<x:Transform xmlns:x="urn:example:x" Algorithm="urn:example:x"/>'
                    )
                )
            ),
            digests=[NOTHING],
        )
    )
)
case(
    310,
    "transform-with-content",
    TRANSFORMS,
    "an XPath element inside the enveloped-signature transform",
    "dsig.algorithm_parameter",
)(
    lambda: response(
        signed_assertion(
            info=info(transform(ENVELOPED, "<ds:XPath>not(self::x)</ds:XPath>") + transform(EXC))
        )
    )
)
case(311, "unknown-transform", TRANSFORMS, "an unknown transform", "dsig.transforms")(
    lambda: response(
        sign.openssl(
            assertion(signature=signature(info(transform(ENVELOPED) + transform("urn:example:transform")))),
            digests=[NOTHING],
        )
    )
)
case(312, "decrypt-transform", TRANSFORMS, "the decryption transform", "dsig.transforms")(
    lambda: response(
        sign.openssl(
            assertion(
                signature=signature(
                    info(
                        transform("http://www.w3.org/2002/07/decrypt#XML")
                        + transform(ENVELOPED)
                        + transform(EXC)
                    )
                )
            ),
            digests=[NOTHING],
        )
    )
)
case(
    313,
    "unknown-canonicalization-method",
    TRANSFORMS,
    "an unknown CanonicalizationMethod",
    "dsig.algorithm_unsupported",
)(
    lambda: response(
        sign.openssl(
            assertion(signature=signature(info(canonicalization="urn:example:c14n"))), signed_bytes=b""
        )
    )
)
case(
    314,
    "xslt-canonicalization-method",
    TRANSFORMS,
    "XSLT as CanonicalizationMethod",
    "dsig.algorithm_unsupported",
)(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(canonicalization=XSLT))), signed_bytes=b"")
    )
)
case(
    315,
    "only-enveloped",
    "algorithms",
    "enveloped-signature alone: what is left is canonicalised by Canonical XML 1.0 (XML Signature 4.4.3.2)",
)(lambda: signed_in_place(info=info(transform(ENVELOPED))))
case(
    316,
    "foreign-child-of-canonicalisation",
    TRANSFORMS,
    "a foreign element beside InclusiveNamespaces",
    "dsig.algorithm_parameter",
)(
    lambda: response(
        signed_assertion(
            signer=sign.openssl,
            info=info(with_transform(EXC, prefix_list("xs") + '<x:y xmlns:x="urn:example:x"/>')),
        )
    )
)
case(317, "two-prefix-lists", TRANSFORMS, "two InclusiveNamespaces elements", "dsig.algorithm_parameter")(
    lambda: response(
        signed_assertion(
            signer=sign.openssl, info=info(with_transform(EXC, prefix_list("saml") + prefix_list("xs")))
        )
    )
)
case(
    318,
    "prefix-list-under-inclusive",
    TRANSFORMS,
    "InclusiveNamespaces under inclusive canonical XML",
    "dsig.algorithm_parameter",
)(lambda: signed_in_place(info=info(with_transform(C14N, prefix_list("saml")))))

# ------------------------------------------------------------ references

for number, name, uri in [
    (330, "file", "file:///etc/hostname"),
    (331, "relative-file", "response.xml"),
    (332, "http", "http://127.0.0.1:9/x"),
    (333, "https", "https://attacker.example/x"),
    (334, "urn", "urn:example:x"),
    (335, "document-and-fragment", f"response.xml#{ASSERTION_ID}"),
]:
    case(
        number,
        f"reference-{name}",
        EXTERNAL,
        f"the Reference goes to {uri.split('#')[0]}",
        "dsig.reference_uri",
    )(
        lambda uri=uri: response(
            sign.openssl(assertion(signature=signature(info(uri=uri))), digests=[NOTHING])
        )
    )
case(
    336,
    "retrieval-method",
    EXTERNAL,
    "KeyInfo points to a key elsewhere: it is not read, and nothing is fetched",
    "dsig.invalid",
)(
    lambda: response(
        signed_assertion(
            "attacker", tail='<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/key"/></ds:KeyInfo>'
        )
    )
)
case(
    337,
    "reference-type-manifest",
    EXTERNAL,
    "the Reference says that it goes to a Manifest",
    "dsig.invalid",
)(lambda: response(signed_assertion().replace("<ds:Reference ", f'<ds:Reference Type="{DS}Manifest" ')))

# ------------------------------------------------------------ base64


def form(change) -> bytes:
    return change(base64.b64encode(response(signed_assertion()).encode()))


def with_padding() -> bytes:
    """A good form value that ends in padding."""
    for spaces in range(3):
        made = base64.b64encode((response(signed_assertion()) + " " * spaces).encode())
        if made.endswith(b"=") and not made.endswith(b"=="):
            return made
    raise AssertionError


for number, name, title, change in [
    (340, "form-empty", "an empty form value", lambda _: b""),
    (341, "form-white-space", "a form value of white space", lambda _: b" \r\n\t"),
    (
        342,
        "form-url-safe",
        "the URL-safe alphabet",
        lambda good: good.replace(b"/", b"_").replace(b"+", b"-")[:-4] + b"_-8=",
    ),
    (343, "form-no-padding", "padding is missing", lambda _: with_padding().rstrip(b"=")),
    (344, "form-extra-padding", "one padding character too many", lambda _: with_padding() + b"="),
    (345, "form-padding-inside", "padding in the middle", lambda good: good[:40] + b"QQ==" + good[40:]),
    (346, "form-trailing-bits", "bits after the last byte are not zero", lambda _: _trailing_bits()),
    (
        347,
        "form-no-break-space",
        "a no-break space inside",
        lambda good: good[:40] + "\u00a0".encode() + good[40:],
    ),
    (348, "form-nul", "a NUL inside", lambda good: good[:40] + b"\0" + good[40:]),
    (
        349,
        "form-vertical-tab",
        "a vertical tab and a form feed inside",
        lambda good: good[:40] + b"\x0b\x0c" + good[40:],
    ),
    (
        350,
        "form-percent-encoded",
        "percent-encoding inside",
        lambda good: good.replace(b"=", b"%3D") + b"%3D",
    ),
    (351, "form-trailing-garbage", "garbage after the padding", lambda _: with_padding() + b"QUJD"),
    (352, "form-plain-xml", "the XML itself", lambda good: base64.b64decode(good)),
]:
    case(number, name, BASE64, title, "xml.malformed" if number < 342 else "saml.base64", form="b64")(
        lambda change=change: form(change)
    )


def _trailing_bits() -> bytes:
    made = with_padding()
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(made[-2])
    return made[:-2] + alphabet[last | 1 : (last | 1) + 1] + b"="


def _deflated(good: bytes) -> bytes:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(base64.b64decode(good)) + packer.flush())


case(
    353,
    "form-deflated",
    BASE64,
    "a deflated message, as the redirect binding sends it",
    "xml.encoding",
    form="b64",
)(lambda: form(_deflated))
case(354, "digest-value-url-safe", BASE64, "DigestValue in the URL-safe alphabet", "dsig.base64")(
    lambda: response(sign.openssl(assertion(signature=signature()), digests=["_-AA" + NOTHING[4:]]))
)
case(355, "digest-value-too-short", BASE64, "DigestValue has 31 bytes", "dsig.digest_mismatch")(
    lambda: response(
        sign.openssl(assertion(signature=signature()), digests=[base64.b64encode(bytes(31)).decode()])
    )
)
case(
    356,
    "signature-value-garbage",
    BASE64,
    "SignatureValue has a character outside the alphabet",
    "dsig.base64",
)(lambda: response(re.sub(r"(<ds:SignatureValue>[^<]{8})", r"\1!", signed_assertion())))
case(357, "signature-value-no-padding", BASE64, "SignatureValue without padding", "dsig.base64")(
    lambda: response(signed_assertion().replace("==</ds:SignatureValue>", "</ds:SignatureValue>"))
)


@case(
    358,
    "digest-value-trailing-bits",
    BASE64,
    "DigestValue's last bits are not zero, signed so",
    "dsig.base64",
)
def _():
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    whole = sign.openssl(assertion(signature=signature()))
    value = re.search(r"<ds:DigestValue>([^<]+)", whole)[1]
    return response(
        sign.openssl(
            assertion(signature=signature()),
            digests=[value[:-2] + alphabet[alphabet.index(value[-2]) | 1] + "="],
        )
    )


@case(
    359, "digest-value-no-break-space", BASE64, "DigestValue with a no-break space, signed so", "dsig.base64"
)
def _():
    value = re.search(r"<ds:DigestValue>([^<]+)", sign.openssl(assertion(signature=signature())))[1]
    return response(sign.openssl(assertion(signature=signature()), digests=[value + "\u00a0"]))
