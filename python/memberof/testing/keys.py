"""Signing keys of test identity providers: throw-away, made once per process and algorithm."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

# A fixed validity, so that fixtures made at any (past or pretended) time have a certificate that is in date.
_VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_VALID_FOR = timedelta(days=365 * 40)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the self-signed certificate that carries its public half."""

    private_key: PrivateKey
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @property
    def private_key_pem(self) -> str:
        """The private key as PEM text (PKCS#8, not encrypted)."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @classmethod
    def generate(
        cls, algorithm: str = "rsa-sha256", common_name: str = "memberof test identity provider"
    ) -> SigningKey:
        """Make a new key for a signature algorithm: RSA of 2,048 bits, or the curve that ECDSA's digest fits."""
        private_key: PrivateKey
        match algorithm:
            case "ecdsa-sha256":
                private_key = ec.generate_private_key(ec.SECP256R1())
            case "ecdsa-sha384":
                private_key = ec.generate_private_key(ec.SECP384R1())
            case "ecdsa-sha512":
                private_key = ec.generate_private_key(ec.SECP521R1())
            case _:
                private_key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        return cls(private_key, _self_signed(private_key, common_name))

    @classmethod
    def from_pem(cls, private_key: str | bytes, certificate: str | bytes | None = None) -> SigningKey:
        """Read a key, and its certificate or a new self-signed one.

        Raises:
            ValueError: Not PEM.
            TypeError: Neither RSA nor elliptic curve.

        """
        loaded = serialization.load_pem_private_key(_bytes(private_key), password=None)
        if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError(f"signing key is {type(loaded).__name__}, expected RSA or elliptic curve")
        if certificate is None:
            return cls(loaded, _self_signed(loaded, "memberof test identity provider"))
        return cls(loaded, x509.load_pem_x509_certificate(_bytes(certificate)))


def shared_key(algorithm: str, number: int = 0) -> SigningKey:
    """The key that this process uses for an algorithm; ``number`` tells several apart (roll-over, attackers)."""
    kind = algorithm if algorithm.startswith("ecdsa") else "rsa-sha256"
    return _shared_key(kind, number)


@functools.cache
def _shared_key(kind: str, number: int) -> SigningKey:
    return SigningKey.generate(kind, f"memberof test identity provider, key {number}")


def _self_signed(private_key: PrivateKey, common_name: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_FROM + _VALID_FOR)
        .sign(private_key, hashes.SHA256())
    )


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
