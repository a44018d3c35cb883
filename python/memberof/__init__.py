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
    IdentityProvider,
    Limits,
    LoginForm,
    LoginRequest,
    Preset,
    ServiceProvider,
    VerifiedAssertion,
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
from memberof.saml import UNSOLICITED, NameID

__all__ = [
    "UNSOLICITED",
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
    "IdentityProvider",
    "InMemoryReplayCache",
    "Limits",
    "ListSyntaxError",
    "LoginForm",
    "LoginRequest",
    "MemberOfError",
    "Mode",
    "NameID",
    "PlanError",
    "Preset",
    "ReplayCache",
    "SchemaError",
    "ServiceProvider",
    "SourceConflictError",
    "StoreError",
    "VerificationError",
    "VerifiedAssertion",
    "parse_dn",
    "split_list",
]
