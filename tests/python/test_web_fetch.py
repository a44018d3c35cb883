"""memberof.web.fetch against a real TLS server of this test's own."""

from __future__ import annotations

import http.server
import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from memberof import ConfigurationError
from memberof.web.fetch import FetchError, FetchLimits, fetch_metadata, is_public

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "idp.example"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "https://idp.example/metadata")
            self.end_headers()
            return
        if self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            while not self.server.stop.wait(0.05):  # type: ignore[attr-defined]
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<m/>" if self.path == "/metadata?v=1" else b"x" * 5000)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, ssl.SSLContext]]:
    certificate = tmp_path_factory.mktemp("tls") / "server.pem"
    write_certificate(certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.stop = threading.Event()  # type: ignore[attr-defined]
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield httpd.server_port, ssl.create_default_context(cafile=str(certificate))
        httpd.stop.set()  # type: ignore[attr-defined]
        httpd.shutdown()
        thread.join()


def write_certificate(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))


def fetch(server: tuple[int, ssl.SSLContext], path: str, *, host: str = HOST, **limits: object) -> bytes:
    port, context = server
    return fetch_metadata(
        f"https://{host}:{port}{path}",
        limits=FetchLimits(private_hosts=frozenset({host}), **limits),  # type: ignore[arg-type]
        resolve=lambda *_: ["127.0.0.1"],
        context=context,
    )


def test_the_document_is_returned(server: tuple[int, ssl.SSLContext]) -> None:
    assert fetch(server, "/metadata?v=1") == b"<m/>"


@pytest.mark.parametrize(
    ("path", "limits", "code"),
    [
        ("/redirect", {}, "metadata.status"),
        ("/large", {"max_bytes": 4999}, "metadata.too_large"),
        ("/drip", {"max_seconds": 0.3}, "metadata.too_slow"),
    ],
)
def test_a_bad_answer_is_refused(
    server: tuple[int, ssl.SSLContext], path: str, limits: dict[str, object], code: str
) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(server, path, **limits)
    assert caught.value.code == code


def test_a_certificate_for_another_host_is_refused(server: tuple[int, ssl.SSLContext]) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(server, "/metadata?v=1", host="other.example")
    assert caught.value.code == "metadata.fetch_failed"
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.1"], ["93.184.215.14", "192.168.0.1"], ["::1"], ["fe80::1%eth0"]]
)
def test_a_private_address_is_never_connected_to(addresses: list[str]) -> None:
    with pytest.raises(FetchError) as caught:
        fetch_metadata("https://idp.example/", resolve=lambda *_: addresses)
    assert caught.value.code == "metadata.private_address"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://idp.example/", "metadata.not_https"),
        ("file:///etc/passwd", "metadata.not_https"),
        ("https:///x", "metadata.not_https"),
        ("https://u:p@idp.example/", "metadata.credentials"),
        ("https://idp.example/a b", "metadata.bad_address"),
        ("https://idp.example:99999/", "metadata.not_https"),
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(url: str, code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        fetch_metadata(url, resolve=lambda *_: ["93.184.215.14"])
    assert caught.value.code == code


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "not an address",
    ],
)
def test_private_addresses_are_told_in_every_dress(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "::ffff:93.184.215.14"])
def test_public_addresses_pass(address: str) -> None:
    ipaddress.ip_address(address)
    assert is_public(address)
