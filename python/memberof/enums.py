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


class Reason(StrEnum):
    """Why something was changed, or why it was held."""

    RECEIVED = "received"
    NOT_RECEIVED = "not_received"
    CLAIM_EMPTY = "claim_empty"
    CLAIM_ABSENT = "claim_absent"
    # Held by what the claim says, or does not say.
    CLAIM_MALFORMED = "claim_malformed"
    CLAIM_OVERAGE = "claim_overage"
    ABSENT_KEPT = "absent_kept"
    ABSENT_NOT_SEEN = "absent_not_seen"
    ABSENT_UNPROVED = "absent_unproved"
    ABSENT_NEAR_LIMIT = "absent_near_limit"
    # Held by the policy.
    INTERNAL_REFUSED = "internal_refused"
    INTERNAL_HAS_STRANGERS = "internal_has_strangers"
    CREATE_MISSING_OFF = "create_missing_off"
    MAX_CREATES = "max_creates"
    MAX_GROUPS = "max_groups"
    PROTECTED = "protected"
    LAST_MEMBER = "last_member"
    # Detachments held by the mode, the caller, the circuit breaker or an administrator.
    ATTACH_ONLY = "attach_only"
    DETACHMENTS_HELD = "detachments_held"
    BREAKER_TRIPPED = "breaker_tripped"
    HELD_AFTER_UNDO = "held_after_undo"
    AWAITS_CONFIRMATION = "awaits_confirmation"
    # Not of a login: these stand in events only.
    ADMINISTRATOR = "administrator"
    UNDO = "undo"
    SOURCE_SWITCHED = "source_switched"
    USERS_MERGED = "users_merged"
    USER_FORGOTTEN = "user_forgotten"
    PRUNED = "pruned"


class Identity(StrEnum):
    """How names of groups are compared: exactly, or without regard to case."""

    EXACT = "exact"
    FOLD = "fold"


class OnAbsent(StrEnum):
    """What a missing attribute means."""

    DETACH_IF_SEEN = "detach_if_seen"
    DETACH = "detach"
    KEEP = "keep"
    REFUSE = "refuse"


class OnMalformed(StrEnum):
    """What a value that cannot be read under the format means."""

    HOLD = "hold"
    IGNORE = "ignore"
    REFUSE = "refuse"


class OnOverage(StrEnum):
    """What it means that the identity provider left the groups out."""

    HOLD = "hold"
    REFUSE = "refuse"


class OnInternalMatch(StrEnum):
    """What happens to an internal group of a received name (rule R7)."""

    ADOPT = "adopt"
    REFUSE = "refuse"
    IGNORE = "ignore"
    IF_ALL_MEMBERS_EXTERNAL = "if_all_members_external"


class DetachScope(StrEnum):
    """Which memberships a login may take."""

    EXTERNAL_GROUPS = "external_groups"
    OWN_MEMBERSHIPS = "own_memberships"
