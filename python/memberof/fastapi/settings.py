"""Settings, typed: from the environment (``MEMBEROF_…``), from a file, or given in Python."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from memberof.web.paths import is_origin

__all__ = ["ProviderSettings", "SamlSettings"]

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")


class ProviderSettings(BaseModel):
    """One identity provider of one tenant. A text may be a reference: ``env:NAME`` or ``file:/path``.

    Attributes:
        metadata: The identity provider's metadata, XML or a reference.
        name: Shown to users: "Sign in with …".
        tenant: The customer whose groups these are; "" where there is only one.
        base_url: Where this tenant's users see the site, if not at the settings' ``base_url``.
        entity_id: Ours; "": the address of our metadata.
        decryption_keys: PEM (PKCS#8) or references; several during a rollover.
        signing_key: PEM (PKCS#8) or a reference.
        certificates: Ours, PEM or references; they go with the keys.
        clock_skew: By how many seconds the clocks of both sides may differ.
        force_authn: The identity provider must ask for credentials each time.
        session_hours: A session's bound (rule R12), whatever the user does.
        group_format: ``off`` (rule R1), ``ldap``, ``array``, ``csv``, …
        mode: ``observe``, ``attach_only`` or ``on``.
        attributes: Names of the group attribute, compared exactly.
        preset: The identity provider's product, where it is known.
        rules: Which names count, and what they are called here, as in :class:`memberof.GroupRules`.
        cautious: Decide by ``SyncPolicy.cautious()``.
        policy: Further decisions, as in :class:`memberof.SyncPolicy`.
        subject_attribute: An immutable attribute that identifies users instead of the NameID (rule R14).
        create_users: Whether a subject that leads to nobody gets a new user.
        link_domains: Mail domains whose existing users are linked by e-mail address at their first sign-in; normally none.
        username_attribute: "": the subject.
        email_attribute: As said.
        first_name_attribute: As said.
        last_name_attribute: As said.

    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    metadata: str
    name: str = ""
    tenant: str = ""
    base_url: str = ""
    entity_id: str = ""
    decryption_keys: tuple[SecretStr, ...] = ()
    signing_key: SecretStr | None = None
    certificates: tuple[str, ...] = ()
    clock_skew: int = Field(default=60, ge=0, le=3600)
    force_authn: bool = False
    session_hours: int = Field(default=24, ge=1, le=720)
    group_format: Literal["off", "ldap", "array", "csv", "json", "path", "domain"] = "off"
    mode: Literal["observe", "attach_only", "on"] = "observe"
    attributes: tuple[str, ...] = ("memberOf",)
    preset: str = ""
    rules: dict[str, Any] = Field(default_factory=dict)
    cautious: bool = False
    policy: dict[str, Any] = Field(default_factory=dict)
    subject_attribute: str = ""
    create_users: bool = True
    link_domains: frozenset[str] = frozenset()
    username_attribute: str = ""
    email_attribute: str = "email"
    first_name_attribute: str = "givenName"
    last_name_attribute: str = "sn"

    @field_validator("metadata")
    @classmethod
    def _resolve(cls, value: str) -> str:
        return _resolved(value)

    @field_validator("certificates")
    @classmethod
    def _resolve_all(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_resolved(value) for value in values)

    @field_validator("decryption_keys")
    @classmethod
    def _resolve_secrets(cls, values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        return tuple(SecretStr(_resolved(value.get_secret_value())) for value in values)

    @field_validator("signing_key")
    @classmethod
    def _resolve_secret(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(_resolved(value.get_secret_value()))

    @field_validator("base_url")
    @classmethod
    def _an_origin(cls, value: str) -> str:
        return _origin(value) if value else ""

    @field_validator("link_domains")
    @classmethod
    def _domains(cls, values: frozenset[str]) -> frozenset[str]:
        return frozenset(value.strip().lower().lstrip("@") for value in values)


class SamlSettings(BaseSettings):
    """Everything that the router needs: ``SamlSettings()`` reads the environment.

    Attributes:
        base_url: ``https://app.example``: where users see this site. Never taken from a request.
        database: SQLAlchemy URL of PostgreSQL or SQLite.
        path: Where the router's addresses begin.
        default_path: Where to go after a sign-in that led nowhere in particular.
        tenants_by: ``path``: the provider's key is part of the addresses (``/saml/acme/acs``); ``host``: the host name says
            which provider is meant (``https://acme.app.example/saml/acs``), by each provider's ``base_url``.
        username_template: User names of a tenant other than the default.
        providers: Key → identity provider.

    """

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="MEMBEROF_", env_nested_delimiter="__", frozen=True, hide_input_in_errors=True
    )

    base_url: str
    database: SecretStr = SecretStr("sqlite:///memberof.db")
    path: str = "/saml"
    default_path: str = "/"
    tenants_by: Literal["path", "host"] = "path"
    username_template: str = "{username}@{tenant}"
    providers: dict[str, ProviderSettings] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _an_origin(cls, value: str) -> str:
        return _origin(value)

    @field_validator("path")
    @classmethod
    def _a_path(cls, value: str) -> str:
        if not re.fullmatch(r"(?:/[\w.~-]+)+", value, re.ASCII):
            raise ValueError("is like /saml")
        return value

    @field_validator("username_template")
    @classmethod
    def _a_template(cls, value: str) -> str:
        if "{tenant}" not in value or "{username}" not in value:
            raise ValueError("holds {tenant} and {username}")
        return value

    @model_validator(mode="after")
    def _providers(self) -> Self:
        check_providers(self.providers, by_host=self.tenants_by == "host")
        return self

    @property
    def secure(self) -> bool:
        """Whether the site is served over HTTPS."""
        return self.base_url.startswith("https://")


def check_providers(providers: dict[str, ProviderSettings], *, by_host: bool) -> None:
    """Check what several providers must not have in common.

    Raises:
        ValueError: A key that can't stand in an address, two sources of groups in a tenant (rule R11), a host twice.

    """
    for key in providers:
        if not _KEY.fullmatch(key):
            raise ValueError(f'the key of a provider is like "acme", found "{key}"')
    sources = Counter(provider.tenant for provider in providers.values() if provider.group_format != "off")
    for tenant, count in sources.items():
        if count > 1:
            raise ValueError(f'tenant "{tenant}" has {count} sources of groups, expected one (rule R11)')
    if by_host:
        hosts = Counter(provider.base_url for provider in providers.values())
        for url, count in hosts.items():
            if not url or count > 1:
                raise ValueError("with tenants_by=host each provider has a base_url of its own")


def _origin(value: str) -> str:
    if not is_origin(value):
        raise ValueError("is like https://app.example, without a path")
    return value.rstrip("/")


def _resolved(value: str) -> str:
    kind, _, rest = value.strip().partition(":")
    if kind == "env":
        if rest not in os.environ:
            raise ValueError(f'the environment has no variable "{rest}"')
        return os.environ[rest]
    if kind == "file":
        try:
            return Path(rest).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ValueError(f'the file "{rest}" cannot be read') from None
    return value
