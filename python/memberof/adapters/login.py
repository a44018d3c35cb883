"""A login that another library verified."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from memberof._memberof import GroupExtractor
    from memberof.outcome import LoginOutcome
    from memberof.sync import AsyncGroupSync, GroupSync

__all__ = ["LibraryLogin", "proves_absence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryLogin:
    """What a library reports of a login that it verified.

    Attributes:
        attributes: All attributes, by Name; a sign that groups were left out may stand under any of them.
        issuer: Entity ID of the identity provider.
        assertion_id: ID of the assertion: a second use is refused.
        issued_at: Its IssueInstant, aware: an older assertion never overwrites what a newer one set.
        session_not_on_or_after: When the identity provider wants the session to end, or None.

    """

    attributes: Mapping[str, Any]
    issuer: str
    assertion_id: str
    issued_at: datetime
    session_not_on_or_after: datetime | None = None

    def into(self, sync: GroupSync, user: str, *, now: datetime | None = None) -> LoginOutcome:
        """Bring the user's groups in line, see :meth:`memberof.GroupSync.login`.

        Returns:
            The outcome; its ``session_expires_at`` minds ``session_not_on_or_after`` (rule R12).

        """
        return self._bounded(sync.login(user, self.attributes, **self._facts(), now=now))

    async def into_async(
        self, sync: AsyncGroupSync, user: str, *, now: datetime | None = None
    ) -> LoginOutcome:
        """Do the same with :class:`memberof.AsyncGroupSync`."""
        return self._bounded(await sync.login(user, self.attributes, **self._facts(), now=now))

    def _facts(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "issued_at": self.issued_at, "assertion_id": self.assertion_id}

    def _bounded(self, outcome: LoginOutcome) -> LoginOutcome:
        end = self.session_not_on_or_after
        if end is None or end >= outcome.session_expires_at:
            return outcome
        return replace(outcome, session_expires_at=end)


def proves_absence(extractor: GroupExtractor) -> bool:
    """Say whether a missing attribute proves that the identity provider sent none, with this extractor's ``library``."""
    return all(warning.code != "claim.absence_unproved" for warning in extractor.extract({}).warnings)
