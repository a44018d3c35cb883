"""Verified SAML group memberships, reconciled with an application's groups.

A login goes ``ServiceProvider.verify`` → ``GroupExtractor.extract`` → ``reconcile`` → a store; ``GroupSync`` runs
the last three. Importing this package imports nothing outside the standard library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from memberof._memberof import (
    ArrowTable,
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
    common_names,
    confusable_names,
    extract_column,
    group_key,
    parse_dn,
    reconcile,
    split_list,
)
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
    AuditError,
    ClaimError,
    ConfigurationError,
    DiagnosisError,
    DistinguishedNameError,
    ListSyntaxError,
    MemberOfError,
    PlanError,
    SchemaError,
    SourceConflictError,
    StoreError,
    VerificationError,
)
from memberof.saml import UNSOLICITED, NameID

if TYPE_CHECKING:
    from memberof import audit as audit
    from memberof import stores as stores
    from memberof.breaker import Breaker
    from memberof.doctor import Diagnosis, diagnose
    from memberof.memory import AsyncInMemoryStore, InMemoryStore
    from memberof.outcome import LoginOutcome
    from memberof.replay import InMemoryReplayCache, ReplayCache
    from memberof.store import AsyncMembershipStore, MembershipStore
    from memberof.subjects import Subject, subject
    from memberof.sync import AsyncGroupSync, GroupSync

__all__ = [
    "UNSOLICITED",
    "Action",
    "ArrowTable",
    "AsyncGroupSync",
    "AsyncInMemoryStore",
    "AsyncMembershipStore",
    "AuditError",
    "Breaker",
    "Change",
    "ClaimError",
    "ClaimStatus",
    "ClaimWarning",
    "ConfigurationError",
    "DetachScope",
    "Diagnosis",
    "DiagnosisError",
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
    "common_names",
    "confusable_names",
    "diagnose",
    "extract_column",
    "group_key",
    "parse_dn",
    "reconcile",
    "split_list",
    "subject",
]

# Loaded on first use: programs that only read claims don't pay for stores, and some modules need an extra's packages.
# No public name is also the name of a module here but for the modules themselves: importing one would shadow the other.
_MODULES = ("audit", "stores")
_HOMES = {
    "AsyncGroupSync": "sync",
    "AsyncInMemoryStore": "memory",
    "AsyncMembershipStore": "store",
    "Breaker": "breaker",
    "Diagnosis": "doctor",
    "GroupSync": "sync",
    "InMemoryReplayCache": "replay",
    "InMemoryStore": "memory",
    "LoginOutcome": "outcome",
    "MembershipStore": "store",
    "ReplayCache": "replay",
    "Subject": "subjects",
    "diagnose": "doctor",
    "subject": "subjects",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return importlib.import_module(f"memberof.{name}")
        if name in _HOMES:
            found = getattr(importlib.import_module(f"memberof.{_HOMES[name]}"), name)
            globals()[name] = found
            return found
        raise AttributeError(f"module 'memberof' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *_MODULES})
