"""The router: sign-in, assertion consumer service and metadata of each provider; the choice of one; sign-out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from memberof.errors import MemberOfError, StoreError
from memberof.fastapi.form import FormError, read_form
from memberof.fastapi.pages import HEADERS
from memberof.fastapi.provider import Provider
from memberof.fastapi.signin import Begun
from memberof.web.answer import Refused
from memberof.web.paths import MAX_PATH_LENGTH, local_path
from memberof.web.refusal import log_refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from memberof.fastapi.saml import Saml
    from memberof.web.pending import Cookie

__all__ = ["build_router"]

LOG = logging.getLogger("memberof.fastapi")

METADATA_TYPE = "application/samlmetadata+xml"

_PAGE: dict[str, Any] = {"content": {"text/html": {}}}
_AWAY: dict[str, Any] = {
    "description": "To the identity provider.",
    "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
}
_BACK: dict[str, Any] = {
    "description": "Signed in: to the page that was asked for; or, after a Response that nobody asked for, to the "
    "identity provider.",
    "headers": {"Location": {"schema": {"type": "string", "format": "uri-reference"}}},
}
_REFUSED: dict[str, Any] = {
    **_PAGE,
    "description": "Refused. The page names no cause but a reference to the log.",
}
_FAILED: dict[str, Any] = {**_PAGE, "description": "Not completed; nothing was changed. Try again."}
_UNKNOWN: dict[str, Any] = {"description": "No such identity provider."}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["SAMLResponse"],
                    "properties": {
                        "SAMLResponse": {"type": "string", "format": "byte"},
                        "RelayState": {"type": "string"},
                    },
                }
            }
        },
    }
}

Next = Annotated[
    str | None,
    Query(alias="next", description="Local path to come back to; anything else is dropped."),
]


def build_router(saml: Saml) -> APIRouter:
    """Return the router of a :class:`Saml`."""
    router = APIRouter(prefix=saml.settings.path, tags=["sign-in"])
    base = "/{provider}" if saml.key_in_path else ""
    here_dependency = Depends(_by_key(saml) if saml.key_in_path else _by_request(saml))

    @router.get(
        f"{base}/login",
        status_code=302,
        response_class=RedirectResponse,
        responses={302: _AWAY, 403: _REFUSED, 404: _UNKNOWN, 503: _FAILED},
        summary="Begin a sign-in",
    )
    async def login(
        request: Request, next_path: Next = None, provider: Provider = here_dependency
    ) -> Response:
        return await _begin(saml, request, provider, next_path)

    @router.post(
        f"{base}/acs",
        status_code=303,
        response_class=RedirectResponse,
        responses={
            303: _BACK,
            400: _REFUSED,
            403: _REFUSED,
            404: _UNKNOWN,
            413: _REFUSED,
            415: _REFUSED,
            503: _FAILED,
        },
        openapi_extra=_FORM,
        summary="Assertion consumer service",
    )
    async def acs(request: Request, provider: Provider = here_dependency) -> Response:
        try:
            form = await read_form(request)
            done = await saml.sign_in.take(provider, form, request.cookies, now=saml.now())
        except FormError as error:
            return _refuse(saml, provider, error.refused, status=error.status)
        except StoreError as error:
            return _fail(saml, provider, error)
        if isinstance(done, Refused):
            return _refuse(saml, provider, done)
        if isinstance(done, Begun):
            return _redirect(done.location, done.cookies)
        response = _redirect(done.return_to, done.cookies)
        saml.set_session(response, done.token, done.expires_at)
        return response

    @router.get(
        f"{base}/metadata",
        response_class=Response,
        responses={200: {"content": {METADATA_TYPE: {}}, "description": "Our metadata."}, 404: _UNKNOWN},
        summary="Our metadata, for the identity provider",
    )
    async def metadata(provider: Provider = here_dependency) -> Response:
        return Response(provider.service_provider.metadata(), media_type=METADATA_TYPE)

    @router.get(
        "/",
        response_class=HTMLResponse,
        responses={302: _AWAY, 303: _BACK, 403: _REFUSED, 503: _FAILED},
        summary="Choose an identity provider",
    )
    async def choose(request: Request, next_path: Next = None) -> Response:
        target = local_path(next_path, saml.settings.default_path)
        session = await saml.session_of(request, request.cookies.get(saml.cookie_name))
        if session is not None and session.expires_at > saml.now():
            return _redirect(target, ())
        choice = await saml.choice(request)
        if len(choice) == 1:
            return await _begin(saml, request, choice[0], target)
        return _page(saml.pages.choose(providers=choice, return_to=target))

    @router.get(
        "/signed-out",
        response_class=HTMLResponse,
        summary="The page after a sign-out; it doesn't sign in again",
    )
    async def signed_out() -> Response:
        return _page(saml.pages.signed_out(again=f"{saml.settings.path}/"))

    @router.post(
        "/signed-out",
        status_code=303,
        response_class=RedirectResponse,
        responses={303: _BACK | {"description": "Signed out, here only."}, 503: _FAILED},
        summary="Sign out",
    )
    async def sign_out(request: Request) -> Response:
        try:
            await saml.end_session(request)
        except StoreError as error:
            return _fail(saml, None, error)
        response = _redirect(f"{saml.settings.path}/signed-out", ())
        saml.remove_session(response)
        return response

    return router


def _by_key(saml: Saml) -> Callable[..., Awaitable[Provider]]:
    async def here(provider: Annotated[str, Path(description="Key of the identity provider.")]) -> Provider:
        return _found(saml.providers.get(provider))

    return here


def _by_request(saml: Saml) -> Callable[..., Awaitable[Provider]]:
    async def here(request: Request) -> Provider:
        return _found(await saml.provider_here(request))

    return here


def _found(provider: Provider | None) -> Provider:
    if provider is None:
        raise HTTPException(404)
    return provider


async def _begin(saml: Saml, request: Request, provider: Provider, return_to: str | None) -> Response:
    if return_to is not None and len(return_to) > MAX_PATH_LENGTH:
        return_to = None
    try:
        begun = await saml.sign_in.begin(provider, request.cookies, return_to=return_to, now=saml.now())
    except StoreError as error:
        return _fail(saml, provider, error)
    except MemberOfError as error:
        return _refuse(saml, provider, Refused(error.code, error.message, error.hint))
    return _redirect(begun.location, begun.cookies, status=302)


def _redirect(location: str, cookies: Iterable[Cookie], *, status: int = 303) -> Response:
    response = RedirectResponse(location, status, headers={"Cache-Control": "no-store"})
    for cookie in cookies:
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=cookie.max_age,
            secure=cookie.secure,
            httponly=cookie.http_only,
            samesite="none" if cookie.same_site == "None" else "lax",
        )
    return response


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers=HEADERS)


def _refuse(saml: Saml, provider: Provider, refused: Refused, *, status: int = 403) -> Response:
    refusal = log_refusal(LOG, refused, provider=provider.key)
    return _page(saml.pages.refused(reference=refusal.reference, again=provider.login_path), status)


def _fail(saml: Saml, provider: Provider | None, error: StoreError) -> Response:
    """Our own side could not complete it; the same Response may be posted again."""
    failed = Refused(error.code, error.message, error.hint)
    refusal = log_refusal(LOG, failed, provider=None if provider is None else provider.key)
    again = f"{saml.settings.path}/" if provider is None else provider.login_path
    response = _page(saml.pages.failed(reference=refusal.reference, again=again), 503)
    response.headers["Retry-After"] = "5"
    return response
