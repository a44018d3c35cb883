"""One organisation per identity provider: its test IdP, our service provider for it, its tenant of the store."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import memberof
from memberof.stores import SqlStore
from memberof.testing import TestIdp, personas

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from memberof.testing import Persona

# Shown first; each sends its groups in another of the three formats (rules R2 to R4).
FEATURED = ("adfs", "keycloak", "pingfederate")

_PEOPLE = {
    "alice": ("Engineering", "Sales, EMEA", "On-call"),
    "bob": ("Engineering", "Finance"),
    "carol": (),
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """What one sign-in brought, and what it changed.

    Args:
        name: The person's name, as the identity provider says it.
        values: The group values as they were sent.
        outcome: What became of them.
        at: When.

    """

    name: str
    values: tuple[str, ...]
    outcome: memberof.LoginOutcome
    at: datetime


class Organisation:
    """A customer of the application, with an identity provider of its own (rule R11)."""

    def __init__(self, persona: Persona, store: SqlStore, origin: str) -> None:
        self.persona = persona
        self.slug: str = persona.name
        self.idp: TestIdp = TestIdp(
            persona,
            sso_url=f"{origin}/idp/{persona.name}/sso",
            sp_entity_id=f"{origin}/saml/{persona.name}/metadata",
            acs_url=f"{origin}/saml/{persona.name}/acs",
        )
        self.service_provider: memberof.ServiceProvider = memberof.ServiceProvider(
            entity_id=self.idp.sp_entity_id,
            acs_url=self.idp.acs_url,
            identity_provider=memberof.IdentityProvider.from_metadata(self.idp.metadata_xml),
        )
        self.extractor: memberof.GroupExtractor = memberof.GroupExtractor.preset(
            persona.preset, **persona.preset_options
        )
        self.store = store
        self.sync: memberof.GroupSync = memberof.GroupSync(
            self.extractor, store, source=self.idp.entity_id, mode="on"
        )
        self.people: dict[str, tuple[str, ...]] = dict(_PEOPLE)
        self._lock = threading.Lock()

    def set_groups(self, user: str, groups: tuple[str, ...]) -> None:
        """Change a person's groups at the identity provider."""
        with self._lock:
            self.people[user] = groups


class Organisations:
    """All organisations, made when first asked for; they share one database and nothing in it."""

    def __init__(self, database: str | Engine, origin: str) -> None:
        self._database = database
        self._origin = origin
        self._made: dict[str, Organisation] = {}
        self._lock = threading.Lock()
        self.personas: dict[str, Persona] = {persona.name: persona for persona in personas()}

    def find(self, slug: str) -> Organisation | None:
        """The organisation of a persona's name, or None if no persona has it."""
        persona = self.personas.get(slug)
        if persona is None:
            return None
        with self._lock:
            if slug not in self._made:
                store = SqlStore(self._database, tenant=slug)
                self._made[slug] = Organisation(persona, store, self._origin)
            return self._made[slug]
