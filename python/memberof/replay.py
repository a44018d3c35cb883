"""Assertions that were used already: a login counts once (SAML Profiles 4.1.4.5)."""

from __future__ import annotations

import hashlib
import heapq
import threading
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from memberof.errors import ConfigurationError, VerificationError

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["InMemoryReplayCache", "ReplayCache"]


@runtime_checkable
class ReplayCache(Protocol):
    """Remembers the assertions that were accepted, until they could not be accepted any more.

    ``ServiceProvider.verify`` asks last, after all checks: what is recorded was accepted. A cache that several processes share
    (Redis, a database) must record and look in one step: ``SET key 1 NX EXAT …``, ``INSERT … ON CONFLICT DO NOTHING``.
    """

    def record(self, issuer: str, assertion_id: str, *, expires_at: datetime, now: datetime) -> bool:
        """Record that an assertion is used now.

        Args:
            issuer: Entity ID of the identity provider; IDs are unique for one issuer only.
            assertion_id: The assertion's ID.
            expires_at: The last moment at which it could be accepted: its NotOnOrAfter and the clock skew.
            now: The time of the verification.

        Returns:
            True if it was not recorded before.

        Raises:
            VerificationError: It can't be recorded; the login is refused.

        """
        ...


class InMemoryReplayCache:
    """A :class:`ReplayCache` in this process's memory, for applications of one process. Safe for threads.

    An entry takes about 250 bytes whatever the length of its ID, and is forgotten once its time has passed; never before:
    a full cache refuses logins (``saml.replay_cache_full``). With lifetimes of five minutes, the default holds 300 logins a
    second.

    Args:
        max_entries: How many unexpired assertions are remembered, at least 1.

    """

    def __init__(self, max_entries: int = 100_000) -> None:
        if max_entries < 1:
            raise ConfigurationError(f"max_entries is {max_entries}, expected at least 1")
        self._max_entries = max_entries
        self._keys: set[bytes] = set()
        self._by_expiry: list[tuple[datetime, bytes]] = []
        self._lock = threading.Lock()

    def record(self, issuer: str, assertion_id: str, *, expires_at: datetime, now: datetime) -> bool:
        """Record that an assertion is used now; see :meth:`ReplayCache.record`."""
        # The length keeps two pairs apart whose joined texts are equal.
        text = f"{len(issuer)}:{issuer}{assertion_id}"
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            self._forget_expired(now)
            if key in self._keys:
                return False
            if len(self._keys) >= self._max_entries:
                raise VerificationError(
                    f"replay cache is full: {self._max_entries} assertions are unexpired",
                    "saml.replay_cache_full",
                    "raise max_entries of InMemoryReplayCache, or shorten the lifetime of assertions at the identity provider",
                )
            self._keys.add(key)
            heapq.heappush(self._by_expiry, (expires_at, key))
            return True

    def _forget_expired(self, now: datetime) -> None:
        while self._by_expiry and self._by_expiry[0][0] <= now:
            self._keys.discard(heapq.heappop(self._by_expiry)[1])

    def __len__(self) -> int:
        """How many assertions are remembered."""
        with self._lock:
            return len(self._keys)

    def __repr__(self) -> str:
        return f"InMemoryReplayCache(max_entries={self._max_entries})"
