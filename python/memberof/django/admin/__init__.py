"""The pages an administrator needs: identity providers, groups, history, the circuit breaker, accounts, sessions."""

from __future__ import annotations

from memberof.django.admin.breaker import BreakerAdmin
from memberof.django.admin.groups import GroupRecordAdmin
from memberof.django.admin.history import EventAdmin
from memberof.django.admin.people import (
    ExternalMembershipsMixin,
    SamlSessionAdmin,
    SubjectLinkAdmin,
    guard_user_admin,
)
from memberof.django.admin.provider import SamlProviderAdmin

__all__ = [
    "BreakerAdmin",
    "EventAdmin",
    "ExternalMembershipsMixin",
    "GroupRecordAdmin",
    "SamlProviderAdmin",
    "SamlSessionAdmin",
    "SubjectLinkAdmin",
]

guard_user_admin()
