"""End sessions at their bound (rule R12): put it below ``AuthenticationMiddleware``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import logout
from django.utils import timezone

from memberof.adapters.django.logins import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

__all__ = ["SessionBoundMiddleware"]


class SessionBoundMiddleware:
    """Sign a user out at the bound that her login set, whatever she does and whatever the library set as expiry."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, if need be as nobody's."""
        end = until(request)
        if end is not None and timezone.now() >= end:
            logout(request)
        return self._get_response(request)
