"""The pages of the test identity provider: who signs in, with which groups, and what is sent."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response

from memberof.demo.web import OrganisationHere, SiteHere, own_form
from memberof.testing.authn_request import AuthnRequest, read_redirect

router: APIRouter = APIRouter(prefix="/idp/{slug}")

_MAX_GROUPS = 2_000
_USER = re.compile(r"[\w.@+-]{1,64}")

NoGroupsChoice = Literal["as_product", "absent", "no_values", "empty_value", "nil", "no_statement"]


@router.get("/sso")
def choose(
    request: Request,
    site: SiteHere,
    organisation: OrganisationHere,
    SAMLRequest: str,  # noqa: N803 - SAML Bindings 3.4.4 names it
    RelayState: str = "",  # noqa: N803
    user: str = "alice",
) -> Response:
    """Show the sign-in page: a person, and her groups."""
    asked = _read(SAMLRequest)
    if asked.issuer != organisation.idp.sp_entity_id:
        raise HTTPException(400, "this identity provider does not know that application")
    return site.page(
        request,
        "idp.html",
        organisation=organisation,
        saml_request=SAMLRequest,
        relay_state=RelayState,
        people=organisation.people,
        user=user if user in organisation.people else next(iter(organisation.people)),
    )


@router.post("/sso", dependencies=[Depends(own_form)])
def answer(
    request: Request,
    site: SiteHere,
    organisation: OrganisationHere,
    saml_request: Annotated[str, Form()],
    user: Annotated[str, Form()],
    relay_state: Annotated[str, Form()] = "",
    new_user: Annotated[str, Form()] = "",
    groups: Annotated[str, Form()] = "",
    no_groups: Annotated[NoGroupsChoice, Form()] = "as_product",
    overage: Annotated[bool, Form()] = False,
) -> Response:
    """Remember the groups, sign a Response, and let the browser carry it over."""
    asked = _read(saml_request)
    person = new_user.strip() or user
    if not _USER.fullmatch(person):
        raise HTTPException(400, "a user name has 1 to 64 letters, digits and any of . _ @ + -")
    names = tuple(dict.fromkeys(line.strip() for line in groups.splitlines() if line.strip()))[:_MAX_GROUPS]
    organisation.set_groups(person, names)
    try:
        response = organisation.idp.response(
            user=person,
            groups=names,
            request_id=asked.id,
            now=site.clock(),
            no_groups=None if no_groups == "as_product" else no_groups,
            overage=overage,
        )
    except ValueError as error:
        raise HTTPException(400, "a group name holds a character that XML cannot carry") from error
    return site.page(
        request,
        "post.html",
        organisation=organisation,
        action=organisation.idp.acs_url,
        saml_response=response,
        relay_state=relay_state,
        person=person,
    )


@router.get("/metadata")
def metadata(organisation: OrganisationHere) -> Response:
    """The metadata of the test identity provider."""
    return Response(organisation.idp.metadata_xml, media_type="application/samlmetadata+xml")


def _read(saml_request: str) -> AuthnRequest:
    try:
        return read_redirect(saml_request)
    except ValueError:
        raise HTTPException(400, "that is no SAML request") from None
