"""The whole job of a login: claim, state, plan, one transaction, and what is told of it."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from memberof._memberof import GroupExtractor, SyncPolicy
from memberof.administration import key_anew
from memberof.arrival import arrive, session_end
from memberof.breaker import Breaker
from memberof.enums import ClaimStatus, Mode, OnOverage
from memberof.errors import ConfigurationError, MemberOfError, SourceConflictError
from memberof.login import IdentityMismatchError, Login
from memberof.outcome import LoginOutcome
from memberof.reading import plan_login
from memberof.telemetry import LOG, Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from memberof._memberof import GroupClaim, Plan
    from memberof.arrival import Arrival
    from memberof.store import AsyncMembershipStore, LoginReceipt, MembershipStore

AnyStore = TypeVar("AnyStore", "MembershipStore", "AsyncMembershipStore")

DAY = timedelta(hours=24)


class _Sync(Generic[AnyStore]):
    """What both ways share: settings, and everything of a login but the waiting."""

    def __init__(
        self,
        extractor: GroupExtractor | None,
        store: AnyStore,
        *,
        policy: SyncPolicy | None = None,
        source: str | None = None,
        mode: Mode | str = Mode.ON,
        session_lifetime: timedelta = DAY,
        breaker: Breaker | None = Breaker(),  # noqa: B008 - a frozen value
        on_applied: Callable[[LoginOutcome], None] | None = None,
        on_held: Callable[[LoginOutcome], None] | None = None,
        on_refused: Callable[[str, MemberOfError], None] | None = None,
        log_users: bool = False,
    ) -> None:
        """Set up the synchronisation of one tenant with its one source of groups.

        Args:
            extractor: Reads the groups; None: synchronisation is off (rule R1).
            store: The tenant's store.
            policy: Decisions; None: ``SyncPolicy()``, the rules R1 to R10.
            source: Entity ID of the identity provider (``IdentityProvider.entity_id``).
            mode: ``off``, ``observe`` (plans and records, applies nothing), ``attach_only`` or ``on``.
            session_lifetime: How long the application's session lasts at most (rule R12).
            breaker: The circuit breaker over all logins; None: none.
            on_applied: Called after the commit of a login that changed something.
            on_held: Called after the commit of a login that newly holds something, at a trip, and at each reminder.
            on_refused: Called with the user and the error when a login is refused; the error is raised after it.
            log_users: Whether log records name users.

        Raises:
            ConfigurationError: All mistakes at once.

        """
        problems = []
        try:
            self.mode: Mode = Mode(mode)
        except ValueError:
            problems.append(f'mode is "off", "observe", "attach_only" or "on", found {mode!r}')
            self.mode = Mode.OFF
        if extractor is None:
            self.mode = Mode.OFF
        if self.mode is not Mode.OFF and not source:
            problems.append("source is the identity provider's entity ID, found none")
        if session_lifetime <= timedelta(0):
            problems.append("session_lifetime is longer than nothing")
        if problems:
            raise ConfigurationError("; ".join(problems), "config.sync", None, tuple(problems))
        self.extractor = extractor
        self.store: AnyStore = store
        self.policy: SyncPolicy = policy if policy is not None else SyncPolicy()
        self.source: str = source or ""
        self.session_lifetime = session_lifetime
        self.breaker = breaker
        self._on_applied, self._on_held, self._on_refused = on_applied, on_held, on_refused
        self._telemetry = Telemetry(tenant=store.name, source=self.source, log_users=log_users)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mode={str(self.mode)!r}, source={self.source!r}, tenant={self.store.name!r})"

    def _claim(self, arrival: Arrival) -> GroupClaim:
        """Read the groups.

        Raises:
            SourceConflictError: The login comes from another identity provider (rule R11).

        """
        if self.extractor is None:
            raise ConfigurationError("synchronisation is off: there is no extractor", "config.sync")
        if arrival.issuer != self.source:
            raise SourceConflictError(
                f'the source of groups is "{self.source}", this login comes from "{arrival.issuer}"',
                "sync.source_conflict",
                "there is one source of groups: give GroupSync the entity ID of the identity provider in use",
            )
        return self.extractor.extract(arrival.attributes)

    def _fetch(self, claim: GroupClaim) -> Callable[[str, GroupClaim], Any] | None:
        """Return the function that knows the groups which the identity provider left out."""
        given = self.policy.on_overage
        return None if isinstance(given, OnOverage) or claim.status is not ClaimStatus.OVERAGE else given

    def _fetched(self, groups: Iterable[str] | None, claim: GroupClaim) -> GroupClaim:
        """Return the claim with the full list that ``on_overage`` gave; None leaves the overage as it is."""
        if groups is None or self.extractor is None:
            return claim
        if isinstance(groups, str):
            raise ConfigurationError(
                "on_overage returns an iterable of names, found one str", "config.on_overage"
            )
        name = self.extractor.attributes[0]
        extractor = GroupExtractor(name, "array", rules=self.extractor.rules, find_overage_by_value=False)
        return extractor.extract({name: list(groups)})

    def _login(self, arrival: Arrival, claim: GroupClaim) -> Login:
        return Login(
            arrival=arrival,
            claim=claim,
            policy=self.policy,
            breaker=self.breaker,
            mode=self.mode,
            source=self.source,
            signature=_signature(self.extractor),
            session_lifetime=self.session_lifetime,
        )

    def _off(self, user: str, assertion: Any, now: datetime | None, span: Any) -> LoginOutcome:
        """Read nothing, change nothing (rule R1); only the session is bounded."""
        received_at = now or datetime.now(UTC)
        not_on_or_after = getattr(assertion, "session_not_on_or_after", None)
        end = session_end(received_at, self.session_lifetime, not_on_or_after)
        outcome = LoginOutcome(user=user, mode=Mode.OFF, session_expires_at=end)
        self._telemetry.done(outcome, span)
        return outcome

    def _done(self, receipt: LoginReceipt[LoginOutcome], span: Any) -> LoginOutcome:
        outcome = receipt.result
        if receipt.event_id is not None:
            outcome = outcome.with_event(receipt.event_id)
        self._telemetry.done(outcome, span)
        if outcome.applied and outcome.plan:
            _call(self._on_applied, outcome)
        if outcome.tripped or outcome.reminder or (outcome.held and outcome.event_id is not None):
            _call(self._on_held, outcome)
        return outcome

    def _refused(self, user: str, error: MemberOfError, span: Any) -> None:
        self._telemetry.refused(user, error, span)
        _call(self._on_refused, user, error)


class GroupSync(_Sync["MembershipStore"]):
    """Brings one tenant's groups in line with what its identity provider sends at each login."""

    def login(
        self,
        user: str,
        assertion: Any,
        *,
        issuer: str | None = None,
        issued_at: datetime | None = None,
        assertion_id: str | None = None,
        now: datetime | None = None,
    ) -> LoginOutcome:
        """Bring the user's groups in line, in one transaction; an error leaves everything as it was.

        Args:
            user: The application's own, stable ID of the user.
            assertion: A ``VerifiedAssertion``; or a mapping of attributes from another SAML library, with the next
                three arguments.
            issuer: Entity ID of the identity provider.
            issued_at: IssueInstant of the assertion, aware.
            assertion_id: ID of the assertion; a second use is refused.
            now: Time of receipt, aware; None: now.

        Raises:
            ConfigurationError: Something is not set up right; ``SourceConflictError`` for a second source (R11).
            VerificationError: ``saml.replayed``.
            ClaimError: The policy refuses the login.
            StoreError: The database failed.

        """
        with self._telemetry.span() as span:
            if self.mode is Mode.OFF:
                return self._off(user, assertion, now, span)
            try:
                arrival = arrive(
                    user, assertion, issuer=issuer, issued_at=issued_at, assertion_id=assertion_id, now=now
                )
                claim = self._claim(arrival)
                if (fetch := self._fetch(claim)) is not None:
                    claim = self._fetched(fetch(user, claim), claim)
                login = self._login(arrival, claim)
                return self._done(self._run(login), span)
            except MemberOfError as error:
                self._refused(user, error, span)
                raise

    def plan(
        self,
        user: str,
        assertion: Any,
        *,
        issuer: str | None = None,
        issued_at: datetime | None = None,
        assertion_id: str | None = None,
        now: datetime | None = None,
    ) -> Plan:
        """Return what a login would do now, and write nothing. The circuit breaker is not asked."""
        arrival = arrive(
            user, assertion, issuer=issuer, issued_at=issued_at, assertion_id=assertion_id, now=now
        )
        login = self._login(arrival, self._claim(arrival))
        return self.store.run(lambda unit: plan_login(unit, login))

    def _run(self, login: Login) -> LoginReceipt[LoginOutcome]:
        try:
            return self.store.login(login.attempt(), login.decide)
        except IdentityMismatchError:
            self.store.run(lambda unit: key_anew(unit, self.policy.identity))
            return self.store.login(login.attempt(), login.decide)


class AsyncGroupSync(_Sync["AsyncMembershipStore"]):
    """The same for asyncio: ``on_overage`` may be a coroutine function."""

    async def login(
        self,
        user: str,
        assertion: Any,
        *,
        issuer: str | None = None,
        issued_at: datetime | None = None,
        assertion_id: str | None = None,
        now: datetime | None = None,
    ) -> LoginOutcome:
        """See :meth:`GroupSync.login`."""
        with self._telemetry.span() as span:
            if self.mode is Mode.OFF:
                return self._off(user, assertion, now, span)
            try:
                arrival = arrive(
                    user, assertion, issuer=issuer, issued_at=issued_at, assertion_id=assertion_id, now=now
                )
                claim = self._claim(arrival)
                if (fetch := self._fetch(claim)) is not None:
                    groups = fetch(user, claim)
                    claim = self._fetched(await groups if inspect.isawaitable(groups) else groups, claim)
                login = self._login(arrival, claim)
                return self._done(await self._run(login), span)
            except MemberOfError as error:
                self._refused(user, error, span)
                raise

    async def plan(
        self,
        user: str,
        assertion: Any,
        *,
        issuer: str | None = None,
        issued_at: datetime | None = None,
        assertion_id: str | None = None,
        now: datetime | None = None,
    ) -> Plan:
        """See :meth:`GroupSync.plan`."""
        arrival = arrive(
            user, assertion, issuer=issuer, issued_at=issued_at, assertion_id=assertion_id, now=now
        )
        login = self._login(arrival, self._claim(arrival))
        return await self.store.run(lambda unit: plan_login(unit, login))

    async def _run(self, login: Login) -> LoginReceipt[LoginOutcome]:
        try:
            return await self.store.login(login.attempt(), login.decide)
        except IdentityMismatchError:
            await self.store.run(lambda unit: key_anew(unit, self.policy.identity))
            return await self.store.login(login.attempt(), login.decide)


def _signature(extractor: GroupExtractor | None) -> str:
    """What "this attribute was seen" belongs to: the names in their order, and the format."""
    if extractor is None:
        return ""
    return json.dumps([*extractor.attributes, extractor.format])


def _call(hook: Callable[..., None] | None, *arguments: Any) -> None:
    """Call a hook. The login is committed: what a hook raises is logged and does not undo it."""
    if hook is None:
        return
    try:
        hook(*arguments)
    except Exception:  # noqa: BLE001 - whatever the application's function raises
        LOG.exception("a hook failed")
