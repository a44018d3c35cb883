"""Many browsers at once, over sockets: each begins a sign-in, and posts the Response that its identity provider signed."""

from __future__ import annotations

import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from memberof.testing.authn_request import read_redirect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


@dataclass(frozen=True)
class Ready:
    """A browser that has come back from the identity provider."""

    cookie: str
    form: str


def wait_for(port: int, seconds: float = 60) -> None:
    """Wait until a server answers there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("localhost", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            connection.close()
            return
    raise TimeoutError(f"nobody answers on port {port}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
        return port


def begin(port: int, path: str) -> tuple[str, str, str]:
    """Begin a sign-in; return the cookie, the request's ID and the RelayState."""
    status, headers, _ = ask(port, "GET", path)
    assert status in (302, 303, 307), status
    query = parse_qs(urlsplit(headers["Location"] or "").query)
    cookie = "; ".join(value.partition(";")[0] for value in headers.get_all("Set-Cookie") or ())
    return cookie, read_redirect(query["SAMLRequest"][0]).id, query.get("RelayState", [""])[0]


def post(port: int, path: str, ready: Ready) -> int:
    """Post the Response; return the status."""
    headers = {"Cookie": ready.cookie, "Content-Type": "application/x-www-form-urlencoded"}
    return ask(port, "POST", path, ready.form, headers)[0]


def ready(begun: tuple[str, str, str], respond: Callable[[str], str]) -> Ready:
    """Let the identity provider answer."""
    cookie, request_id, relay_state = begun
    return Ready(cookie, urlencode({"SAMLResponse": respond(request_id), "RelayState": relay_state}))


def all_at_once(count: int, act: Callable[[int], int]) -> Sequence[int]:
    """Do it ``count`` times, all at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))


def ask(
    port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("localhost", port, timeout=120)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, text
