"""A membership store: what an application has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memberof.audit.sources.arrow import pyarrow
from memberof.audit.sources.snapshot import Snapshot

if TYPE_CHECKING:
    from memberof.store import MembershipStore


def read_store(store: MembershipStore) -> Snapshot:
    """Read all groups and memberships of a store, in one transaction, with kinds and origins.

    A user who has logged in and is in no group has a row without one.
    """
    pa = pyarrow()
    groups, memberships, marks = store.run(
        lambda unit: (list(unit.groups()), list(unit.memberships()), list(unit.marks()))
    )
    kinds = {group.name: group.kind.value for group in groups}
    in_none = sorted({mark.user for mark in marks} - {each.user for each in memberships})
    empty = [None] * len(in_none)
    text = pa.string()
    names = pa.array([each.group for each in memberships] + empty, text)
    rows = {
        "user": pa.array([each.user for each in memberships] + in_none, text),
        "group": names,
        "value": names,
        "kind": pa.array([kinds[each.group] for each in memberships] + empty, text),
        "origin": pa.array([each.source for each in memberships] + empty, text),
    }
    return Snapshot(
        where=f'store "{store.name}"' if store.name else "store",
        rows=pa.table(rows),
        known=pa.table({"group": pa.array(list(kinds), text), "kind": pa.array(list(kinds.values()), text)}),
    )
