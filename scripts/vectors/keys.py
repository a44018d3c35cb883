"""The throw-away keys of the vectors: made once, committed, never used for anything else."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID

KEYS = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "keys"

MAKERS = {
    "idp": lambda: rsa.generate_private_key(65537, 2048),
    "idp-next": lambda: rsa.generate_private_key(65537, 2048),
    "idp-rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "idp-rsa4096": lambda: rsa.generate_private_key(65537, 4096),
    "idp-rsa1024": lambda: rsa.generate_private_key(65537, 1024),
    "idp-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "idp-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "idp-p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "idp-secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "idp-dsa": lambda: dsa.generate_private_key(2048),
    "attacker": lambda: rsa.generate_private_key(65537, 2048),
    "attacker-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "sp": lambda: rsa.generate_private_key(65537, 2048),
    "sp-next": lambda: rsa.generate_private_key(65537, 2048),
}


def make_missing() -> None:
    KEYS.mkdir(parents=True, exist_ok=True)
    for name, make in MAKERS.items():
        if (KEYS / f"{name}.key").exists():
            continue
        key = make()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.example test key")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(MAKER_NAMES.index(name) + 1)
            .not_valid_before(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
            .not_valid_after(datetime.datetime(2056, 1, 1, tzinfo=datetime.UTC))
            .sign(key, hashes.SHA256())
        )
        (KEYS / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (KEYS / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


MAKER_NAMES = list(MAKERS)


def private_key(name: str):
    return serialization.load_pem_private_key((KEYS / f"{name}.key").read_bytes(), None)


def certificate(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((KEYS / f"{name}.crt").read_bytes())


def certificate_base64(name: str) -> str:
    lines = (KEYS / f"{name}.crt").read_text().strip().splitlines()
    return "".join(lines[1:-1])
