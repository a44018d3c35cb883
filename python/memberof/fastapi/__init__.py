"""SAML sign-in with group synchronisation for FastAPI: ``pip install memberof[fastapi]``.

    saml = Saml(SamlSettings())                  # from the environment, MEMBEROF_…
    app = FastAPI(lifespan=saml.lifespan)
    saml.install(app)

    @app.get("/editors")
    async def editors(user: Annotated[User, Depends(saml.require_group("Editors"))]): …

Requests, sessions and linked subjects stand in tables beside the store's (:mod:`.tables`). See docs/tutorials/fastapi.md.
"""

from __future__ import annotations

try:
    import fastapi as _fastapi
    import pydantic_settings as _pydantic_settings
except ModuleNotFoundError as _error:
    _missing = (_error.name or "").partition(".")[0]
    raise ImportError(
        f"memberof.fastapi needs the package {_missing}: pip install memberof[fastapi]", name=_missing
    ) from _error

from memberof.fastapi.accounts import Accounts, Newcomer
from memberof.fastapi.dependencies import SignInNeededError, User
from memberof.fastapi.pages import Pages
from memberof.fastapi.saml import Saml
from memberof.fastapi.settings import ProviderSettings, SamlSettings
from memberof.fastapi.signin import SignedIn
from memberof.web.accounts import Account

__all__ = [
    "Account",
    "Accounts",
    "Newcomer",
    "Pages",
    "ProviderSettings",
    "Saml",
    "SamlSettings",
    "SignInNeededError",
    "SignedIn",
    "User",
]

del _fastapi, _pydantic_settings
