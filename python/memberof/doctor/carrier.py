"""Which attribute carries the groups."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from memberof._memberof import GroupExtractor
from memberof.doctor.shape import Shape, is_dn, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memberof import Preset
    from memberof.doctor.product import Product

FoundBy = Literal["given", "preset", "well_known", "name"]

# Roles are not groups unless an administrator says so.
_ROLES = re.compile(r"(^|[/:_-])(roles?|wids)$", re.IGNORECASE)
# The last part of a name: "AppGroups", "user_groups", "group-names", "http://wso2.org/claims/groups".
_GROUPS = re.compile(
    r"(groups|group[_-]?(names?|ids?|memberships?)|is_?member_?of|member_?of|memberships?)$|(^|[/:])group$",
    re.IGNORECASE,
)
# Attributes of a directory whose values are the names of people or machines, or of herself.
_PEOPLE = re.compile(
    r"(manager|reports?|secretary|assistant|owner|managedby|distinguishedname|seealso|dn|computer)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """The attribute that is read, and how it was found."""

    name: str
    found_by: FoundBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An attribute that may carry groups, which only an administrator can say. Its values aren't shown unasked.

    Attributes:
        name: The attribute's Name.
        count: How many values it has.
        shape: How they are written.
        why: ``"roles"``: its name says so; ``"values"``: they look like names of groups in a directory.

    """

    name: str
    count: int
    shape: Shape
    why: Literal["roles", "values"]


def carrier_of(names: Sequence[str], product: Product | None, preset: Preset | None) -> Carrier | None:
    """Return the attribute that carries the groups by its name, or None.

    Args:
        names: The Names of the attributes, in document order.
        product: What the message seems to come from.
        preset: What was asked for.

    """
    known = {each.name: each for each in GroupExtractor.presets()}
    own = [preset] if preset else [known[name] for name in (product.presets.values() if product else ())]
    for one in own:
        for name in (*one.attributes, *one.aliases):
            if name in names:
                return Carrier(name=name, found_by="preset")
    well_known = [name for one in known.values() for name in (*one.attributes, *one.aliases)]
    for name in well_known:
        if name in names:
            return Carrier(name=name, found_by="well_known")
    for name in names:
        if _GROUPS.search(name) and not name.strip().endswith("groups.link"):
            return Carrier(name=name, found_by="name")
    return None


def candidates_of(attributes: Mapping[str, Sequence[str | None]]) -> tuple[Candidate, ...]:
    """Return the attributes that may carry groups, though no name says so: by their values first, then roles."""
    by_values, by_role = [], []
    for name, values in attributes.items():
        shape = shape_of(values)
        if shape is None:
            continue
        if _ROLES.search(name):
            by_role.append(Candidate(name=name, count=len(values), shape=shape, why="roles"))
        elif (
            shape.format == "ldap"
            and not _PEOPLE.search(name)
            and all(is_dn(value or "") for value in values)
        ):
            by_values.append(Candidate(name=name, count=len(values), shape=shape, why="values"))
    return (*by_values, *by_role)
