"""Words for what the core says in codes, translatable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memberof.enums import Reason

if TYPE_CHECKING:
    from memberof.records import Event

__all__ = ["action_word", "event_summary", "kind_word", "reason_word", "status_word"]

KINDS = {
    "login": _("Sign-in"),
    "observe": _("Observed sign-in"),
    "hold": _("Held"),
    "trip": _("Circuit breaker tripped"),
    "release": _("Released"),
    "undo": _("Undo"),
    "administrator": _("Administrator"),
    "switch_source": _("Source of groups changed"),
}
ACTIONS = {
    "create": _("create"),
    "adopt": _("take over"),
    "attach": _("attach"),
    "detach": _("detach"),
    "internalise": _("make internal"),
    "rename": _("rename"),
    "delete": _("delete"),
}
REASONS: dict[str, Any] = {
    Reason.RECEIVED: _("the identity provider sent it"),
    Reason.NOT_RECEIVED: _("the identity provider no longer sends it"),
    Reason.CLAIM_EMPTY: _("the identity provider says: no groups"),
    Reason.CLAIM_ABSENT: _("the identity provider sent no groups at all"),
    Reason.CLAIM_MALFORMED: _("a value could not be read; the format may be wrong"),
    Reason.CLAIM_OVERAGE: _("the identity provider left the groups out: too many"),
    Reason.ABSENT_KEPT: _("the attribute is missing, and the policy keeps groups then"),
    Reason.ABSENT_NOT_SEEN: _(
        "the attribute is missing, and was never sent yet: not set up at the identity provider?"
    ),
    Reason.ABSENT_UNPROVED: _("the attribute may be missing only here"),
    Reason.ABSENT_NEAR_LIMIT: _("the attribute is missing, and she was near the identity provider's limit"),
    Reason.INTERNAL_REFUSED: _("an internal group has this name, and the policy doesn't take it over"),
    Reason.INTERNAL_HAS_STRANGERS: _(
        "an internal group has this name, and members who never signed in with SAML"
    ),
    Reason.CREATE_MISSING_OFF: _("the group doesn't exist, and the policy creates none"),
    Reason.MAX_CREATES: _("more new groups than the policy allows"),
    Reason.MAX_GROUPS: _("more groups than the policy allows"),
    Reason.PROTECTED: _("the group is protected"),
    Reason.LAST_MEMBER: _("she is the last member"),
    Reason.ATTACH_ONLY: _("the mode is “attach only”"),
    Reason.DETACHMENTS_HELD: _("an administrator holds detachments"),
    Reason.BREAKER_TRIPPED: _("the circuit breaker holds detachments"),
    Reason.HELD_AFTER_UNDO: _("detachments are held since an undo"),
    Reason.AWAITS_CONFIRMATION: _("she would lose every group: an administrator must confirm"),
    Reason.ADMINISTRATOR: _("done by an administrator"),
    Reason.UNDO: _("undone"),
    Reason.SOURCE_SWITCHED: _("the source of groups was changed"),
    Reason.USERS_MERGED: _("two accounts were made one"),
    Reason.USER_FORGOTTEN: _("the user was forgotten"),
    Reason.PRUNED: _("nobody was in it for long"),
}


STATUSES = {
    "present": _("groups were sent"),
    "empty": _("no groups: the attribute was sent without any"),
    "absent": _("the attribute was not sent"),
    "overage": _("too many groups: they were left out"),
}


def status_word(status: str) -> str:
    """Return how a claim spoke of groups, in words."""
    return str(STATUSES.get(status, status))


def kind_word(kind: str) -> str:
    """Return the kind of an event in words."""
    return str(KINDS.get(kind, kind.replace("_", " ")))


def action_word(action: str) -> str:
    """Return an action in words."""
    return str(ACTIONS.get(action, action))


def reason_word(reason: str) -> str:
    """Return a reason in words."""
    return str(REASONS.get(reason, reason.replace("_", " ")))


def event_summary(event: Event) -> str:
    """Return the changes of an event in one line."""
    signs = {
        "create": "✚",
        "adopt": "⇄",
        "attach": "+",
        "detach": "−",
        "internalise": "⇤",
        "rename": "→",
        "delete": "✕",
    }
    attached = {change.group for change in event.changes if change.action == "attach"}
    parts = [
        f"{signs.get(change.action, '·')} {change.group}"
        for change in event.changes
        if change.action != "create" or change.group not in attached
    ]
    if event.held:
        parts.append(gettext("held: %(count)d") % {"count": len(event.held)})
    shown = parts[:6]
    if len(parts) > len(shown):
        shown.append("…")
    return ", ".join(shown) or "-"
