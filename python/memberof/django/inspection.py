"""What is wrong, or soon will be, with the identity providers that are configured."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from memberof import MemberOfError
from memberof.django import building
from memberof.django.models import SamlProvider, TenantRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

__all__ = ["certificate_expiry", "provider_messages"]

#: Administrators of two companies need to talk: a month is not too much.
SOON = timedelta(days=30)
_DAY = 24


def provider_messages() -> Iterator[checks.CheckMessage]:
    """Yield the findings of every enabled provider."""
    for provider in SamlProvider.objects.filter(enabled=True):
        yield from _works(provider)
        yield from _expires(provider)
        yield from _source(provider)


def certificate_expiry(certificate: bytes) -> datetime | None:
    """Return when a certificate (DER or PEM) ends, or None where it can't be read."""
    load = (
        x509.load_pem_x509_certificate if certificate.startswith(b"-----") else x509.load_der_x509_certificate
    )
    try:
        return load(certificate).not_valid_after_utc
    except ValueError:
        return None


def _works(provider: SamlProvider) -> Iterator[checks.CheckMessage]:
    try:
        building.service_provider(provider)
        building.group_sync(provider)
    except (MemberOfError, ImproperlyConfigured) as error:
        yield checks.Error(
            f'The identity provider "{provider.slug}" can\'t be used: {error}',
            hint="Correct it in the admin.",
            obj=provider,
            id="memberof.E010",
        )


def _expires(provider: SamlProvider) -> Iterator[checks.CheckMessage]:
    try:
        theirs: Iterable[bytes] = building.identity_provider(provider.metadata).certificates
    except MemberOfError:
        return
    ours = [certificate.encode() for certificate in building.certificates(provider.certificate)]
    for whose, certificates in (("of the identity provider", theirs), ("of ours for", ours)):
        ends = [end for end in map(certificate_expiry, certificates) if end is not None]
        # During a rollover the old one may end: what counts is the newest.
        if ends and max(ends) < timezone.now() + SOON:
            yield checks.Warning(
                f'The certificate {whose} "{provider.slug}" ends at {max(ends):%Y-%m-%d}.',
                hint="Certificates only hold keys here, so sign-in goes on; but the other side may stop. Agree on a new "
                "one, and publish it before the old one ends.",
                obj=provider,
                id="memberof.W010",
            )


def _source(provider: SamlProvider) -> Iterator[checks.CheckMessage]:
    if provider.group_format == provider.GroupFormat.OFF:
        return
    row = TenantRecord.objects.filter(tenant=provider.tenant).exclude(source="").first()
    if row is not None and row.source != provider.idp_entity_id:
        yield checks.Error(
            f'Groups of tenant "{provider.tenant}" come from "{row.source}", and "{provider.slug}" is another source.',
            hint="There is one source of groups: change it with memberof_apply --switch-source, or switch this one off.",
            obj=provider,
            id="memberof.E011",
        )
    if provider.session_hours > _DAY:
        yield checks.Warning(
            f'Sessions of "{provider.slug}" last {provider.session_hours} hours: so long a group that was taken away stays.',
            hint="Groups arrive at sign-in only; 24 hours are the usual bound.",
            obj=provider,
            id="memberof.W012",
        )
    if not provider.create_users and not provider.subjects.exists():
        yield checks.Warning(
            f'Nobody can sign in with "{provider.slug}": no account is linked, and none may be created.',
            hint="Link accounts in the admin, or let sign-ins create them.",
            obj=provider,
            id="memberof.W011",
        )
