"""Our tables in the statements of :mod:`memberof.stores`: groups stand beside ``auth.Group``, memberships in its own table."""

# ruff: noqa: S608 - statements hold names of our tables, quoted; every value is a parameter
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group as AuthGroup
from django.db import connections
from django.db.models import UUIDField

from memberof.django.models import (
    EventRecord,
    EventReference,
    GroupRecord,
    MarkRecord,
    MembershipRecord,
    TenantRecord,
    UsedAssertion,
)
from memberof.stores.dialect import SQLITE, Names

__all__ = ["DjangoNames", "memberships", "names_on", "user_column"]


def memberships() -> Any:
    """Return the model of the rows that say who is in which ``auth.Group``."""
    return get_user_model().groups.through


def user_column() -> str:
    """Return the name of its field for the user, which follows the user model's name."""
    return str(get_user_model()._meta.get_field("groups").m2m_field_name())


@dataclass(frozen=True, slots=True)
class DjangoNames(Names):
    """The tables, and how the statements about groups and memberships differ.

    Attributes:
        auth_groups: ``auth.Group``'s table.
        through: The table of its memberships: the truth.
        member: Its column for the user.
        user_type: What a user's ID is in the database.

    """

    auth_groups: str
    through: str
    member: str
    user_type: str

    def user(self, place: int) -> str:
        """Return the user's ID at ``place`` of an item of a JSON array."""
        return self._typed(self.item(place))

    def among_users(self, value: str, parameter: str) -> str:
        """Return the condition that a value is one of the users' IDs of a JSON array."""
        if self.dialect == SQLITE:
            return f"{value} IN (SELECT {self._typed('e.value')} FROM {self.rows(parameter)})"
        item = self._typed("(e.value #>> '{}')")
        return f"{value} = ANY(ARRAY(SELECT {item} FROM {self.rows(parameter)}))"

    @property
    def held(self) -> str:
        """Memberships with their origin; one without a row of ours is manual, of unknown age."""
        return f"""(SELECT g.tenant, t.{self.member} AS user_id, g.name AS group_name, o.source, o.event_id,
                coalesce(o.since, 0) AS since
            FROM {self.through} AS t JOIN {self.groups} AS g ON g.group_id = t.group_id
            LEFT JOIN {self.memberships} AS o ON o.record_id = g.id AND o.user_id = t.{self.member})"""

    @property
    def known(self) -> str:
        """Groups, those of ``auth`` that have no row yet among them: they are internal, and of the default tenant."""
        return f"""(SELECT tenant, name, key, kind FROM {self.groups} UNION ALL
            SELECT '', a.name, a.name, 'internal' FROM {self.auth_groups} AS a
            WHERE NOT EXISTS (SELECT 1 FROM {self.groups} AS r WHERE r.group_id = a.id))"""

    def made(self, after: str) -> str:
        """Make groups with an ``auth.Group`` each; ``made`` counts those of which both were free."""
        of = self.item
        return f"""auth AS (INSERT INTO {self.auth_groups} (name)
                SELECT {of(3)} FROM {self.rows("rows")}, (SELECT count(*) FROM {after}) AS s
                ORDER BY {of(0)} ON CONFLICT DO NOTHING RETURNING id, name),
            made AS (INSERT INTO {self.groups} (group_id, tenant, name, key, kind)
                SELECT auth.id, :tenant, {of(0)}, {of(1)}, {of(2)}
                FROM {self.rows("rows")} JOIN auth ON auth.name = {of(3)}
                ORDER BY {of(0)} ON CONFLICT DO NOTHING RETURNING 1)"""

    def gone(self) -> str:
        """Remove memberships with their origins."""
        return f"""w_gone AS (DELETE FROM {self.through} AS t USING {self.groups} AS g
                WHERE g.tenant = :tenant AND {self.among("g.name", "gone")} AND t.group_id = g.group_id
                    AND t.{self.member} = :user
                RETURNING t.{self.member} AS user_id, g.id AS record_id),
            w_origins AS (DELETE FROM {self.memberships} AS o USING w_gone
                WHERE o.user_id = w_gone.user_id AND o.record_id = w_gone.record_id)"""

    def came(self, event_id: str) -> str:
        """Add memberships with their origins; an origin that was left behind is replaced."""
        return f"""came AS MATERIALIZED (SELECT id, group_id FROM {self.groups}
                WHERE tenant = :tenant AND {self.among("name", "came")}),
            w_through AS (INSERT INTO {self.through} ({self.member}, group_id)
                SELECT :user, group_id FROM came
                ON CONFLICT DO NOTHING RETURNING {self.member} AS user_id, group_id),
            w_came AS (INSERT INTO {self.memberships} (user_id, record_id, source, event_id, since)
                SELECT w_through.user_id, came.id, :came_source, {event_id}, :came_since
                FROM w_through JOIN came ON came.group_id = w_through.group_id
                ON CONFLICT (user_id, record_id) DO UPDATE SET
                    source = excluded.source, event_id = excluded.event_id, since = excluded.since
                RETURNING 1)"""

    def _typed(self, text: str) -> str:
        if self.dialect != SQLITE:
            return f"CAST({text} AS {self.user_type})"
        if self.user_type == "uuid":
            return f"replace({text}, '-', '')"  # Django keeps a UUID as 32 digits there
        return f"CAST({text} AS {self.user_type})"


@lru_cache(maxsize=8)
def names_on(using: str) -> DjangoNames:
    """Return the names in a database."""
    connection = connections[using]

    def table(model: Any) -> str:
        return str(connection.ops.quote_name(model._meta.db_table))

    key = get_user_model()._meta.pk
    return DjangoNames(
        dialect=connection.vendor,
        tenants=table(TenantRecord),
        groups=table(GroupRecord),
        memberships=table(MembershipRecord),
        marks=table(MarkRecord),
        replays=table(UsedAssertion),
        events=table(EventRecord),
        event_refs=table(EventReference),
        auth_groups=table(AuthGroup),
        through=table(memberships()),
        member=str(connection.ops.quote_name(f"{user_column()}_id")),
        user_type="uuid" if isinstance(key, UUIDField) else str(key.rel_db_type(connection)),
    )
