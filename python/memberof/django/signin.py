"""A sign-in from the posted Response to a session: verify, whose account, groups, session. Everything but HTTP."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from memberof import MemberOfError
from memberof.django import accounts, building, signals
from memberof.django.models import PendingRecord
from memberof.subjects import subject as subject_of
from memberof.web.accounts import RefuseLogin
from memberof.web.answer import BeginAgain, Refused, Verified, answer
from memberof.web.pending import bound_requests, handles_in
from memberof.web.refusal import Refusal, log_refusal, warn_of_address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from memberof import LoginOutcome, VerifiedAssertion
    from memberof.django.models import SamlProvider
    from memberof.web.pending import PendingRequest

__all__ = ["Refusal", "SignedIn", "judge", "refuse", "sign_in"]

LOG = logging.getLogger("memberof.django")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody whose Response was verified, whose account was found and whose groups were brought in line."""

    user: Any
    created: bool
    outcome: LoginOutcome
    assertion: VerifiedAssertion
    request: PendingRequest


def judge(
    provider: SamlProvider,
    form: Mapping[str, str],
    cookies: Mapping[str, str],
    *,
    now: datetime,
    secure: bool,
    restarted: bool,
) -> Verified[VerifiedAssertion] | BeginAgain | Refused:
    """Verify a posted Response against the open requests of this browser."""
    handles = handles_in(cookies, secure=secure)
    rows = [row.value for row in PendingRecord.objects.filter(provider=provider, handle__in=handles)]
    pending = bound_requests(rows, cookies, provider=str(provider.pk), now=now, secure=secure)
    try:
        verifier = building.service_provider(provider)
    except (MemberOfError, ImproperlyConfigured) as error:
        return Refused("config.provider", str(error))
    return answer(
        verifier,
        form.get("SAMLResponse"),
        pending=pending,
        now=now,
        relay_state=form.get("RelayState"),
        known_relay_states=[request.relay_state for request in pending],
        restarted=restarted,
    )


def sign_in(
    provider: SamlProvider, verified: Verified[VerifiedAssertion], *, now: datetime
) -> SignedIn | Refused:
    """Find the account, and bring its groups in line. The request is consumed: a second POST of it finds none."""
    if PendingRecord.consume(verified.request.handle) != 1:
        return Refused("saml.replayed", "the request was answered before")
    assertion = verified.assertion
    try:
        subject = subject_of(assertion, attribute=provider.subject_attribute or None)
        warn_of_address(LOG, subject, provider=provider.slug)
        wanted = accounts.profile(provider, subject, assertion.attributes)
        found = accounts.find_or_create(provider, subject, wanted)
        if isinstance(found, RefuseLogin):
            return Refused(found.code, found.message)
        user, created = found
        sync = building.group_sync(provider)
        outcome = sync.login(str(user.pk), assertion, now=now)
    except MemberOfError as error:
        return Refused(error.code, error.message, error.hint)
    accounts.apply_flags(user, provider, lambda: groups_of(user, provider))
    return SignedIn(
        user=user, created=created, outcome=outcome, assertion=assertion, request=verified.request
    )


def announce(request: Any, provider: SamlProvider, done: SignedIn) -> None:
    """Send the signals of a sign-in."""
    facts = {"sender": type(done.user), "user": done.user, "provider": provider, "outcome": done.outcome}
    signals.signed_in.send_robust(request=request, created=done.created, **facts)
    if done.outcome.applied and done.outcome.plan:
        signals.memberships_changed.send_robust(plan=done.outcome.plan, **facts)
    if done.outcome.held:
        signals.memberships_held.send_robust(**facts)


def refuse(request: Any, provider: SamlProvider | None, refused: Refused) -> Refusal:
    """Log why somebody is refused, and return what she may see."""
    refusal = log_refusal(LOG, refused, provider=None if provider is None else provider.slug)
    signals.sign_in_refused.send_robust(
        sender=Refusal, request=request, provider=provider, code=refusal.code, reference=refusal.reference
    )
    return refusal


def groups_of(user: Any, provider: SamlProvider) -> set[str]:
    """Return the names, in the provider's tenant, of the groups that a user is in now."""
    return set(user.groups.filter(memberof__tenant=provider.tenant).values_list("memberof__name", flat=True))
