"""What is kept in the database.

- :mod:`.provider`: identity providers, one or more a tenant, and how each is used.
- :mod:`.people`: which subject an account belongs to, and the sessions that logins began.
- :mod:`.groups`: what stands beside ``auth.Group`` and its memberships: tenant, kind, origin.
- :mod:`.history`: events, users' marks, used assertions, each tenant's settings row.
- :mod:`.waiting`: requests on their way to an identity provider, and what test sign-ins showed.
"""

from __future__ import annotations

from memberof.django.models.groups import GroupRecord, MembershipRecord
from memberof.django.models.history import (
    EventRecord,
    EventReference,
    MarkRecord,
    TenantRecord,
    UsedAssertion,
)
from memberof.django.models.people import SamlSession, SubjectLink
from memberof.django.models.provider import SamlProvider
from memberof.django.models.waiting import PendingRecord, SignInReport

__all__ = [
    "EventRecord",
    "EventReference",
    "GroupRecord",
    "MarkRecord",
    "MembershipRecord",
    "PendingRecord",
    "SamlProvider",
    "SamlSession",
    "SignInReport",
    "SubjectLink",
    "TenantRecord",
    "UsedAssertion",
]
