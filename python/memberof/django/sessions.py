"""Sessions that logins began: bounded absolutely (rule R12), and ended from the server's side."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.auth import login as django_login
from django.contrib.auth import logout as django_logout
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from memberof.django.models import SamlProvider, SamlSession

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

__all__ = ["SESSION_KEY", "begin", "current", "end", "end_sessions"]

#: Where a session names its row.
SESSION_KEY = "memberof_session"
_BACKEND = "django.contrib.auth.backends.ModelBackend"
_MIDDLEWARE = "memberof.django.middleware.SamlSessionMiddleware"
# The middleware ends a session at its bound; what is left of it then only says where its user came from.
_REMEMBERED = timedelta(days=14)


def begin(
    request: HttpRequest,
    user: Any,
    provider: SamlProvider,
    *,
    now: datetime,
    expires_at: datetime,
    session_index: str | None,
) -> SamlSession:
    """Log a user in, in a session of a new key (no fixation), that ends at ``expires_at`` whatever she does.

    Raises:
        ImproperlyConfigured: Nothing would end it: the middleware is missing.

    """
    if _MIDDLEWARE not in settings.MIDDLEWARE:
        raise ImproperlyConfigured(f'settings.MIDDLEWARE lacks "{_MIDDLEWARE}", which ends sessions in time')
    row = SamlSession.objects.create(
        user=user,
        provider=provider,
        session_index=session_index or "",
        created_at=now,
        expires_at=expires_at,
    )
    # Whatever the browser brought along belongs to somebody else, or to nobody.
    request.session.flush()
    # With these, login() takes the empty session for hers; without, it would save it once before there is anything in it.
    # The key is new in any case: it is drawn when the session is saved.
    request.session[USER_KEY] = user._meta.pk.value_to_string(user)
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    django_login(request, user, backend=_backend())
    request.session[SESSION_KEY] = str(row.id)
    request.session.set_expiry(expires_at + _REMEMBERED)
    return row


def current(request: HttpRequest) -> SamlSession | None:
    """Return the row of this session; None where the session is not of ours, or has ended."""
    key = request.session.get(SESSION_KEY)
    if key is None:
        return None
    row = SamlSession.objects.select_related("provider").filter(pk=key).first()
    if row is None or row.expires_at <= timezone.now() or not row.provider.enabled:
        return None
    return row


def end(request: HttpRequest) -> None:
    """End this session, here only: the identity provider's own goes on."""
    key = request.session.get(SESSION_KEY)
    if key is not None:
        SamlSession.objects.filter(pk=key).delete()
    django_logout(request)


def end_sessions(user: Any) -> int:
    """End every SAML session of a user, on every device, at her next request; return how many."""
    return int(SamlSession.objects.filter(user=user).delete()[0])


def _backend() -> str:
    return _BACKEND if _BACKEND in settings.AUTHENTICATION_BACKENDS else settings.AUTHENTICATION_BACKENDS[0]
