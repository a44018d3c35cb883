"""The example applications on a port, as processes of their own, and what a test may ask of their databases."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import sys
from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from memberof.stores import SqlStore
from services.live.process import Process, Server
from services.live.product import ROOT, LiveIdp, Partner
from services.live.visitor import Page, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from memberof.records import Event
    from memberof.testing import SigningKey


@dataclass(frozen=True, kw_only=True)
class Trust:
    """An identity provider as the application's administrator enters it; the tenant is the key."""

    key: str
    metadata: str
    preset: str
    group_format: str
    decryption: SigningKey | None = None
    policy: dict[str, Any] = field(default_factory=dict)


class Application(Server):
    """An example application that runs: ``with DjangoNotes() as application``."""

    #: How its addresses end.
    slash: ClassVar[str]

    def __enter__(self) -> Self:
        self.trusts: dict[str, Trust] = {}
        return super().__enter__()

    @property
    def base(self) -> str:
        """Where it is. Browsers take localhost for trustworthy without TLS, and so keep cookies that are Secure."""
        return f"http://localhost:{self.port}"

    @property
    def notes_url(self) -> str:
        """The page that shows a user's groups."""
        return f"{self.base}/notes{self.slash}"

    def login_url(self, key: str) -> str:
        """Where a sign-in begins that leads to that page."""
        return f"{self.base}/saml/{key}/login{self.slash}?next=/notes{self.slash}"

    def partner(self, key: str, **options: Any) -> Partner:
        """What the identity provider's administrator enters."""
        return Partner(
            entity_id=f"{self.base}/saml/{key}/metadata{self.slash}",
            acs_url=f"{self.base}/saml/{key}/acs{self.slash}",
            **options,
        )

    @abstractmethod
    def trust(self, trust: Trust) -> None:
        """Let it trust an identity provider; one of that key is replaced."""

    def refresh(self, key: str, metadata: Callable[[], str]) -> None:
        """Take over the identity provider's metadata as they are now."""
        self.trust(replace(self.trusts[key], metadata=metadata()))

    @abstractmethod
    def store(self, key: str) -> Any:
        """The store of a tenant, read from outside."""

    @abstractmethod
    def user_id(self, key: str, name_id: str) -> str:
        """The application's ID of a user; a ``LookupError`` where there is none."""

    def groups(self, key: str, name_id: str) -> dict[str, str]:
        """A user's groups, each with its kind."""
        with self.store(key) as store:
            kinds = {group.name: str(group.kind) for group in store.groups()}
            held = store.memberships(user=self.user_id(key, name_id))
        return {one.group: kinds[one.group] for one in held}

    def events(self, key: str, name_id: str) -> Sequence[Event]:
        """What a user's sign-ins have changed or held, oldest first."""
        with self.store(key) as store:
            found = store.history(user=self.user_id(key, name_id))
        return sorted(found, key=lambda event: event.id)

    def refusals(self) -> list[str]:
        """The codes of the sign-ins that it has refused, as its log has them."""
        assert self.process is not None
        return re.findall(r"sign-in refused: .* \(([\w.]+)\) provider=", self.process.output())

    @abstractmethod
    def shown(self, page: Page) -> list[str]:
        """The groups that the page of notes shows."""


class DjangoNotes(Application):
    """examples/django_site under gunicorn. Its rows are read and written through its own models, by this process."""

    name = "django"
    slash = "/"

    def start(self) -> None:
        site = ROOT / "examples" / "django_site"
        env = {
            "DJANGO_SETTINGS_MODULE": "notes.settings",
            "NOTES_BASE_URL": self.base,
            "NOTES_DATABASE": f"sqlite:///{self.folder / 'notes.sqlite3'}",
            "NOTES_DEBUG": "0",
            "NOTES_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            # Playwright runs an event loop in the test's thread; nothing awaits Django there.
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
        }
        os.environ |= env
        sys.path.insert(0, str(site))
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        self._close()
        command = [sys.executable, "-m", "gunicorn", "notes.wsgi", "-b", f"localhost:{self.port}"]
        log = self.folder / "log"
        self.process = Process([*command, "--threads", "4"], log=log, env=env, cwd=site)
        self.process.wait_for(self.base)

    def trust(self, trust: Trust) -> None:
        import memberof
        from memberof.django.keys import seal
        from memberof.django.models import SamlProvider

        self.trusts[trust.key] = trust
        key = trust.decryption
        SamlProvider.objects.update_or_create(
            slug=trust.key,
            defaults={
                "name": trust.key.title(),
                "tenant": trust.key,
                "metadata": trust.metadata,
                "metadata_url": "https://idp.example.test/metadata",
                "idp_entity_id": memberof.IdentityProvider.from_metadata(trust.metadata).entity_id,
                "preset": trust.preset,
                "group_format": trust.group_format,
                "mode": "on",
                "policy_options": trust.policy,
                "decryption_keys": seal(key.private_key_pem) if key else "",
                "certificate": key.certificate_pem if key else "",
            },
        )
        self._close()

    def refresh(self, key: str, metadata: Callable[[], str]) -> None:
        """As its administrator does: fetched, and, where a key is new that nothing vouches for, confirmed."""
        from memberof.django.models import SamlProvider
        from memberof.django.refreshing import confirm_refresh, refresh

        provider = SamlProvider.objects.get(slug=key)
        verdict = refresh(provider, fetch=lambda _: metadata().encode())
        if verdict.action == "confirm":
            confirm_refresh(provider)
        self._close()

    @contextlib.contextmanager
    def store(self, key: str) -> Any:
        from memberof.django.store import DjangoStore

        yield DjangoStore(key)
        self._close()

    def user_id(self, key: str, name_id: str) -> str:
        from django.contrib.auth import get_user_model

        found = get_user_model().objects.filter(username=f"{name_id}@{key}").first()
        if found is None:
            raise LookupError(name_id)
        return str(found.pk)

    def shown(self, page: Page) -> list[str]:
        from lxml import html

        items = html.fromstring(page.text).xpath("//ul[@class='groups']/li")
        return [str(item.text).strip() for item in items]

    def _close(self) -> None:
        from django.db import connections

        connections.close_all()


class FastApiNotes(Application):
    """examples/fastapi_app under uvicorn. Its providers are settings: another one means a new start."""

    name = "fastapi"
    slash = ""

    def start(self) -> None:
        self._file = self.folder / "notes.db"

    def trust(self, trust: Trust) -> None:
        self.trusts[trust.key] = trust
        self.stop()
        providers = {
            key: {
                "metadata": f"file:{self._written(each)}",
                "tenant": key,
                "preset": each.preset,
                "group_format": each.group_format,
                "mode": "on",
                "policy": each.policy,
                "decryption_keys": [each.decryption.private_key_pem] if each.decryption else [],
                "certificates": [each.decryption.certificate_pem] if each.decryption else [],
            }
            for key, each in self.trusts.items()
        }
        self.process = Process(
            [sys.executable, "-m", "notes", "--port", str(self.port)],
            log=self.folder / "log",
            env={
                "NOTES_DATABASE": f"sqlite+aiosqlite:///{self._file}?timeout=60",
                "MEMBEROF_BASE_URL": self.base,
                "MEMBEROF_PROVIDERS": json.dumps(providers),
            },
            cwd=ROOT / "examples" / "fastapi_app",
        )
        self.process.wait_for(self.base)

    def _written(self, trust: Trust) -> Path:
        """The metadata in a file: an environment has no room for those of twenty."""
        path = self.folder / f"{trust.key}.xml"
        path.write_text(trust.metadata, encoding="utf-8")
        return path

    def store(self, key: str) -> Any:
        return SqlStore(f"sqlite:///{self._file}", tenant=key)

    def user_id(self, key: str, name_id: str) -> str:
        with contextlib.closing(sqlite3.connect(self._file)) as database:
            row = database.execute(
                "SELECT id FROM people WHERE username = ?", (f"{name_id}@{key}",)
            ).fetchone()
        if row is None:
            raise LookupError(name_id)
        return str(row[0])

    def shown(self, page: Page) -> list[str]:
        from lxml import html

        items = html.fromstring(page.text).xpath("//ul")[0].xpath("./li")
        return [
            text.rpartition(" (")[0] for text in (item.text_content() for item in items) if text != "none"
        ]


def published(application: Application, key: str) -> str:
    """The application's own metadata for one identity provider."""
    return Visitor().get(f"{application.base}/saml/{key}/metadata{application.slash}").text


__all__ = ["Application", "DjangoNotes", "FastApiNotes", "LiveIdp", "Trust", "published"]
