"""Requests on their way to an identity provider, each bound to the browser that began it.

The session cookie of most sites is ``SameSite=Lax`` and therefore isn't sent with the identity provider's POST. So each
request has a short-lived cookie of its own, ``SameSite=None; Secure; HttpOnly``, with a secret whose hash the
server keeps. A Response is accepted only for a request whose secret the posting browser holds: nobody can be
logged in by a Response that another person's browser asked for (login CSRF). One cookie a request, so that two tabs
don't take each other's place.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from memberof.web.paths import local_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "LIFETIME",
    "MAX_PENDING_PER_BROWSER",
    "Cookie",
    "PendingRequest",
    "bound_requests",
    "expired_cookie",
    "handles_in",
    "open_request",
    "request_handle",
    "surplus_cookies",
]

#: How long a user may take at the identity provider: a password reset with a mail fits in, a forgotten tab doesn't.
LIFETIME = timedelta(minutes=15)

#: Browsers and servers bound the Cookie header (commonly 8 KiB); eight of ours are less than 1 KiB.
MAX_PENDING_PER_BROWSER = 8

_NAME = "memberof-req-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie to set; ``max_age`` 0 removes it. Path is ``/`` and there is no Domain, as ``__Host-`` demands."""

    name: str
    value: str
    max_age: int
    same_site: str = "None"
    secure: bool = True
    http_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """What the server remembers of one AuthnRequest until it is answered, once.

    Attributes:
        id: The AuthnRequest's ID, which the Response must name in InResponseTo.
        handle: Part of the cookie's name; the key under which the server keeps this row.
        secret_hash: SHA-256 of the cookie's value, in hexadecimal.
        provider: Key of the provider it was sent to.
        relay_state: Opaque token sent along; it carries no meaning that a browser could forge.
        return_to: Local path to go to after the login.
        expires_at: When it is void.
        purpose: ``login``, or ``test`` for an administrator's test sign-in.
        actor: Who asked for the test; None for a login.
        restarted: Begun because an unsolicited Response was discarded.

    """

    id: str
    handle: str
    secret_hash: str
    provider: str
    relay_state: str
    return_to: str
    expires_at: datetime
    purpose: str = "login"
    actor: str | None = None
    restarted: bool = False


def open_request(
    request_id: str,
    *,
    provider: str,
    relay_state: str,
    return_to: str | None,
    now: datetime,
    default_path: str = "/",
    purpose: str = "login",
    actor: str | None = None,
    restarted: bool = False,
    secure: bool = True,
    secret: str | None = None,
) -> tuple[PendingRequest, Cookie]:
    """Return the row to keep and the cookie to set for a request that is about to be sent.

    Args:
        request_id: The AuthnRequest's ID.
        provider: Key of the provider it goes to.
        relay_state: From :func:`secrets.token_urlsafe`; at most 80 bytes (SAML Bindings 3.4.3).
        return_to: Where the user wanted to go; anything but a local path is dropped.
        now: Aware.
        default_path: Where to go instead.
        purpose: ``login`` or ``test``.
        actor: Who asked for a test.
        restarted: Whether an unsolicited Response was discarded for it.
        secure: False only where the site is served over plain HTTP, on a developer's machine.
        secret: Drawn unless given.

    """
    secret = secret or secrets.token_urlsafe(32)
    # The time of issue stands first, so that the oldest of too many can be told without asking the server.
    value = f"{int(now.timestamp())}.{secret}"
    handle = request_handle(request_id)
    row = PendingRequest(
        id=request_id,
        handle=handle,
        secret_hash=_hash(value),
        provider=provider,
        relay_state=relay_state,
        return_to=local_path(return_to, default_path),
        expires_at=now + LIFETIME,
        purpose=purpose,
        actor=actor,
        restarted=restarted,
    )
    return row, Cookie(
        name=_prefix(secure) + handle, value=value, max_age=int(LIFETIME.total_seconds()), secure=True
    )


def request_handle(request_id: str) -> str:
    """Return the key of a request: it may stand in a cookie's name, and doesn't give the ID away."""
    return _hash(request_id)[:24]


def handles_in(cookies: Mapping[str, str], *, secure: bool = True) -> tuple[str, ...]:
    """Return the handles of the requests that this browser holds a cookie of, newest first, bounded."""
    prefix = _prefix(secure)
    held = [
        (_issued(value), name[len(prefix) :]) for name, value in cookies.items() if name.startswith(prefix)
    ]
    return tuple(handle for _, handle in sorted(held, reverse=True)[: 2 * MAX_PENDING_PER_BROWSER])


def bound_requests(
    rows: Iterable[PendingRequest],
    cookies: Mapping[str, str],
    *,
    provider: str,
    now: datetime,
    secure: bool = True,
) -> tuple[PendingRequest, ...]:
    """Return those requests that this browser began, with this provider, and that are still open."""
    return tuple(
        row
        for row in rows
        if row.provider == provider
        and now < row.expires_at
        and hmac.compare_digest(row.secret_hash, _hash(cookies.get(_prefix(secure) + row.handle, "")))
    )


def surplus_cookies(cookies: Mapping[str, str], *, secure: bool = True) -> tuple[Cookie, ...]:
    """Return removals of the oldest cookies, so that one more keeps the number within bounds."""
    prefix = _prefix(secure)
    held = sorted(
        ((_issued(value), name) for name, value in cookies.items() if name.startswith(prefix)), reverse=True
    )
    return tuple(_removal(name) for _, name in held[MAX_PENDING_PER_BROWSER - 1 :])


def expired_cookie(request: PendingRequest, *, secure: bool = True) -> Cookie:
    """Return the removal of a request's cookie, for when it has been answered."""
    return _removal(_prefix(secure) + request.handle)


def _removal(name: str) -> Cookie:
    return Cookie(name=name, value="", max_age=0)


def _prefix(secure: bool) -> str:
    # `__Host-` (RFC 6265bis 4.1.3.2) keeps a sibling subdomain from planting a cookie; browsers refuse it over HTTP.
    return f"__Host-{_NAME}" if secure else _NAME


def _issued(value: str) -> int:
    head = value.partition(".")[0]
    return int(head) if head.isascii() and head.isdigit() and len(head) < 15 else 0


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
