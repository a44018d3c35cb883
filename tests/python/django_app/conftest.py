"""The example's settings, a fresh database, and identity providers in the test's own process."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
BASE_URL = "https://notes.example.test"


_services = contextlib.ExitStack()


def pytest_unconfigure() -> None:
    _services.close()


def pytest_configure() -> None:
    sys.path.insert(0, str(ROOT / "examples" / "django_site"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "notes.settings"
    os.environ["NOTES_BASE_URL"] = BASE_URL
    os.environ["NOTES_DEBUG"] = "0"
    os.environ["NOTES_ENCRYPTION_KEY"] = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    if os.environ.get("NOTES_DATABASE") == "postgresql":
        sys.path.insert(0, str(ROOT))
        from tests.services.postgres import PostgresServer

        _services.enter_context(server := PostgresServer({"fsync": "off"}))
        os.environ["NOTES_DATABASE"] = server.url("postgres").replace("postgresql+psycopg", "postgresql")
    import django

    django.setup()
    from django.db import connections

    if connections["default"].vendor == "sqlite":
        # In a file: threads share a database in memory without its locks.
        connections["default"].settings_dict["TEST"]["NAME"] = str(Path(tempfile.mkdtemp()) / "test.sqlite3")


@pytest.fixture
def make_provider(db: None) -> Any:
    """Make a provider and the identity provider it trusts."""
    from memberof.django.models import SamlProvider
    from memberof.testing import TestIdp

    def make(slug: str = "acme", *, idp: Any = None, **fields: Any) -> tuple[Any, Any]:
        idp = idp or TestIdp("keycloak", entity_id=f"https://{slug}.idp.example")
        provider = SamlProvider.objects.create(
            name=slug.title(),
            slug=slug,
            metadata=idp.metadata_xml,
            idp_entity_id=idp.entity_id,
            **{"group_format": "array", "mode": "on", **fields},
        )
        return provider, idp

    return make


class Browser:
    """A browser: Django's test client, with the cookies that it would send across sites."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def begin(self, provider: Any, target: str | None = None) -> dict[str, str]:
        """Begin a sign-in; return what went to the identity provider."""
        response = self.client.get(
            provider.login_path, {} if target is None else {"next": target}, secure=True, headers=HOST
        )
        assert response.status_code == 302, response.content
        query = parse_qs(urlsplit(response["Location"]).query)
        from memberof.django.models import PendingRecord

        row = PendingRecord.objects.order_by("-pk").first()
        assert row is not None
        assert query["RelayState"] == [row.relay_state]
        return {"request_id": row.request_id, "relay_state": row.relay_state}

    def begin_alone(self, provider: Any) -> str:
        """Begin a sign-in where others begin too: the request is the one of this browser's newest cookie."""
        from memberof.django.models import PendingRecord
        from memberof.web.pending import handles_in

        known = set(handles_in({name: morsel.value for name, morsel in self.client.cookies.items()}))
        self.client.get(provider.login_path, secure=True, headers=HOST)
        held = set(handles_in({name: morsel.value for name, morsel in self.client.cookies.items()}))
        (handle,) = held - known
        return str(PendingRecord.objects.get(handle=handle).request_id)

    def post(self, provider: Any, saml_response: str, relay_state: str = "", **extra: Any) -> Any:
        """Post a Response, as the identity provider's page does."""
        form = {"SAMLResponse": saml_response, "RelayState": relay_state}
        path = urlsplit(provider.acs_url).path
        return self.client.post(path, form, secure=True, headers=HOST, **extra)

    def sign_in(
        self,
        provider: Any,
        idp: Any,
        user: str = "alice",
        groups: Any = (),
        target: str | None = None,
        **more: Any,
    ) -> Any:
        """The whole way."""
        begun = self.begin(provider, target)
        return self.post(
            provider, respond(provider, idp, begun["request_id"], user, groups, **more), begun["relay_state"]
        )


HOST = {"host": "notes.example.test"}


def respond(
    provider: Any, idp: Any, request_id: str | None, user: str = "alice", groups: Any = (), **more: Any
) -> str:
    """Return a signed Response for a provider."""
    more.setdefault("name_id_format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    return idp.response(
        user=user,
        groups=groups,
        request_id=request_id,
        sp_entity_id=provider.our_entity_id,
        acs_url=provider.acs_url,
        **more,
    )


@pytest.fixture
def browser(client: Any) -> Browser:
    return Browser(client)


@pytest.fixture
def other_browser() -> Browser:
    from django.test import Client

    return Browser(Client())
