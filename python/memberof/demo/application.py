"""The web application, put together."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

import memberof
from memberof.demo import identity_pages, pages, sign_in
from memberof.demo.limits import BodyLimit
from memberof.demo.organisations import Organisations
from memberof.demo.web import BROWSER_COOKIE, STATIC, Site, log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy import Engine
    from starlette.responses import Response
    from starlette.types import Scope

_BROWSER = re.compile(r"[\w-]{20,64}")


def create_application(
    database: str | Engine, origin: str, *, clock: Callable[[], datetime] | None = None
) -> FastAPI:
    """Make the application.

    Args:
        database: SQLAlchemy URL of the store, or an engine.
        origin: Where browsers reach it, such as ``http://127.0.0.1:8000``, without a slash at the end.
        clock: Tells the time; None is the system's.

    """
    site = Site(Organisations(database, origin), clock)
    application = FastAPI(title="memberof demo", openapi_url=None, docs_url=None, redoc_url=None)
    application.state.site = site
    for router in (pages.router, sign_in.router, identity_pages.router):
        application.include_router(router)
    application.mount("/static", StaticFiles(directory=STATIC), name="static")

    @application.middleware("http")
    async def browser_mark(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        known = request.cookies.get(BROWSER_COOKIE, "")
        fresh = not _BROWSER.fullmatch(known)
        request.state.browser = secrets.token_urlsafe(24) if fresh else known
        response = await call_next(request)
        if fresh:
            response.set_cookie(
                BROWSER_COOKIE, request.state.browser, httponly=True, samesite="lax", path="/"
            )
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    @application.exception_handler(StarletteHTTPException)
    def wrong(request: Request, error: HTTPException) -> Response:
        detail = error.detail if error.status_code != 404 else "There is no such page."
        return site.page(request, "wrong.html", error.status_code, detail=detail)

    @application.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:  # noqa: ARG001 - the handler's shape
        return site.page(request, "wrong.html", 400, detail="The form was not filled in as expected.")

    @application.exception_handler(memberof.StoreError)
    def without_database(request: Request, error: memberof.StoreError) -> Response:
        log.error("page failed: code=%s path=%s", error.code, request.url.path)
        detail = "The database cannot be reached. Nothing was changed; wait a moment and try again."
        return site.page(request, "wrong.html", 503, detail=detail)

    def too_large(scope: Scope) -> Response:
        request = Request(scope)
        request.state.browser = request.cookies.get(BROWSER_COOKIE) or secrets.token_urlsafe(24)
        return site.refuse(request, "demo.body_too_large", scope["path"], 413)

    # No name but ours: a page elsewhere cannot reach this server through a name of its own (DNS rebinding).
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    application.add_middleware(BodyLimit, refuse=too_large)
    return application
