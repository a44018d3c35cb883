"""python3-saml: ``login_of(auth).into(sync, user)`` after ``auth.process_response()``.

Empty, blank and nil values all become no value there, and count as EMPTY. A repeated Attribute element is an error
unless ``allowRepeatAttributeName`` is set (Keycloak sends one for each group by default). Give the extractor
``library="python3-saml"``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memberof.adapters.login import LibraryLogin
from memberof.errors import ConfigurationError, VerificationError

if TYPE_CHECKING:
    from onelogin.saml2.auth import OneLogin_Saml2_Auth
    from onelogin.saml2.response import OneLogin_Saml2_Response

__all__ = ["login_of", "login_of_response"]


def login_of(auth: OneLogin_Saml2_Auth) -> LibraryLogin:
    """Return the login that ``auth.process_response()`` has verified.

    Raises:
        ConfigurationError: ``strict`` is off: then the library checks neither issuer nor audience nor times.
        VerificationError: ``saml.not_verified``: it has verified none, or refused it.

    """
    settings = auth.get_settings()
    if not settings.is_strict():
        raise ConfigurationError(
            "python3-saml runs without strict, and checks neither issuer nor audience nor times",
            "config.python3_saml",
            'set "strict": True in its settings',
        )
    if not auth.is_authenticated() or auth.get_errors():
        raise VerificationError("python3-saml has verified no login", "saml.not_verified")
    return _login(
        auth.get_attributes(),
        settings,
        auth.get_last_assertion_id(),
        auth.get_last_assertion_issue_instant(),
        auth.get_session_expiration(),
    )


def login_of_response(response: OneLogin_Saml2_Response, settings: Any) -> LibraryLogin:
    """Return the login of a Response that the library has verified already, where ``auth`` is out of reach."""
    return _login(
        response.get_attributes(),
        settings,
        response.get_assertion_id(),
        response.get_assertion_issue_instant(),
        response.get_session_not_on_or_after(),
    )


def _login(
    attributes: dict[str, Any], settings: Any, assertion_id: str, issued_at: int, session_end: int | None
) -> LibraryLogin:
    return LibraryLogin(
        attributes=attributes,
        # In strict mode the library has compared it with the issuer of Response and assertion.
        issuer=settings.get_idp_data()["entityId"],
        assertion_id=assertion_id,
        issued_at=datetime.fromtimestamp(issued_at, UTC),
        session_not_on_or_after=None if not session_end else datetime.fromtimestamp(session_end, UTC),
    )
