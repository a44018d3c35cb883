"""Commands, checks, keys, metadata refresh, signals, and many sign-ins at once."""

from __future__ import annotations

import io
import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from .conftest import Browser, respond

if TYPE_CHECKING:
    from pathlib import Path

    from django.core import checks

pytestmark = pytest.mark.django_db(transaction=True)


def run(name: str, *args: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(name, *args, stdout=out, stderr=out, **options)
    return out.getvalue()


class TestCommands:
    def test_check_prints_how_providers_stand(self, make_provider: Any) -> None:
        make_provider()
        assert "acme: enabled, groups array, on, 0 linked accounts" in run("memberof_check")

    def test_check_makes_a_key_that_encrypts(self, settings: Any) -> None:
        from memberof.django import keys

        key = run("memberof_check", "--new-key").strip()
        settings.MEMBEROF = {**settings.MEMBEROF, "ENCRYPTION_KEYS": [key]}
        pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        assert keys.read_all(keys.seal(pem)) == [pem]

    def test_plan_says_what_a_response_would_do_and_does_nothing(
        self, make_provider: Any, tmp_path: Path
    ) -> None:
        provider, idp = make_provider()
        file = tmp_path / "response"
        file.write_text(respond(provider, idp, None, groups=["Sales"]))
        report = json.loads(run("memberof_plan", "acme", str(file)))
        assert report["plan"]["create"] == ["Sales"]
        assert report["account"]["decision"] == "create"
        assert not Group.objects.exists()

    def test_apply_plans_first_and_undoes_when_sure(self, make_provider: Any, browser: Browser) -> None:
        from memberof.django.models import EventRecord

        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        event = EventRecord.objects.get()
        alice = get_user_model().objects.get(username="alice")
        assert "would undo" in run("memberof_apply", undo=event.pk)
        assert alice.groups.count() == 1
        assert "undone" in run("memberof_apply", undo=event.pk, yes=True)
        assert alice.groups.count() == 0

    def test_apply_holds_and_releases(self, make_provider: Any, browser: Browser) -> None:
        from memberof.django.models import TenantRecord

        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        run("memberof_apply", hold=True, yes=True)
        assert TenantRecord.objects.get().hold is not None
        run("memberof_apply", release=True, yes=True)
        assert TenantRecord.objects.get().hold is None

    def test_apply_undoes_all_that_a_source_did_and_changes_the_source(
        self, make_provider: Any, browser: Browser
    ) -> None:
        from memberof.django.models import TenantRecord

        before = timezone.now().isoformat()
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        browser.sign_in(provider, idp, groups=["Sales", "Editors"])
        assert "would undo" in run("memberof_apply", undo_since=before)
        assert Group.objects.count() == 2
        assert "undone" in run("memberof_apply", undo_since=before, yes=True)
        assert get_user_model().objects.get(username="alice").groups.count() == 0
        assert TenantRecord.objects.get().hold is not None
        assert "would switch" in run("memberof_apply", switch_source="https://new.example")
        assert TenantRecord.objects.get().source == idp.entity_id
        run("memberof_apply", switch_source="https://new.example", yes=True)
        assert TenantRecord.objects.get().source == "https://new.example"

    def test_stale_lists_users_and_ends_their_sessions(self, make_provider: Any, browser: Browser) -> None:
        from memberof.django.models import SamlSession

        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        assert run("memberof_stale") == ""
        assert "1 sessions ended" in run("memberof_stale", hours=0, end_sessions=True)
        assert not SamlSession.objects.exists()


class TestChecks:
    def ids(self) -> set[str]:
        from memberof.django.checks import database_fits, providers_are_right, settings_are_right

        found: list[checks.CheckMessage] = [*settings_are_right()]
        found += database_fits(databases=["default"])
        found += providers_are_right(databases=["default"])
        assert all(message.hint for message in found)
        return {str(message.id) for message in found}

    def test_a_good_site_has_no_findings(self, make_provider: Any) -> None:
        make_provider()
        assert self.ids() == set()

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"MEMBEROF": {}}, "memberof.E001"),
            ({"MEMBEROF": {"BASE_URL": "https://a.example", "TYPO": 1}}, "memberof.E001"),
            ({"MIDDLEWARE": []}, "memberof.E002"),
            ({"USE_TZ": False}, "memberof.E004"),
            ({"MEMBEROF": {"BASE_URL": "http://a.example"}}, "memberof.W001"),
            ({"SECURE_SSL_REDIRECT": True}, "memberof.W002"),
            ({"SESSION_COOKIE_SECURE": False}, "memberof.W003"),
            ({"SESSION_COOKIE_SAMESITE": "Strict"}, "memberof.W004"),
            ({"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}, "memberof.W006"),
        ],
    )
    def test_a_mistake_is_found(self, settings: Any, changed: dict[str, Any], expected: str) -> None:
        for name, value in changed.items():
            setattr(settings, name, value)
        assert expected in self.ids()

    def test_long_sessions_and_a_database_in_memory_are_found(
        self, make_provider: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from django.db import connections

        make_provider(session_hours=72)
        assert "memberof.W012" in self.ids()
        if connections["default"].vendor == "sqlite":
            monkeypatch.setattr(connections["default"], "is_in_memory_db", lambda: True)
            assert "memberof.W007" in self.ids()

    def test_a_certificate_that_ends_soon_and_a_provider_for_nobody_are_found(
        self, make_provider: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from memberof.django import inspection

        make_provider(create_users=False)
        monkeypatch.setattr(inspection, "SOON", timedelta(days=365_000))
        assert {"memberof.W010", "memberof.W011"} <= self.ids()

    def test_a_second_source_is_found(self, make_provider: Any, browser: Browser) -> None:
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        provider.group_format = "off"
        provider.save()
        make_provider("other")
        assert "memberof.E011" in self.ids()


def test_signals_are_sent_after_the_commit(make_provider: Any, browser: Browser) -> None:
    from memberof.django import signals

    seen: list[tuple[str, Any]] = []

    def receiver(name: str) -> Any:
        def receive(**facts: Any) -> None:
            seen.append((name, facts))

        return receive

    receivers = {name: receiver(name) for name in ("signed_in", "memberships_changed", "sign_in_refused")}
    for name, receive in receivers.items():
        getattr(signals, name).connect(receive)
    try:
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        browser.post(provider, "AAAA")
    finally:
        for name, receive in receivers.items():
            getattr(signals, name).disconnect(receive)
    assert [name for name, _ in seen] == ["signed_in", "memberships_changed", "sign_in_refused"]
    assert seen[0][1]["created"] is True
    assert seen[1][1]["plan"].attach == ("Sales",)


def test_many_first_sign_ins_at_once_end_in_the_right_state(make_provider: Any) -> None:
    from django.db import connection
    from django.test import Client

    provider, idp = make_provider()
    statuses: list[int] = []

    def work(number: int) -> None:
        try:
            browser = Browser(Client())
            for _ in range(2):
                begun = browser.begin_alone(provider)
                message = respond(provider, idp, begun, f"user-{number % 4}", ["Sales", "Editors", "Staff"])
                statuses.append(browser.post(provider, message).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303] * 16
    assert Group.objects.count() == 3
    assert get_user_model().objects.count() == 4
    for user in get_user_model().objects.all():
        assert set(user.groups.values_list("name", flat=True)) == {"Sales", "Editors", "Staff"}


def test_migrations_say_what_models_say() -> None:
    call_command("makemigrations", "memberof", check=True, dry_run=True, verbosity=0)
