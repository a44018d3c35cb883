"""The suite that every framework's adapter must hold, on the example."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from services.attacks import (
    AccountAttacks,
    Answer,
    Attacks,
    Browser,
    GroupStory,
    SessionAttacks,
    Site,
    TenantAttacks,
    Trust,
)

from .conftest import HOST

pytestmark = pytest.mark.django_db(transaction=True)


class NotesBrowser(Browser):
    def __init__(self) -> None:
        self.client = Client()

    @property
    def cookies(self) -> dict[str, str]:  # type: ignore[override]
        return {name: morsel.value for name, morsel in self.client.cookies.items() if morsel.value}

    def get(self, path: str, **headers: str) -> Answer:
        return _answer(self.client.get(path, secure=True, headers={**HOST, **headers}))

    def send(self, path: str, form: dict[str, str]) -> Answer:
        return _answer(self.client.post(path, form, secure=True, headers=HOST))

    def signed_in(self) -> str | None:
        user = self.client.get("/", secure=True, headers=HOST).wsgi_request.user
        return str(user.get_username()) or None

    def keep(self) -> Any:
        return self.client.cookies.output(header="")

    def restore(self, kept: Any) -> None:
        self.client.cookies.load(kept)


class NotesSite(Site):
    logger = "memberof.django"
    notes = "/notes/"
    editors = "/editors/"
    sign_out = "/saml/signed-out/"

    def __init__(self, make_provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self._make_provider, self._monkeypatch = make_provider, monkeypatch
        self._passed = timedelta(0)
        self._idps: dict[str, Any] = {}
        self._now = timezone.now
        monkeypatch.setattr(timezone, "now", lambda: self._now() + self._passed)

    def trust(self, key: str = "acme", *, idp: Any = None, **settings: Any) -> Trust:
        from memberof.django.models import SamlProvider

        existing = SamlProvider.objects.filter(slug=key).first()
        if existing is not None:
            for name, value in {"group_format": "array", "mode": "on", **settings}.items():
                setattr(existing, name, value)
            existing.save()
            return Trust(key, existing.our_entity_id, existing.acs_url, existing.login_path, self._idps[key])
        made, idp = self._make_provider(key, idp=idp, **settings)
        self._idps[key] = idp
        return Trust(key, made.our_entity_id, made.acs_url, made.login_path, idp)

    def browser(self) -> NotesBrowser:
        return NotesBrowser()

    def groups_of(self, username: str) -> set[str]:
        user = get_user_model().objects.get(username=username)
        return set(user.groups.values_list("memberof__name", flat=True))

    def users(self) -> set[str]:
        return set(get_user_model().objects.values_list("username", flat=True))

    def add_user(
        self, username: str, email: str = "", *, superuser: bool = False, active: bool = True
    ) -> None:
        get_user_model().objects.create_user(username, email, is_superuser=superuser, is_active=active)

    def deactivate(self, username: str) -> None:
        get_user_model().objects.filter(username=username).update(is_active=False)

    def end_sessions(self, username: str) -> int:
        from memberof.django.sessions import end_sessions

        return end_sessions(get_user_model().objects.get(username=username))

    def pass_time(self, time: timedelta) -> None:
        self._passed += time


@pytest.fixture
def site(make_provider: Any, monkeypatch: pytest.MonkeyPatch) -> NotesSite:
    return NotesSite(make_provider, monkeypatch)


class TestAttacks(Attacks):
    pass


class TestAccounts(AccountAttacks):
    pass


class TestSessions(SessionAttacks):
    pass


class TestTenants(TenantAttacks):
    pass


class TestGroups(GroupStory):
    pass


def _answer(response: Any) -> Answer:
    location = response.headers.get("Location", "")
    cookies = tuple(morsel.OutputString() for morsel in response.cookies.values())
    text = response.content.decode() if not response.streaming else ""
    return Answer(response.status_code, location, text, cookies)
