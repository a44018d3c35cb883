"""The demonstration over HTTP: the whole way of a sign-in, and what bad input comes to."""

from __future__ import annotations

import base64
import html
import logging
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from memberof.demo.__main__ import database_url
from memberof.demo.application import create_application
from memberof.demo.web import BROWSER_COOKIE, SESSION_COOKIE
from memberof.stores.engine import make_engine
from memberof.testing import forgeries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORIGIN = "http://127.0.0.1:8000"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Browser:
    """A browser that signs in: it carries cookies, follows forms and keeps no script."""

    def __init__(self, application: Any) -> None:
        self.http = TestClient(application, base_url=ORIGIN, follow_redirects=False)

    def get(self, path: str) -> Any:
        return self.http.get(path)

    def begin(self, organisation: str = "keycloak", landing: str = "me") -> dict[str, str]:
        """Go to the identity provider; returns the hidden fields of its form."""
        token = hidden(self.get("/").text)["form_token"]
        sent = self.http.post(
            "/login", data={"form_token": token, "organisation": organisation, "landing": landing}
        )
        assert sent.status_code == 303
        page = self.get(sent.headers["location"].removeprefix(ORIGIN))
        assert page.status_code == 200
        fields = re.findall(r'<form method="post".*?</form>', page.text, re.DOTALL)[-1]
        return hidden(fields)

    def answer(
        self, fields: dict[str, str], organisation: str = "keycloak", **choices: Any
    ) -> dict[str, str]:
        """Choose a person and groups; returns what the browser would post to the application."""
        page = self.http.post(f"/idp/{organisation}/sso", data={**fields, **choices})
        assert page.status_code == 200, page.text
        return hidden(page.text)

    def carry(self, form: dict[str, str], organisation: str = "keycloak") -> Any:
        """Post a Response to the application."""
        return self.http.post(f"/saml/{organisation}/acs", data=form)

    def sign_in(
        self, groups: str, organisation: str = "keycloak", user: str = "alice", **choices: Any
    ) -> str:
        """Sign in; returns the page that shows the result."""
        form = self.answer(self.begin(organisation), organisation, user=user, groups=groups, **choices)
        landed = self.carry(form, organisation)
        assert (landed.status_code, landed.headers["location"]) == (303, "/me"), landed.text
        text: str = self.get("/me").text
        return text


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def section(page: str, name: str) -> str:
    """The text of a section, without tags."""
    found = re.search(rf'<section[^>]*aria-labelledby="{name}".*?</section>', page, re.DOTALL)
    assert found is not None, name
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def application(tmp_path: Path, clock: Clock) -> Iterator[Any]:
    # a locked database is waited for, but not for long
    engine = make_engine(f"sqlite:///{tmp_path / 'demo.db'}?timeout=0.3")
    yield create_application(engine, ORIGIN, clock=clock)
    engine.dispose()


@pytest.fixture
def browser(application: Any) -> Browser:
    return Browser(application)


def refused_with(caplog: pytest.LogCaptureFixture) -> str:
    """The code that the log names for the last refusal."""
    messages = [r.getMessage() for r in caplog.records if r.name == "memberof.demo"]
    found = re.search(r"code=(\S+)", messages[-1])
    assert found is not None
    return found[1]


def test_a_first_sign_in_creates_and_joins_groups(browser: Browser) -> None:
    page = browser.sign_in("Engineering\nSales, EMEA")
    assert section(page, "changed").count("Joined") == 2
    assert "it was created, as external" in section(page, "changed")
    assert "Engineering external" in section(page, "mine")
    assert "Sales, EMEA external" in section(page, "mine")


def test_a_second_sign_in_changes_nothing(browser: Browser) -> None:
    browser.sign_in("Engineering")
    assert "Nothing." in section(browser.sign_in("Engineering"), "changed")


def test_groups_taken_away_at_the_identity_provider_are_left(browser: Browser) -> None:
    browser.sign_in("Engineering\nOn-call")
    page = browser.sign_in("Engineering")
    assert "Left On-call" in section(page, "changed")
    assert "On-call" not in section(page, "mine")


def test_an_internal_group_stays_until_its_name_is_sent(browser: Browser) -> None:
    token = hidden(browser.get("/admin/keycloak").text)["form_token"]
    made = browser.http.post(
        "/admin/keycloak/groups", data={"form_token": token, "name": "Book club", "members": "alice, bob"}
    )
    assert made.headers["location"].endswith("?notice=created")
    page = browser.sign_in("Engineering")
    assert "Book club internal given here" in section(page, "mine")
    page = browser.sign_in("Engineering\nBook club")
    assert "Adopted Book club" in section(page, "changed")
    assert "Book club external" in section(page, "mine")


@pytest.mark.parametrize(
    "organisation", ["adfs", "pingfederate", "entra", "okta", "shibboleth", "onelogin-dn"]
)
def test_other_products_sign_in_too(browser: Browser, organisation: str) -> None:
    page = browser.sign_in("Engineering\nSales, EMEA", organisation)
    assert "Sales, EMEA external" in section(page, "mine")
    assert "Your groups 2" in section(page, "mine")


def test_organisations_see_nothing_of_each_other(browser: Browser) -> None:
    browser.sign_in("Engineering", "keycloak")
    browser.sign_in("Finance", "adfs")
    assert "Finance" not in section(browser.get("/admin/keycloak").text, "groups")
    assert "Engineering" not in section(browser.get("/admin/adfs").text, "groups")


def test_the_history_shows_who_signed_in_and_what_changed(browser: Browser) -> None:
    browser.sign_in("Engineering")
    browser.sign_in("Finance", user="bob")
    history = section(browser.get("/admin/keycloak").text, "history")
    assert history.index("bob") < history.index("alice")
    assert "Joined Finance" in history


def test_an_overage_takes_nothing_away(browser: Browser) -> None:
    browser.sign_in("Engineering", "entra")
    page = browser.sign_in("Engineering", "entra", overage="true")
    assert "overage" in section(page, "sent")
    assert "Engineering external" in section(page, "mine")


def test_markup_in_a_group_name_stays_text(browser: Browser) -> None:
    page = browser.sign_in("<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in browser.get("/admin/keycloak").text


# what is refused


@pytest.mark.parametrize("kind", [kind.name for kind in forgeries() if not kind.read_whole])
def test_every_forgery_is_refused_and_changes_nothing(
    browser: Browser, application: Any, clock: Clock, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = browser.sign_in("Engineering")
    before = section(page, "mine")
    browser.answer(browser.begin(), user="alice", groups="Engineering")
    idp = application.state.site.organisations.find("keycloak").idp
    (pending,) = application.state.site.pending.all().values()
    # the genuine parts answer the pending request, unless the forgery is about that
    forged = idp.forge(kind, now=clock.now, request_id=pending.request_id, evil_groups=["Administrators"])
    with caplog.at_level(logging.WARNING, "memberof.demo"):
        answer = browser.carry({"SAMLResponse": forged})
    assert answer.status_code == 403
    assert "Sign-in refused" in answer.text
    assert refused_with(caplog).startswith(("saml.", "xml.", "dsig.", "xmlenc."))
    assert refused_with(caplog) not in answer.text
    assert section(browser.get("/me").text, "mine") == before
    assert "Administrators" not in browser.get("/admin/keycloak").text


def test_garbage_in_place_of_base64_is_refused(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    browser.begin()
    answer = browser.carry({"SAMLResponse": "certainly %% not base64", "RelayState": "x"})
    assert (answer.status_code, refused_with(caplog)) == (403, "saml.base64")
    reference = re.search(r'class="reference">(\w{8})<', answer.text)
    assert reference is not None
    assert reference[1] in caplog.text


def test_a_body_of_50_megabytes_is_refused_unread(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    answer = browser.carry({"SAMLResponse": "A" * 50_000_000})
    assert (answer.status_code, refused_with(caplog)) == (413, "demo.body_too_large")
    assert "Sign-in refused" in answer.text


def test_a_body_that_does_not_announce_its_size_is_counted(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    def chunks() -> Any:
        yield b"SAMLResponse="
        for _ in range(50):
            yield b"A" * 1_000_000

    answer = browser.http.post(
        "/saml/keycloak/acs",
        content=chunks(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, refused_with(caplog)) == (413, "demo.body_too_large")


def test_a_truncated_response_is_refused(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    form = browser.answer(browser.begin(), user="alice", groups="Engineering")
    whole = base64.b64decode(form["SAMLResponse"])
    form["SAMLResponse"] = base64.b64encode(whole[: len(whole) // 2]).decode()
    assert browser.carry(form).status_code == 403
    assert refused_with(caplog).startswith("xml.")


def test_a_response_posted_twice_signs_in_once(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    form = browser.answer(browser.begin(), user="alice", groups="Engineering")
    assert browser.carry(form).status_code == 303
    assert browser.carry(form).status_code == 403
    assert refused_with(caplog) == "saml.in_response_to_mismatch"


def test_a_response_in_another_browser_is_refused(
    browser: Browser, application: Any, caplog: pytest.LogCaptureFixture
) -> None:
    form = browser.answer(browser.begin(), user="mallory", groups="Engineering")
    victim = Browser(application)
    victim.begin()
    answer = victim.carry(form)
    assert (answer.status_code, refused_with(caplog)) == (403, "saml.in_response_to_mismatch")
    assert SESSION_COOKIE not in victim.http.cookies


def test_a_database_that_is_locked_loses_nothing(
    browser: Browser, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    browser.sign_in("Engineering")
    form = browser.answer(browser.begin(), user="alice", groups="Finance")
    lock = sqlite3.connect(tmp_path / "demo.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    answer = browser.carry(form)
    lock.execute("ROLLBACK")
    lock.close()
    assert answer.status_code == 503
    assert "could not be completed" in answer.text
    assert refused_with(caplog).startswith("store.")
    assert "Engineering external" in section(browser.get("/me").text, "mine")
    # the very same answer again, now that the database is back
    assert browser.carry(form).status_code == 303
    assert "Finance external" in section(browser.get("/me").text, "mine")


def undo(browser: Browser, place: int) -> str:
    """Press the undo button at a place in the history, the newest first; returns the page that follows."""
    page = browser.get("/admin/keycloak").text
    path = re.findall(r'action="(/admin/keycloak/events/\d+/undo)"', page)[place]
    done = browser.http.post(path, data={"form_token": hidden(page)["form_token"]}, follow_redirects=True)
    assert done.status_code == 200
    return str(done.text)


def test_an_administrator_undoes_a_sign_in(browser: Browser) -> None:
    browser.sign_in("Engineering\nOn-call")
    browser.sign_in("Engineering")
    page = undo(browser, 0)
    assert "It was undone" in page
    assert "On-call external" in section(browser.get("/me").text, "mine")
    assert page.count("/undo") == 1  # neither what was undone, nor the undo


def test_an_older_sign_in_is_not_undone_under_a_newer_one(browser: Browser) -> None:
    browser.sign_in("Engineering\nOn-call")
    browser.sign_in("Engineering")
    assert "Newer changes stand upon this one" in undo(browser, 1)
    assert "On-call" not in section(browser.get("/me").text, "mine")


def test_undo_needs_a_form_of_ours(browser: Browser) -> None:
    browser.sign_in("Engineering")
    assert browser.http.post("/admin/keycloak/events/1/undo").status_code == 403
    assert "Engineering external" in section(browser.get("/me").text, "mine")


def test_an_administrator_is_told_that_the_database_is_locked(browser: Browser, tmp_path: Path) -> None:
    browser.sign_in("Engineering")
    form = {
        "form_token": hidden(browser.get("/admin/keycloak").text)["form_token"],
        "name": "Book club",
        "members": "",
    }
    with closing(sqlite3.connect(tmp_path / "demo.db", isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        page = browser.http.post("/admin/keycloak/groups", data=form, follow_redirects=True)
    assert "The database is busy. Nothing was changed; try again in a moment." in page.text
    page = browser.http.post("/admin/keycloak/groups", data=form, follow_redirects=True)
    assert "The group was created." in page.text


def test_a_database_that_is_gone_is_a_page_that_says_so(browser: Browser, tmp_path: Path) -> None:
    browser.sign_in("Engineering")
    with closing(sqlite3.connect(tmp_path / "demo.db")) as other:
        other.execute("ALTER TABLE memberof_memberships RENAME TO elsewhere")
    page = browser.http.get("/me")
    assert page.status_code == 503
    assert "try again" in page.text


def test_the_demonstration_waits_three_seconds_for_a_locked_database(tmp_path: Path) -> None:
    engine = make_engine(database_url(tmp_path / "demo.db"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 3000
    engine.dispose()


def test_a_relay_state_from_elsewhere_leads_nowhere(browser: Browser) -> None:
    form = browser.answer(browser.begin(), user="alice", groups="Engineering")
    landed = browser.carry({**form, "RelayState": "https://evil.example/"})
    assert landed.headers["location"] == "/me"


def test_the_landing_is_what_was_asked_for_before(browser: Browser) -> None:
    form = browser.answer(browser.begin(landing="admin"), user="alice", groups="Engineering")
    assert browser.carry(form).headers["location"] == "/admin/keycloak"


@pytest.mark.parametrize("path", ["/login", "/logout", "/admin/keycloak/groups", "/idp/keycloak/sso"])
def test_a_form_from_another_site_is_refused(browser: Browser, path: str) -> None:
    browser.get("/")
    data = {
        "organisation": "keycloak",
        "name": "x",
        "saml_request": "x",
        "user": "alice",
        "form_token": "f" * 64,
    }
    assert browser.http.post(path, data=data).status_code == 403


def test_another_name_for_this_address_is_refused(browser: Browser) -> None:
    assert browser.http.get("/", headers={"host": "evil.example"}).status_code == 400


def test_sessions_end_when_they_should(browser: Browser, clock: Clock) -> None:
    browser.sign_in("Engineering")  # this identity provider bounds sessions to 10 hours
    clock.now += timedelta(hours=9, minutes=50)
    assert browser.get("/me").status_code == 200
    clock.now += timedelta(minutes=15)
    assert browser.get("/me").headers["location"] == "/"


def test_signing_out_ends_the_session_on_the_server(browser: Browser) -> None:
    page = browser.sign_in("Engineering")
    token = browser.http.cookies[SESSION_COOKIE]
    browser.http.post("/logout", data={"form_token": hidden(page)["form_token"]})
    browser.http.cookies.set(SESSION_COOKIE, token, domain="127.0.0.1")
    assert browser.get("/me").status_code == 303


def test_a_planted_session_token_is_not_kept(browser: Browser) -> None:
    browser.http.cookies.set(SESSION_COOKIE, "planted", domain="127.0.0.1", path="/")
    browser.sign_in("Engineering")
    assert "planted" not in [
        c.value for c in browser.http.cookies.jar if c.name == SESSION_COOKIE and c.domain_specified
    ]


def test_cookies_are_out_of_reach_of_scripts(application: Any) -> None:
    with TestClient(application, base_url=ORIGIN, follow_redirects=False) as http:
        cookie = http.get("/").headers["set-cookie"]
    assert BROWSER_COOKIE in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_pages_let_no_other_site_in(browser: Browser) -> None:
    headers = browser.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"


def test_pages_that_are_not_there_say_so(browser: Browser) -> None:
    for path in ("/nowhere", "/admin/nobody", "/saml/nobody/metadata", "/idp/nobody/sso?SAMLRequest=x"):
        page = browser.get(path)
        assert page.status_code == 404
        assert "There is no such page." in page.text


@pytest.mark.parametrize("text", ["", "%%%", "AAAA"])
def test_what_is_no_saml_request_is_refused_by_the_identity_provider(browser: Browser, text: str) -> None:
    assert browser.http.get("/idp/keycloak/sso", params={"SAMLRequest": text}).status_code == 400


def test_both_sides_publish_their_metadata(browser: Browser) -> None:
    assert "IDPSSODescriptor" in browser.get("/idp/keycloak/metadata").text
    assert f"{ORIGIN}/saml/keycloak/acs" in browser.get("/saml/keycloak/metadata").text
