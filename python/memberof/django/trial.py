"""A sign-in that changes nothing: what a Response would do, for the administrator who asks."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from memberof import UNSOLICITED, MemberOfError, Mode, VerificationError
from memberof.django import accounts, building
from memberof.django.models import PendingRecord, SamlProvider, SignInReport
from memberof.subjects import subject as subject_of
from memberof.web.accounts import CreateAccount, RefuseLogin

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from memberof import VerifiedAssertion
    from memberof.web.answer import Verified

__all__ = ["answered", "report_of", "try_response"]

_LIFETIME = timedelta(minutes=15)


def answered(provider: SamlProvider, verified: Verified[VerifiedAssertion], *, now: datetime) -> HttpResponse:
    """Keep the report of a test sign-in, and send the administrator to it.

    No session stands behind the POST (her cookie isn't sent across sites): the report waits under a token, and the
    page that shows it asks who is looking.
    """
    PendingRecord.consume(verified.request.handle)
    SignInReport.objects.filter(expires_at__lt=now).delete()
    row = SignInReport.objects.create(
        token=secrets.token_urlsafe(32),
        provider=provider,
        actor_id=verified.request.actor,
        report=report_of(provider, verified.assertion, now=now),
        expires_at=now + _LIFETIME,
    )
    target = reverse("admin:memberof_samlprovider_report", args=[provider.pk, row.token])
    return HttpResponseRedirect(target, status=303)


def try_response(
    provider: SamlProvider, saml_response: str, *, now: datetime, request_ids: Collection[str] = ()
) -> dict[str, Any]:
    """Return the report of a pasted Response: verified as at sign-in, except that nobody need have asked for it."""
    try:
        verifier = building.service_provider(provider, allow_unsolicited=True)
        assertion = verifier.verify(saml_response, request_id=list(request_ids) or UNSOLICITED, now=now)
    except (MemberOfError, ImproperlyConfigured) as error:
        return {"verified": False, "error": _error(error)}
    return report_of(provider, assertion, now=now)


def report_of(provider: SamlProvider, assertion: VerifiedAssertion, *, now: datetime) -> dict[str, Any]:
    """Return what a verified assertion would do: JSON-safe, for the page that shows it."""
    report: dict[str, Any] = {
        "verified": True,
        "issuer": assertion.issuer,
        "issued_at": assertion.issue_instant.isoformat(),
        "attributes": [
            {"name": name, "count": len(values)} for name, values in sorted(assertion.attributes.items())
        ],
        "warnings": [],
    }
    user = _account(provider, assertion, report)
    _groups(provider, assertion, user, report, now)
    return report


def _account(provider: SamlProvider, assertion: VerifiedAssertion, report: dict[str, Any]) -> str | None:
    try:
        subject = subject_of(assertion, attribute=provider.subject_attribute or None)
    except VerificationError as error:
        report["account"] = {"decision": "refuse", "error": _error(error)}
        return None
    if subject.warnings:
        report["warnings"].append({"code": "saml.email_subject", "message": ""})
    wanted = accounts.profile(provider, subject, assertion.attributes)
    decision = accounts.decide(provider, subject, wanted)
    report["account"] = {
        "subject": subject.value,
        "format": subject.format or "",
        "username": wanted.username,
        "email": wanted.email,
        "name": f"{wanted.first_name} {wanted.last_name}".strip(),
    }
    if isinstance(decision, RefuseLogin):
        report["account"] |= {
            "decision": "refuse",
            "error": {"code": decision.code, "message": decision.message},
        }
        return None
    if isinstance(decision, CreateAccount):
        report["account"]["decision"] = "create"
        return None
    report["account"] |= {
        "decision": type(decision).__name__.removesuffix("Account").lower(),
        "user": decision.id,
    }
    return decision.id


def _groups(
    provider: SamlProvider,
    assertion: VerifiedAssertion,
    user: str | None,
    report: dict[str, Any],
    now: datetime,
) -> None:
    reader = building.extractor(provider)
    if reader is None:
        report["claim"] = None
        return
    try:
        claim = reader.extract(assertion.attributes)
        report["claim"] = {
            "status": str(claim.status),
            "attribute": claim.attribute,
            "groups": list(claim.groups),
            "malformed": list(claim.malformed),
        }
        report["warnings"] += [{"code": found.code, "message": found.message} for found in claim.warnings]
        # A plan is made as if synchronisation were on, whatever the mode: it is what the administrator wants to know.
        plan = building.group_sync(provider, mode=Mode.ON).plan(user or "-", assertion, now=now)
    except MemberOfError as error:
        report["plan_error"] = _error(error)
        return
    report["plan"] = {
        name: list(getattr(plan, name)) for name in ("create", "adopt", "attach", "detach", "keep", "held")
    }
    report["warnings"] += [{"code": found.code, "message": found.message} for found in plan.warnings]


def _error(error: Exception) -> dict[str, str | None]:
    return {
        "code": getattr(error, "code", "config.provider"),
        "message": getattr(error, "message", str(error)),
        "hint": getattr(error, "hint", None),
    }
