"""The words of memberof. Each is a ``StrEnum``: a member equals its string, and either may be passed."""

from __future__ import annotations

from enum import StrEnum


class ClaimStatus(StrEnum):
    """How the identity provider spoke of groups in one login."""

    PRESENT = "present"
    EMPTY = "empty"
    ABSENT = "absent"
    OVERAGE = "overage"


class GroupKind(StrEnum):
    """Who decides about a group: the application (internal) or the identity provider (external)."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class Mode(StrEnum):
    """What a login may do (rule R1)."""

    OFF = "off"
    OBSERVE = "observe"
    ATTACH_ONLY = "attach_only"
    ON = "on"


class Action(StrEnum):
    """What a plan does to a group or to the user's membership in it, in the order in which changes stand."""

    CREATE = "create"
    ADOPT = "adopt"
    ATTACH = "attach"
    DETACH = "detach"
