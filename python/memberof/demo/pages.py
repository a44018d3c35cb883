"""The application's own pages: the start, a user's groups, and administration."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

import memberof
from memberof.demo.organisations import FEATURED
from memberof.demo.web import OrganisationHere, SiteHere, own_form
from memberof.records import Event, Group, Membership, Writes
from memberof.store import EventFilter, StaleStateError

if TYPE_CHECKING:
    from memberof.store import StoreUnit

router: APIRouter = APIRouter()

_HISTORY_LENGTH = 50
_MAX_NAME = 200


@router.get("/")
def start(request: Request, site: SiteHere, signed_out: bool = False) -> Response:
    """Choose an identity provider."""
    others = [p for name, p in site.organisations.personas.items() if name not in FEATURED]
    first = [site.organisations.personas[name] for name in FEATURED]
    return site.page(request, "start.html", first=first, others=others, signed_out=signed_out)


@router.get("/me")
def me(request: Request, site: SiteHere) -> Response:
    """Show the user's groups, and what her sign-in changed and why."""
    session = site.session(request)
    organisation = site.organisations.find(session.organisation) if session else None
    if session is None or organisation is None:
        return RedirectResponse("/", 303)

    def read(unit: StoreUnit) -> list[tuple[Membership, Group]]:
        mine = unit.memberships(users=[session.user])
        kinds = {group.name: group for group in unit.groups()}
        return [(membership, kinds[membership.group]) for membership in mine]

    return site.page(
        request,
        "me.html",
        organisation=organisation,
        memberships=organisation.store.run(read),
        sign_in=session.sign_in,
    )


@router.get("/admin")
def admin_start(request: Request, site: SiteHere) -> Response:
    """Go to the administration of the organisation that this browser is signed in to."""
    session = site.session(request)
    return RedirectResponse(f"/admin/{session.organisation if session else FEATURED[0]}", 303)


@router.get("/admin/{slug}")
def admin(
    request: Request, site: SiteHere, organisation: OrganisationHere, notice: str = "", problem: str = ""
) -> Response:
    """Show groups, their members and the history of an organisation."""

    def read(unit: StoreUnit) -> tuple[list[Group], dict[str, list[Membership]], list[Event]]:
        members: dict[str, list[Membership]] = defaultdict(list)
        for membership in unit.memberships():
            members[membership.group].append(membership)
        return list(unit.groups()), members, list(unit.events(EventFilter(), limit=_HISTORY_LENGTH))

    groups, members, events = organisation.store.run(read)
    return site.page(
        request,
        "admin.html",
        organisation=organisation,
        groups=groups,
        members=members,
        events=events,
        undone={undone for event in events for undone in event.details.get("undoes", ())},
        notice=_NOTICES.get(notice, ""),
        problem=_PROBLEMS.get(problem, ""),
    )


_NOTICES = {
    "created": "The group was created.",
    "undone": "It was undone: memberships and kinds are as they were before it.",
}
_PROBLEMS = {
    "name": "A group needs a name of 1 to 200 characters.",
    "taken": "A group of that name is already there.",
    "busy": "The database is busy. Nothing was changed; try again in a moment.",
    "conflict": "Newer changes stand upon this one. Undo those first.",
    "nothing": "There is nothing left to undo.",
    "stale": "Somebody changed this at the same time. Look again and repeat.",
}


@router.post("/admin/{slug}/groups", dependencies=[Depends(own_form)])
def create_group(
    site: SiteHere,
    organisation: OrganisationHere,
    name: Annotated[str, Form()] = "",
    members: Annotated[str, Form()] = "",
) -> Response:
    """Create an internal group, with members."""
    name = name.strip()
    back = f"/admin/{organisation.slug}"
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        return RedirectResponse(f"{back}?problem=name", 303)
    key = memberof.group_key(name)
    users = dict.fromkeys(user for user in members.replace(",", " ").split() if user)
    now = site.clock()

    def write(unit: StoreUnit) -> bool:
        if unit.groups([key]):
            return False
        unit.write(
            Writes(
                create=(Group(name=name, key=key, kind=memberof.GroupKind.INTERNAL),),
                attach=tuple(Membership(user=user, group=name, since=now) for user in users),
            )
        )
        return True

    try:
        created = organisation.store.run(write)
    except StaleStateError:
        return RedirectResponse(f"{back}?problem=stale", 303)
    except memberof.StoreError:
        return RedirectResponse(f"{back}?problem=busy", 303)
    return RedirectResponse(f"{back}?{'notice=created' if created else 'problem=taken'}", 303)


@router.post("/admin/{slug}/events/{event_id}/undo", dependencies=[Depends(own_form)])
def undo(site: SiteHere, organisation: OrganisationHere, event_id: int) -> Response:
    """Undo what an event did; nothing happens where newer changes stand upon it."""
    back = f"/admin/{organisation.slug}"
    try:
        done = organisation.store.undo(event_id, actor="administrator", now=site.clock())
    except memberof.PlanError as error:
        problem = "conflict" if error.code == "plan.undo_conflict" else "nothing"
        return RedirectResponse(f"{back}?problem={problem}", 303)
    except memberof.StoreError:
        return RedirectResponse(f"{back}?problem=busy", 303)
    return RedirectResponse(f"{back}?{'problem=nothing' if done.event_id is None else 'notice=undone'}", 303)
