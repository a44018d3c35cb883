"""django-allauth: a provider class, and what it does at the very end of a login or a sign-up.

::

    SOCIALACCOUNT_PROVIDERS = {"saml": {"provider_class": "memberof.adapters.django.allauth.GroupSyncProvider"}}

The signal is ``allauth.account.signals.user_logged_in``: ``social_account_updated`` comes before the login is accepted, and not
for new users.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.signals import user_logged_in
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.contrib.auth import logout

from memberof.adapters.django.logins import LoginRefusedError, bring_in_line
from memberof.adapters.login import LibraryLogin
from memberof.adapters.python3_saml import login_of

__all__ = ["GroupSyncProvider", "connect"]

# Kept with the attributes, since allauth may carry a login over several requests: a confirmation of the address, a second factor.
_FACTS = "memberof"


class GroupSyncProvider(SAMLProvider):
    """The SAML provider, which also keeps ID and time of the assertion with the attributes."""

    package = "allauth.socialaccount.providers.saml"  # where its views and addresses are

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        """Return the attributes and these facts."""
        login = login_of(data)
        end = login.session_not_on_or_after
        facts = {
            "issuer": login.issuer,
            "assertion_id": login.assertion_id,
            "issued_at": login.issued_at.isoformat(),
            "session_not_on_or_after": None if end is None else end.isoformat(),
        }
        return {**super().extract_extra_data(data), _FACTS: facts}


def connect() -> None:
    """Listen for the end of logins and sign-ups."""
    user_logged_in.connect(_logged_in, dispatch_uid="memberof.adapters.django.allauth")


def _logged_in(sender: Any, request: Any, user: Any, sociallogin: Any = None, **_: Any) -> None:  # noqa: ARG001 - the signal's shape
    data = {} if sociallogin is None else dict(sociallogin.account.extra_data)
    facts = data.pop(_FACTS, None)
    if facts is None:
        return
    end = facts["session_not_on_or_after"]
    login = LibraryLogin(
        attributes=data,
        issuer=facts["issuer"],
        assertion_id=facts["assertion_id"],
        issued_at=datetime.fromisoformat(facts["issued_at"]),
        session_not_on_or_after=None if end is None else datetime.fromisoformat(end),
    )
    try:
        bring_in_line(user, login, request=request)
    except LoginRefusedError as error:
        logout(request)
        provider = sociallogin.account.get_provider(request)
        page = render_authentication_error(request, provider, exception=error)
        raise ImmediateHttpResponse(page) from None
