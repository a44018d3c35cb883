"""Enveloped XML signatures by lxml's canonicalisation and cryptography's keys.

Nothing here shares code with the verifier of memberof, so what one writes and the other reads are two opinions.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

if TYPE_CHECKING:
    from memberof.testing.keys import SigningKey

DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = f"{DS}enveloped-signature"

_SHA1 = f"{DS}sha1"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
_SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    _SHA1: hashes.SHA1,
    _SHA256: hashes.SHA256,
    _SHA384: hashes.SHA384,
    _SHA512: hashes.SHA512,
}

# RFC 9231 sections 2.3.2 to 2.3.10; rsa-sha1 is there for negative tests only
ALGORITHMS = {
    "rsa-sha1": (f"{DS}rsa-sha1", _SHA1),
    "rsa-sha256": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", _SHA256),
    "rsa-sha384": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", _SHA384),
    "rsa-sha512": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", _SHA512),
    "rsa-pss-sha256": ("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", _SHA256),
    "rsa-pss-sha384": ("http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1", _SHA384),
    "rsa-pss-sha512": ("http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", _SHA512),
    "ecdsa-sha256": ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", _SHA256),
    "ecdsa-sha384": ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", _SHA384),
    "ecdsa-sha512": ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", _SHA512),
}

CANONICALIZATIONS = {
    "exclusive": EXCLUSIVE,
    "exclusive-comments": f"{EXCLUSIVE}WithComments",
    "inclusive": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "inclusive11": "http://www.w3.org/2006/12/xml-c14n11",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureStyle:
    """How a product writes ``ds:Signature``.

    Args:
        prefix: Prefix of its namespace, None for a default namespace.
        key_info_unprefixed: ``KeyInfo`` alone is in a default namespace.
        prefix_list: ``InclusiveNamespaces PrefixList`` of the transform.
        canonicalization: One of ``CANONICALIZATIONS``, for the transform and for SignedInfo.

    """

    prefix: str | None = "ds"
    key_info_unprefixed: bool = False
    prefix_list: str | None = None
    canonicalization: str = "exclusive"


def sign(element: etree._Element, key: SigningKey, algorithm: str, style: SignatureStyle) -> etree._Element:
    """Sign an element that has an ``ID``, in place: the Signature is put behind its first child, the Issuer.

    Returns:
        The Signature.

    Raises:
        ValueError: The algorithm is not one of ``ALGORITHMS`` or does not fit the key.

    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f'signature algorithm is "{algorithm}", expected one of {", ".join(ALGORITHMS)}')
    signature_uri, digest_uri = ALGORITHMS[algorithm]
    digest = _digest(canonical_bytes(element, style), digest_uri)

    signature = etree.Element(_ds("Signature"), nsmap={style.prefix: DS})
    signed_info = etree.SubElement(signature, _ds("SignedInfo"))
    etree.SubElement(
        signed_info, _ds("CanonicalizationMethod"), Algorithm=CANONICALIZATIONS[style.canonicalization]
    )
    etree.SubElement(signed_info, _ds("SignatureMethod"), Algorithm=signature_uri)
    reference = etree.SubElement(signed_info, _ds("Reference"), URI=f"#{element.get('ID')}")
    transforms = etree.SubElement(reference, _ds("Transforms"))
    etree.SubElement(transforms, _ds("Transform"), Algorithm=_ENVELOPED)
    transform = etree.SubElement(
        transforms, _ds("Transform"), Algorithm=CANONICALIZATIONS[style.canonicalization]
    )
    if style.prefix_list is not None:
        etree.SubElement(
            transform,
            f"{{{EXCLUSIVE}}}InclusiveNamespaces",
            nsmap={"ec": EXCLUSIVE},
            PrefixList=style.prefix_list,
        )
    etree.SubElement(reference, _ds("DigestMethod"), Algorithm=digest_uri)
    etree.SubElement(reference, _ds("DigestValue")).text = _base64(digest)
    value = etree.SubElement(signature, _ds("SignatureValue"))
    _append_key_info(signature, key, style)

    # in its place first: inclusive canonicalisation of SignedInfo sees the namespaces of the ancestors
    element.insert(1, signature)
    plain = SignatureStyle(canonicalization=style.canonicalization)
    value.text = _base64(_signature_value(canonical_bytes(signed_info, plain), key, algorithm, digest_uri))
    return signature


def canonical_bytes(element: etree._Element, style: SignatureStyle) -> bytes:
    """Canonicalise an element where it stands, as libxml2 does."""
    # Parsed anew with the declarations of its ancestors: lxml hands libxml2 an element without them.
    standalone = etree.fromstring(etree.tostring(element, with_tail=False))
    exclusive = style.canonicalization.startswith("exclusive")
    prefixes = style.prefix_list.replace("#default", "").split() if style.prefix_list and exclusive else None
    return etree.tostring(
        standalone,
        method="c14n",
        exclusive=exclusive,
        with_comments=style.canonicalization == "exclusive-comments",
        inclusive_ns_prefixes=prefixes,
    )


def _signature_value(data: bytes, key: SigningKey, algorithm: str, digest_uri: str) -> bytes:
    digest = _HASHES[digest_uri]()
    private_key = key.private_key
    match private_key:
        case rsa.RSAPrivateKey() if algorithm.startswith("rsa-pss"):
            # RFC 9231 section 2.3.10: salt as long as the digest, MGF1 with the same digest
            pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
            return private_key.sign(data, pss, digest)
        case rsa.RSAPrivateKey() if algorithm.startswith("rsa"):
            return private_key.sign(data, padding.PKCS1v15(), digest)
        case ec.EllipticCurvePrivateKey() if algorithm.startswith("ecdsa"):
            # RFC 9231 section 2.3.6: r and s side by side, not DER
            r, s = utils.decode_dss_signature(private_key.sign(data, ec.ECDSA(digest)))
            size = (private_key.curve.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        case _:
            raise ValueError(f'signature algorithm is "{algorithm}", the key is {type(private_key).__name__}')


def _append_key_info(signature: etree._Element, key: SigningKey, style: SignatureStyle) -> None:
    if style.key_info_unprefixed:
        # lxml would write the prefix that is already declared
        key_info = etree.fromstring(f'<KeyInfo xmlns="{DS}"/>')
        signature.append(key_info)
    else:
        key_info = etree.SubElement(signature, _ds("KeyInfo"))
    data = etree.SubElement(key_info, _ds("X509Data"))
    etree.SubElement(data, _ds("X509Certificate")).text = _base64(key.certificate.public_bytes(Encoding.DER))


def _digest(data: bytes, digest_uri: str) -> bytes:
    digest = hashes.Hash(_HASHES[digest_uri]())
    digest.update(data)
    return digest.finalize()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"
