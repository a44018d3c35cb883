"""Verified SAML group memberships, reconciled with an application's groups.

A login goes ``ServiceProvider.verify`` → ``GroupExtractor.extract`` → ``reconcile`` → a store; ``GroupSync`` runs
the last three. Importing this package imports nothing outside the standard library.
"""

from __future__ import annotations

from memberof._memberof import (
    ClaimWarning,
    DistinguishedName,
    DroppedValue,
    GroupClaim,
    GroupExtractor,
    GroupRules,
    Preset,
    parse_dn,
    split_list,
)
from memberof.enums import Action, ClaimStatus, GroupKind, Mode
from memberof.errors import (
    ClaimError,
    ConfigurationError,
    DistinguishedNameError,
    ListSyntaxError,
    MemberOfError,
    PlanError,
    SchemaError,
    SourceConflictError,
    StoreError,
    VerificationError,
)
from memberof.replay import InMemoryReplayCache, ReplayCache

__all__ = [
    "Action",
    "ClaimError",
    "ClaimStatus",
    "ClaimWarning",
    "ConfigurationError",
    "DistinguishedName",
    "DistinguishedNameError",
    "DroppedValue",
    "GroupClaim",
    "GroupExtractor",
    "GroupKind",
    "GroupRules",
    "InMemoryReplayCache",
    "ListSyntaxError",
    "MemberOfError",
    "Mode",
    "PlanError",
    "Preset",
    "ReplayCache",
    "SchemaError",
    "SourceConflictError",
    "StoreError",
    "VerificationError",
    "parse_dn",
    "split_list",
]
