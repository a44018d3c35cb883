"""python3-saml, pysaml2 and ID tokens: each case of the wire through the real parser ends as with memberof's own verifier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError
from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig

import memberof
from memberof.adapters import oidc, pysaml2, python3_saml
from memberof.adapters.login import LibraryLogin, proves_absence
from memberof.testing.identity_provider import ACS_URL, SP_ENTITY_ID

from .wire import CASES, ENTITY_ID, USERS, expected, make_idp, respond, summary

HELD = {"status": "absent", "held": ["Old"]} | {
    name: [] for name in ("create", "adopt", "attach", "detach", "keep")
}


def python3_saml_auth(saml_response: str, *, strict: bool = True, repeat: bool = True) -> OneLogin_Saml2_Auth:
    certificate = "".join(make_idp().certificate_pem.strip().splitlines()[1:-1])
    settings = {
        "strict": strict,
        "sp": {"entityId": SP_ENTITY_ID, "assertionConsumerService": {"url": ACS_URL}},
        "idp": {
            "entityId": ENTITY_ID,
            "singleSignOnService": {"url": "https://idp.example/sso"},
            "x509cert": certificate,
        },
        "security": {"allowRepeatAttributeName": repeat},
    }
    host = ACS_URL.split("/")[2]
    request = {
        "https": "on",
        "http_host": host,
        "script_name": ACS_URL.partition(host)[2],
        "get_data": {},
        "post_data": {"SAMLResponse": saml_response},
    }
    auth = OneLogin_Saml2_Auth(request, settings)
    auth.process_response(request_id="_1")
    return auth


def from_python3_saml(saml_response: str) -> LibraryLogin:
    return python3_saml.login_of(python3_saml_auth(saml_response))


@pytest.fixture(scope="module")
def pysaml2_client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    metadata = tmp_path_factory.mktemp("pysaml2") / "idp.xml"
    metadata.write_text(make_idp().metadata_xml)

    def make(allow: bool) -> Any:
        config = {
            "entityid": SP_ENTITY_ID,
            "metadata": {"local": [str(metadata)]},
            "allow_unknown_attributes": allow,
            "service": {"sp": {"endpoints": {"assertion_consumer_service": [(ACS_URL, BINDING_HTTP_POST)]}}},
        }
        loaded = SPConfig()
        loaded.load(config)
        client = Saml2Client(loaded)
        return lambda message: pysaml2.login_of(
            client.parse_authn_request_response(message, BINDING_HTTP_POST, {"_1": "/"})
        )

    return make


def through(read: Any, library: str, cases: Any = CASES) -> dict[str, Any]:
    """The same logins as :func:`expected`, read by another library."""
    store = memberof.InMemoryStore()
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array", library=library)
    sync = memberof.GroupSync(extractor, store, source=ENTITY_ID, mode="on", breaker=None)
    store.create_group("Staff")
    store.create_group("Old", kind="external") if library == "pysaml2" else None
    found = {}
    for case in cases:
        user = USERS[case]
        store.attach(user, "Staff")
        if library == "pysaml2":  # it never sees a group: she has one from before
            store.attach(user, "Old")
        for first in (True, False):
            outcome = read(respond(case, "_1", first=first)).into(sync, user)
        found[case] = summary(outcome)
    return found


def test_python3_saml_ends_in_the_plans_of_our_own_verifier() -> None:
    assert through(from_python3_saml, "python3-saml") == expected()


def test_python3_saml_refuses_a_repeated_attribute_unless_told_otherwise() -> None:
    with pytest.raises(OneLogin_Saml2_ValidationError, match="duplicated Name"):
        python3_saml_auth(respond("several elements", "_1"), repeat=False)


def test_what_python3_saml_refused_is_no_login() -> None:
    auth = python3_saml_auth(respond("values", "_1", audience=["https://other.example"]))
    assert auth.get_errors() == ["invalid_response"]
    with pytest.raises(memberof.VerificationError) as caught:
        python3_saml.login_of(auth)
    assert caught.value.code == "saml.not_verified"


def test_python3_saml_without_strict_is_refused() -> None:
    with pytest.raises(memberof.ConfigurationError) as caught:
        python3_saml.login_of(python3_saml_auth(respond("values", "_1"), strict=False))
    assert caught.value.code == "config.python3_saml"


def test_pysaml2_that_hands_over_everything_ends_in_the_plans_of_our_own_verifier(
    pysaml2_client: Any,
) -> None:
    assert through(pysaml2_client(True), "pysaml2-allow-unknown") == expected()


def test_pysaml2_with_its_defaults_holds_whatever_was_sent(pysaml2_client: Any) -> None:
    assert through(pysaml2_client(False), "pysaml2") == dict.fromkeys(CASES, HELD)


@pytest.mark.parametrize("library", ["python3-saml", "pysaml2"])
def test_the_facts_are_those_of_the_assertion(library: str, pysaml2_client: Any) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=5)
    message = respond("values", "_1", now=at, assertion_id="_assertion", session_lifetime=timedelta(hours=1))
    login = from_python3_saml(message) if library == "python3-saml" else pysaml2_client(True)(message)
    assert (login.issuer, login.assertion_id, login.issued_at) == (ENTITY_ID, "_assertion", at)
    assert login.session_not_on_or_after == at + timedelta(hours=1)
    sync = memberof.GroupSync(
        memberof.GroupExtractor("memberOf", "array"), memberof.InMemoryStore(), source=ENTITY_ID
    )
    assert login.into(sync, "alice").session_expires_at == at + timedelta(hours=1)
    with pytest.raises(memberof.VerificationError) as caught:
        login.into(sync, "alice")
    assert caught.value.code == "saml.replayed"


@pytest.mark.parametrize(
    ("allow", "library", "said"),
    [
        (False, None, "leaves out attributes"),
        (False, "pysaml2-allow-unknown", "leaves out attributes"),
        (False, "pysaml2", "proves nothing"),
        (True, "pysaml2-allow-unknown", ""),
        (True, "pysaml2", "proves nothing"),
    ],
)
def test_a_wrong_configuration_of_pysaml2_is_told_at_start_up(
    allow: bool, library: str | None, said: str
) -> None:
    extractor = memberof.GroupExtractor("memberOf", "array", library=library)
    found = list(pysaml2.problems({"allow_unknown_attributes": allow}, extractor))
    assert [said in problem for problem, _ in found] == ([True] if said else [])
    assert proves_absence(extractor) == (library != "pysaml2")


class TestIdTokens:
    ISSUER = "https://login.corp.example"

    def login(self, sync: memberof.GroupSync, user: str = "alice", **claims: Any) -> memberof.LoginOutcome:
        now = int(datetime.now(UTC).timestamp())
        given = {"iss": self.ISSUER, "sub": user, "iat": now, "nonce": str(len(str(claims))), **claims}
        return oidc.login_of(given).into(sync, user)

    @pytest.fixture
    def sync(self) -> memberof.GroupSync:
        extractor = memberof.GroupExtractor(attribute="groups", format="array")
        store = memberof.InMemoryStore()
        return memberof.GroupSync(extractor, store, source=self.ISSUER, mode="on", breaker=None)

    @pytest.mark.parametrize(
        ("claims", "status", "detach", "held"),
        [
            ({"groups": ["New"]}, "present", ["Old"], []),
            ({"groups": "New"}, "present", ["Old"], []),
            ({"groups": []}, "empty", ["Old"], []),
            ({"groups": [""]}, "empty", ["Old"], []),
            ({"groups": None}, "empty", ["Old"], []),
            ({}, "absent", ["Old"], []),
            ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {}}}, "overage", [], ["Old"]),
            ({"hasgroups": True}, "overage", [], ["Old"]),
            ({"_claim_names": {"address": "src1"}, "groups": ["Old"]}, "present", [], []),
        ],
    )
    def test_claims_are_read_as_attributes_are(
        self,
        sync: memberof.GroupSync,
        claims: dict[str, Any],
        status: str,
        detach: list[str],
        held: list[str],
    ) -> None:
        self.login(sync, groups=["Old"], jti="first")
        done = summary(self.login(sync, jti="second", **claims))
        assert (done["status"], done["detach"], done["held"]) == (status, detach, held)

    def test_a_token_counts_once(self, sync: memberof.GroupSync) -> None:
        for named in ({"jti": "a"}, {"uti": "b"}, {"iat": 1_700_000_000}):
            self.login(sync, **named)
            with pytest.raises(memberof.VerificationError) as caught:
                self.login(sync, **named)
            assert caught.value.code == "saml.replayed"

    @pytest.mark.parametrize("claim", ["iss", "sub", "iat"])
    def test_a_token_without_its_claims_is_refused(self, claim: str) -> None:
        claims: dict[str, Any] = {"iss": self.ISSUER, "sub": "alice", "iat": 1_700_000_000}
        for wrong in ({}, {claim: True}):
            with pytest.raises(memberof.VerificationError) as caught:
                oidc.login_of({**{k: v for k, v in claims.items() if k != claim}, **wrong})
            assert caught.value.code == "oidc.claims"
