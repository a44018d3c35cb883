"""The suite that every framework's adapter must hold, on the example; and what only this adapter has."""

from __future__ import annotations

from services.attacks import AccountAttacks, Attacks, GroupStory, SessionAttacks, TenantAttacks


class TestAttacks(Attacks):
    pass


class TestAccounts(AccountAttacks):
    pass


class TestSessions(SessionAttacks):
    pass


class TestTenants(TenantAttacks):
    pass


class TestGroups(GroupStory):
    pass
