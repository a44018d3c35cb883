"""django-saml2-auth(-community): two triggers. Leave ``ATTRIBUTES_MAP["groups"]`` unset: its own synchronisation replaces *all* groups.

::

    SAML2_AUTH["TRIGGER"] = {
        "EXTRACT_USER_IDENTITY": "memberof.adapters.django.saml2_auth.extract_user_identity",
        "BEFORE_LOGIN": "memberof.adapters.django.saml2_auth.before_login",
        "AFTER_LOGIN": "memberof.adapters.django.saml2_auth.after_login",
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_saml2_auth.exceptions import SAMLAuthError
from django_saml2_auth.user import get_user

from memberof.adapters import pysaml2
from memberof.adapters.django.logins import LoginRefusedError, bound_session, bring_in_line

if TYPE_CHECKING:
    from saml2.response import AuthnResponse

__all__ = ["after_login", "before_login", "extract_user_identity"]

_LOGIN = "memberof_login"
_OUTCOME = "memberof_outcome"


def extract_user_identity(user: dict[str, Any], authn_response: AuthnResponse) -> dict[str, Any]:
    """Keep what the later triggers aren't told: ID and time of the assertion."""
    return {**user, _LOGIN: pysaml2.login_of(authn_response)}


def before_login(user: dict[str, Any]) -> None:
    """Bring the groups of the user in line; no trigger is given the Django user, so she is looked up as the library does."""
    try:
        user[_OUTCOME] = bring_in_line(get_user(user), user[_LOGIN])
    except LoginRefusedError as error:
        raise SAMLAuthError(
            error.message,
            extra={
                "exc_type": LoginRefusedError,
                "error_code": error.reference,
                "reason": error.message,
                "status_code": 403,
            },
        ) from None


def after_login(session: Any, user: dict[str, Any]) -> None:
    """Bound the session, which the library has just begun (rule R12)."""
    if user.get(_OUTCOME) is not None:
        bound_session(session, user[_OUTCOME].session_expires_at)
