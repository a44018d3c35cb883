"""Until when a session may live: groups arrive at login only, so a session without bound would keep them for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["DEFAULT_BOUND", "session_end"]

#: Rule R12.
DEFAULT_BOUND = timedelta(hours=24)


def session_end(
    login_at: datetime, session_not_on_or_after: datetime | None, bound: timedelta = DEFAULT_BOUND
) -> datetime:
    """Return when a session must end: an absolute bound, which no activity extends (rule R12).

    Args:
        login_at: Time of the login, aware.
        session_not_on_or_after: What the identity provider says (SAML Core 2.7.2), if it does.
        bound: At most this long after the login; positive.

    """
    end = login_at + bound
    return end if session_not_on_or_after is None else min(end, session_not_on_or_after)
