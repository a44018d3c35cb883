"""What a sign-in did and why, in the words of the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

STATUSES = {
    "present": "the identity provider sent groups",
    "empty": "the identity provider says that there are none",
    "absent": "the identity provider did not mention groups",
    "overage": "the identity provider left the groups out, because there are too many",
}

_ROWS = {
    "create": ("Created", "No group here had this name. The new group is external."),
    "adopt": ("Adopted", "An internal group had the name that was sent. It is external from now on."),
    "attach": ("Joined", "The identity provider sent this group."),
    "detach": (
        "Left",
        "The group is external, and the identity provider no longer sends it for this person.",
    ),
    "internalise": ("Made internal", "An administrator took the group back."),
    "rename": ("Renamed", "An administrator gave the group another name."),
    "delete": ("Deleted", "The group had no member left."),
}
_CREATED_AND_JOINED = ("Joined", "No group here had this name: it was created, as external.")


class AnyChange(Protocol):
    """A change of a plan or of an event: both have these."""

    @property
    def action(self) -> str:
        """What was done."""

    @property
    def group(self) -> str:
        """To which group."""

    @property
    def reason(self) -> str:
        """Why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line about one group."""

    action: str
    verb: str
    group: str
    why: str
    reason: str


def rows(changes: Sequence[AnyChange]) -> list[Row]:
    """Changes as lines for people: a group that was created and joined is one line."""
    created = {change.group for change in changes if change.action == "create"}
    attached = {change.group for change in changes if change.action == "attach"}
    found: list[Row] = []
    for change in changes:
        action = str(change.action)
        if action == "create" and change.group in attached:
            continue
        verb, why = _ROWS.get(action, (action.replace("_", " ").capitalize(), ""))
        if action == "attach" and change.group in created:
            verb, why = _CREATED_AND_JOINED
        found.append(Row(action, verb, change.group, why, str(change.reason)))
    return found


def status(name: str | None) -> str:
    """What a reading of the claim means."""
    return STATUSES.get(name or "", "")
