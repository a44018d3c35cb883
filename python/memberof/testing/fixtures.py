"""What the fixtures of the pytest plugin hand out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import memberof
from memberof.testing.identity_provider import TestIdp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

    from memberof.testing.live import LiveIdp
    from memberof.testing.persona import Persona


class SamlClock:
    """Tells the time of SAML in a test; stands still once it was called.

    Stopped, it is the time of issue of ``saml_idp``'s Responses, and the ``now`` of ``ServiceProvider.verify``,
    ``GroupSync.login`` and ``AsyncGroupSync.login`` wherever the application names none. Nothing else is patched.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._frozen: datetime | None = None

    def __call__(self, at: datetime | str) -> SamlClock:
        """Stop at a time.

        Args:
            at: An aware datetime, or ISO 8601 text with a zone.

        Raises:
            ValueError: There is no zone.

        """
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        if moment.tzinfo is None:
            raise ValueError("the time has no zone, expected an aware datetime")
        if self._frozen is None:
            self._patch()
        self._frozen = moment
        return self

    @property
    def now(self) -> datetime:
        """The time: where it was stopped, or the clock's."""
        return self._frozen or datetime.now(UTC)

    def move(self, by: timedelta) -> None:
        """Move the stopped time on (or back).

        Raises:
            RuntimeError: It was not stopped.

        """
        if self._frozen is None:
            raise RuntimeError("the time was not stopped: call freeze_saml_time(at) first")
        self._frozen += by

    def _patch(self) -> None:
        for owner, name in (
            (memberof.ServiceProvider, "verify"),
            (memberof.GroupSync, "login"),
            (memberof.AsyncGroupSync, "login"),
        ):
            self._monkeypatch.setattr(owner, name, self._with_now(getattr(owner, name)))

    def _with_now(self, method: Any) -> Any:
        def told(*arguments: Any, **options: Any) -> Any:
            if options.get("now") is None:
                options["now"] = self.now
            return method(*arguments, **options)

        return told


class IdpFactory(TestIdp):
    """The fixture ``saml_idp``: an identity provider, and a maker of others.

    Its Responses are issued at the time of ``freeze_saml_time``.
    """

    def __init__(self, persona: str | Persona, *, clock: SamlClock, **options: Any) -> None:
        super().__init__(persona, **options)
        self._clock = clock
        self._running: list[LiveIdp] = []

    def __call__(self, persona: str | Persona = "generic", **options: Any) -> IdpFactory:
        """Make another identity provider; options are those of ``TestIdp``."""
        other = IdpFactory(persona, clock=self._clock, **options)
        other._running = self._running
        return other

    def response(self, user: str = "alice", groups: Iterable[str] = (), **options: Any) -> str:
        """Write, sign and encode one Response, see ``TestIdp.response``."""
        options.setdefault("now", self._clock.now)
        return super().response(user, groups, **options)

    def serve(
        self,
        *,
        port: int = 0,
        people: Mapping[str, Iterable[str]] | None = None,
        **response_options: Any,
    ) -> LiveIdp:
        """Start it on loopback, see ``TestIdp.serve``; it is stopped at the end of the test."""
        live = super().serve(port=port, people=people, **response_options)
        self._running.append(live)
        return live

    def stop_all(self) -> None:
        """Stop everything that was started."""
        while self._running:
            self._running.pop().stop()

    def identity_provider(self) -> memberof.IdentityProvider:
        """What a service provider has to know of it."""
        return memberof.IdentityProvider.from_metadata(self.metadata_xml)

    def service_provider(self, **options: Any) -> memberof.ServiceProvider:
        """Make the service provider that its Responses are for; solicited or not, unless ``options`` say otherwise."""
        options.setdefault("allow_unsolicited", True)
        return memberof.ServiceProvider(
            entity_id=self.sp_entity_id,
            acs_url=self.acs_url,
            identity_provider=self.identity_provider(),
            **options,
        )

    def extractor(self) -> memberof.GroupExtractor:
        """Make the extractor that reads its groups."""
        return memberof.GroupExtractor.preset(self.persona.preset, **self.persona.preset_options)
