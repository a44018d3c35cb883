"""What all pages share: templates, cookies, form tokens, headers, refusals."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Form, HTTPException, Request
from fastapi.templating import Jinja2Templates

from memberof.demo import wording
from memberof.demo.organisations import FEATURED, Organisation, Organisations
from memberof.demo.sessions import FormTokens, PendingLogin, Session, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

log: logging.Logger = logging.getLogger("memberof.demo")

BROWSER_COOKIE = "memberof_browser"
SESSION_COOKIE = "memberof_session"

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


class Site:
    """The state behind the pages.

    Args:
        organisations: The identity providers and their tenants.
        clock: Tells the time.

    """

    def __init__(self, organisations: Organisations, clock: Callable[[], datetime] | None = None) -> None:
        self.clock: Callable[[], datetime] = clock or (lambda: datetime.now(UTC))
        self.organisations = organisations
        self.pending: Shelf[PendingLogin] = Shelf(self.clock)
        self.sessions: Shelf[Session] = Shelf(self.clock)
        self.form_tokens: FormTokens = FormTokens()
        self.templates: Jinja2Templates = Jinja2Templates(directory=_HERE / "templates")
        self.templates.env.globals |= {
            "change_rows": wording.rows,
            "status_label": wording.status,
            "featured": FEATURED,
        }
        self.templates.env.trim_blocks = True
        self.templates.env.lstrip_blocks = True

    def page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """A page, with what the frame of all pages needs."""
        browser = browser_of(request)
        nonce = secrets.token_urlsafe(16)
        context |= {
            "session": self.session(request),
            "form_token": self.form_tokens.issue(browser),
            "path": request.url.path,
            "nonce": nonce,
            "personas": self.organisations.personas,
        }
        response = self.templates.TemplateResponse(request, template, context, status_code=status)
        # The scripts and forms of these pages lead to this server only.
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'self'; img-src 'self'; script-src 'nonce-{nonce}'; "
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        return response

    def session(self, request: Request) -> Session | None:
        """The session of this browser."""
        return self.sessions.find(request.cookies.get(SESSION_COOKIE))

    def refuse(self, request: Request, code: str, where: str, status: int = 403) -> Response:
        """A neutral refusal: the browser gets a reference number, the log the code under it."""
        reference = secrets.token_hex(4)
        log.warning("sign-in refused: code=%s organisation=%s reference=%s", code, where, reference)
        return self.page(request, "refused.html", status, reference=reference)

    def fail(self, request: Request, code: str, where: str) -> Response:
        """A sign-in that our own side could not complete; nothing was changed, and it can be repeated."""
        reference = secrets.token_hex(4)
        log.error("sign-in failed: code=%s organisation=%s reference=%s", code, where, reference)
        response = self.page(request, "failed.html", 503, reference=reference)
        response.headers["Retry-After"] = "5"
        return response


def site_of(request: Request) -> Site:
    """The site that answers a request."""
    site: Site = request.app.state.site
    return site


def browser_of(request: Request) -> str:
    """The browser's mark, from its cookie or new in this request."""
    browser: str = request.state.browser
    return browser


def organisation_of(request: Request, slug: str) -> Organisation:
    """The organisation that a path names, or 404."""
    organisation = site_of(request).organisations.find(slug)
    if organisation is None:
        raise HTTPException(404)
    return organisation


def own_form(request: Request, form_token: Annotated[str, Form()] = "") -> None:
    """Refuse a form that this browser did not get from us."""
    if not site_of(request).form_tokens.fits(browser_of(request), form_token):
        raise HTTPException(403, "this form is out of date: go back, load the page again and repeat")


SiteHere = Annotated[Site, Depends(site_of)]
OrganisationHere = Annotated[Organisation, Depends(organisation_of)]
