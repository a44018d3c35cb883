"""What this adapter has of its own: tenants by host and by callable, failures, OpenAPI, settings, tables."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import ValidationError
from services.attacks import ORIGIN, Trust

import memberof
from memberof.fastapi import ProviderSettings, Saml, SamlSettings, User
from memberof.testing import TestIdp

from .conftest import NotesBrowser, NotesSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memberof.stores import AsyncSqlStore

HOSTS = {"one": "https://one.example.test", "two": "https://two.example.test"}


class Small:
    """An application with one page, and two tenants on hosts of their own or told apart by a header."""

    def __init__(self, saml: Saml, idp: TestIdp) -> None:
        self.saml, self.idp = saml, idp
        self.app = FastAPI(lifespan=saml.lifespan)
        saml.install(self.app)

        @self.app.get("/me")
        async def me(user: User = Depends(saml.current_user)) -> dict[str, str]:  # noqa: B008
            return {"tenant": user.tenant, "name": user.name}

    def trust(self, key: str) -> Trust:
        made = self.saml.provider(key)
        return Trust(key, made.entity_id, made.acs_url, made.login_path, self.idp)


def small(database: str, idp: TestIdp, **options: Any) -> Small:
    providers = {
        key: ProviderSettings(
            metadata=idp.metadata_xml, tenant=key, base_url=host, group_format="array", mode="on"
        )
        for key, host in HOSTS.items()
    }
    settings = SamlSettings(
        base_url=ORIGIN, database=database, providers=providers, **options.pop("settings", {})
    )
    return Small(Saml(settings, **options), idp)


@pytest.fixture
def idp() -> TestIdp:
    return TestIdp("keycloak", entity_id="https://shared.idp.example")


class TestTenantsByHost:
    @pytest.fixture
    def app(self, database: str, idp: TestIdp) -> Iterator[tuple[Small, Any]]:
        made = small(database, idp, settings={"tenants_by": "host"})
        with TestClient(made.app, base_url=ORIGIN) as client:
            yield made, client.portal

    def test_the_host_says_whose_provider_is_meant(self, app: tuple[Small, Any]) -> None:
        made, portal = app
        browser = NotesBrowser(made.app, portal, HOSTS["one"])
        trust = made.trust("one")
        assert (trust.login_path, trust.acs_url) == ("/saml/login", "https://one.example.test/saml/acs")
        assert browser.sign_in(trust).status == 303
        assert browser.client.get("/me").json() == {"tenant": "one", "name": "alice@one"}

    def test_a_session_carried_to_another_tenants_host_opens_nothing(self, app: tuple[Small, Any]) -> None:
        made, portal = app
        browser = NotesBrowser(made.app, portal, HOSTS["one"])
        browser.sign_in(made.trust("one"))
        cookies = {name: value for name, value in browser.cookies.items() if "session" in name}
        assert cookies
        other = NotesBrowser(made.app, portal, HOSTS["two"])
        other.client.cookies.update(cookies)
        assert other.client.get("/me").status_code == 401

    def test_an_unknown_host_has_no_sign_in(self, app: tuple[Small, Any]) -> None:
        made, portal = app
        nowhere = NotesBrowser(made.app, portal, "https://nowhere.example.test")
        assert nowhere.get("/saml/login").status == 404
        assert "No identity provider" in nowhere.get("/saml/").text

    def test_a_response_for_one_host_is_refused_at_the_other(
        self, app: tuple[Small, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        made, portal = app
        asked = NotesBrowser(made.app, portal, HOSTS["one"]).begin(made.trust("one"))
        other = NotesBrowser(made.app, portal, HOSTS["two"])
        other.begin(made.trust("two"))
        assert other.post(made.trust("two"), made.trust("one").respond(asked.request_id)).status == 403
        assert "saml.destination_mismatch" in caplog.text


def test_a_callable_says_whose_provider_is_meant(database: str, idp: TestIdp) -> None:
    async def by_header(request: Request) -> str | None:
        return request.headers.get("x-customer")

    made = small(database, idp, provider_of=by_header)
    with TestClient(made.app, base_url=HOSTS["one"]) as client:
        browser = NotesBrowser(made.app, client.portal, HOSTS["one"])
        assert browser.get("/saml/login").status == 404
        browser.client.headers["x-customer"] = "one"
        assert browser.sign_in(made.trust("one")).status == 303
        assert browser.client.get("/me").json()["tenant"] == "one"
        browser.client.headers["x-customer"] = "two"
        assert browser.client.get("/me").status_code == 401


@pytest.mark.once
class TestAnswers:
    def test_a_script_gets_401_and_a_reader_a_sign_in(self, site: NotesSite) -> None:
        site.trust()
        browser = site.browser()
        assert browser.get("/api/groups", Accept="application/json").status == 401
        assert browser.get("/notes", Accept="text/html", **{"Sec-Fetch-Mode": "cors"}).status == 401
        assert browser.get("/notes", Accept="text/html").location == "/saml/?next=%2Fnotes"

    def test_with_one_provider_there_is_nothing_to_choose(self, site: NotesSite) -> None:
        trust = site.trust()
        answer = site.browser().get("/saml/?next=/notes")
        assert (answer.status, answer.location.startswith(trust.idp.sso_url)) == (302, True)

    def test_of_several_providers_one_is_chosen(self, site: NotesSite) -> None:
        site.trust("acme", name="Acme <b>")
        site.trust("other", group_format="off")
        page = site.browser().get("/saml/?next=/notes").text
        assert "Sign in with Acme &lt;b&gt;" in page
        assert "/saml/other/login?next=%2Fnotes" in page

    def test_a_removed_provider_signs_nobody_in_and_its_sessions_end(self, site: NotesSite) -> None:
        trust, browser = site.trust(), site.browser()
        browser.sign_in(trust)
        site.saml.remove_provider("acme")
        assert browser.signed_in() is None
        assert browser.get(trust.login_path).status == 404

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            ("SAMLResponse=AAAA&SAMLResponse=BBBB", "application/x-www-form-urlencoded", 400),
            ("&".join(f"f{n}=" for n in range(40)), "application/x-www-form-urlencoded", 400),
            ("{}", "application/json", 415),
            ("", "application/x-www-form-urlencoded", 403),
        ],
    )
    def test_only_a_form_is_read(self, site: NotesSite, body: str, kind: str, status: int) -> None:
        site.trust()
        answer = site.browser().client.post("/saml/acme/acs", content=body, headers={"content-type": kind})
        assert answer.status_code == status

    def test_a_form_without_a_length_is_cut_off_at_the_limit(self, site: NotesSite) -> None:
        site.trust()

        def pieces() -> Iterator[bytes]:
            for _ in range(100):
                yield b"A" * 100_000

        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = site.browser().client.post("/saml/acme/acs", content=pieces(), headers=headers)
        assert answer.status_code == 413

    def test_openapi_names_every_status_and_the_form(self, site: NotesSite) -> None:
        site.trust()
        document = site.browser().client.get("/openapi.json").json()
        paths = document["paths"]
        acs = paths["/saml/{provider}/acs"]["post"]
        form = acs["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        assert form["required"] == ["SAMLResponse"]
        assert set(acs["responses"]) >= {"303", "400", "403", "404", "413", "415", "503"}
        assert "200" not in acs["responses"]
        assert set(paths["/saml/{provider}/login"]["get"]["responses"]) >= {"302", "404", "503"}
        metadata = paths["/saml/{provider}/metadata"]["get"]["responses"]["200"]
        assert list(metadata["content"]) == ["application/samlmetadata+xml"]
        assert paths["/notes"]["get"]["security"] == [{"SamlSession": []}]
        scheme = document["components"]["securitySchemes"]["SamlSession"]
        assert (scheme["in"], scheme["name"]) == ("cookie", "__Host-memberof-session")

    def test_our_metadata_names_the_consumer_service(self, site: NotesSite) -> None:
        trust = site.trust()
        assert trust.acs_url in site.browser().get("/saml/acme/metadata").text


class TestFailures:
    def test_a_failed_database_is_said_and_the_same_response_may_be_posted_again(
        self, site: NotesSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        trust, browser = site.trust(), site.browser()
        asked = browser.begin(trust)
        message = trust.respond(asked.request_id, groups=["Sales"])
        sync = site.saml.provider("acme").sync

        async def fail(*_: Any, **__: Any) -> Any:
            raise memberof.StoreError("the database is gone", "store.unavailable")

        with monkeypatch.context() as patch:
            patch.setattr(sync, "login", fail)
            answer = browser.post(trust, message)
            assert site.code(caplog, answer, 503) == "store.unavailable"
        assert browser.post(trust, message).status == 303
        assert site.groups_of("alice") == {"Sales"}

    def test_what_on_signed_in_raises_changes_nothing(
        self, site: NotesSite, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(_: Any) -> None:
            raise RuntimeError("of the application")

        site.saml.sign_in._on_signed_in = fail
        browser = site.browser()
        assert browser.sign_in(site.trust()).status == 303
        assert browser.signed_in() == "alice"
        assert "on_signed_in failed" in caplog.text

    @pytest.mark.parametrize("group_format", ["off", "array"])
    def test_one_response_posted_twice_at_once_signs_in_once(
        self, site: NotesSite, group_format: str
    ) -> None:
        trust, browser = site.trust(group_format=group_format), site.browser()
        asked = browser.begin(trust)
        form = {"SAMLResponse": trust.respond(asked.request_id)}
        take, now = site.saml.sign_in.take, site.saml.now
        provider, cookies = site.saml.provider("acme"), browser.cookies

        async def both() -> list[Any]:
            return await asyncio.gather(*(take(provider, form, cookies, now=now()) for _ in range(4)))

        done = site.run(both)
        assert sum(type(one).__name__ == "SignedIn" for one in done) == 1, done
        assert {one.code for one in done if type(one).__name__ == "Refused"} <= {
            "saml.replayed",
            "saml.in_response_to_mismatch",
        }

    def test_first_sign_ins_of_one_subject_at_once_make_one_user(self, site: NotesSite) -> None:
        trust = site.trust()
        tasks = []
        for _ in range(6):
            browser = site.browser()
            asked = browser.begin(trust)
            tasks.append(({"SAMLResponse": trust.respond(asked.request_id)}, browser.cookies))
        provider = site.saml.provider("acme")

        async def all_of_them() -> list[Any]:
            take, now = site.saml.sign_in.take, site.saml.now
            return await asyncio.gather(*(take(provider, *task, now=now()) for task in tasks))

        done = site.run(all_of_them)
        assert {type(one).__name__ for one in done} == {"SignedIn"}, done
        assert site.users() == {"alice"}

    def test_what_has_ended_is_cleaned(self, site: NotesSite) -> None:
        trust, browser = site.trust(), site.browser()
        browser.sign_in(trust)
        browser.begin(trust)
        assert site.run(site.saml.clean) == 0
        site.pass_time(timedelta(minutes=16))
        assert site.run(site.saml.clean) == 1
        site.pass_time(timedelta(hours=24))
        assert site.run(site.saml.clean) == 1


class TestGroups:
    def test_a_group_taken_away_by_an_administrator_is_gone_at_once(self, site: NotesSite) -> None:
        trust, browser = site.trust(), site.browser()
        browser.sign_in(trust, groups=["Editors"])
        assert browser.get("/editors").status == 200

        async def take_away() -> None:
            store = site.saml.provider("acme").store
            (held,) = await store.memberships(group="Editors")
            await store.set_kind("Editors", "internal")
            await store.detach(held.user, "Editors")

        site.run(take_away)
        assert browser.get("/editors").status == 403

    def test_names_are_compared_as_the_policy_says(self, site: NotesSite) -> None:
        browser = site.browser()
        browser.sign_in(site.trust(policy={"identity": "fold"}), groups=["EDITORS"])
        assert browser.get("/editors").status == 200

    def test_require_group_without_a_name_is_a_mistake(self, site: NotesSite) -> None:
        with pytest.raises(ValueError, match="name of a group"):
            site.saml.require_group()


@pytest.mark.once
class TestSettings:
    def test_they_come_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, idp: TestIdp
    ) -> None:
        (tmp_path / "idp.xml").write_text(idp.metadata_xml)
        for name, value in {
            "MEMBEROF_BASE_URL": "https://app.example/",
            "MEMBEROF_PROVIDERS__ACME__METADATA": f"file:{tmp_path / 'idp.xml'}",
            "MEMBEROF_PROVIDERS__ACME__GROUP_FORMAT": "ldap",
            "MEMBEROF_PROVIDERS__ACME__SIGNING_KEY": "env:KEY",
            "KEY": "a key",
        }.items():
            monkeypatch.setenv(name, value)
        settings = SamlSettings()
        acme = settings.providers["acme"]
        assert (settings.base_url, acme.group_format, acme.metadata) == (
            "https://app.example",
            "ldap",
            idp.metadata_xml,
        )
        assert acme.signing_key is not None
        assert acme.signing_key.get_secret_value() == "a key"
        assert "a key" not in repr(settings)

    def test_all_mistakes_are_said_at_once_and_no_value(self) -> None:
        wrong = {"metadata": "file:/nowhere", "session_hours": 0, "modes": "on", "signing_key": "env:NOWHERE"}
        with pytest.raises(ValidationError) as caught:
            SamlSettings(base_url="app.example/path", path="saml/", providers={"acme": wrong})
        said = {".".join(map(str, error["loc"])) for error in caught.value.errors()}
        assert said == {
            "base_url",
            "path",
            "providers.acme.metadata",
            "providers.acme.session_hours",
            "providers.acme.modes",
            "providers.acme.signing_key",
        }

    def test_a_tenant_has_one_source_of_groups(self) -> None:
        two = {name: {"metadata": "<x/>", "group_format": "array"} for name in ("acme", "evil")}
        with pytest.raises(ValidationError, match="expected one"):
            SamlSettings(base_url=ORIGIN, providers=two)

    def test_by_host_each_provider_has_its_host(self) -> None:
        two = {name: {"metadata": "<x/>"} for name in ("acme", "other")}
        with pytest.raises(ValidationError, match="base_url of its own"):
            SamlSettings(base_url=ORIGIN, tenants_by="host", providers=two)

    def test_a_policy_that_cannot_work_is_refused_before_anybody_signs_in(self, idp: TestIdp) -> None:
        wrong = ProviderSettings(
            metadata=idp.metadata_xml, group_format="array", policy={"on_absent": "panic"}
        )
        with pytest.raises(memberof.ConfigurationError):
            Saml(SamlSettings(base_url=ORIGIN, providers={"acme": wrong}))

    def test_a_missing_extra_is_named(self) -> None:
        code = "import sys; sys.modules['pydantic_settings'] = None\nimport memberof.fastapi"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "pip install memberof[fastapi]" in done.stderr


def test_the_migrations_make_the_tables_that_the_code_knows(site: NotesSite) -> None:
    async def differences() -> list[Any]:
        store: AsyncSqlStore = site.saml.store
        names = {table.name for table in site.saml._rows.tables.all()}
        async with store.statements() as connection:

            def compare(sync: Any) -> list[Any]:
                options = {"include_name": lambda name, kind, _: kind != "table" or name in names}
                return compare_metadata(MigrationContext.configure(sync, opts=options), store.tables.metadata)

            found: list[Any] = await connection.run_sync(compare)
        return [entry for entry in found if getattr(entry[1], "name", None) in names]

    assert site.run(differences) == []
    site.run(site.saml.migrate)
