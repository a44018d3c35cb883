"""Sign in by SAML: send the browser away with a request, take the Response, bring the groups in line."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

import memberof
from memberof.demo.organisations import Organisation, SignIn
from memberof.demo.sessions import PENDING_LIFETIME, PendingLogin, Session, new_token
from memberof.demo.web import SESSION_COOKIE, OrganisationHere, Site, SiteHere, browser_of, own_form

router: APIRouter = APIRouter()

# eduPersonPrincipalName stays the same where the NameID is transient (rule R14).
_STABLE_ATTRIBUTE = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"
_DISPLAY_ATTRIBUTES = (
    "displayName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "urn:oid:2.16.840.1.113730.3.1.241",
)


@router.post("/login", dependencies=[Depends(own_form)])
def begin(
    request: Request,
    site: SiteHere,
    organisation: Annotated[str, Form()],
    landing: Annotated[Literal["me", "admin"], Form()] = "me",
) -> Response:
    """Send the browser to its identity provider."""
    where = site.organisations.find(organisation)
    if where is None:
        return RedirectResponse("/", 303)
    # RelayState is a token, never an address: whatever comes back, nobody is sent anywhere by it.
    token = new_token()
    login = where.service_provider.login_request(relay_state=token)
    pending = PendingLogin(
        request_id=login.id,
        browser=browser_of(request),
        organisation=where.slug,
        landing=landing,
        expires_at=site.clock() + PENDING_LIFETIME,
    )
    site.pending.put(token, pending)
    return RedirectResponse(login.redirect_url, 303)


@router.post("/saml/{slug}/acs")
def take_response(
    request: Request,
    site: SiteHere,
    organisation: OrganisationHere,
    saml_response: Annotated[str, Form(alias="SAMLResponse")] = "",
    relay_state: Annotated[str, Form(alias="RelayState")] = "",
) -> Response:
    """Take a SAML Response: verify, read the groups, bring ours in line, open a session.

    NOTE: the identity provider of this demonstration is on the same site. For one elsewhere the browser's cookie
    must be ``SameSite=None; Secure``, or it does not come with this POST.
    """
    pending = {
        token: entry
        for token, entry in site.pending.all().items()
        if entry.browser == browser_of(request) and entry.organisation == organisation.slug
    }
    try:
        assertion = organisation.service_provider.verify(
            saml_response, request_id=[entry.request_id for entry in pending.values()], now=site.clock()
        )
        user = stable_user(assertion)
        outcome = organisation.sync.login(user, assertion, now=site.clock())
    except memberof.StoreError as error:
        return site.fail(request, error.code, organisation.slug)
    except memberof.MemberOfError as error:
        return site.refuse(request, error.code, organisation.slug)

    # Only now is the request answered: had the database failed, the same Response could have been posted again.
    landing = pending[relay_state].landing if relay_state in pending else "me"
    for token, entry in pending.items():
        if entry.request_id == assertion.in_response_to:
            site.pending.drop(token)
    attribute = outcome.claim.attribute if outcome.claim is not None else None
    values = assertion.attributes.get(attribute or "", ())
    sign_in = SignIn(_display_name(assertion, user), values, outcome, site.clock())
    return _open_session(
        request,
        site,
        organisation,
        Session(user, organisation.slug, sign_in, outcome.session_expires_at),
        landing,
    )


@router.post("/logout", dependencies=[Depends(own_form)])
def sign_out(request: Request, site: SiteHere) -> Response:
    """End our session; the page that follows does not sign in again."""
    site.sessions.drop(request.cookies.get(SESSION_COOKIE))
    response = RedirectResponse("/?signed_out=1", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.get("/saml/{slug}/metadata")
def metadata(organisation: OrganisationHere) -> Response:
    """Our metadata, for an identity provider."""
    return Response(organisation.service_provider.metadata(), media_type="application/samlmetadata+xml")


def stable_user(assertion: memberof.VerifiedAssertion) -> str:
    """The user's ID within a tenant, which has one identity provider (rule R14).

    Raises:
        VerificationError: There is no NameID that stays the same, and no attribute in its place.

    """
    try:
        return memberof.subject(assertion).value
    except memberof.VerificationError:
        return memberof.subject(assertion, attribute=_STABLE_ATTRIBUTE).value


def _display_name(assertion: memberof.VerifiedAssertion, user: str) -> str:
    for name in _DISPLAY_ATTRIBUTES:
        if values := assertion.attributes.get(name):
            return values[0]
    return user


def _open_session(
    request: Request, site: Site, organisation: Organisation, session: Session, landing: str
) -> Response:
    site.sessions.drop(request.cookies.get(SESSION_COOKIE))
    # A new token with every sign-in: one that was planted before is worth nothing.
    token = new_token()
    site.sessions.put(token, session)
    target = "/me" if landing == "me" else f"/admin/{organisation.slug}"
    response = RedirectResponse(target, 303)
    response.set_cookie(
        SESSION_COOKIE, token, httponly=True, samesite="lax", expires=session.expires_at, path="/"
    )
    return response
