"""Fetch an identity provider's metadata from where an administrator said, without becoming a way into our network.

HTTPS only; every address that the host name has must be public; the connection goes to an address that was
checked (a name that is looked up twice may answer differently the second time); no redirects; bounded in size and in time.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from memberof.errors import ConfigurationError, MemberOfError

__all__ = ["FetchError", "FetchLimits", "fetch_metadata", "is_public"]


class FetchError(MemberOfError):
    """The metadata could not be fetched, or may not be fetched from there."""

    default_code = "metadata.fetch_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How much an answer may cost.

    Attributes:
        max_bytes: One identity provider's metadata is a few ten KiB; a federation's aggregate (tens of MiB) isn't ours
            to read.
        max_seconds: For all of it, name lookup aside.
        private_hosts: Host names that may have private addresses: an identity provider inside the company's own
            network. Given by whoever runs the server, never by a form.

    """

    max_bytes: int = 1_048_576
    max_seconds: float = 10.0
    private_hosts: frozenset[str] = field(default_factory=frozenset)


_ACCEPT = "application/samlmetadata+xml, application/xml, text/xml"

Resolver = Callable[[str, int], Iterable[str]]


def fetch_metadata(
    url: str,
    *,
    limits: FetchLimits = FetchLimits(),
    resolve: Resolver | None = None,
    context: ssl.SSLContext | None = None,
) -> bytes:
    """Return the document at ``url``.

    Args:
        url: ``https://…``.
        limits: What it may cost.
        resolve: Host and port → addresses; the system's resolver unless given.
        context: Trusted authorities; the system's unless given.

    Raises:
        ConfigurationError: The URL is not HTTPS, or holds a user name or password.
        FetchError: ``metadata.private_address``, ``metadata.status``, ``metadata.too_large``, ``metadata.too_slow``,
            ``metadata.fetch_failed``.

    """
    host, port, target = _parts(url)
    addresses = _addresses(host, port, resolve or _system_addresses, limits)
    connection = _PinnedConnection(
        host, port, address=addresses[0], timeout=limits.max_seconds, context=context
    )
    deadline = _Deadline(connection, limits.max_seconds)
    try:
        with deadline:
            connection.request("GET", target, headers={"Accept": _ACCEPT})
            with connection.getresponse() as response:
                if response.status != http.client.OK:
                    raise _status(response.status)
                document = _bounded(response, limits)
        if deadline.passed:
            raise _too_slow(limits)
    except (OSError, http.client.HTTPException) as error:
        if deadline.passed or isinstance(error, TimeoutError):
            raise _too_slow(limits) from None
        # The text of TLS and socket errors names hosts and reasons, nothing of the answer.
        raise FetchError(f"the metadata could not be fetched: {type(error).__name__}: {error}") from error
    finally:
        connection.close()
        if connection.tls_socket is not None:
            connection.tls_socket.close()
    return document


def is_public(address: str) -> bool:
    """Say whether an address belongs to the public Internet, also where an IPv6 address wraps an IPv4 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        # RFC 4291 2.5.5.2, RFC 3056, RFC 4380 and RFC 6052: all four lead to the IPv4 address inside.
        inside = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if inside is None and parsed in ipaddress.ip_network("64:ff9b::/96"):
            inside = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        if inside is not None:
            return is_public(str(inside))
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


class _PinnedConnection(http.client.HTTPSConnection):
    """Connects to the address that was checked, and checks the certificate for the host name all the same."""

    def __init__(
        self, host: str, port: int, *, address: str, timeout: float, context: ssl.SSLContext | None
    ) -> None:
        self._tls = context or ssl.create_default_context()
        super().__init__(host, port, timeout=timeout, context=self._tls)
        self._address = address
        # `sock` is handed to the response as soon as that is the connection's last one.
        self.tls_socket: ssl.SSLSocket | None = None

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = self.tls_socket = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _parts(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        parts, port = urlsplit(""), 443
    if parts.scheme != "https" or not parts.hostname:
        raise ConfigurationError(
            "the metadata address must begin with https://, and name a host", "metadata.not_https"
        )
    if parts.username or parts.password:
        raise ConfigurationError("the metadata address must not hold a password", "metadata.credentials")
    if any(ord(character) <= 0x20 or ord(character) >= 0x7F for character in url):
        raise ConfigurationError(
            "the metadata address must be plain ASCII without blanks", "metadata.bad_address"
        )
    target = parts.path or "/"
    return parts.hostname, port, f"{target}?{parts.query}" if parts.query else target


def _addresses(host: str, port: int, resolve: Resolver, limits: FetchLimits) -> list[str]:
    try:
        found = list(resolve(host, port))
    except OSError as error:
        raise FetchError(f'the host "{host}" has no address', "metadata.unknown_host") from error
    if not found:
        raise FetchError(f'the host "{host}" has no address', "metadata.unknown_host")
    # One private address among public ones is enough to refuse: it is how rebinding looks.
    if host not in limits.private_hosts and not all(is_public(address) for address in found):
        raise FetchError(
            f'the host "{host}" has a private address, public ones only are asked',
            "metadata.private_address",
            "paste the metadata instead, or list the host where the server is configured",
        )
    return found


def _system_addresses(host: str, port: int) -> Iterable[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class _Deadline:
    """Cuts the connection when the time is over: a timeout for each read lets a slow drip go on for hours."""

    def __init__(self, connection: _PinnedConnection, seconds: float) -> None:
        self.passed = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        self.passed = True
        sock = self._connection.tls_socket
        if sock is not None:
            with contextlib.suppress(OSError):
                # The method of the base class: SSLSocket's own would take the TLS state from under the reader.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _bounded(response: http.client.HTTPResponse, limits: FetchLimits) -> bytes:
    document = response.read(limits.max_bytes + 1)
    if len(document) > limits.max_bytes:
        raise FetchError(
            f"the metadata is larger than {limits.max_bytes} bytes",
            "metadata.too_large",
            "give the address of this identity provider's own metadata, not of a federation's",
        )
    return document


def _status(status: int) -> FetchError:
    redirects = http.client.MULTIPLE_CHOICES <= status < http.client.BAD_REQUEST
    hint = "give the final address: redirects are not followed" if redirects else None
    return FetchError(f"the metadata address answers {status}, 200 expected", "metadata.status", hint)


def _too_slow(limits: FetchLimits) -> FetchError:
    return FetchError(f"the metadata took longer than {limits.max_seconds:g} seconds", "metadata.too_slow")
