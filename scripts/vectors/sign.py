"""Signing by others: the xmlsec1 program, or libxml2 (lxml) with OpenSSL (cryptography) for what it lacks.

Only DigestValue and SignatureValue are taken from the signer: every other byte of a vector stays as it was written.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from keys import KEYS, private_key
from lxml import etree
from names import (
    C14N,
    C14N11,
    C14N11_COMMENTS,
    C14N_COMMENTS,
    DS,
    ENVELOPED,
    EXC,
    EXC_COMMENTS,
    MORE,
    MORE07,
    SAML,
    SAMLP,
    XENC,
)

EMPTY_DIGEST = re.compile(r"(<(?:\w+:)?DigestValue>)(</)")
EMPTY_VALUE = re.compile(r"(<(?:\w+:)?SignatureValue>)(</)")
SIGNATURE = re.compile(r"<(?:\w+:)?Signature[ >]")
XMLSEC1 = "xmlsec1"
OPENSSL = "libxml2 (lxml) and OpenSSL (cryptography)"


class SigningError(Exception):
    pass


def xmlsec1(
    text: str, key: str = "idp", *, hmac_key: bytes | None = None, id_attributes: tuple[str, ...] = ()
) -> str:
    """Fill the one unfilled signature of the text with what the xmlsec1 program computes."""
    before = len(SIGNATURE.findall(text, 0, EMPTY_VALUE.search(text).start()))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.xml"), Path(folder, "out.xml")
        source.write_bytes(text.encode())
        if hmac_key is None:
            keying = ["--privkey-pem", str(KEYS / f"{key}.key")]
        else:
            Path(folder, "hmac").write_bytes(hmac_key)
            keying = ["--hmackey", str(Path(folder, "hmac"))]
        ids = [f"{SAML}:Assertion", f"{SAMLP}:Response", *id_attributes]
        command = [
            XMLSEC1, "--sign", *keying,
            *(part for name in ids for part in ("--id-attr:ID", name)),
            "--node-xpath", f"(//*[local-name()='Signature' and namespace-uri()='{DS}'])[{before}]",
            "--output", str(target), str(source),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SigningError(done.stderr)
        signed = target.read_text()
    filled = list(etree.fromstring(signed.encode()).iter(f"{{{DS}}}Signature"))[before - 1]
    digests = [item.text or "" for item in filled.find(f"{{{DS}}}SignedInfo").iter(f"{{{DS}}}DigestValue")]
    value = filled.find(f"{{{DS}}}SignatureValue").text
    return fill(text, digests, "".join(value.split()))  # the digests as they stand: they are in SignedInfo


def fill(text: str, digests: list[str], value: str) -> str:
    for digest in digests:
        text = EMPTY_DIGEST.sub(rf"\g<1>{digest}\2", text, count=1)
    return EMPTY_VALUE.sub(rf"\g<1>{value}\2", text, count=1)


def canonical(element: etree._Element, algorithm: str, prefixes: list[str] | None = None) -> bytes:
    exclusive = algorithm in (EXC, EXC_COMMENTS)
    if algorithm in (C14N11, C14N11_COMMENTS):
        raise SigningError("lxml has no canonical XML 1.1: use xmlsec1")
    return etree.tostring(
        element,
        method="c14n",
        exclusive=exclusive,
        with_comments=algorithm in (EXC_COMMENTS, C14N_COMMENTS),
        inclusive_ns_prefixes=prefixes if exclusive else None,
    )


def digest_of(data: bytes, algorithm: str) -> str:
    name = re.split("[#/]", algorithm)[-1].replace("-", "")
    return base64.b64encode(hashlib.new(name, data).digest()).decode()


def signature_bytes(data: bytes, key: str, method: str, *, der: bool = False) -> bytes:
    """Sign with OpenSSL; ECDSA by RFC 6979, so that the vector is the same each time."""
    private = private_key(key)
    digest = {
        "1": hashes.SHA1,
        "224": hashes.SHA224,
        "256": hashes.SHA256,
        "384": hashes.SHA384,
        "512": hashes.SHA512,
    }[re.search(r"sha(\d+)", method)[1]]()
    if isinstance(private, rsa.RSAPrivateKey):
        if method.startswith(MORE07):
            scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
        else:
            scheme = padding.PKCS1v15()
        return private.sign(data, scheme, digest)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        signed = private.sign(data, ec.ECDSA(digest, deterministic_signing=True))
        if der:
            return signed
        r, s = utils.decode_dss_signature(signed)
        size = (private.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    raise SigningError(f"no signing with {key}")


def openssl(
    text: str,
    key: str = "idp",
    *,
    method: str | None = None,
    digests: list[str] | None = None,
    signed_bytes: bytes | None = None,
    der: bool = False,
    root: str | None = None,
) -> str:
    """Fill the one unfilled signature: digest its parent, sign its SignedInfo.

    ``digests`` and ``signed_bytes`` replace what is computed, for vectors that lie about it. ``root`` is a
    well-formed stand-in for text that no parser takes.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    if digests is None:
        digests = []
        tree = etree.fromstring((root or text).encode(), parser)
        holder = _unfilled(tree)
        for item in holder.find(f"{{{DS}}}SignedInfo").findall(f"{{{DS}}}Reference"):
            digests.append(_reference_digest(root or text, item))
    for digest in digests:
        text = EMPTY_DIGEST.sub(rf"\g<1>{digest}\2", text, count=1)
        root = root and EMPTY_DIGEST.sub(rf"\g<1>{digest}\2", root, count=1)
    info = _unfilled(etree.fromstring((root or text).encode(), parser)).find(f"{{{DS}}}SignedInfo")
    how = info.find(f"{{{DS}}}CanonicalizationMethod")
    if signed_bytes is None:
        signed_bytes = canonical(info, how.get("Algorithm"), _prefixes(how))
    method = method or info.find(f"{{{DS}}}SignatureMethod").get("Algorithm")
    value = base64.b64encode(signature_bytes(signed_bytes, key, method, der=der)).decode()
    return EMPTY_VALUE.sub(rf"\g<1>{value}\2", text, count=1)


def _unfilled(tree: etree._Element) -> etree._Element:
    for value in tree.iter(f"{{{DS}}}SignatureValue"):
        if not value.text and value.getparent().tag == f"{{{DS}}}Signature":
            return value.getparent()
    raise SigningError("no unfilled signature")


def _prefixes(element: etree._Element) -> list[str] | None:
    listed = element.find(f"{{{EXC}}}InclusiveNamespaces")
    return listed.get("PrefixList").split() if listed is not None else None


def _reference_digest(text: str, item: etree._Element) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    tree = etree.fromstring(text.encode(), parser)
    uri = item.get("URI") or ""
    if uri.startswith("#"):
        found = [node for node in tree.iter() if isinstance(node.tag, str) and node.get("ID") == uri[1:]]
        if len(found) != 1:
            raise SigningError(f"{uri} names {len(found)} elements")
        target = found[0]
    elif uri == "":
        target = tree
    else:
        raise SigningError(f"no digest of {uri}")
    algorithm, prefixes = C14N, None
    for step in item.findall(f"{{{DS}}}Transforms/{{{DS}}}Transform"):
        if step.get("Algorithm") == ENVELOPED:
            own = _unfilled(tree)
            _remove(own)
        else:
            algorithm, prefixes = step.get("Algorithm"), _prefixes(step)
    data = canonical(target, algorithm.replace("#WithComments", "").replace("WithComments", ""), prefixes)
    return digest_of(data, item.find(f"{{{DS}}}DigestMethod").get("Algorithm"))


def _remove(element: etree._Element) -> None:
    parent, tail, before = element.getparent(), element.tail, element.getprevious()
    parent.remove(element)
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail


__all__ = [
    "EMPTY_DIGEST",
    "EMPTY_VALUE",
    "MORE",
    "OPENSSL",
    "XENC",
    "XMLSEC1",
    "digest_of",
    "fill",
    "openssl",
    "xmlsec1",
]
