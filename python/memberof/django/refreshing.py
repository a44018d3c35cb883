"""Bring an identity provider's metadata up to date: by command, never while somebody signs in."""

from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING

from django.utils import timezone

from memberof import ConfigurationError, IdentityProvider, VerificationError
from memberof.django import building, conf
from memberof.web.fetch import FetchLimits, fetch_metadata
from memberof.web.refresh import Known, Refresh, RefreshVerdict, judge_refresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.django.models import SamlProvider

__all__ = ["confirm_refresh", "refresh"]


def refresh(provider: SamlProvider, *, fetch: Callable[[str], bytes] | None = None) -> RefreshVerdict:
    """Fetch a provider's metadata, and take over what needs nobody's word.

    The entity ID is pinned. A new key or address is taken over where the document is signed by a key that an administrator
    trusts for it; else it waits for an administrator, since nothing but the TLS connection vouches for it.

    Raises:
        FetchError: It could not be fetched.
        ConfigurationError: It is no metadata of an identity provider, it has expired, or there is no address.
        VerificationError: It is not signed as the certificates of the metadata demand.

    """
    if not provider.metadata_url:
        raise ConfigurationError(f'"{provider.slug}" has no metadata address', "metadata.no_address")
    document = _text((fetch or _fetch)(provider.metadata_url))
    signed = _is_signed(provider, document)
    verdict = _judge(provider, document, signed=signed)
    provider.metadata_checked_at = timezone.now()
    if verdict.action is Refresh.APPLY:
        provider.metadata, provider.new_metadata, provider.new_metadata_reasons = document, "", ""
    elif verdict.action is Refresh.CONFIRM:
        provider.new_metadata, provider.new_metadata_reasons = document, "\n".join(verdict.reasons)
    elif verdict.action is Refresh.UNCHANGED:
        provider.new_metadata = provider.new_metadata_reasons = ""
    provider.save(
        update_fields=(
            "metadata",
            "new_metadata",
            "new_metadata_reasons",
            "metadata_checked_at",
            "updated_at",
        )
    )
    return verdict


def confirm_refresh(provider: SamlProvider) -> None:
    """Take over what was fetched and waits for an administrator's word.

    Raises:
        ConfigurationError: Nothing waits, or it is another identity provider's.

    """
    if not provider.new_metadata:
        raise ConfigurationError("no fetched metadata waits for confirmation", "metadata.nothing_new")
    verdict = _judge(provider, provider.new_metadata, signed=True)
    if verdict.action is Refresh.REFUSE:
        raise ConfigurationError("; ".join(verdict.reasons), "metadata.refused")
    provider.metadata, provider.new_metadata, provider.new_metadata_reasons = provider.new_metadata, "", ""
    provider.save(update_fields=("metadata", "new_metadata", "new_metadata_reasons", "updated_at"))


def _judge(provider: SamlProvider, document: str, *, signed: bool) -> RefreshVerdict:
    known, fetched = (_known(building.identity_provider(text)) for text in (provider.metadata, document))
    return judge_refresh(known, fetched, signed=signed)


def _is_signed(provider: SamlProvider, document: str) -> bool:
    """Say whether the document bears a signature that counts.

    Certificates that an administrator gave for the metadata must have signed it. Without them a signature by a key that
    is in force counts: whoever holds it can sign assertions anyway.
    """
    now = timezone.now()
    read = _known(IdentityProvider.from_metadata(document, now=now))
    demanded = building.certificates(provider.metadata_certificate)
    in_force = [
        ssl.DER_cert_to_PEM_cert(der) for der in building.identity_provider(provider.metadata).certificates
    ]
    try:
        verified = IdentityProvider.from_metadata(
            document, signing_certificates=demanded or in_force, now=now
        )
    except VerificationError:
        if demanded:
            raise
        return False
    # What is kept is read again at every sign-in, and the whole of it: only what was signed may be in it.
    if _known(verified) != read:
        raise ConfigurationError("the metadata says more than what of it is signed", "metadata.ambiguous")
    return True


def _text(document: bytes) -> str:
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError("the metadata is not UTF-8", "metadata.encoding") from error


def _known(found: IdentityProvider) -> Known:
    return Known(
        entity_id=found.entity_id,
        sso_url=found.sso_url or "",
        certificates=frozenset(hashlib.sha256(der).hexdigest() for der in found.certificates),
    )


def _fetch(url: str) -> bytes:
    return fetch_metadata(url, limits=FetchLimits(private_hosts=frozenset(conf.current().metadata_hosts)))
