"""A real Response through verification, subject, groups and store: the whole way of a login."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import memberof
from memberof.subjects import EMAIL, TRANSIENT, subject
from memberof.testing import TestIdp

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
OBJECT_GUID = "objectGUID"


class Application:
    """An application that takes users by rule R14."""

    def __init__(self, store: Any, persona: str = "keycloak", *, attribute: str | None = None) -> None:
        self.idp = TestIdp(persona)
        self.sp = memberof.ServiceProvider(
            entity_id=self.idp.sp_entity_id,
            acs_url=self.idp.acs_url,
            identity_provider=memberof.IdentityProvider.from_metadata(self.idp.metadata_xml),
        )
        extractor = memberof.GroupExtractor.preset(self.idp.persona.preset, **self.idp.persona.preset_options)
        self.store = store
        self.sync = memberof.GroupSync(extractor, store, source=self.idp.entity_id)
        self.attribute = attribute

    def sign_in(self, response: str | None = None, **options: Any) -> tuple[str, memberof.LoginOutcome]:
        response = response or self.idp.response(request_id="_request", now=NOW, **options)
        assertion = self.sp.verify(response, request_id="_request", now=NOW)
        user = subject(assertion, attribute=self.attribute).key
        return user, self.sync.login(user, assertion, now=NOW + timedelta(seconds=1))

    def groups(self, user: str) -> list[str]:
        return [held.group for held in self.store.memberships(user=user)]


@pytest.fixture
def application(new_store: Callable[[], Any]) -> Application:
    return Application(new_store())


def test_a_verified_login_brings_the_groups_in_line(application: Application) -> None:
    user, outcome = application.sign_in(user="ada", groups=["Sales", "Ärzte & Söhne"])
    assert outcome.applied
    assert application.groups(user) == ["Sales", "Ärzte & Söhne"]
    (event,) = application.store.history()
    assert (event.user, event.source) == (user, application.idp.entity_id)
    assert event.assertion_id
    assert event.status == "present"
    held = application.store.memberships(user=user)[0]
    assert (held.source, held.event_id) == (application.idp.entity_id, event.id)
    _, outcome = application.sign_in(user="ada", groups=["Sales"])
    assert outcome.plan.detach == ("Ärzte & Söhne",)  # type: ignore[union-attr]


def test_a_verified_assertion_counts_once(application: Application) -> None:
    response = application.idp.response("ada", ["Sales"], request_id="_request", now=NOW)
    application.sign_in(response)
    with pytest.raises(memberof.VerificationError) as replayed:
        application.sign_in(response)
    assert replayed.value.code == "saml.replayed"


def test_r11_an_assertion_of_another_identity_provider_is_a_second_source(application: Application) -> None:
    other = Application(application.store, "okta")
    with pytest.raises(memberof.SourceConflictError):
        application.sync.login(
            "ada",
            other.sp.verify(
                other.idp.response(request_id="_request", now=NOW), request_id="_request", now=NOW
            ),
            now=NOW,
        )


def test_r12_the_session_ends_with_the_assertions_if_that_is_earlier(application: Application) -> None:
    for hours, expected in ((8, 8), (48, 24)):
        _, outcome = application.sign_in(user="ada", session_lifetime=timedelta(hours=hours))
        start = NOW if expected == hours else NOW + timedelta(seconds=1)
        assert outcome.session_expires_at == start + timedelta(hours=expected)


def test_r14_users_of_one_name_and_another_format_or_qualifier_are_two(application: Application) -> None:
    persistent, _ = application.sign_in(name_id="ada", name_id_format=PERSISTENT, groups=["A"])
    by_mail, _ = application.sign_in(name_id="ada", name_id_format=EMAIL, groups=["B"])
    assert persistent != by_mail
    assert (application.groups(persistent), application.groups(by_mail)) == (["A"], ["B"])
    again, _ = application.sign_in(name_id="ada", name_id_format=PERSISTENT, groups=["A"])
    assert again == persistent


def test_r14_a_transient_name_is_refused_before_anything_is_written(application: Application) -> None:
    with pytest.raises(memberof.VerificationError) as refused:
        application.sign_in(name_id="_x1", name_id_format=TRANSIENT, groups=["A"])
    assert refused.value.code == "saml.no_stable_subject"
    assert application.store.groups() == ()
    assert application.store.history() == ()


def test_r14_a_named_immutable_attribute_identifies_her_instead(new_store: Callable[[], Any]) -> None:
    application = Application(new_store(), "adfs", attribute=OBJECT_GUID)
    who = {OBJECT_GUID: "0b8d3f6e-1c1b-4c60-9c36-2d6f6f3f3f10"}
    first, _ = application.sign_in(name_id="ada@old.example", attributes=who, groups=["A"])
    second, _ = application.sign_in(name_id="ada@new.example", attributes=who, groups=["A", "B"])
    assert first == second
    assert application.groups(first) == ["A", "B"]


def test_every_persona_signs_in(new_store: Callable[[], Any]) -> None:
    for persona in ("adfs", "okta", "google", "shibboleth"):
        application = Application(new_store(), persona)
        user, outcome = application.sign_in(
            user="ada", groups=["Sales"], name_id="ada-1", name_id_format=PERSISTENT
        )
        assert outcome.applied, persona
        assert application.groups(user) == ["Sales"], persona
