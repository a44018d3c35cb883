"""What both databases' openings of a login share: the values found, as a :class:`memberof.store.LoginOpening`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from memberof._memberof import UserState
from memberof.enums import GroupKind
from memberof.records import Group, Membership, Tenant, UserMark
from memberof.store import BreakerWindow, LoginOpening, Reach
from memberof.stores import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from memberof.store import LoginAttempt

T = TypeVar("T")
EXTERNAL = GroupKind.EXTERNAL.value


class _Lazy(Sequence[T]):
    """Records that are made when somebody looks: a login that changes nothing looks at none."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], tuple[T, ...]]) -> None:
        self._make = make
        self._made: tuple[T, ...] | None = None

    def _all(self) -> tuple[T, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[T]:
        return iter(self._all())

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        return self._all()[place]

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, _Lazy) else other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


@dataclass(slots=True)
class Found:
    """Rows read by an opening, as JSON gives them.

    Attributes:
        tenant: Values of ``rows.TENANT_COLUMNS``.
        mark: Values of ``rows.MARK_COLUMNS``.
        mine: The user's memberships that have all of (kind, source, event, since) in common: these four, the names of
            their groups, and the keys of these, or None where they are the names.
        others: (name, key, kind) of the further groups among the keys.

    """

    tenant: Sequence[Any] | None
    mark: Sequence[Any] | None
    mine: Sequence[Sequence[Any]]
    others: Sequence[Sequence[Any]] = ()

    @classmethod
    def parse(
        cls, tenant: str | None, mark: str | None, mine: str | None, others: str | None = None
    ) -> Found:
        """Return the rows of JSON texts."""
        return cls(
            None if tenant is None else json.loads(tenant),
            None if mark is None else json.loads(mark),
            json.loads(mine) if mine else (),
            json.loads(others) if others else (),
        )

    def held(self) -> Iterator[tuple[str, str, str]]:
        """Yield (name, key, kind) of the user's groups."""
        for kind, _, _, _, names, keys in self.mine:
            for name, key in zip(names, keys or names, strict=True):
                yield name, key, kind

    def keys(self, *, external: bool) -> set[str]:
        """Return the keys of the user's external groups, or of her internal ones."""
        return {
            key
            for kind, _, _, _, names, keys in self.mine
            if (kind == EXTERNAL) is external
            for key in keys or names
        }

    def groups(self) -> tuple[Group, ...]:
        """Return the user's groups, and the further ones among the keys."""
        kinds = rows.KINDS
        every = (*self.held(), *self.others)
        return tuple(Group(name=name, key=key, kind=kinds[kind]) for name, key, kind in every)

    def memberships(self, user: str) -> tuple[Membership, ...]:
        """Return the user's memberships."""
        made: list[Membership] = []
        for _, source, event, since, names, _ in self.mine:
            at = rows.instant(since)
            made += [
                Membership(user=user, group=name, source=source, event_id=event, since=at) for name in names
            ]
        return tuple(made)

    def state(self, user: str, sole: Sequence[str], reach: Mapping[str, Reach]) -> UserState:
        """Return what a plan is made on, without a record for each group."""
        return UserState.of_rows(
            [(kind, source, names) for kind, source, _, _, names, _ in self.mine],
            [(name, kind) for name, _, kind in self.others],
            sole_member_of=sole,
            all_members_external=[name for name, found in reach.items() if found.strangers == 0],
            user=user,
        )

    def external(self) -> int:
        """Count the user's external memberships."""
        return sum(len(names) for kind, _, _, _, names, _ in self.mine if kind == EXTERNAL)

    def unmet(self, attempt: LoginAttempt) -> list[str]:
        """Return the received keys of which the user has no group, sorted."""
        return sorted(set(attempt.keys) - self.keys(external=True) - self.keys(external=False))

    def may_detach(self, attempt: LoginAttempt) -> bool:
        """Whether she has an external membership that was not received."""
        return not self.keys(external=True).issubset(attempt.keys)

    def may_adopt(self, attempt: LoginAttempt) -> list[str]:
        """Return the names of the internal groups that were received, sorted."""
        received = self.keys(external=False).intersection(attempt.keys)
        mine = (
            [name for name, key, kind in self.held() if kind != EXTERNAL and key in received]
            if received
            else []
        )
        return sorted(mine + [name for name, _, kind in self.others if kind != EXTERNAL])

    def guarded(self, attempt: LoginAttempt) -> list[str]:
        """Return the names of her groups that may not lose their last member, sorted."""
        if not attempt.last_member_keys:
            return []
        keys = set(attempt.last_member_keys)
        return sorted(name for name, key, _ in self.held() if key in keys)


def first_tenant(attempt: LoginAttempt) -> Tenant:
    """Return the settings row that the first login of a tenant makes."""
    return Tenant(source=attempt.source, identity=attempt.identity, signature=attempt.signature, version=1)


def replayed(attempt: LoginAttempt, found: Found) -> LoginOpening:
    """Return the opening of a login whose assertion was used before."""
    before = None if found.mark is None else rows.mark_of(found.mark)
    return LoginOpening(
        tenant=first_tenant(attempt) if found.tenant is None else rows.tenant_of(found.tenant),
        replayed=True,
        before=before,
        mark=before or UserMark.opened(None, attempt, 0),
    )


def opening(
    attempt: LoginAttempt,
    found: Found,
    *,
    window: BreakerWindow | None = None,
    reach: dict[str, Reach] | None = None,
    sole: Sequence[str] = (),
) -> LoginOpening:
    """Return the opening of a login."""
    before = None if found.mark is None else rows.mark_of(found.mark)
    return LoginOpening(
        tenant=first_tenant(attempt) if found.tenant is None else rows.tenant_of(found.tenant),
        groups=_Lazy(found.groups),
        memberships=_Lazy(lambda: found.memberships(attempt.user)),
        sole_member_of=tuple(sole),
        older=before is not None and attempt.order < before.order,
        before=before,
        mark=UserMark.opened(before, attempt, found.external()),
        window=window or BreakerWindow(),
        reach=reach or {},
        state=found.state(attempt.user, sole, reach or {}),
    )


def window_of(row: Sequence[Any]) -> BreakerWindow:
    """Return the window of (users, memberships, losers, lost, emptied)."""
    users, memberships, losers, lost, emptied = (value or 0 for value in row)
    return BreakerWindow(users=users, memberships=memberships, losers=losers, lost=lost, emptied=emptied)


def reach_of(pairs: Sequence[Sequence[Any]], internal: Sequence[str]) -> dict[str, Reach]:
    """Return who else is in each internal group, from (group, user, whether a stranger)."""
    others: dict[str, list[str]] = {name: [] for name in internal}
    strangers = dict.fromkeys(internal, 0)
    for group, user, stranger in pairs:
        others[group].append(user)
        strangers[group] += bool(stranger)
    return {
        name: Reach(others=tuple(sorted(users)), strangers=strangers[name]) for name, users in others.items()
    }
