"""djangosaml2: an assertion consumer service, or a backend. Its signals are declared and never sent; these are not built on them.

With the view, in place of ``djangosaml2.urls``'s own::

    path("saml2/acs/", GroupSyncView.as_view(), name="saml2_acs"),   # above include("djangosaml2.urls")

or with the backend, where the view is the project's own:
``AUTHENTICATION_BACKENDS = ["memberof.adapters.django.djangosaml2.GroupSyncBackend"]``.
"""

from __future__ import annotations

from typing import Any

from django.contrib import auth
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from djangosaml2.backends import Saml2Backend
from djangosaml2.views import AssertionConsumerServiceView

from memberof.adapters import pysaml2
from memberof.adapters.django.logins import LoginRefusedError, bring_in_line
from memberof.adapters.login import LibraryLogin

__all__ = ["GroupSyncBackend", "GroupSyncView"]


class GroupSyncView(AssertionConsumerServiceView):
    """Brings the groups in line after the login, from the whole assertion: order and replay are known."""

    def custom_validation(self, response: Any) -> None:
        """Read what ``post_login_hook`` isn't told: ID and time of the assertion."""
        super().custom_validation(response)
        self._login = pysaml2.login_of(response)

    def post_login_hook(self, request: Any, user: Any, session_info: dict[str, Any]) -> None:
        """Bring the groups in line; a refusal signs the user out again."""
        super().post_login_hook(request, user, session_info)
        try:
            bring_in_line(user, self._login, request=request)
        except LoginRefusedError as error:
            auth.logout(request)
            raise PermissionDenied(error.message) from None


class GroupSyncBackend(Saml2Backend):
    """Brings the groups in line before the login.

    A backend isn't told when the assertion was issued: logins count in the order of their arrival.
    """

    def authenticate(
        self,
        request: Any,
        session_info: Any = None,
        attribute_mapping: Any = None,
        create_unknown_user: bool = True,
        assertion_info: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Find the user as djangosaml2 does, and bring her groups in line."""
        user = super().authenticate(
            request,
            session_info=session_info,
            attribute_mapping=attribute_mapping,
            create_unknown_user=create_unknown_user,
            assertion_info=assertion_info,
            **kwargs,
        )
        if user is None:
            return None
        login = LibraryLogin(
            attributes=session_info["ava"],
            issuer=session_info["issuer"],
            assertion_id=(assertion_info or {}).get("assertion_id", ""),
            issued_at=timezone.now(),
        )
        try:
            bring_in_line(user, login)
        except LoginRefusedError as error:
            raise PermissionDenied(error.message) from None
        return user
