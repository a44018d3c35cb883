"""One identity provider and one application that trust each other, and what people do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.live.applications import Application, Trust
from services.live.product import PASSWORD, LiveIdp, Partner
from services.live.visitor import Page, Visitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memberof.records import Event
    from memberof.testing import SigningKey


@dataclass
class Site:
    """Both, and the key under which the application knows the identity provider: one for each way they are set up."""

    idp: LiveIdp
    application: Application
    key: str = ""

    def trust(self, variant: str = "", *, fresh: bool = False, **settings: Any) -> Site:
        """Let both know each other, once for each variant.

        Args:
            variant: Part of the key; the tenant is the key, so that nothing is left over from another variant.
            fresh: Enter everything anew.
            settings: ``encrypt``, ``sign``, ``options``, ``attribute`` at the identity provider; ``decryption``,
                ``format``, ``policy`` in the application.

        """
        self.key = f"{self.idp.name}-{variant}" if variant else self.idp.name
        known = self.application.trusts.get(self.key)
        if known is not None and known.metadata == self.idp.metadata() and not fresh:
            return self
        format = settings.pop("format", self.idp.format)
        policy = settings.pop("policy", {})
        decryption: SigningKey | None = settings.pop("decryption", None)
        encryption: SigningKey | None = settings.pop("encryption", decryption)
        if encryption is not None:
            settings["certificate"] = encryption.certificate_pem
        self.idp.register(self.application.partner(self.key, **settings))
        self.application.trust(
            Trust(
                key=self.key,
                metadata=self.idp.metadata(),
                preset=self.idp.preset or self.idp.name,
                group_format=format,
                decryption=decryption,
                policy=policy,
            )
        )
        return self

    @property
    def partner(self) -> Partner:
        """The application, as it stands at the identity provider."""
        return self.application.partner(self.key)

    @property
    def login_url(self) -> str:
        return self.application.login_url(self.key)

    def sign_in(self, user: str) -> Page:
        """Sign in with a new browser, and return the page of notes."""
        page, self.message = Visitor().sign_in(self.login_url, user, PASSWORD)
        assert (page.url, page.status) == (self.application.notes_url, 200), page.text[:2000]
        return page

    def refused(self, user: str) -> str:
        """Try to sign in; return the code in the log. The user is told no cause."""
        before = len(self.application.refusals())
        page, self.message = Visitor().sign_in(self.login_url, user, PASSWORD)
        assert page.status == 403, page
        (code,) = self.application.refusals()[before:]
        assert code not in page.text
        return code

    def groups(self, user: str) -> dict[str, str]:
        return self.application.groups(self.key, self.idp.name_id(user))

    def events(self, user: str) -> Sequence[Event]:
        return self.application.events(self.key, self.idp.name_id(user))

    def last_changes(self, user: str) -> list[tuple[str, str, str]]:
        """Action, group and reason of what her last event changed."""
        return [(c.action, c.group, c.reason) for c in self.events(user)[-1].changes]

    def is_known(self, user: str) -> bool:
        try:
            self.application.user_id(self.key, self.idp.name_id(user))
        except LookupError:
            return False
        return True
