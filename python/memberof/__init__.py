"""Verified SAML group memberships, reconciled with an application's groups.

A login goes ``ServiceProvider.verify`` → ``GroupExtractor.extract`` → ``reconcile`` → a store; ``GroupSync`` runs
the last three. Importing this package imports nothing outside the standard library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from memberof._memberof import (
    Change,
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
    Plan,
    PlanWarning,
    Preset,
    ServiceProvider,
    SyncPolicy,
    UserState,
    VerifiedAssertion,
    group_key,
    parse_dn,
    reconcile,
    split_list,
)
from memberof.breaker import Breaker
from memberof.enums import (
    Action,
    ClaimStatus,
    DetachScope,
    GroupKind,
    Identity,
    Mode,
    OnAbsent,
    OnInternalMatch,
    OnMalformed,
    OnOverage,
    Reason,
)
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
from memberof.memory import AsyncInMemoryStore, InMemoryStore
from memberof.outcome import LoginOutcome
from memberof.replay import InMemoryReplayCache, ReplayCache
from memberof.saml import UNSOLICITED, NameID
from memberof.store import AsyncMembershipStore, MembershipStore
from memberof.subject import Subject, subject
from memberof.sync import AsyncGroupSync, GroupSync

if TYPE_CHECKING:
    from types import ModuleType

    from memberof import stores as stores

__all__ = [
    "UNSOLICITED",
    "Action",
    "AsyncGroupSync",
    "AsyncInMemoryStore",
    "AsyncMembershipStore",
    "Breaker",
    "Change",
    "ClaimError",
    "ClaimStatus",
    "ClaimWarning",
    "ConfigurationError",
    "DetachScope",
    "DistinguishedName",
    "DistinguishedNameError",
    "DroppedValue",
    "GroupClaim",
    "GroupExtractor",
    "GroupKind",
    "GroupRules",
    "GroupSync",
    "Identity",
    "IdentityProvider",
    "InMemoryReplayCache",
    "InMemoryStore",
    "Limits",
    "ListSyntaxError",
    "LoginForm",
    "LoginOutcome",
    "LoginRequest",
    "MemberOfError",
    "MembershipStore",
    "Mode",
    "NameID",
    "OnAbsent",
    "OnInternalMatch",
    "OnMalformed",
    "OnOverage",
    "Plan",
    "PlanError",
    "PlanWarning",
    "Preset",
    "Reason",
    "ReplayCache",
    "SchemaError",
    "ServiceProvider",
    "SourceConflictError",
    "StoreError",
    "Subject",
    "SyncPolicy",
    "UserState",
    "VerificationError",
    "VerifiedAssertion",
    "group_key",
    "parse_dn",
    "reconcile",
    "split_list",
    "subject",
]

# Loaded on first use, since each needs packages that an extra installs.
_ON_FIRST_USE = ("stores",)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> ModuleType:
        if name in _ON_FIRST_USE:
            return importlib.import_module(f"memberof.{name}")
        raise AttributeError(f"module 'memberof' has no attribute {name!r}")
