"""Memberships as one source tells them at one time, with an account of what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memberof.audit.sources.arrow import pyarrow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

#: What each reason in ``Snapshot.skipped`` means.
REASONS: dict[str, str] = {
    "source.blank_row": "rows without any value",
    "source.cut_off": "members that the source says it left out",
    "source.no_user": "entries that name no user",
    "source.no_name": "groups without a name",
    "source.nested_group": "members that are groups: nested=True takes their members too",
    "source.not_a_user": "members that are neither a user nor a group",
    "source.other_entry": "entries that are neither a user nor a group",
    "source.no_primary_group": "primary groups that the source does not hold",
    "source.repeated": "memberships told more than once",
    "source.repeated_login": "logins told more than once",
    "source.unknown_member": "members that the source does not hold",
    "source.unreadable": "files or messages that hold no readable login",
    "source.not_verified": "logins that the service provider refuses",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """What one source says of who is in which group. ``claims()`` and ``current()`` are what an audit compares.

    Attributes:
        where: What was read, for people.
        rows: A row a membership: ``user``; ``group``, its name; ``value``, as the identity provider would send it.
            A user without groups has one row with null in both. Where the source has them, also ``kind``, ``origin``,
            ``tenant``, ``status`` and ``time``.
        known: Groups (``group``, ``kind``) whether they have members or not; None where the source lists none.
        skipped: How much was left out, by reason (``REASONS`` says what each means). Nothing else was.
        warnings: What to know before relying on it, a sentence each.
        verified: For logins, whether each was verified; None where there is nothing to verify.

    """

    where: str
    rows: pa.Table = field(repr=False)
    known: pa.Table | None = field(default=None, repr=False)
    skipped: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    verified: bool | None = None

    def claims(self) -> pa.Table:
        """Return what an identity provider would send: ``user``, ``value`` and, if there is one, ``status``.

        Of a user with several logins, the newest counts.
        """
        rows = self.rows
        if "time" in rows.column_names:
            newest = rows.group_by("user").aggregate([("time", "max")])
            joined = rows.join(newest, "user")
            rows = joined.filter(pyarrow().compute.equal(joined["time"], joined["time_max"]))
        return rows.select([name for name in ("user", "value", "status") if name in rows.column_names])

    def logins(self) -> pa.Table:
        """Return all logins in order of time: ``user``, ``value``, ``time``, ``status``; for ``memberof.audit.replay``.

        Raises:
            ValueError: The source has no times.

        """
        if "time" not in self.rows.column_names:
            raise ValueError(f"{self.where} has no column time, which says when each login was")
        names = [name for name in ("user", "value", "time", "status") if name in self.rows.column_names]
        return self.rows.select(names).sort_by("time")

    def current(self, kind: str = "external") -> pa.Table:
        """Return the memberships as those of an application: ``user``, ``group``, ``kind``, and what else there is.

        Args:
            kind: Of groups whose kind the source doesn't say: ``external`` or ``internal``.

        """
        pa = pyarrow()
        rows = self.rows.filter(pa.compute.is_valid(self.rows["group"]))
        fallback = pa.scalar(kind, pa.string())
        if "kind" in rows.column_names:
            kinds = pa.compute.fill_null(rows["kind"], fallback)
        else:
            kinds = pa.repeat(fallback, len(rows))
        table = pa.table({"user": rows["user"], "group": rows["group"], "kind": kinds})
        for name in ("tenant", "origin"):
            if name in rows.column_names:
                table = table.append_column(name, rows[name])
        return table

    def groups(self, kind: str = "external") -> pa.Table | None:
        """Return the groups that exist, with or without members: ``group``, ``kind``; None if the source lists none."""
        if self.known is None or "kind" in self.known.column_names:
            return self.known
        pa = pyarrow()
        return self.known.append_column("kind", pa.repeat(pa.scalar(kind, pa.string()), len(self.known)))

    def users(self) -> pa.Table:
        """Return all users, each once, in the column ``user``: for ``compare(users=…)``."""
        pa = pyarrow()
        return pa.table({"user": pa.compute.unique(self.rows["user"])})

    def account(self) -> list[str]:
        """Return what to know of it, a sentence each: warnings first, then what was left out."""
        lines = list(self.warnings)
        if self.verified is False:
            lines.insert(0, "NOT VERIFIED: anybody may have written these logins")
        lines += [f"{count} {REASONS[reason]} left out [{reason}]" for reason, count in self.skipped.items()]
        return lines

    def _repr_html_(self) -> str:
        from memberof.audit.words import table_as_html

        counts = f"{len(self.rows)} rows, {len(self.users())} users"
        return table_as_html(self.where, [counts], self.rows, most=10, notes=self.account())
