"""From a row of :class:`SamlProvider` to what verifies its Responses and synchronises its groups."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import memberof
from memberof.django import keys
from memberof.django.models.provider import lines
from memberof.django.store import DjangoStore
from memberof.web import building
from memberof.web.building import identity_provider
from memberof.web.building import pem_blocks as certificates

if TYPE_CHECKING:
    from memberof.django.models import SamlProvider

__all__ = ["certificates", "extractor", "group_sync", "identity_provider", "policy", "service_provider"]


def service_provider(provider: SamlProvider, *, allow_unsolicited: bool = False) -> memberof.ServiceProvider:
    """Return what verifies this provider's Responses; unsolicited ones only where an administrator tries one.

    Raises:
        memberof.ConfigurationError: The metadata or a key can't be used.
        django.core.exceptions.ImproperlyConfigured: A key can't be read.

    """
    signing = keys.read_all(provider.signing_key)
    return building.service_provider(
        entity_id=provider.our_entity_id,
        acs_url=provider.acs_url,
        metadata=provider.metadata,
        decryption_keys=tuple(keys.read_all(provider.decryption_keys)),
        signing_key=signing[0] if signing else None,
        certificates=certificates(provider.certificate),
        clock_skew=provider.clock_skew,
        allow_unsolicited=allow_unsolicited,
    )


def extractor(provider: SamlProvider) -> memberof.GroupExtractor | None:
    """Return what reads the groups, or None where synchronisation is off (rule R1).

    Raises:
        memberof.ConfigurationError: All mistakes in the attribute names and in the rules for names.

    """
    return _extractor(*_reading(provider))


def policy(provider: SamlProvider) -> memberof.SyncPolicy:
    """Return the decisions in force.

    Raises:
        memberof.ConfigurationError: All mistakes in the further decisions at once.

    """
    return _policy(*_deciding(provider))


def group_sync(provider: SamlProvider, *, mode: str | None = None) -> memberof.GroupSync:
    """Return the synchronisation of this provider's tenant, made once; ``mode`` instead of the row's."""
    return _group_sync(
        provider.tenant,
        provider.idp_entity_id,
        mode or provider.mode,
        provider.session_hours,
        _reading(provider),
        _deciding(provider),
    )


def _reading(provider: SamlProvider) -> tuple[str, str, str, str]:
    rules = json.dumps(provider.group_rules or {})
    return provider.group_format, provider.preset, provider.attribute_names, rules


def _deciding(provider: SamlProvider) -> tuple[str, str, str, str]:
    options = json.dumps(provider.policy_options)
    return provider.policy, options, provider.protected_groups, provider.last_member_groups


def _extractor(
    group_format: str, preset: str, attribute_names: str, group_rules: str
) -> memberof.GroupExtractor | None:
    return building.extractor(
        group_format, lines(attribute_names), preset=preset, rules=json.loads(group_rules)
    )


def _policy(base: str, options: str, protected: str, last_member_of: str) -> memberof.SyncPolicy:
    return building.policy(
        json.loads(options),
        cautious=base == "cautious",
        protected=lines(protected),
        last_member_of=lines(last_member_of),
    )


@lru_cache(maxsize=256)
def _group_sync(
    tenant: str,
    source: str,
    mode: str,
    session_hours: int,
    reading: tuple[str, str, str, str],
    deciding: tuple[str, str, str, str],
) -> memberof.GroupSync:
    return memberof.GroupSync(
        _extractor(*reading),
        DjangoStore(tenant),
        policy=_policy(*deciding),
        source=source,
        mode=mode,
        session_lifetime=timedelta(hours=session_hours),
    )
