"""Signing in: groups, sessions, accounts, and the attacks on the way."""

from __future__ import annotations

import base64
import logging
import zlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from .conftest import HOST, Browser, respond

pytestmark = pytest.mark.django_db(transaction=True)


def groups_of(username: str) -> set[str]:
    return set(get_user_model().objects.get(username=username).groups.values_list("name", flat=True))


def kind_of(name: str) -> str:
    from memberof.django.models import GroupRecord

    return str(GroupRecord.objects.get(name=name).kind)


def code_of(caplog: Any, response: Any, status: int = 403) -> str:
    assert response.status_code == status, response.content
    (record,) = [r for r in caplog.records if r.name == "memberof.django" and "refused" in r.msg]
    assert record.args is not None
    code = str(record.args[1])
    assert code not in response.content.decode(), "the user is told no cause"
    return code


class TestGroups:
    def test_groups_follow_the_identity_provider(self, make_provider: Any, browser: Browser) -> None:
        provider, idp = make_provider()
        response = browser.sign_in(provider, idp, groups=["Sales", "Editors"], target="/notes/")
        assert (response.status_code, response["Location"]) == (303, "/notes/")
        assert groups_of("alice") == {"Sales", "Editors"}
        assert kind_of("Sales") == "external"
        page = browser.client.get("/notes/", secure=True, headers=HOST).content.decode()
        assert 'Sales <span class="badge external">external</span>' in page

    def test_what_is_taken_away_there_is_taken_away_here_and_internal_groups_stay(
        self, make_provider: Any, browser: Browser
    ) -> None:
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales", "Editors"])
        staff = Group.objects.create(name="Staff")
        get_user_model().objects.get(username="alice").groups.add(staff)
        browser.sign_in(provider, idp, groups=["Sales"])
        assert groups_of("alice") == {"Sales", "Staff"}

    def test_an_internal_group_of_the_same_name_turns_external(
        self, make_provider: Any, browser: Browser
    ) -> None:
        Group.objects.create(name="Sales")
        provider, idp = make_provider()
        assert kind_of("Sales") == "internal"
        browser.sign_in(provider, idp, groups=["Sales"])
        assert kind_of("Sales") == "external"

    def test_a_group_that_came_past_the_signals_is_internal(
        self, make_provider: Any, browser: Browser
    ) -> None:
        Group.objects.bulk_create([Group(name="Old")])
        provider, idp = make_provider(policy="cautious")
        browser.sign_in(provider, idp, groups=["Old"])
        assert groups_of("alice") == set()
        assert kind_of("Old") == "internal"

    def test_off_and_observe_change_nothing(self, make_provider: Any, browser: Browser) -> None:
        from memberof.django.models import EventRecord

        provider, idp = make_provider(group_format="off")
        browser.sign_in(provider, idp, groups=["Sales"])
        assert groups_of("alice") == set()
        assert not EventRecord.objects.exists()
        provider.group_format, provider.mode = "array", "observe"
        provider.save()
        browser.sign_in(provider, idp, groups=["Sales"])
        assert groups_of("alice") == set()
        assert [row.kind for row in EventRecord.objects.all()] == ["observe"]

    def test_undo_restores_what_was(self, make_provider: Any, browser: Browser) -> None:
        from memberof.django.models import EventRecord
        from memberof.django.store import DjangoStore

        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales", "Editors"])
        browser.sign_in(provider, idp, groups=["Sales"])
        newest = EventRecord.objects.first()
        assert newest is not None
        DjangoStore().undo(newest.pk, actor="root")
        assert groups_of("alice") == {"Sales", "Editors"}


class TestTenants:
    def test_nothing_crosses_between_tenants_that_share_an_identity_provider(
        self, make_provider: Any, browser: Browser, other_browser: Browser
    ) -> None:
        from memberof.django.models import GroupRecord
        from memberof.testing import TestIdp

        idp = TestIdp("keycloak", entity_id="https://shared.idp.example")
        one, _ = make_provider("one", tenant="one", idp=idp)
        two, _ = make_provider("two", tenant="two", idp=idp)
        browser.sign_in(one, idp, groups=["Editors"])
        other_browser.sign_in(two, idp, groups=["Editors"])
        assert groups_of("alice@one") == {"one: Editors"}
        assert groups_of("alice@two") == {"two: Editors"}
        assert GroupRecord.objects.filter(name="Editors").count() == 2
        browser.sign_in(one, idp, groups=[], no_groups="empty")
        assert groups_of("alice@one") == set()
        assert groups_of("alice@two") == {"two: Editors"}

    def test_an_internal_group_of_another_tenant_is_neither_adopted_nor_joined(
        self, make_provider: Any, browser: Browser
    ) -> None:
        from memberof.django.models import GroupRecord
        from memberof.django.store import DjangoStore

        DjangoStore("two").create_group("Editors")
        Group.objects.create(name="Editors")
        one, idp = make_provider("one", tenant="one")
        browser.sign_in(one, idp, groups=["Editors"])
        kinds = dict(GroupRecord.objects.filter(name="Editors").values_list("tenant", "kind"))
        assert kinds == {"": "internal", "one": "external", "two": "internal"}
        assert groups_of("alice@one") == {"one: Editors"}

    def test_a_response_for_one_tenant_is_refused_at_the_other(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        from memberof.testing import TestIdp

        idp = TestIdp("keycloak", entity_id="https://shared.idp.example")
        one, _ = make_provider("one", tenant="one", idp=idp)
        two, _ = make_provider("two", tenant="two", idp=idp)
        begun = browser.begin(one)
        response = browser.post(two, respond(one, idp, begun["request_id"]))
        assert code_of(caplog, response) == "saml.destination_mismatch"


class TestAttacks:
    def test_a_replayed_post_is_refused(self, make_provider: Any, browser: Browser, caplog: Any) -> None:
        provider, idp = make_provider()
        begun = browser.begin(provider)
        cookies = dict(browser.client.cookies)
        message = respond(provider, idp, begun["request_id"])
        assert browser.post(provider, message).status_code == 303
        browser.client.cookies.update(cookies)
        assert code_of(caplog, browser.post(provider, message)) == "saml.in_response_to_mismatch"

    def test_a_foreign_relay_state_leads_nowhere(self, make_provider: Any, browser: Browser) -> None:
        provider, idp = make_provider()
        begun = browser.begin(provider, "/notes/")
        response = browser.post(
            provider, respond(provider, idp, begun["request_id"]), "https://evil.example/"
        )
        assert response["Location"] == "/notes/"

    @pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
    def test_only_local_paths_are_gone_back_to(
        self, make_provider: Any, browser: Browser, target: str
    ) -> None:
        provider, idp = make_provider()
        assert browser.sign_in(provider, idp, target=target)["Location"] == "/"

    def test_nobody_is_signed_in_by_a_response_that_another_browser_asked_for(
        self, make_provider: Any, browser: Browser, other_browser: Browser, caplog: Any
    ) -> None:
        provider, idp = make_provider()
        begun = other_browser.begin(provider)
        response = browser.post(provider, respond(provider, idp, begun["request_id"], "mallory"))
        assert code_of(caplog, response) == "saml.in_response_to_mismatch"
        assert "_auth_user_id" not in browser.client.session

    def test_another_providers_response_is_refused(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        provider, _ = make_provider("acme")
        _, evil = make_provider("evil", group_format="off")
        begun = browser.begin(provider)
        response = browser.post(provider, respond(provider, evil, begun["request_id"]))
        assert code_of(caplog, response) == "saml.issuer_mismatch"

    def test_a_session_of_somebody_else_is_not_taken_over(self, make_provider: Any, browser: Browser) -> None:
        provider, idp = make_provider()
        session = browser.client.session
        session["planted"] = "by an attacker"
        session.save()
        before = session.session_key
        browser.client.cookies["sessionid"] = before
        browser.sign_in(provider, idp)
        assert browser.client.session.session_key != before
        assert "planted" not in browser.client.session

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_two_tabs_work_in_either_order(
        self, make_provider: Any, browser: Browser, order: tuple[int, int]
    ) -> None:
        provider, idp = make_provider()
        targets = ["/notes/", "/editors/"]
        tabs = [browser.begin(provider, target) for target in targets]
        for tab in order:
            response = browser.post(provider, respond(provider, idp, tabs[tab]["request_id"]))
            assert response["Location"] == targets[tab]

    def test_a_ten_megabyte_form_is_refused_unread(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        provider, _ = make_provider()
        assert code_of(caplog, browser.post(provider, "A" * 10_000_000), 413) == "saml.too_large"

    def test_an_unsolicited_response_begins_a_login_once(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        provider, idp = make_provider()
        message = respond(provider, idp, None)
        response = browser.post(provider, message)
        assert response.status_code == 302
        assert response["Location"].startswith(idp.sso_url)
        assert "_auth_user_id" not in browser.client.session
        assert code_of(caplog, browser.post(provider, message)) == "saml.unsolicited_again"

    def test_the_cookie_of_a_request_is_bound_to_this_site(
        self, make_provider: Any, browser: Browser
    ) -> None:
        provider, _ = make_provider()
        browser.begin(provider)
        (name,) = [name for name in browser.client.cookies if "memberof-req" in name]
        cookie = browser.client.cookies[name]
        assert name.startswith("__Host-")
        assert (cookie["samesite"], cookie["secure"], cookie["httponly"], cookie["path"]) == (
            "None",
            True,
            True,
            "/",
        )
        assert not cookie["domain"]

    def test_a_request_that_was_left_lying_is_void(
        self, make_provider: Any, browser: Browser, caplog: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provider, idp = make_provider()
        begun = browser.begin(provider)
        later = timezone.now() + timedelta(minutes=16)
        monkeypatch.setattr(timezone, "now", lambda: later)
        response = browser.post(provider, respond(provider, idp, begun["request_id"], now=later))
        assert code_of(caplog, response) == "saml.in_response_to_mismatch"

    def test_addresses_come_from_the_settings_whatever_host_a_request_names(
        self, make_provider: Any, browser: Browser, settings: Any
    ) -> None:
        from memberof.testing.authn_request import read_redirect

        settings.ALLOWED_HOSTS = ["*"]
        provider, _ = make_provider()
        evil = {"host": "evil.example", "x-forwarded-host": "evil.example"}
        begun = browser.client.get(provider.login_path, secure=True, headers=evil)
        asked = read_redirect(parse_qs(urlsplit(begun["Location"]).query)["SAMLRequest"][0])
        assert asked.acs_url == "https://notes.example.test/saml/acme/acs/"
        assert asked.issuer == "https://notes.example.test/saml/acme/metadata/"
        metadata = browser.client.get("/saml/acme/metadata/", secure=True, headers=evil)
        assert "evil" not in metadata.content.decode()

    @pytest.mark.parametrize("force", [False, True])
    def test_credentials_are_asked_for_where_that_is_set(
        self, make_provider: Any, browser: Browser, force: bool
    ) -> None:
        provider, _ = make_provider(force_authn=force)
        begun = browser.client.get(provider.login_path, secure=True, headers=HOST)
        request = parse_qs(urlsplit(begun["Location"]).query)["SAMLRequest"][0]
        assert ('ForceAuthn="true"' in zlib.decompress(base64.b64decode(request), -15).decode()) is force

    def test_only_the_consumer_service_is_exempt_from_the_csrf_check(self) -> None:
        from memberof.django import urls

        exempt = [p.name for p in urls.urlpatterns if getattr(p.callback, "csrf_exempt", False)]
        assert exempt == ["acs"]


class TestAccounts:
    def test_an_existing_account_is_not_taken_over_by_user_name(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        get_user_model().objects.create_user("alice")
        provider, idp = make_provider()
        assert code_of(caplog, browser.sign_in(provider, idp)) == "account.name_taken"

    def test_an_existing_account_is_not_taken_over_by_its_address(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        get_user_model().objects.create_user("al", "alice@corp.example")
        provider, idp = make_provider(email_attribute="contact")
        response = browser.sign_in(provider, idp, attributes={"contact": "ALICE@corp.example"})
        assert code_of(caplog, response) == "account.email_taken"

    def test_an_address_as_the_name_of_a_user_is_warned_of(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        provider, idp = make_provider()
        mail = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
        response = browser.sign_in(provider, idp, name_id="alice@corp.example", name_id_format=mail)
        assert response.status_code == 303
        assert "saml.email_subject" in caplog.text

    def test_an_account_that_was_switched_off_stays_off(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        provider, idp = make_provider()
        browser.sign_in(provider, idp)
        get_user_model().objects.update(is_active=False)
        assert code_of(caplog, browser.sign_in(provider, idp)) == "account.inactive"

    def test_a_superusers_address_leads_nowhere_even_in_a_listed_domain(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        get_user_model().objects.create_superuser("root", "root@corp.example")
        provider, idp = make_provider(link_domains="corp.example", email_attribute="contact")
        response = browser.sign_in(provider, idp, attributes={"contact": "root@corp.example"})
        assert code_of(caplog, response) == "account.privileged"

    def test_an_address_given_to_a_new_person_doesnt_give_her_the_old_account(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        provider, idp = make_provider(link_domains="corp.example", email_attribute="contact")
        mail = {"attributes": {"contact": "alice@corp.example"}}
        browser.sign_in(provider, idp, name_id="subject-1", **mail)
        response = browser.sign_in(provider, idp, name_id="subject-2", **mail)
        assert code_of(caplog, response) == "account.linked_elsewhere"

    def test_a_changed_user_name_keeps_the_account(self, make_provider: Any, browser: Browser) -> None:
        provider, idp = make_provider(username_attribute="uid")
        browser.sign_in(provider, idp, name_id="s-1", attributes={"uid": "alice"})
        browser.sign_in(provider, idp, name_id="s-1", attributes={"uid": "alice-married"})
        assert list(get_user_model().objects.values_list("username", flat=True)) == ["alice"]

    def test_a_transient_name_is_refused(self, make_provider: Any, browser: Browser, caplog: Any) -> None:
        provider, idp = make_provider()
        transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
        response = browser.sign_in(provider, idp, name_id_format=transient)
        assert code_of(caplog, response) == "saml.no_stable_subject"
        assert not get_user_model().objects.exists()

    def test_an_ordinary_account_of_a_listed_domain_is_linked(
        self, make_provider: Any, browser: Browser
    ) -> None:
        user = get_user_model().objects.create_user("al", "alice@corp.example")
        provider, idp = make_provider(link_domains="corp.example", email_attribute="contact")
        browser.sign_in(provider, idp, attributes={"contact": "Alice@corp.example"})
        assert browser.client.session["_auth_user_id"] == str(user.pk)

    def test_flags_follow_groups_and_the_last_superuser_stays(
        self, make_provider: Any, browser: Browser, settings: Any
    ) -> None:
        settings.MEMBEROF = {
            **settings.MEMBEROF,
            "FLAGS_BY_GROUP": {"acme": {"is_staff": ["Editors"], "is_superuser": ["Owners"]}},
        }
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Editors", "Owners"])
        alice = get_user_model().objects.get(username="alice")
        assert (alice.is_staff, alice.is_superuser) == (True, True)
        browser.sign_in(provider, idp, groups=["Sales"])
        alice.refresh_from_db()
        assert (alice.is_staff, alice.is_superuser) == (False, True)


class TestSessions:
    def test_the_bound_is_absolute_and_leads_through_the_identity_provider_to_the_same_page(
        self, make_provider: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provider, idp = make_provider(session_hours=2)
        browser.sign_in(provider, idp)
        html = {**HOST, "accept": "text/html"}
        assert browser.client.get("/notes/", secure=True, headers=html).status_code == 200
        later = timezone.now() + timedelta(hours=2)
        monkeypatch.setattr(timezone, "now", lambda: later)
        response = browser.client.get("/notes/?page=2", secure=True, headers=html)
        assert response["Location"] == f"{provider.login_path}?next=%2Fnotes%2F%3Fpage%3D2"
        assert "_auth_user_id" not in browser.client.session

    def test_the_identity_provider_may_end_it_earlier(self, make_provider: Any, browser: Browser) -> None:
        from memberof.django.models import SamlSession

        provider, idp = make_provider()
        browser.sign_in(provider, idp, session_lifetime=timedelta(hours=1))
        row = SamlSession.objects.get()
        assert timedelta(minutes=59) < row.expires_at - row.created_at <= timedelta(hours=1)

    def test_sessions_are_ended_from_the_servers_side(self, make_provider: Any, browser: Browser) -> None:
        from memberof.django.sessions import end_sessions

        provider, idp = make_provider()
        browser.sign_in(provider, idp)
        assert end_sessions(get_user_model().objects.get(username="alice")) == 1
        response = browser.client.get("/notes/", secure=True, headers=HOST)
        assert response.status_code == 302
        assert "_auth_user_id" not in browser.client.session

    def test_signing_out_lands_on_a_page_that_doesnt_sign_in_again(
        self, make_provider: Any, browser: Browser
    ) -> None:
        provider, idp = make_provider()
        browser.sign_in(provider, idp)
        response = browser.client.post("/saml/signed-out/", secure=True, headers=HOST, follow=True)
        assert response.status_code == 200
        assert "You are signed out" in response.content.decode()
        assert "_auth_user_id" not in browser.client.session

    def test_without_the_middleware_nobody_is_signed_in(
        self, make_provider: Any, browser: Browser, settings: Any
    ) -> None:
        from django.core.exceptions import ImproperlyConfigured

        provider, idp = make_provider()
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "memberof" not in name]
        with pytest.raises(ImproperlyConfigured):
            browser.sign_in(provider, idp)


def test_the_log_names_the_reference_that_the_user_sees(
    make_provider: Any, browser: Browser, caplog: Any
) -> None:
    provider, _ = make_provider()
    with caplog.at_level(logging.WARNING):
        response = browser.post(provider, "AAAA")
    (record,) = [r for r in caplog.records if r.name == "memberof.django"]
    assert record.args is not None
    assert str(record.args[3]) in response.content.decode()


def test_our_metadata_names_the_consumer_service(make_provider: Any, browser: Browser) -> None:
    provider, _ = make_provider()
    response = browser.client.get("/saml/acme/metadata/", secure=True, headers=HOST)
    assert provider.acs_url in response.content.decode()
