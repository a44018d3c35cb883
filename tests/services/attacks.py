"""What every adapter for a web framework must hold: one suite, run on each example application.

A module gives a fixture ``site`` (:class:`Site`) and inherits the classes: ``class TestAttacks(Attacks): …``.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from memberof.testing import TestIdp
from memberof.testing.authn_request import read_redirect
from services.forgeries import FORGERIES

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
ORIGIN = "https://notes.example.test"


@dataclass(frozen=True)
class Trust:
    """An identity provider as the application knows it, and the identity provider itself."""

    key: str
    entity_id: str
    acs_url: str
    login_path: str
    idp: TestIdp

    def respond(self, request_id: str | None, user: str = "alice", groups: Any = (), **more: Any) -> str:
        """Return a signed Response."""
        more.setdefault("name_id_format", PERSISTENT)
        return self.idp.response(
            user=user,
            groups=groups,
            request_id=request_id,
            sp_entity_id=self.entity_id,
            acs_url=self.acs_url,
            **more,
        )


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP."""

    status: int
    location: str
    text: str
    cookies: tuple[str, ...]


@dataclass(frozen=True)
class Begun:
    """What went to the identity provider."""

    request_id: str
    relay_state: str


class Browser(ABC):
    """A browser, with the cookies that it would send across sites."""

    cookies: dict[str, str]

    @abstractmethod
    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a page."""

    @abstractmethod
    def send(self, path: str, form: dict[str, str]) -> Answer:
        """Post a form."""

    @abstractmethod
    def signed_in(self) -> str | None:
        """The user name of whoever is signed in."""

    @abstractmethod
    def keep(self) -> Any:
        """Remember the cookies."""

    @abstractmethod
    def restore(self, kept: Any) -> None:
        """Go back to them."""

    def begin(self, trust: Trust, target: str | None = None) -> Begun:
        """Begin a sign-in."""
        query = "" if target is None else "?" + urlencode({"next": target})
        answer = self.get(trust.login_path + query)
        assert answer.status == 302, answer
        return begun(answer)

    def post(self, trust: Trust, saml_response: str, relay_state: str = "") -> Answer:
        """Post a Response, as the identity provider's page does."""
        form = {"SAMLResponse": saml_response, "RelayState": relay_state}
        return self.send(urlsplit(trust.acs_url).path, form)

    def sign_in(
        self, trust: Trust, user: str = "alice", groups: Any = (), target: str | None = None, **more: Any
    ) -> Answer:
        """The whole way."""
        asked = self.begin(trust, target)
        return self.post(trust, trust.respond(asked.request_id, user, groups, **more), asked.relay_state)


def begun(answer: Answer) -> Begun:
    """Read what a redirect sends to the identity provider."""
    query = parse_qs(urlsplit(answer.location).query)
    return Begun(read_redirect(query["SAMLRequest"][0]).id, query["RelayState"][0])


class Site(ABC):
    """An example application on one framework, with a database of its own."""

    logger: str
    notes = "/notes"
    editors = "/editors"
    sign_out = "/saml/signed-out"

    @abstractmethod
    def trust(self, key: str = "acme", *, idp: TestIdp | None = None, **settings: Any) -> Trust:
        """Let the application trust an identity provider. Settings: ``tenant``, ``group_format``, ``link_domains``,
        ``email_attribute``, ``username_attribute``, ``session_hours``.
        """

    @abstractmethod
    def browser(self) -> Browser:
        """Return a new browser."""

    @abstractmethod
    def groups_of(self, username: str) -> set[str]:
        """The groups of a user now, by their names in her tenant."""

    @abstractmethod
    def users(self) -> set[str]:
        """All user names."""

    @abstractmethod
    def add_user(
        self, username: str, email: str = "", *, superuser: bool = False, active: bool = True
    ) -> None:
        """Add a user whom no subject leads to."""

    @abstractmethod
    def deactivate(self, username: str) -> None:
        """Deactivate a user."""

    @abstractmethod
    def end_sessions(self, username: str) -> int:
        """End her sessions from the server's side."""

    @abstractmethod
    def pass_time(self, time: timedelta) -> None:
        """Move the clock."""

    def code(self, caplog: pytest.LogCaptureFixture, answer: Answer, status: int = 403) -> str:
        """The code of the only refusal so far; the user is told nothing but the reference."""
        assert answer.status == status, answer
        refused = [r for r in caplog.records if r.name == self.logger and "refused" in r.msg]
        assert len(refused) == 1, refused
        arguments = refused[0].args
        assert isinstance(arguments, tuple)
        message, code, reference = str(arguments[0]), str(arguments[1]), str(arguments[3])
        assert reference in answer.text
        assert code not in answer.text
        assert message not in answer.text
        return code


class Attacks:
    """Nobody is signed in who should not be, nor as somebody else, nor led elsewhere."""

    @pytest.mark.once
    @pytest.mark.parametrize("kind", FORGERIES)
    def test_every_forgery_is_refused_with_its_code(
        self, site: Site, caplog: pytest.LogCaptureFixture, kind: str
    ) -> None:
        trust = site.trust()
        browser = site.browser()
        asked = browser.begin(trust)
        options = {"sp_entity_id": trust.entity_id, "acs_url": trust.acs_url, "name_id_format": PERSISTENT}
        message = trust.idp.forge(
            kind, request_id=asked.request_id, user="alice", groups=["Staff"], **options
        )
        answer = browser.post(trust, message, asked.relay_state)
        if FORGERIES[kind] == "accepted":
            assert answer.status == 303
            assert "Administrators" not in site.groups_of(str(browser.signed_in()))
            return
        if kind == "unsolicited":
            # This browser asked, and the answer says that nobody did: asking again would loop.
            assert site.code(caplog, answer) == "saml.unsolicited_again"
        elif kind == "empty" and not message:
            assert site.code(caplog, answer) == "saml.missing"
        else:
            assert site.code(caplog, answer) == FORGERIES[kind]
        assert browser.signed_in() is None
        assert site.users() == set()

    def test_a_replayed_post_is_refused(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        trust, browser = site.trust(), site.browser()
        asked = browser.begin(trust)
        kept = browser.keep()
        message = trust.respond(asked.request_id)
        assert browser.post(trust, message).status == 303
        browser.restore(kept)
        assert site.code(caplog, browser.post(trust, message)) == "saml.in_response_to_mismatch"

    def test_a_foreign_relay_state_leads_nowhere(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        asked = browser.begin(trust, site.notes)
        answer = browser.post(trust, trust.respond(asked.request_id), "https://evil.example/")
        assert (answer.status, answer.location) == (303, site.notes)

    @pytest.mark.parametrize(
        "target",
        ["//evil.example/", "https://evil.example/", "/\\evil.example", "/\tevil", "javascript:alert(1)"],
    )
    def test_only_local_paths_are_gone_back_to(self, site: Site, target: str) -> None:
        assert site.browser().sign_in(site.trust(), target=target).location == "/"

    def test_nobody_is_signed_in_by_a_response_that_another_browser_asked_for(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        trust, browser, attackers = site.trust(), site.browser(), site.browser()
        asked = attackers.begin(trust)
        answer = browser.post(trust, trust.respond(asked.request_id, "mallory"), asked.relay_state)
        assert site.code(caplog, answer) == "saml.in_response_to_mismatch"
        assert browser.signed_in() is None

    def test_another_providers_response_is_refused(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        trust, browser = site.trust("acme"), site.browser()
        evil = site.trust("evil", group_format="off")
        asked = browser.begin(trust)
        message = evil.idp.response(
            user="alice", request_id=asked.request_id, sp_entity_id=trust.entity_id, acs_url=trust.acs_url
        )
        assert site.code(caplog, browser.post(trust, message)) == "saml.issuer_mismatch"

    def test_a_request_of_one_provider_is_not_answered_by_another(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        acme, other, browser = site.trust("acme"), site.trust("other", group_format="off"), site.browser()
        asked = browser.begin(acme)
        answer = browser.post(other, other.respond(asked.request_id))
        assert site.code(caplog, answer) == "saml.in_response_to_mismatch"

    def test_two_tabs_work(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        one, two = browser.begin(trust, site.notes), browser.begin(trust, site.editors)
        assert browser.post(trust, trust.respond(one.request_id)).location == site.notes
        assert browser.post(trust, trust.respond(two.request_id)).location == site.editors

    def test_a_ten_megabyte_form_is_refused_unread(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert site.code(caplog, site.browser().post(site.trust(), "A" * 10_000_000), 413) == "saml.too_large"

    def test_an_unsolicited_response_begins_a_login_once(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        trust, browser = site.trust(), site.browser()
        message = trust.respond(None)
        answer = browser.post(trust, message)
        assert answer.status in (302, 303)
        assert answer.location.startswith(trust.idp.sso_url)
        assert browser.signed_in() is None
        assert site.code(caplog, browser.post(trust, message)) == "saml.unsolicited_again"

    def test_a_login_that_an_unsolicited_response_began_works(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        asked = begun(browser.post(trust, trust.respond(None)))
        assert browser.post(trust, trust.respond(asked.request_id), asked.relay_state).status == 303
        assert browser.signed_in() == "alice"

    def test_the_cookie_of_a_request_is_bound_to_this_site(self, site: Site) -> None:
        (cookie,) = site.browser().get(site.trust().login_path).cookies
        name, _, rest = cookie.partition("=")
        parts = {part.strip().lower() for part in rest.split(";")[1:]}
        assert name.startswith("__Host-memberof-req-")
        assert {"samesite=none", "secure", "httponly", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)

    def test_cookies_of_requests_stay_few(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        for _ in range(20):
            browser.begin(trust)
        assert sum("memberof-req" in name for name in browser.cookies) <= 8

    def test_the_log_says_no_name_and_no_value(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        trust, browser = site.trust(), site.browser()
        asked = browser.begin(trust)
        with caplog.at_level(logging.DEBUG, logger="memberof"):
            browser.post(trust, trust.respond(asked.request_id, "alice.secret", ["Secret Group"]))
            browser.post(trust, trust.respond(asked.request_id, "alice.secret", ["Secret Group"]))
        text = " ".join(
            record.getMessage() for record in caplog.records if record.name.startswith("memberof")
        )
        assert "secret" not in text.lower()


class AccountAttacks:
    """Rule R14: whose account a subject gets."""

    def test_an_existing_account_is_not_taken_over_by_user_name(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.add_user("alice")
        assert site.code(caplog, site.browser().sign_in(site.trust())) == "account.name_taken"

    def test_an_existing_account_is_not_taken_over_by_address(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.add_user("al", "alice@corp.example")
        trust = site.trust(email_attribute="contact")
        answer = site.browser().sign_in(trust, attributes={"contact": "alice@corp.example"})
        assert site.code(caplog, answer) == "account.email_taken"

    def test_a_superusers_address_leads_nowhere_even_in_a_listed_domain(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.add_user("root", "root@corp.example", superuser=True)
        trust = site.trust(link_domains="corp.example", email_attribute="contact")
        answer = site.browser().sign_in(trust, attributes={"contact": "root@corp.example"})
        assert site.code(caplog, answer) == "account.privileged"

    def test_an_ordinary_account_of_a_listed_domain_is_linked(self, site: Site) -> None:
        site.add_user("al", "alice@corp.example")
        trust, browser = site.trust(link_domains="corp.example", email_attribute="contact"), site.browser()
        browser.sign_in(trust, groups=["Sales"], attributes={"contact": "Alice@corp.example"})
        assert browser.signed_in() == "al"
        assert site.groups_of("al") == {"Sales"}

    def test_an_address_given_to_a_new_person_doesnt_give_her_the_old_account(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        trust, browser = site.trust(link_domains="corp.example", email_attribute="contact"), site.browser()
        mail = {"attributes": {"contact": "alice@corp.example"}}
        browser.sign_in(trust, name_id="subject-1", **mail)
        answer = site.browser().sign_in(trust, name_id="subject-2", **mail)
        assert site.code(caplog, answer) == "account.linked_elsewhere"

    def test_a_changed_user_name_keeps_the_account(self, site: Site) -> None:
        trust, browser = site.trust(username_attribute="uid"), site.browser()
        browser.sign_in(trust, name_id="s-1", attributes={"uid": "alice"})
        browser.sign_in(trust, name_id="s-1", attributes={"uid": "alice-married"})
        assert site.users() == {"alice"}

    def test_subjects_that_differ_in_case_are_two_people(self, site: Site) -> None:
        trust = site.trust(username_attribute="uid", email_attribute="")
        site.browser().sign_in(trust, name_id="Subject", attributes={"uid": "one"})
        site.browser().sign_in(trust, name_id="subject", attributes={"uid": "two"})
        assert site.users() == {"one", "two"}

    def test_a_transient_name_is_refused(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        answer = site.browser().sign_in(site.trust(), name_id_format=TRANSIENT)
        assert site.code(caplog, answer) == "saml.no_stable_subject"
        assert site.users() == set()

    def test_an_inactive_account_stays_out(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        trust = site.trust()
        site.browser().sign_in(trust)
        site.deactivate("alice")
        assert site.code(caplog, site.browser().sign_in(trust)) == "account.inactive"


class SessionAttacks:
    """Rule R12: sessions end at their bound, and from the server's side."""

    def test_the_bound_is_absolute_and_leads_through_the_identity_provider_to_the_same_page(
        self, site: Site
    ) -> None:
        trust, browser = site.trust(session_hours=2), site.browser()
        browser.sign_in(trust)
        site.pass_time(timedelta(hours=1, minutes=59))
        page = browser.get(f"{site.notes}?page=2", Accept="text/html")
        assert page.status == 200
        site.pass_time(timedelta(minutes=1))
        away = urlsplit(browser.get(f"{site.notes}?page=2", Accept="text/html").location)
        assert (away.path, dict(parse_qsl(away.query))) == (
            trust.login_path,
            {"next": f"{site.notes}?page=2"},
        )
        assert browser.signed_in() is None

    def test_the_identity_provider_may_end_it_earlier(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        browser.sign_in(trust, session_lifetime=timedelta(hours=1))
        site.pass_time(timedelta(minutes=59))
        assert browser.signed_in() == "alice"
        site.pass_time(timedelta(minutes=1))
        assert browser.signed_in() is None

    def test_sessions_are_ended_from_the_servers_side(self, site: Site) -> None:
        trust, browser, phone = site.trust(), site.browser(), site.browser()
        browser.sign_in(trust)
        phone.sign_in(trust)
        assert site.end_sessions("alice") == 2
        assert browser.signed_in() is None
        assert phone.signed_in() is None

    def test_signing_out_lands_on_a_page_that_doesnt_sign_in_again(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        browser.sign_in(trust)
        kept = browser.keep()
        answer = browser.send(site.sign_out, {})
        assert answer.status == 303
        page = browser.get(answer.location)
        assert page.status == 200
        assert "You are signed out" in page.text
        browser.restore(kept)
        assert browser.signed_in() is None, "the session ended on the server, whatever cookie comes"

    def test_each_sign_in_has_a_session_of_its_own(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        browser.sign_in(trust)
        before = {name: value for name, value in browser.cookies.items() if "session" in name}
        browser.sign_in(trust)
        after = {name: value for name, value in browser.cookies.items() if "session" in name}
        assert before.keys() == after.keys()
        assert all(before[name] != after[name] for name in before)


class TenantAttacks:
    """Nothing crosses between tenants."""

    def test_nothing_crosses_between_tenants_that_share_an_identity_provider(self, site: Site) -> None:
        idp = TestIdp("keycloak", entity_id="https://shared.idp.example")
        one, two = site.trust("one", tenant="one", idp=idp), site.trust("two", tenant="two", idp=idp)
        browser = site.browser()
        browser.sign_in(one, groups=["Editors"])
        site.browser().sign_in(two, groups=["Editors"])
        assert site.groups_of("alice@one") == {"Editors"}
        assert site.groups_of("alice@two") == {"Editors"}
        browser.sign_in(one, groups=[], no_groups="empty_value")
        assert site.groups_of("alice@one") == set()
        assert site.groups_of("alice@two") == {"Editors"}

    def test_a_response_for_one_tenant_is_refused_at_the_other(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        idp = TestIdp("keycloak", entity_id="https://shared.idp.example")
        one, two = site.trust("one", tenant="one", idp=idp), site.trust("two", tenant="two", idp=idp)
        browser = site.browser()
        asked = browser.begin(one)
        answer = browser.post(two, one.respond(asked.request_id))
        assert site.code(caplog, answer) == "saml.destination_mismatch"


class GroupStory:
    """The rules, through the whole application."""

    def test_groups_follow_the_identity_provider(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        answer = browser.sign_in(trust, groups=["Sales", "Editors"], target=site.notes)
        assert (answer.status, answer.location) == (303, site.notes)
        assert site.groups_of("alice") == {"Sales", "Editors"}
        text = re.sub(r"<[^>]*>|\s+", " ", browser.get(site.notes).text)
        assert re.search(r"Sales *\(? *external", text), text
        browser.sign_in(trust, groups=["Sales"])
        assert site.groups_of("alice") == {"Sales"}

    def test_a_page_for_a_group_opens_to_its_members_only(self, site: Site) -> None:
        trust, browser = site.trust(), site.browser()
        browser.sign_in(trust, groups=["Sales"])
        assert browser.get(site.editors).status == 403
        browser.sign_in(trust, groups=["Editors"])
        assert browser.get(site.editors).status == 200

    def test_off_and_observe_change_nothing(self, site: Site) -> None:
        site.browser().sign_in(site.trust(group_format="off"), groups=["Sales"])
        assert site.groups_of("alice") == set()
        site.browser().sign_in(site.trust(mode="observe"), groups=["Sales"])
        assert site.groups_of("alice") == set()
