"""From what an administrator configured to what verifies Responses, reads groups and decides about them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from memberof._memberof import GroupExtractor, GroupRules, IdentityProvider, ServiceProvider, SyncPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["extractor", "identity_provider", "pem_blocks", "policy", "service_provider"]

#: The format that means: synchronisation is off (rule R1).
OFF = "off"


@lru_cache(maxsize=256)
def identity_provider(metadata: str) -> IdentityProvider:
    """Return what metadata says, read once.

    Raises:
        ConfigurationError: It is not the metadata of an identity provider.

    """
    return IdentityProvider.from_metadata(metadata)


@lru_cache(maxsize=256)
def service_provider(
    *,
    entity_id: str,
    acs_url: str,
    metadata: str,
    decryption_keys: tuple[str, ...] = (),
    signing_key: str | None = None,
    certificates: tuple[str, ...] = (),
    clock_skew: int = 60,
    allow_unsolicited: bool = False,
) -> ServiceProvider:
    """Return what verifies the Responses of one identity provider, made once for the same arguments.

    Raises:
        ConfigurationError: The metadata or a key can't be used.

    """
    return ServiceProvider(
        entity_id=entity_id,
        acs_url=acs_url,
        identity_provider=identity_provider(metadata),
        decryption_key=list(decryption_keys) or None,
        signing_key=signing_key,
        certificate=list(certificates) or None,
        clock_skew=clock_skew,
        allow_unsolicited=allow_unsolicited,
    )


def extractor(
    format: str, attributes: Iterable[str], *, preset: str = "", rules: Mapping[str, Any] | None = None
) -> GroupExtractor | None:
    """Return what reads the groups, or None where the format is ``off`` (rule R1).

    Args:
        format: ``off``, ``ldap``, ``array``, ``csv``, …
        attributes: Names of the attribute; none: ``memberOf``.
        preset: The identity provider's product, where it is known; "" where not.
        rules: As in :class:`memberof.GroupRules`; none: every name counts as it is.

    Raises:
        ConfigurationError: All mistakes in the names and in the rules.

    """
    if format == OFF:
        return None
    names = list(attributes) or ["memberOf"]
    names_here = GroupRules.from_dict(rules) if rules else None
    if preset:
        return GroupExtractor.preset(preset, attribute=names, format=format, rules=names_here)
    return GroupExtractor(attribute=names, format=format, rules=names_here)


def policy(
    options: Mapping[str, Any],
    *,
    cautious: bool,
    protected: Iterable[str] = (),
    last_member_of: Iterable[str] = (),
) -> SyncPolicy:
    """Return the decisions in force.

    Args:
        options: As in :class:`memberof.SyncPolicy`; they win over ``cautious``.
        cautious: Begin with ``SyncPolicy.cautious()``.
        protected: Groups that no login touches; none: as ``options`` say.
        last_member_of: Groups that keep their last member; none: as ``options`` say.

    Raises:
        ConfigurationError: All mistakes at once.

    """
    base = SyncPolicy.cautious() if cautious else SyncPolicy()
    given: dict[str, Any] = {**base.to_dict(), **options}
    lists = {"protected": list(protected), "last_member_of": list(last_member_of)}
    given |= {name: groups for name, groups in lists.items() if groups}
    return SyncPolicy.from_dict(given)


def pem_blocks(text: str) -> tuple[str, ...]:
    """Return the PEM blocks of a text, each as a text of its own."""
    return tuple("-----BEGIN" + part for part in text.split("-----BEGIN")[1:])
