"""A login that mirrors its groups and knows no policy: the simplest decision, for tests of what is below it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from memberof.enums import ClaimStatus, GroupKind
from memberof.errors import VerificationError
from memberof.records import Change, Event, Group, Membership, Writes
from memberof.store import Decision, LoginAttempt, LoginOpening, LoginReceipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from memberof.store import MembershipStore

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
IDP = "https://idp.example"
_numbers = itertools.count(1)


def attempt(
    user: str = "ada", groups: Iterable[str] = ("Staff",), at: datetime = NOW, **fields: Any
) -> LoginAttempt:
    """Return an attempt whose assertion was issued at ``at`` and arrived after all before it."""
    number = next(_numbers)
    issued = int(at.timestamp()) * 1_000_000
    keys = tuple(sorted(set(groups)))
    made = LoginAttempt(
        user=user,
        source=IDP,
        assertion_id=f"_{number}",
        replay_until=at + timedelta(days=1),
        order=(issued, issued + number),
        received_at=at,
        identity="exact",
        keys=keys,
        status=ClaimStatus.PRESENT if keys else ClaimStatus.EMPTY,
        signature="memberOf/array",
        complete=True,
        received=len(keys),
        window_from=at - timedelta(days=1),
    )
    return replace(made, **fields)


def mirror(of: LoginAttempt) -> Callable[[LoginOpening], Decision[LoginOpening]]:
    """Return the decision that makes the user's external groups exactly the received ones."""

    def decide(opening: LoginOpening) -> Decision[LoginOpening]:
        if opening.replayed:
            raise VerificationError("the assertion was used before", "saml.replayed")
        if opening.older:
            return Decision(None, opening)
        kinds = {group.name: group.kind for group in opening.groups}
        mine = {held.group: held for held in opening.memberships}
        create = [
            Group(name=name, key=name, kind=GroupKind.EXTERNAL) for name in of.keys if name not in kinds
        ]
        adopt = [name for name in of.keys if kinds.get(name) is GroupKind.INTERNAL]
        attach = [
            Membership(user=of.user, group=name, source=of.source, since=of.received_at)
            for name in of.keys
            if name not in mine
        ]
        detach = [
            held
            for name, held in sorted(mine.items())
            if name not in of.keys and kinds[name] is GroupKind.EXTERNAL
        ]
        if not (create or adopt or attach or detach):
            return Decision(None, opening)
        changes = (
            *(Change(action="create", group=g.name, reason="received", kind=g.kind) for g in create),
            *(Change(action="adopt", group=name, reason="received") for name in adopt),
            *(
                Change(action="attach", group=m.group, reason="received", user=of.user, membership=m)
                for m in attach
            ),
            *(
                Change(action="detach", group=m.group, reason="not_received", user=of.user, membership=m)
                for m in detach
            ),
        )
        event = Event(
            kind="login",
            at=of.received_at,
            user=of.user,
            source=of.source,
            assertion_id=of.assertion_id,
            status=of.status.value,
            changes=changes,
        )
        writes = Writes(
            create=tuple(create),
            kinds=tuple((name, GroupKind.EXTERNAL) for name in adopt),
            detach=tuple((of.user, held.group) for held in detach),
            attach=tuple(attach),
            event=event,
        )
        return Decision(writes, opening)

    return decide


def login(
    store: MembershipStore,
    user: str = "ada",
    groups: Iterable[str] = ("Staff",),
    at: datetime = NOW,
    **fields: Any,
) -> LoginReceipt[LoginOpening]:
    """Log a user in."""
    made = attempt(user, groups, at, **fields)
    return store.login(made, mirror(made))


def members(store: MembershipStore) -> set[tuple[str, str]]:
    """Return every (user, group)."""
    return {(held.user, held.group) for held in store.run(lambda unit: unit.memberships())}
