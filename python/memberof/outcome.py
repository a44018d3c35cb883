"""What a login did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from memberof._memberof import GroupClaim, Plan
    from memberof.breaker import Trip
    from memberof.enums import Mode, Reason
    from memberof.errors import ClaimError


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOutcome:
    """What a login did.

    Attributes:
        user: The application's ID of the user.
        mode: The mode it ran in.
        claim: What the identity provider said; None where synchronisation is off.
        plan: What follows from it; None where synchronisation is off, or where ``refusal`` says why there is none.
        applied: Whether the plan is in force. False: off, observe, or an older assertion.
        event_id: The event that records it; None where nothing changed and nothing new is held.
        session_expires_at: The application's session must end then (rule R12), whatever the user does.
        older: A newer assertion of the user was here before: she is signed in, and nothing is changed.
        hold: Why detachments are held; None where they are not.
        tripped: The figures on which the circuit breaker tripped at this very login.
        reminder: Whether a hold is to be told of once more.
        refusal: In ``observe`` only: the refusal that ``on`` would have raised.

    """

    user: str
    mode: Mode
    claim: GroupClaim | None = None
    plan: Plan | None = None
    applied: bool = False
    event_id: int | None = None
    session_expires_at: datetime
    older: bool = False
    hold: Reason | None = None
    tripped: Trip | None = None
    reminder: bool = False
    refusal: ClaimError | None = None

    @property
    def held(self) -> tuple[str, ...]:
        """Names of the groups that a guard held, sorted."""
        return self.plan.held if self.plan is not None else ()

    def with_event(self, event_id: int | None) -> LoginOutcome:
        """Return the outcome with the ID that the store gave its event."""
        return replace(self, event_id=event_id)

    def explain(self) -> str:
        """Return the plan in words, and what became of it. For administrators: it names groups."""
        if self.plan is None:
            return (
                f"Refused: {self.refusal.message}.\n" if self.refusal else "Group synchronisation is off.\n"
            )
        text = self.plan.explain()
        if self.older:
            return text + "Not applied: a newer assertion of this user was here before.\n"
        return text if self.applied else text + f"Not applied: the mode is {self.mode}.\n"
