"""social-auth-app-django: a step of the pipeline, below ``social_core.pipeline.user.user_details``.

::

    SOCIAL_AUTH_PIPELINE = (…, "social_core.pipeline.user.user_details",
                            "memberof.adapters.django.social_auth.sync_groups")
"""

from __future__ import annotations

from typing import Any

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from social_core.backends.saml import SAMLAuth
from social_core.exceptions import AuthException

from memberof.adapters.django.logins import LoginRefusedError, bring_in_line
from memberof.adapters.python3_saml import login_of_response

__all__ = ["sync_groups"]


def sync_groups(
    strategy: Any, backend: Any, user: Any = None, response: Any = None, *_: Any, **__: Any
) -> None:
    """Bring the groups in line after a login by SAML; logins by other backends are left alone."""
    if user is None or not isinstance(backend, SAMLAuth):
        return
    # The pipeline is given the attributes, not the assertion's ID and time: these are read from the same Response, which
    # the backend has verified.
    idp = backend.get_idp(response["idp_name"])
    settings = OneLogin_Saml2_Settings(backend.generate_saml_config(idp))
    verified = OneLogin_Saml2_Response(settings, strategy.request_post()["SAMLResponse"])
    try:
        bring_in_line(user, login_of_response(verified, settings))
    except LoginRefusedError as error:
        raise AuthException(backend, error.message) from None
