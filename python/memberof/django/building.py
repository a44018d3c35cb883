"""From a row of :class:`SamlProvider` to what verifies its Responses and synchronises its groups."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import memberof
from memberof.django import keys
from memberof.django.models.provider import lines
from memberof.django.store import DjangoStore

if TYPE_CHECKING:
    from memberof.django.models import SamlProvider

__all__ = ["certificates", "extractor", "group_sync", "identity_provider", "policy", "service_provider"]


def identity_provider(metadata: str) -> memberof.IdentityProvider:
    """Return what metadata says, read once.

    Raises:
        memberof.ConfigurationError: It is not the metadata of an identity provider.

    """
    return _identity_provider(metadata)


def service_provider(provider: SamlProvider, *, allow_unsolicited: bool = False) -> memberof.ServiceProvider:
    """Return what verifies this provider's Responses; unsolicited ones only where an administrator tries one.

    Raises:
        memberof.ConfigurationError: The metadata or a key can't be used.
        django.core.exceptions.ImproperlyConfigured: A key can't be read.

    """
    decryption = tuple(keys.read_all(provider.decryption_keys))
    signing = tuple(keys.read_all(provider.signing_key))
    return _service_provider(
        provider.our_entity_id,
        provider.acs_url,
        provider.metadata,
        decryption,
        signing[0] if signing else None,
        tuple(certificates(provider.certificate)),
        provider.clock_skew,
        allow_unsolicited,
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


def certificates(pem: str) -> list[str]:
    """Return the certificates of a text, each as PEM."""
    return ["-----BEGIN" + part for part in pem.split("-----BEGIN")[1:]]


@lru_cache(maxsize=256)
def _identity_provider(metadata: str) -> memberof.IdentityProvider:
    return memberof.IdentityProvider.from_metadata(metadata)


@lru_cache(maxsize=256)
def _service_provider(
    entity_id: str,
    acs_url: str,
    metadata: str,
    decryption: tuple[str, ...],
    signing: str | None,
    certificates: tuple[str, ...],
    clock_skew: int,
    allow_unsolicited: bool,
) -> memberof.ServiceProvider:
    return memberof.ServiceProvider(
        entity_id=entity_id,
        acs_url=acs_url,
        identity_provider=_identity_provider(metadata),
        decryption_key=list(decryption) or None,
        signing_key=signing,
        certificate=list(certificates) or None,
        clock_skew=clock_skew,
        allow_unsolicited=allow_unsolicited,
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
    if group_format == "off":
        return None
    names = list(lines(attribute_names)) or ["memberOf"]
    given = json.loads(group_rules)
    rules = memberof.GroupRules.from_dict(given) if given else None
    if preset:
        return memberof.GroupExtractor.preset(preset, attribute=names, format=group_format, rules=rules)
    return memberof.GroupExtractor(attribute=names, format=group_format, rules=rules)


def _policy(base: str, options: str, protected: str, last_member_of: str) -> memberof.SyncPolicy:
    standard = memberof.SyncPolicy.cautious() if base == "cautious" else memberof.SyncPolicy()
    given: dict[str, Any] = {**standard.to_dict(), **json.loads(options)}
    if protected.strip():
        given["protected"] = list(lines(protected))
    if last_member_of.strip():
        given["last_member_of"] = list(lines(last_member_of))
    return memberof.SyncPolicy.from_dict(given)


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
