"""Hold sessions to their bound (rule R12): put it below ``AuthenticationMiddleware``."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponseRedirect

from memberof.django import sessions
from memberof.django.models import SamlProvider, SamlSession
from memberof.web.paths import is_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

__all__ = ["SamlSessionMiddleware"]


class SamlSessionMiddleware:
    """End a SAML session at its bound, and lead its user through the identity provider back to the same page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, if need be as nobody's."""
        key = request.session.get(sessions.SESSION_KEY)
        if key is None or sessions.current(request) is not None:
            return self._get_response(request)
        row = SamlSession.objects.select_related("provider").filter(pk=key).first()
        sessions.end(request)
        # A session that was ended on the server (no row) leads nowhere: whoever was signed out signs in herself.
        if (
            row is not None
            and row.provider.enabled
            and is_page(
                request.method,
                accept=request.headers.get("Accept", ""),
                fetch_mode=request.headers.get("Sec-Fetch-Mode"),
            )
        ):
            return _begin_again(request, row.provider)
        return self._get_response(request)


def _begin_again(request: HttpRequest, provider: SamlProvider) -> HttpResponse:
    return HttpResponseRedirect(f"{provider.login_path}?{urlencode({'next': request.get_full_path()})}")
