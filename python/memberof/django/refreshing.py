"""Bring an identity provider's metadata up to date: by command, never while somebody signs in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.utils import timezone

from memberof import ConfigurationError
from memberof.django import building, conf
from memberof.web.fetch import FetchLimits, fetch_metadata
from memberof.web.refresh import Known, Refresh, RefreshVerdict, judge_refresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.django.models import SamlProvider

__all__ = ["confirm_refresh", "refresh"]


def refresh(provider: SamlProvider, *, fetch: Callable[[str], bytes] | None = None) -> RefreshVerdict:
    """Fetch a provider's metadata, and take over what needs nobody's word.

    The entity ID is pinned. A new key or address waits for an administrator: nothing but the TLS connection vouches for it.

    Raises:
        FetchError: It could not be fetched.
        ConfigurationError: It is no metadata of an identity provider, or there is no address.

    """
    if not provider.metadata_url:
        raise ConfigurationError(f'"{provider.slug}" has no metadata address', "metadata.no_address")
    document = (fetch or _fetch)(provider.metadata_url).decode("utf-8", errors="strict")
    verdict = judge_refresh(_known(provider.metadata), _known(document), signed=False)
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
    verdict = judge_refresh(_known(provider.metadata), _known(provider.new_metadata), signed=True)
    if verdict.action is Refresh.REFUSE:
        raise ConfigurationError("; ".join(verdict.reasons), "metadata.refused")
    provider.metadata, provider.new_metadata, provider.new_metadata_reasons = provider.new_metadata, "", ""
    provider.save(update_fields=("metadata", "new_metadata", "new_metadata_reasons", "updated_at"))


def _known(metadata: str) -> Known:
    found = building.identity_provider(metadata)
    return Known(
        entity_id=found.entity_id,
        sso_url=found.sso_url or "",
        certificates=frozenset(hashlib.sha256(der).hexdigest() for der in found.certificates),
    )


def _fetch(url: str) -> bytes:
    return fetch_metadata(url, limits=FetchLimits(private_hosts=frozenset(conf.current().metadata_hosts)))
