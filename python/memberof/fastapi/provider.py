"""One identity provider at work: its addresses here, what verifies its Responses, what brings its groups in line."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from memberof.sync import AsyncGroupSync
from memberof.web import building
from memberof.web.profile import ProfileNames

if TYPE_CHECKING:
    from memberof import ServiceProvider
    from memberof.fastapi.settings import ProviderSettings, SamlSettings
    from memberof.stores import AsyncSqlStore

__all__ = ["Provider"]


class Provider:
    """One identity provider, made of its settings.

    Args:
        key: Its key among the settings' providers.
        settings: Its own.
        site: Those of the site.
        store: The store of any tenant.
        key_in_path: Whether its addresses name it.

    Raises:
        ConfigurationError: The metadata, a key or the policy can't be used.

    """

    def __init__(
        self,
        key: str,
        settings: ProviderSettings,
        *,
        site: SamlSettings,
        store: AsyncSqlStore,
        key_in_path: bool,
    ) -> None:
        self.key = key
        self.settings = settings
        self.origin: str = settings.base_url or site.base_url
        self.path: str = f"{site.path}/{key}" if key_in_path else site.path
        self.acs_url: str = f"{self.origin}{self.path}/acs"
        self.metadata_url: str = f"{self.origin}{self.path}/metadata"
        self.login_path: str = f"{self.path}/login"
        self.entity_id: str = settings.entity_id or self.metadata_url
        self.idp_entity_id: str = building.identity_provider(settings.metadata).entity_id
        self.service_provider: ServiceProvider = building.service_provider(
            entity_id=self.entity_id,
            acs_url=self.acs_url,
            metadata=settings.metadata,
            decryption_keys=tuple(secret.get_secret_value() for secret in settings.decryption_keys),
            signing_key=None if settings.signing_key is None else settings.signing_key.get_secret_value(),
            certificates=settings.certificates,
            clock_skew=settings.clock_skew,
        )
        self.store: AsyncSqlStore = store.for_tenant(settings.tenant)
        self.sync: AsyncGroupSync = AsyncGroupSync(
            building.extractor(
                settings.group_format, settings.attributes, preset=settings.preset, rules=settings.rules
            ),
            self.store,
            policy=building.policy(settings.policy, cautious=settings.cautious),
            source=self.idp_entity_id,
            mode=settings.mode,
            session_lifetime=timedelta(hours=settings.session_hours),
        )
        self.profile_names: ProfileNames = ProfileNames(
            username=settings.username_attribute,
            email=settings.email_attribute,
            first_name=settings.first_name_attribute,
            last_name=settings.last_name_attribute,
        )

    @property
    def name(self) -> str:
        """What users know it by."""
        return self.settings.name or self.key

    @property
    def tenant(self) -> str:
        """Whose groups it sends."""
        return self.settings.tenant

    @property
    def host(self) -> str:
        """The host name of its addresses."""
        return urlsplit(self.origin).hostname or ""
