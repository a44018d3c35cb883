"""The operations of every store, over its two methods: what an application and its administrators call.

A store inherits :class:`StoreOperations` or :class:`AsyncStoreOperations` and has them all. Each is one transaction.
Times are aware; ``now`` is for tests. ``actor`` names who does it, for the history. What changes something returns the
ID of its event.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from memberof import administration as admin
from memberof import reading, undoing
from memberof.enums import GroupKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from memberof._memberof import Plan, UserState
    from memberof.administration import Pruning, SourceSwitch
    from memberof.reading import BreakerReport, Explanation
    from memberof.records import Event, Group, Membership, UserMark
    from memberof.store import StoreUnit
    from memberof.undoing import Undo

T = TypeVar("T")
TRUST = timedelta(days=1)
STALE = timedelta(hours=24)
UNSEEN = timedelta(days=90)


def _now() -> datetime:
    return datetime.now(UTC)


class StoreOperations:
    """The operations of a :class:`~memberof.store.MembershipStore`.

    Attributes:
        references: Says which of some groups the application itself refers to: those are never removed.

    """

    references: Callable[[Collection[str]], Collection[str]] | None = None

    def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """Run one transaction; the store defines it."""
        raise NotImplementedError

    def state(self, user: str, names: Collection[str] = ()) -> UserState:
        """Return a user's state, with every group of these names: what ``reconcile`` takes."""
        return self.run(lambda unit: reading.read_state(unit, user, names))

    def apply(
        self, plan: Plan, *, user: str | None = None, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Apply a plan, if the state is still the one that it saw; return the event, None where nothing changes.

        A login does this by itself, with order, replay and circuit breaker: see ``GroupSync``.

        Raises:
            PlanError: ``plan.stale``; ``plan.other_user``; ``plan.no_user``.

        """
        return self.run(
            lambda unit: reading.apply_plan(unit, plan, user=user, now=now or _now(), actor=actor)
        )

    def groups(self, *, kind: GroupKind | str | None = None) -> tuple[Group, ...]:
        """Return the groups, by name."""
        return self.run(lambda unit: tuple(unit.groups(kind=GroupKind(kind) if kind else None)))

    def memberships(self, *, user: str | None = None, group: str | None = None) -> tuple[Membership, ...]:
        """Return memberships, by user, then group."""
        return self.run(
            lambda unit: tuple(
                unit.memberships(
                    users=None if user is None else [user],
                    groups=None if group is None else [admin.find(unit, group).name],
                )
            )
        )

    def history(
        self,
        *,
        user: str | None = None,
        group: str | None = None,
        source: str | None = None,
        kinds: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = 100,
    ) -> tuple[Event, ...]:
        """Return events, newest first; a group is followed through its renames."""
        return self.run(
            lambda unit: reading.read_history(
                unit,
                user=user,
                group=group,
                source=source,
                kinds=kinds,
                since=since,
                until=until,
                limit=limit,
            )
        )

    def why(self, user: str, group: str) -> Explanation:
        """Return why a user is, or is not, in a group; ``str()`` of it is for administrators."""
        return self.run(lambda unit: reading.explain_membership(unit, user, group))

    def undo(
        self,
        event_id: int,
        *,
        force: bool = False,
        apply: bool = True,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> Undo:
        """Undo an event, as a plan of its own (``apply=False``: only the plan).

        Raises:
            PlanError: ``plan.no_such_event``; ``plan.undo_conflict`` where newer changes stand upon it, unless forced.

        """
        return self.run(
            lambda unit: undoing.undo(
                unit,
                [admin.event_of(unit, event_id)],
                now=now or _now(),
                actor=actor,
                force=force,
                apply=apply,
                references=self.references,
            )
        )

    def undo_since(
        self,
        time: datetime,
        *,
        source: str,
        hold: bool = True,
        apply: bool = True,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> Undo:
        """Undo all that a source did since a time, and hold its detachments until they are released.

        Newer changes by others stay, and stand in ``conflicts``.

        """
        return self.run(
            lambda unit: reading.undo_since(
                unit,
                time,
                source=source,
                hold=hold,
                apply=apply,
                now=now or _now(),
                actor=actor,
                references=self.references,
            )
        )

    def memberships_as_of(self, time: datetime) -> tuple[Membership, ...]:
        """Return the memberships as they were at a time.

        Raises:
            StoreError: ``store.history_gone``.

        """
        return self.run(lambda unit: reading.memberships_as_of(unit, time))

    def stale(self, *, older_than: timedelta = STALE, now: datetime | None = None) -> tuple[UserMark, ...]:
        """Return users with external groups that no login has confirmed for so long (rule R12)."""
        return self.run(lambda unit: tuple(unit.marks(confirmed_before=(now or _now()) - older_than)))

    def breaker(self) -> BreakerReport:
        """Return what the circuit breaker holds, what led to it, and the plan that restores that."""
        return self.run(lambda unit: reading.report_breaker(unit))

    def restore_trip(self, *, actor: str | None = None, now: datetime | None = None) -> Undo:
        """Give back what was taken before the newest trip; the hold stays."""
        return self.run(lambda unit: reading.restore_trip(unit, now=now or _now(), actor=actor))

    def hold(
        self, *, until: datetime | None = None, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Hold all detachments of the source, until a time or until released."""
        return self.run(lambda unit: admin.hold(unit, until=until, now=now or _now(), actor=actor))

    def release(self, *, actor: str | None = None, now: datetime | None = None) -> int | None:
        """End the hold: what caused it is repaired. The circuit breaker begins anew. None where nothing is held."""
        return self.run(lambda unit: admin.release(unit, trust=None, now=now or _now(), actor=actor))

    def confirm(
        self, *, trust: timedelta = TRUST, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """End the hold: what was held is meant. For the time of ``trust`` the circuit breaker doesn't trip."""
        return self.run(lambda unit: admin.release(unit, trust=trust, now=now or _now(), actor=actor))

    def confirm_user(self, user: str, *, actor: str | None = None, now: datetime | None = None) -> int | None:
        """Let the next login of a user take all her external groups; None where none awaits that."""
        return self.run(lambda unit: admin.confirm_user(unit, user, now=now or _now(), actor=actor))

    def switch_source(
        self, source: str, *, apply: bool = False, actor: str | None = None, now: datetime | None = None
    ) -> SourceSwitch:
        """Plan the change to another identity provider; do it with ``apply=True`` (rule R11)."""
        return self.run(
            lambda unit: admin.switch_source(unit, source, apply=apply, now=now or _now(), actor=actor)
        )

    def create_group(
        self,
        name: str,
        kind: GroupKind | str = GroupKind.INTERNAL,
        *,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> int | None:
        """Create a group.

        Raises:
            ConfigurationError: ``store.group_exists``; ``config.group_name``.

        """
        return self.run(
            lambda unit: admin.create_group(unit, name, GroupKind(kind), now=now or _now(), actor=actor)
        )

    def rename_group(
        self, name: str, new_name: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Rename a group. Where the identity provider goes on sending the old name, that becomes another group.

        Raises:
            StoreError: ``store.no_such_group``.
            ConfigurationError: ``store.group_exists``; ``config.group_name``.

        """
        return self.run(lambda unit: admin.rename_group(unit, name, new_name, now=now or _now(), actor=actor))

    def delete_group(self, name: str, *, actor: str | None = None, now: datetime | None = None) -> int | None:
        """Delete a group and its memberships.

        Raises:
            StoreError: ``store.no_such_group``.

        """
        return self.run(lambda unit: admin.delete_group(unit, name, now=now or _now(), actor=actor))

    def set_kind(
        self, name: str, kind: GroupKind | str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Make a group internal or external; None where it is so already.

        Raises:
            StoreError: ``store.no_such_group``.

        """
        return self.run(
            lambda unit: admin.set_kind(unit, name, GroupKind(kind), now=now or _now(), actor=actor)
        )

    def attach(
        self, user: str, group: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Put a user into a group by hand; None where she is in it."""
        return self.run(lambda unit: admin.attach(unit, user, group, now=now or _now(), actor=actor))

    def detach(
        self, user: str, group: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Take a user out of a group by hand; None where she is not in it."""
        return self.run(lambda unit: admin.detach(unit, user, group, now=now or _now(), actor=actor))

    def rename_user(
        self, old: str, new: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Give a user another ID, in memberships, mark and history.

        Raises:
            ConfigurationError: ``store.user_exists``.

        """
        return self.run(lambda unit: admin.rename_user(unit, old, new, now=now or _now(), actor=actor))

    def merge_users(
        self, keep: str, drop: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """Make one user of two: memberships are united, the history belongs to the one that stays."""
        return self.run(lambda unit: admin.merge_users(unit, keep, drop, now=now or _now(), actor=actor))

    def export_user(self, user: str) -> dict[str, Any]:
        """Return everything that is kept of a user, JSON-safe (GDPR, article 15)."""
        return self.run(lambda unit: admin.export_user(unit, user))

    def forget_user(self, user: str, *, actor: str | None = None, now: datetime | None = None) -> int | None:
        """Remove a user; the history keeps what happened to groups, and no trace of her (GDPR, article 17)."""
        return self.run(lambda unit: admin.forget_user(unit, user, now=now or _now(), actor=actor))

    def prune(
        self,
        *,
        unseen: timedelta = UNSEEN,
        apply: bool = False,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> Pruning:
        """Plan the removal of external groups without member or reference that nothing touched for long."""
        return self.run(
            lambda unit: admin.prune(
                unit, unseen=unseen, references=self.references, apply=apply, now=now or _now(), actor=actor
            )
        )

    def forget_history(self, *, older_than: timedelta, now: datetime | None = None) -> None:
        """Remove older events, and assertion IDs that need no longer be remembered."""
        self.run(lambda unit: admin.forget_history(unit, (now or _now()) - older_than))


class AsyncStoreOperations:
    """The operations of a :class:`~memberof.store.AsyncMembershipStore`; see :class:`StoreOperations` for each.

    Attributes:
        references: Says which of some groups the application itself refers to: those are never removed.

    """

    references: Callable[[Collection[str]], Collection[str]] | None = None

    async def run(self, operation: Callable[[StoreUnit], T]) -> T:
        """Run one transaction; the store defines it."""
        raise NotImplementedError

    async def state(self, user: str, names: Collection[str] = ()) -> UserState:
        """See :meth:`StoreOperations.state`."""
        return await self.run(lambda unit: reading.read_state(unit, user, names))

    async def apply(
        self, plan: Plan, *, user: str | None = None, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.apply`."""
        return await self.run(
            lambda unit: reading.apply_plan(unit, plan, user=user, now=now or _now(), actor=actor)
        )

    async def groups(self, *, kind: GroupKind | str | None = None) -> tuple[Group, ...]:
        """See :meth:`StoreOperations.groups`."""
        return await self.run(lambda unit: tuple(unit.groups(kind=GroupKind(kind) if kind else None)))

    async def memberships(
        self, *, user: str | None = None, group: str | None = None
    ) -> tuple[Membership, ...]:
        """See :meth:`StoreOperations.memberships`."""
        return await self.run(
            lambda unit: tuple(
                unit.memberships(
                    users=None if user is None else [user],
                    groups=None if group is None else [admin.find(unit, group).name],
                )
            )
        )

    async def history(
        self,
        *,
        user: str | None = None,
        group: str | None = None,
        source: str | None = None,
        kinds: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = 100,
    ) -> tuple[Event, ...]:
        """See :meth:`StoreOperations.history`."""
        return await self.run(
            lambda unit: reading.read_history(
                unit,
                user=user,
                group=group,
                source=source,
                kinds=kinds,
                since=since,
                until=until,
                limit=limit,
            )
        )

    async def why(self, user: str, group: str) -> Explanation:
        """See :meth:`StoreOperations.why`."""
        return await self.run(lambda unit: reading.explain_membership(unit, user, group))

    async def undo(
        self,
        event_id: int,
        *,
        force: bool = False,
        apply: bool = True,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> Undo:
        """See :meth:`StoreOperations.undo`."""
        return await self.run(
            lambda unit: undoing.undo(
                unit,
                [admin.event_of(unit, event_id)],
                now=now or _now(),
                actor=actor,
                force=force,
                apply=apply,
                references=self.references,
            )
        )

    async def undo_since(
        self,
        time: datetime,
        *,
        source: str,
        hold: bool = True,
        apply: bool = True,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> Undo:
        """See :meth:`StoreOperations.undo_since`."""
        return await self.run(
            lambda unit: reading.undo_since(
                unit,
                time,
                source=source,
                hold=hold,
                apply=apply,
                now=now or _now(),
                actor=actor,
                references=self.references,
            )
        )

    async def memberships_as_of(self, time: datetime) -> tuple[Membership, ...]:
        """See :meth:`StoreOperations.memberships_as_of`."""
        return await self.run(lambda unit: reading.memberships_as_of(unit, time))

    async def stale(
        self, *, older_than: timedelta = STALE, now: datetime | None = None
    ) -> tuple[UserMark, ...]:
        """See :meth:`StoreOperations.stale`."""
        return await self.run(lambda unit: tuple(unit.marks(confirmed_before=(now or _now()) - older_than)))

    async def breaker(self) -> BreakerReport:
        """See :meth:`StoreOperations.breaker`."""
        return await self.run(lambda unit: reading.report_breaker(unit))

    async def restore_trip(self, *, actor: str | None = None, now: datetime | None = None) -> Undo:
        """See :meth:`StoreOperations.restore_trip`."""
        return await self.run(lambda unit: reading.restore_trip(unit, now=now or _now(), actor=actor))

    async def hold(
        self, *, until: datetime | None = None, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.hold`."""
        return await self.run(lambda unit: admin.hold(unit, until=until, now=now or _now(), actor=actor))

    async def release(self, *, actor: str | None = None, now: datetime | None = None) -> int | None:
        """See :meth:`StoreOperations.release`."""
        return await self.run(lambda unit: admin.release(unit, trust=None, now=now or _now(), actor=actor))

    async def confirm(
        self, *, trust: timedelta = TRUST, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.confirm`."""
        return await self.run(lambda unit: admin.release(unit, trust=trust, now=now or _now(), actor=actor))

    async def confirm_user(
        self, user: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.confirm_user`."""
        return await self.run(lambda unit: admin.confirm_user(unit, user, now=now or _now(), actor=actor))

    async def switch_source(
        self, source: str, *, apply: bool = False, actor: str | None = None, now: datetime | None = None
    ) -> SourceSwitch:
        """See :meth:`StoreOperations.switch_source`."""
        return await self.run(
            lambda unit: admin.switch_source(unit, source, apply=apply, now=now or _now(), actor=actor)
        )

    async def create_group(
        self,
        name: str,
        kind: GroupKind | str = GroupKind.INTERNAL,
        *,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> int | None:
        """See :meth:`StoreOperations.create_group`."""
        return await self.run(
            lambda unit: admin.create_group(unit, name, GroupKind(kind), now=now or _now(), actor=actor)
        )

    async def rename_group(
        self, name: str, new_name: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.rename_group`."""
        return await self.run(
            lambda unit: admin.rename_group(unit, name, new_name, now=now or _now(), actor=actor)
        )

    async def delete_group(
        self, name: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.delete_group`."""
        return await self.run(lambda unit: admin.delete_group(unit, name, now=now or _now(), actor=actor))

    async def set_kind(
        self, name: str, kind: GroupKind | str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.set_kind`."""
        return await self.run(
            lambda unit: admin.set_kind(unit, name, GroupKind(kind), now=now or _now(), actor=actor)
        )

    async def attach(
        self, user: str, group: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.attach`."""
        return await self.run(lambda unit: admin.attach(unit, user, group, now=now or _now(), actor=actor))

    async def detach(
        self, user: str, group: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.detach`."""
        return await self.run(lambda unit: admin.detach(unit, user, group, now=now or _now(), actor=actor))

    async def rename_user(
        self, old: str, new: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.rename_user`."""
        return await self.run(lambda unit: admin.rename_user(unit, old, new, now=now or _now(), actor=actor))

    async def merge_users(
        self, keep: str, drop: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.merge_users`."""
        return await self.run(
            lambda unit: admin.merge_users(unit, keep, drop, now=now or _now(), actor=actor)
        )

    async def export_user(self, user: str) -> dict[str, Any]:
        """See :meth:`StoreOperations.export_user`."""
        return await self.run(lambda unit: admin.export_user(unit, user))

    async def forget_user(
        self, user: str, *, actor: str | None = None, now: datetime | None = None
    ) -> int | None:
        """See :meth:`StoreOperations.forget_user`."""
        return await self.run(lambda unit: admin.forget_user(unit, user, now=now or _now(), actor=actor))

    async def prune(
        self,
        *,
        unseen: timedelta = UNSEEN,
        apply: bool = False,
        actor: str | None = None,
        now: datetime | None = None,
    ) -> Pruning:
        """See :meth:`StoreOperations.prune`."""
        return await self.run(
            lambda unit: admin.prune(
                unit, unseen=unseen, references=self.references, apply=apply, now=now or _now(), actor=actor
            )
        )

    async def forget_history(self, *, older_than: timedelta, now: datetime | None = None) -> None:
        """See :meth:`StoreOperations.forget_history`."""
        await self.run(lambda unit: admin.forget_history(unit, (now or _now()) - older_than))
