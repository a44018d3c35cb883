"""One login, from a claim to what is written: everything but the waiting, so that it is one for sync and async."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from memberof._memberof import UserState, group_key, reconcile
from memberof.arrival import session_end
from memberof.breaker import Loss
from memberof.enums import Action, ClaimStatus, GroupKind, Mode, Reason
from memberof.errors import ClaimError, SourceConflictError, VerificationError
from memberof.outcome import LoginOutcome
from memberof.records import Change, Event, Group, Hold, Membership, Writes
from memberof.store import Decision, LoginAttempt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from memberof._memberof import GroupClaim, Plan, SyncPolicy
    from memberof.arrival import Arrival
    from memberof.breaker import Breaker, Trip
    from memberof.records import Tenant, UserMark
    from memberof.store import LoginOpening

REMEMBERED_FOR = timedelta(days=1)
HOLD_REASONS = {
    "breaker": Reason.BREAKER_TRIPPED,
    "undo": Reason.HELD_AFTER_UNDO,
    "administrator": Reason.DETACHMENTS_HELD,
}


class IdentityMismatchError(Exception):
    """The tenant's groups are keyed under another identity than the policy's; they are keyed anew, then tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that is to be decided, possibly several times. ``mode`` is not ``off``."""

    arrival: Arrival
    claim: GroupClaim
    policy: SyncPolicy
    breaker: Breaker | None
    mode: Mode
    source: str
    signature: str
    session_lifetime: timedelta

    def attempt(self) -> LoginAttempt:
        """Return what the store's opening has to know."""
        arrival, claim, policy = self.arrival, self.claim, self.policy
        watching = self.breaker if self.mode is Mode.ON else None
        seen_until = max(arrival.received_at, arrival.valid_until or arrival.received_at)
        names = claim.groups
        return LoginAttempt(
            user=arrival.user,
            source=self.source,
            assertion_id=arrival.assertion_id,
            replay_until=seen_until + REMEMBERED_FOR,
            order=arrival.order,
            received_at=arrival.received_at,
            identity=policy.identity,
            keys=claim.keys(policy.identity),
            status=claim.status,
            signature=self.signature,
            complete=claim.complete and self.mode is Mode.ON,
            received=len(names) if claim.status is ClaimStatus.PRESENT else None,
            last_member_keys=tuple(
                sorted({group_key(name, policy.identity) for name in policy.last_member_of})
            ),
            wants_reach=policy.on_internal_match in ("adopt", "if_all_members_external"),
            window_users=watching.window_users if watching else 0,
            window_from=arrival.received_at - (watching.window if watching else timedelta(days=1)),
        )

    def decide(self, opening: LoginOpening) -> Decision[LoginOutcome]:
        """Decide what to write. Pure: the same opening gives the same decision.

        Raises:
            SourceConflictError: The tenant has another source of groups (rule R11).
            VerificationError: The assertion was used before (``saml.replayed``).
            ClaimError: The policy refuses this login.
            ConfigurationError: Two groups of the application have one key.
            IdentityMismatchError: The tenant's groups have to be keyed anew first.

        """
        tenant = opening.tenant
        if tenant.source not in ("", self.source):
            refuse_source(tenant.source, self.source)
        if opening.replayed:
            raise VerificationError(
                "the assertion was used before", "saml.replayed", "sign in again at the identity provider"
            )
        if tenant.identity != self.policy.identity:
            raise IdentityMismatchError
        if opening.older:
            plan = self.reconcile(opening)
            return Decision(None, self._outcome(plan=plan, older=True))
        if self.mode is Mode.OBSERVE:
            return self._observe(opening)
        return self._apply(opening)

    def _apply(self, opening: LoginOpening) -> Decision[LoginOutcome]:
        now, tenant, mark = self.arrival.received_at, opening.tenant, opening.mark
        hold, tenant = self._hold_in_force(tenant)
        plan = self.reconcile(opening, hold)
        trip = None
        loss = _loss(opening, plan)
        if hold is None and self.breaker and loss.lost:
            trip = None if _trusted(tenant, now) else self.breaker.judge(opening.window, loss)
            if trip:
                hold = Reason.BREAKER_TRIPPED
                begun = Hold(reason="breaker", since=now, until=self.breaker.ends(now), told_at=now)
                tenant = replace(tenant, hold=begun)
            elif self.breaker.must_confirm(opening.window, loss) and mark.confirmation != "granted":
                hold = Reason.AWAITS_CONFIRMATION
                mark = replace(mark, confirmation="asked")
            if hold:
                plan, loss = self.reconcile(opening, hold), Loss(before=loss.before, lost=0, emptied=False)
        if hold is not Reason.AWAITS_CONFIRMATION and mark.confirmation:
            mark = replace(mark, confirmation="")
        reminder = bool(
            plan.held_changes and hold and tenant.hold and not trip and self._is_due(tenant.hold, now)
        )
        if reminder and tenant.hold:
            tenant = replace(tenant, hold=replace(tenant.hold, told_at=now))
        digest = _digest(plan, hold, self.mode)
        mark = mark if mark.digest == digest else replace(mark, digest=digest)
        mark = self._counted(mark, opening, plan, loss)
        told = bool(trip or reminder or (mark.digest and mark.digest != _before(opening).digest))
        outcome = self._outcome(plan=plan, applied=True, hold=hold, tripped=trip, reminder=reminder)
        ended = opening.tenant.hold if tenant.hold is None else None
        event = None
        if plan or told or ended:
            kind = "trip" if trip else "login" if plan or not (reminder or ended) else "hold"
            event = self._event(kind, opening, plan, trip)
            if ended:
                event = replace(event, details={**event.details, "hold_ended": ended.reason})
        return Decision(self._writes(opening, plan, mark, self._seen(tenant), event), outcome)

    def _observe(self, opening: LoginOpening) -> Decision[LoginOutcome]:
        try:
            plan = self.reconcile(opening)
        except ClaimError as refusal:
            return Decision(None, self._outcome(plan=None, refusal=refusal))
        mark = replace(opening.mark, digest=_digest(plan, None, self.mode))
        told = mark.digest != _before(opening).digest and bool(plan or plan.held)
        event = self._event("observe", opening, plan, None) if told else None
        writes = self._writes(opening, None, mark, self._seen(opening.tenant), event)
        return Decision(writes, self._outcome(plan=plan))

    def _writes(
        self, opening: LoginOpening, plan: Plan | None, mark: UserMark, tenant: Tenant, event: Event | None
    ) -> Writes | None:
        user, now = self.arrival.user, self.arrival.received_at
        create = plan.create if plan else ()
        attach = plan.attach if plan else ()
        writes = Writes(
            create=tuple(self._new_group(name) for name in create),
            kinds=tuple((name, GroupKind.EXTERNAL) for name in (plan.adopt if plan else ())),
            detach=tuple((user, name) for name in (plan.detach if plan else ())),
            attach=tuple(Membership(user=user, group=name, source=self.source, since=now) for name in attach),
            marks=(mark,) if mark != opening.mark else (),
            tenant=tenant if tenant != opening.tenant else None,
            event=event,
        )
        return writes if writes != Writes() else None

    def _event(self, kind: str, opening: LoginOpening, plan: Plan, trip: Trip | None) -> Event:
        held = {membership.group: membership for membership in opening.memberships}
        details: dict[str, Any] = {"policy": policy_digest(self.policy), "mode": str(self.mode)}
        reach = {name: opening.reach[name] for name in plan.adopt if name in opening.reach}
        if reach:
            details["reach"] = {
                name: {"others": list(found.others), "strangers": found.strangers}
                for name, found in reach.items()
            }
        if trip:
            details["trip"] = asdict(trip)
            window_from = self.attempt().window_from
            details["window_from"] = max(window_from, opening.tenant.window_from or window_from).isoformat()
        if warnings := [w.code for w in self.claim.warnings] + [w.code for w in plan.warnings]:
            details["warnings"] = sorted(set(warnings))
        return Event(
            kind=kind,
            at=self.arrival.received_at,
            user=self.arrival.user,
            source=self.source,
            assertion_id=self.arrival.assertion_id,
            status=str(self.claim.status),
            changes=tuple(self._change(change, held) for change in plan.changes),
            held=tuple(self._change(change, {}) for change in plan.held_changes),
            details=details,
        )

    def _change(self, change: Any, held: Mapping[str, Membership]) -> Change:
        about_user = change.action in (Action.ATTACH, Action.DETACH)
        membership = held.get(change.group) if change.action is Action.DETACH else None
        if change.action is Action.ATTACH:
            membership = Membership(
                user=self.arrival.user, group=change.group, source=self.source, since=self.arrival.received_at
            )
        return Change(
            action=str(change.action),
            group=change.group,
            reason=str(change.reason),
            user=self.arrival.user if about_user else None,
            membership=membership,
            kind=GroupKind.EXTERNAL if change.action is Action.CREATE else None,
        )

    def reconcile(self, opening: LoginOpening, hold: Reason | None = None) -> Plan:
        """Return the plan on what the store found; ``hold`` holds detachments."""
        tenant, before = opening.tenant, opening.before
        seen = tenant.seen_at is not None and tenant.signature == self.signature
        return reconcile(
            self.claim,
            opening.state or user_state(opening, self.arrival.user),
            policy=self.policy,
            attribute_seen=seen,
            hold_detachments=False if hold is None else hold,
            last_received=before.received if before else None,
        )

    def _hold_in_force(self, tenant: Tenant) -> tuple[Reason | None, Tenant]:
        """Return why detachments are held, and the tenant without a hold whose time is over."""
        now = self.arrival.received_at
        if tenant.hold and tenant.hold.until is not None and tenant.hold.until <= now:
            tenant = replace(tenant, hold=None, window_from=now)
        if self.mode is Mode.ATTACH_ONLY:
            return Reason.ATTACH_ONLY, tenant
        return (HOLD_REASONS[tenant.hold.reason] if tenant.hold else None), tenant

    def _is_due(self, hold: Hold, now: datetime) -> bool:
        every = self.breaker.remind_every if self.breaker else timedelta(days=1)
        return now - hold.told_at >= every

    def _counted(self, mark: UserMark, opening: LoginOpening, plan: Plan, loss: Loss) -> UserMark:
        """Return the mark with what this login took, and as unconfirmed where it holds a detachment."""
        if any(change.action is Action.DETACH for change in plan.held_changes):
            mark = replace(mark, confirmed_at=_before(opening).confirmed_at)
        if not loss.lost:
            return mark
        before = max(mark.before, loss.before)
        return replace(
            mark,
            before=before,
            # Who loses her groups again and again has lost them once: one user alone never looks like many.
            lost=min(mark.lost + loss.lost, before),
            emptied=mark.emptied or loss.emptied,
            loss_at=self.arrival.received_at,
        )

    def _seen(self, tenant: Tenant) -> Tenant:
        """Return the tenant with the attribute marked as seen, or its mark begun anew for other names or format."""
        sent = self.claim.attribute is not None and self.claim.status is not ClaimStatus.ABSENT
        tenant = tenant if tenant.source else replace(tenant, source=self.source)
        if tenant.signature != self.signature:
            return replace(
                tenant, signature=self.signature, seen_at=self.arrival.received_at if sent else None
            )
        if sent and tenant.seen_at is None:
            return replace(tenant, seen_at=self.arrival.received_at)
        return tenant

    def _outcome(self, *, plan: Plan | None, **fields: Any) -> LoginOutcome:
        arrival = self.arrival
        end = session_end(arrival.received_at, self.session_lifetime, arrival.session_not_on_or_after)
        return LoginOutcome(
            user=arrival.user, mode=self.mode, claim=self.claim, plan=plan, session_expires_at=end, **fields
        )

    def _new_group(self, name: str) -> Group:
        return Group(name=name, key=group_key(name, self.policy.identity), kind=GroupKind.EXTERNAL)


def user_state(opening: LoginOpening, user: str) -> UserState:
    """Return what the plan is made on, from what the store found."""
    return UserState(
        groups={group.name: group.kind for group in opening.groups},
        memberships=[membership.group for membership in opening.memberships],
        origins={membership.group: membership.source for membership in opening.memberships},
        sole_member_of=opening.sole_member_of,
        all_members_external=[name for name, reach in opening.reach.items() if reach.strangers == 0],
        user=user,
    )


def refuse_source(recorded: str, found: str) -> None:
    """Raise for a second source of groups (rule R11)."""
    raise SourceConflictError(
        f'the source of groups is "{recorded}", this login comes from "{found}"',
        "sync.source_conflict",
        "there is one source of groups: switch with store.switch_source(), which shows first what it changes",
    )


def policy_digest(policy: SyncPolicy) -> str:
    """Return a short digest of a policy: whether two events were planned under the same one."""
    text = json.dumps(policy.to_dict(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _loss(opening: LoginOpening, plan: Plan) -> Loss:
    if not plan.detach:
        return Loss(before=0, lost=0, emptied=False)
    external = {group.name for group in opening.groups if group.kind is GroupKind.EXTERNAL}
    before = sum(membership.group in external for membership in opening.memberships)
    lost = len(plan.detach)
    return Loss(before=before, lost=lost, emptied=lost == before > 0 and not plan.attach and not plan.keep)


def _trusted(tenant: Tenant, now: datetime) -> bool:
    return tenant.trusted_until is not None and now < tenant.trusted_until


def _before(opening: LoginOpening) -> UserMark:
    """Return the mark before this login; for a user never seen, one that remembers nothing."""
    return opening.before or replace(opening.mark, confirmed_at=None, digest="")


def _digest(plan: Plan, hold: Reason | None, mode: Mode) -> str:
    """Return what tells one held or observed login from another; empty where nothing is held or observed."""
    lines = [f"{c.action} {c.reason} {c.group}" for c in plan.held_changes]
    if mode is Mode.OBSERVE:
        lines += [f"would {c.action} {c.reason} {c.group}" for c in plan.changes]
    if not lines:
        return ""
    return hashlib.sha256(json.dumps([str(mode), hold, lines]).encode()).hexdigest()[:32]
