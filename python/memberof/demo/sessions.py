"""What the server remembers of a browser: sign-ins that are under way, and sessions. In memory, bounded, thread-safe."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.demo.organisations import SignIn

# Long enough to type a password, short enough that a forgotten tab means nothing.
PENDING_LIFETIME = timedelta(minutes=10)
# A browser that is sent away and back again and again; enough for a demonstration, and a bound.
MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A browser was sent to an identity provider and has not come back.

    Args:
        request_id: ID of the AuthnRequest.
        browser: The browser that was sent, by its cookie: a Response in another browser answers nothing.
        organisation: Which identity provider.
        landing: Where the browser goes afterwards: a name, never an address.
        expires_at: When it is forgotten.

    """

    request_id: str
    browser: str
    organisation: str
    landing: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser.

    Args:
        user: The application's ID of the user.
        organisation: Which identity provider, and so which tenant.
        sign_in: What the sign-in brought and changed.
        expires_at: Absolute bound (rule R12); activity never extends it.

    """

    user: str
    organisation: str
    sign_in: SignIn
    expires_at: datetime


def new_token() -> str:
    """A token of 192 random bits; as RelayState it stays within 80 bytes (SAML Bindings 3.4.3)."""
    return secrets.token_urlsafe(24)


Entry = TypeVar("Entry", PendingLogin, Session)


class Shelf(Generic[Entry]):
    """Entries under unguessable tokens, each with an end; the oldest go when there are too many."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, token: str, entry: Entry) -> None:
        """Keep an entry under a token."""
        with self._lock:
            self._entries[token] = entry
            while len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)

    def find(self, token: str | None) -> Entry | None:
        """The entry of a token, unless it has ended."""
        with self._lock:
            entry = self._entries.get(token or "")
        return entry if entry is not None and entry.expires_at > self._clock() else None

    def all(self) -> dict[str, Entry]:
        """All entries that have not ended, by token, oldest first."""
        now = self._clock()
        with self._lock:
            self._entries = OrderedDict((t, e) for t, e in self._entries.items() if e.expires_at > now)
            return dict(self._entries)

    def drop(self, token: str | None) -> None:
        """Forget a token."""
        with self._lock:
            self._entries.pop(token or "", None)


class FormTokens:
    """Tokens that a form must bring back, so that no other site can post it."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def issue(self, browser: str) -> str:
        """The token for a browser."""
        return hmac.new(self._secret, browser.encode(), "sha256").hexdigest()

    def fits(self, browser: str, token: str) -> bool:
        """Whether a token came from this browser's form."""
        return hmac.compare_digest(self.issue(browser).encode(), token.encode())
