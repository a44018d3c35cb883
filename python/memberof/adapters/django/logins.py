"""What the adapters for Django share: which synchronisation, the refusal, the session's bound (rule R12)."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from memberof.errors import MemberOfError
from memberof.sync import GroupSync
from memberof.web.answer import Refused
from memberof.web.refusal import log_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from memberof.adapters.login import LibraryLogin
    from memberof.outcome import LoginOutcome

__all__ = [
    "PUBLIC_MESSAGE",
    "LoginRefusedError",
    "bound_session",
    "bring_in_line",
    "configured",
    "connect",
    "until",
]

LOG = logging.getLogger("memberof.adapters")

#: All that a refused user is told, beside the reference to the log.
PUBLIC_MESSAGE = "Sign-in refused. Reference for your administrator: {reference}"

_SESSION_KEY = "memberof_until"
_ATTRIBUTE = "_memberof_until"


class LoginRefusedError(MemberOfError):
    """A login that memberof refuses; the cause is in the log, the text may be shown."""

    def __init__(self, error: MemberOfError, reference: str) -> None:
        super().__init__(PUBLIC_MESSAGE.format(reference=reference), error.code)
        self.reference = reference

    def __str__(self) -> str:
        return self.message


def configured() -> GroupSync | Callable[[str], GroupSync | None]:
    """Return what ``settings.MEMBEROF_SYNC`` names.

    Raises:
        ImproperlyConfigured: It names nothing that is there.

    """
    path = getattr(settings, "MEMBEROF_SYNC", None)
    if not path:
        raise ImproperlyConfigured(
            'settings.MEMBEROF_SYNC is the dotted path of a memberof.GroupSync, such as "shop.groups.sync"'
        )
    try:
        found = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f'settings.MEMBEROF_SYNC: "{path}" cannot be imported') from error
    if not isinstance(found, GroupSync) and not callable(found):
        raise ImproperlyConfigured(f'settings.MEMBEROF_SYNC: "{path}" is no GroupSync, and no function')
    return found


def bring_in_line(
    user: Any, login: LibraryLogin, *, request: HttpRequest | None = None
) -> LoginOutcome | None:
    """Bring a user's groups in line, and bound her session.

    Args:
        user: The Django user, saved.
        login: What the library verified.
        request: Given after Django's own ``login()``; before it the bound is set as soon as that is called.

    Returns:
        The outcome, or None where no synchronisation is configured for this identity provider.

    Raises:
        LoginRefusedError: The login is refused, or the database failed; nothing was changed.

    """
    found = configured()
    sync = found if isinstance(found, GroupSync) else found(login.issuer)
    if sync is None:
        return None
    try:
        outcome = login.into(sync, str(user.pk))
    except MemberOfError as error:
        refusal = log_refusal(LOG, Refused(error.code, error.message, error.hint), provider=login.issuer)
        raise LoginRefusedError(error, refusal.reference) from None
    setattr(user, _ATTRIBUTE, outcome.session_expires_at)
    if request is not None:
        bound_session(request.session, outcome.session_expires_at)
    return outcome


def bound_session(session: Any, end: datetime) -> None:
    """Let a session end then, whatever its user does."""
    session[_SESSION_KEY] = end.isoformat()


def until(request: HttpRequest) -> datetime | None:
    """Return when the session of a request ends, or None where no adapter began it."""
    stored = request.session.get(_SESSION_KEY)
    return None if stored is None else datetime.fromisoformat(stored)


def connect() -> None:
    """Bound sessions as Django's ``login()`` begins them."""
    user_logged_in.connect(_logged_in, dispatch_uid="memberof.adapters.django")


def _logged_in(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:  # noqa: ARG001 - the signal's shape
    # A login without groups, by password or by another identity provider, isn't bounded by the one before it.
    request.session.pop(_SESSION_KEY, None)
    if hasattr(user, _ATTRIBUTE):
        bound_session(request.session, getattr(user, _ATTRIBUTE))
