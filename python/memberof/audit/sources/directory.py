"""Users, groups and who is in which, as a directory holds them, on the way to a :class:`Snapshot`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memberof.audit.sources.arrow import pyarrow
from memberof.audit.sources.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator


@dataclass(slots=True, kw_only=True)
class Directory:
    """Entries by whatever identifies them in the source; references are resolved when all is read.

    Attributes:
        users: ID → the user's name in the application.
        groups: ID → (name, value as the identity provider would send it).
        members: (group's ID, member's ID), in the order read.
        skipped: Reasons, counted.

    """

    users: dict[Hashable, str] = field(default_factory=dict)
    groups: dict[Hashable, tuple[str, str]] = field(default_factory=dict)
    members: dict[tuple[Hashable, Hashable], None] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def add(self, group: Hashable, member: Hashable) -> None:
        """Note that a user or a group is in a group; what both of them say is noted once."""
        self.members[group, member] = None

    def snapshot(self, where: str, *, nested: bool) -> Snapshot:
        """Resolve the references.

        Args:
            where: What was read, for people.
            nested: Whether members of a group in a group are in the outer one too.

        """
        pa = pyarrow()
        pairs: dict[tuple[Hashable, Hashable], None] = {}
        inner: dict[Hashable, list[Hashable]] = {}
        for group, member in self.members:
            if group not in self.groups:
                self.skipped["source.unknown_member"] += 1
            elif member in self.users:
                pairs[group, member] = None
            elif member not in self.groups:
                self.skipped["source.unknown_member"] += 1
            elif nested:
                inner.setdefault(group, []).append(member)
            else:
                self.skipped["source.nested_group"] += 1
        if inner:
            direct: dict[Hashable, list[Hashable]] = {}
            for group, user in pairs:
                direct.setdefault(group, []).append(user)
            for group in inner:
                for below in _below(group, inner):
                    pairs.update(dict.fromkeys((group, user) for user in direct.get(below, ())))
        users: list[str] = []
        names: list[str | None] = []
        values: list[str | None] = []
        for group, user in pairs:
            name, value = self.groups[group]
            users.append(self.users[user])
            names.append(name)
            values.append(value)
        in_none = self.users.keys() - {user for _, user in pairs}
        for user, name in self.users.items():
            if user in in_none:
                users.append(name)
                names.append(None)
                values.append(None)
        texts = pa.string()
        known = list(dict.fromkeys(name for name, _ in self.groups.values()))
        return Snapshot(
            where=where,
            rows=pa.table(
                {
                    "user": pa.array(users, texts),
                    "group": pa.array(names, texts),
                    "value": pa.array(values, texts),
                }
            ),
            known=pa.table({"group": pa.array(known, texts)}),
            skipped=dict(sorted(self.skipped.items())),
            warnings=(*self.warnings, *self._same_names()),
        )

    def _same_names(self) -> Iterator[str]:
        groups = Counter(name for name, _ in self.groups.values())
        several = sum(count > 1 for count in groups.values())
        if several:
            yield f"{several} names are each borne by several groups, which are one group to an application"
        people = Counter(self.users.values())
        several = sum(count > 1 for count in people.values())
        if several:
            yield f"{several} user names are each borne by several entries, which are one user here"


def _below(group: Hashable, inner: dict[Hashable, list[Hashable]]) -> set[Hashable]:
    """Return all groups in a group, at any depth; a circle ends where it began."""
    found: set[Hashable] = set()
    waiting = list(inner.get(group, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(inner.get(one, ()))
    found.discard(group)
    return found
