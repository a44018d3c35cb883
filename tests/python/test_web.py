"""memberof.web: the decisions that every framework's adapter asks for."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memberof
from memberof import VerificationError
from memberof.subjects import EMAIL
from memberof.subjects import subject as subject_of
from memberof.web import accounts, answer, paths, pending, refresh

if TYPE_CHECKING:
    from collections.abc import Collection

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PACKAGE = Path(memberof.__file__).parent


def test_web_imports_the_standard_library_and_memberof_only() -> None:
    faults = set()
    for path in sorted((PACKAGE / "web").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                faults |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                faults.add(node.module.split(".")[0])
    assert faults - set(sys.stdlib_module_names) == {"memberof"}


class TestLocalPath:
    @pytest.mark.parametrize("target", ["/", "/a/b?c=d#e", "/ä?q=ü", "/a//b", "/a?next=https://b.example/"])
    def test_a_path_of_this_site_is_kept(self, target: str) -> None:
        assert paths.local_path(target) == target

    @pytest.mark.parametrize(
        "target",
        [
            None,
            "",
            "a",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: b=c",
            "/a b",
            "/\x85",
            "/" + "a" * 2048,
        ],
    )
    def test_anything_else_is_dropped(self, target: str | None) -> None:
        assert paths.local_path(target, "/home") == "/home"

    @given(st.text())
    def test_what_comes_back_never_names_another_host(self, target: str) -> None:
        path = paths.local_path(target)
        # As a browser reads it (WHATWG URL 4.4): tabs and line breaks vanish, a backslash is a slash.
        seen = path.translate({9: None, 10: None, 13: None}).replace("\\", "/").strip("\x00 ")
        assert seen.startswith("/")
        assert not seen.startswith("//")


def begin(request_id: str, *, provider: str = "acme", now: datetime = NOW, secure: bool = True):
    return pending.open_request(
        request_id, provider=provider, relay_state="token", return_to="/notes", now=now, secure=secure
    )


class TestPending:
    def test_the_cookie_is_sent_across_sites_and_out_of_reach_of_scripts(self) -> None:
        _, cookie = begin("_1")
        assert cookie.name.startswith("__Host-memberof-req-")
        assert (cookie.same_site, cookie.secure, cookie.http_only, cookie.max_age) == (
            "None",
            True,
            True,
            900,
        )

    def test_neither_the_id_nor_the_secret_stands_where_it_could_leak(self) -> None:
        row, cookie = begin("_secret-id")
        assert "_secret-id" not in cookie.name + cookie.value
        assert cookie.value.partition(".")[2] not in row.secret_hash

    def test_two_tabs_hold_two_requests(self) -> None:
        (one, cookie_one), (two, cookie_two) = begin("_1"), begin("_2")
        cookies = {cookie_one.name: cookie_one.value, cookie_two.name: cookie_two.value}
        assert set(pending.handles_in(cookies)) == {one.handle, two.handle}
        assert pending.bound_requests([one, two], cookies, provider="acme", now=NOW) == (one, two)

    def test_another_browser_holds_nothing(self) -> None:
        row, _ = begin("_1")
        assert pending.bound_requests([row], {}, provider="acme", now=NOW) == ()

    def test_a_guessed_secret_holds_nothing(self) -> None:
        row, cookie = begin("_1")
        assert pending.bound_requests([row], {cookie.name: "1.x"}, provider="acme", now=NOW) == ()

    def test_a_request_with_another_provider_is_not_bound(self) -> None:
        row, cookie = begin("_1")
        assert pending.bound_requests([row], {cookie.name: cookie.value}, provider="other", now=NOW) == ()

    def test_a_request_ends_after_fifteen_minutes(self) -> None:
        row, cookie = begin("_1")
        cookies = {cookie.name: cookie.value}
        last = NOW + timedelta(minutes=15) - timedelta(microseconds=1)
        assert pending.bound_requests([row], cookies, provider="acme", now=last) == (row,)
        assert pending.bound_requests([row], cookies, provider="acme", now=NOW + timedelta(minutes=15)) == ()

    def test_a_ninth_request_drops_the_oldest(self) -> None:
        cookies = {}
        for minute in range(8):
            _, cookie = begin(f"_{minute}", now=NOW + timedelta(minutes=minute))
            cookies[cookie.name] = cookie.value
        (removal,) = pending.surplus_cookies(cookies)
        assert removal.name.endswith(pending.request_handle("_0"))
        assert (removal.value, removal.max_age) == ("", 0)

    def test_no_number_of_cookies_makes_the_server_ask_for_more_than_sixteen_rows(self) -> None:
        cookies = {f"__Host-memberof-req-{n}": f"{n}.x" for n in range(500)}
        assert len(pending.handles_in(cookies)) == 16

    def test_a_cookie_of_strange_value_counts_as_the_oldest(self) -> None:
        assert pending.handles_in({"__Host-memberof-req-a": "²", "__Host-memberof-req-b": "1.x"}) == (
            "b",
            "a",
        )

    def test_without_https_the_name_has_no_prefix_that_browsers_would_refuse(self) -> None:
        row, cookie = begin("_1", secure=False)
        assert cookie.name == "memberof-req-" + row.handle
        bound = pending.bound_requests(
            [row], {cookie.name: cookie.value}, provider="acme", now=NOW, secure=False
        )
        assert bound == (row,)

    def test_the_way_back_is_a_local_path(self) -> None:
        row, _ = pending.open_request(
            "_1", provider="acme", relay_state="t", return_to="//evil.example", now=NOW, default_path="/home"
        )
        assert row.return_to == "/home"


class Name(str):
    format: str | None = None
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


def name(
    value: str, name_format: str | None = None, qualifier: str | None = None, sp: str | None = None
) -> Name:
    made = Name(value)
    made.format, made.name_qualifier, made.sp_name_qualifier = name_format, qualifier, sp
    return made


PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


@dataclass
class FakeAssertion:
    name_id: Name | None = None
    issuer: str = "https://idp.example"
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    in_response_to: str | None = None


class TestSubject:
    @pytest.mark.parametrize(
        "assertion",
        [
            FakeAssertion(None),
            FakeAssertion(name("")),
            FakeAssertion(name(" ")),
            FakeAssertion(name("x", TRANSIENT)),
        ],
        ids=["missing", "empty", "blank", "transient"],
    )
    def test_without_a_stable_name_the_login_is_refused(self, assertion: FakeAssertion) -> None:
        with pytest.raises(VerificationError) as caught:
            subject_of(assertion)
        assert caught.value.code == "saml.no_stable_subject"

    def test_an_immutable_attribute_stands_for_a_transient_name(self) -> None:
        assertion = FakeAssertion(name("x", TRANSIENT), attributes={"objectidentifier": ("1-2-3",)})
        subject = subject_of(assertion, attribute="objectidentifier")
        assert (subject.value, subject.attribute) == ("1-2-3", "objectidentifier")

    @pytest.mark.parametrize("values", [(), ("",), (" ",), ("a", "b")])
    def test_an_attribute_without_exactly_one_value_is_refused(self, values: tuple[str, ...]) -> None:
        with pytest.raises(VerificationError) as caught:
            subject_of(FakeAssertion(name("x", PERSISTENT), attributes={"oid": values}), attribute="oid")
        assert caught.value.code == "saml.no_stable_subject"

    def test_every_part_tells_subjects_apart_exactly(self) -> None:
        variants = [
            FakeAssertion(name("a", PERSISTENT)),
            FakeAssertion(name("A", PERSISTENT)),
            FakeAssertion(name("a ", PERSISTENT)),
            FakeAssertion(name("a")),
            FakeAssertion(name("a", PERSISTENT, "q")),
            FakeAssertion(name("a", PERSISTENT, None, "q")),
            FakeAssertion(name("a", PERSISTENT), issuer="https://other.example"),
        ]
        keys = {subject_of(variant).key for variant in variants}
        keys.add(subject_of(FakeAssertion(attributes={"x": ("a",)}), attribute="x").key)
        assert len(keys) == 8

    @pytest.mark.parametrize(
        ("value", "name_format", "warned"),
        [
            ("a@b.example", None, True),
            ("a@b.example", EMAIL, True),
            ("opaque", EMAIL, True),
            ("a@b.example", PERSISTENT, False),
            ("opaque", None, False),
        ],
    )
    def test_an_email_address_as_name_is_warned_of(
        self, value: str, name_format: str | None, warned: bool
    ) -> None:
        subject = subject_of(FakeAssertion(name(value, name_format)))
        assert subject.warnings == (("saml.email_subject",) if warned else ())


def decide(**given_: object) -> accounts.Decision:
    facts: dict[str, object] = {
        "owner": None,
        "same_email": [],
        "same_name": None,
        "email": "a@corp.example",
        "policy": accounts.LinkPolicy(),
    }
    return accounts.whose_account(**{**facts, **given_})  # type: ignore[arg-type]


LISTED = accounts.LinkPolicy(domains=frozenset({"corp.example"}))


class TestAccounts:
    def test_the_linked_account_is_used_whatever_else_looks_alike(self) -> None:
        other = accounts.Account(id="2")
        decision = decide(owner=accounts.Account(id="1"), same_email=[other], same_name=other)
        assert decision == accounts.UseAccount("1")

    def test_an_inactive_account_stays_out(self) -> None:
        decision = decide(owner=accounts.Account(id="1", active=False))
        assert isinstance(decision, accounts.RefuseLogin)
        assert decision.code == "account.inactive"

    def test_a_new_subject_gets_a_new_account(self) -> None:
        assert decide() == accounts.CreateAccount()

    def test_a_new_subject_is_refused_where_accounts_are_not_created(self) -> None:
        decision = decide(policy=accounts.LinkPolicy(create=False))
        assert isinstance(decision, accounts.RefuseLogin)
        assert decision.code == "account.unknown"

    @pytest.mark.parametrize(
        ("facts", "code"),
        [
            ({"same_email": [accounts.Account(id="1")]}, "account.email_taken"),
            ({"same_name": accounts.Account(id="1")}, "account.name_taken"),
            (
                {"same_email": [accounts.Account(id="1", privileged=True)], "policy": LISTED},
                "account.privileged",
            ),
            (
                {"same_email": [accounts.Account(id="1", linked=True)], "policy": LISTED},
                "account.linked_elsewhere",
            ),
            (
                {"same_email": [accounts.Account(id="1"), accounts.Account(id="2")], "policy": LISTED},
                "account.email_ambiguous",
            ),
            (
                {"same_email": [accounts.Account(id="1", active=False)], "policy": LISTED},
                "account.inactive",
            ),
            (
                {
                    "same_email": [accounts.Account(id="1")],
                    "policy": LISTED,
                    "email": "a@corp.example.evil.example",
                },
                "account.email_taken",
            ),
            ({"same_name": accounts.Account(id="1"), "policy": LISTED}, "account.name_taken"),
        ],
    )
    def test_no_account_is_taken_over(self, facts: dict[str, object], code: str) -> None:
        decision = decide(**facts)
        assert isinstance(decision, accounts.RefuseLogin)
        assert decision.code == code

    def test_an_account_of_a_listed_domain_is_linked(self) -> None:
        assert decide(
            same_email=[accounts.Account(id="1")], email="A@CORP.example", policy=LISTED
        ) == accounts.LinkAccount("1")

    @given(
        st.lists(
            st.builds(
                accounts.Account,
                id=st.sampled_from("123"),
                active=st.booleans(),
                privileged=st.booleans(),
                linked=st.booleans(),
            ),
            max_size=3,
        ),
        st.sampled_from(["a@corp.example", "a@other.example", "", "corp.example", "@corp.example"]),
        st.booleans(),
    )
    def test_whoever_is_linked_was_ordinary_unlinked_and_alone(
        self, found: list[accounts.Account], email: str, create: bool
    ) -> None:
        policy = accounts.LinkPolicy(create=create, domains=frozenset({"corp.example"}))
        decision = decide(same_email=found, email=email, policy=policy)
        assert not isinstance(decision, accounts.UseAccount)
        if isinstance(decision, accounts.LinkAccount):
            (account,) = found
            assert account.active
            assert not account.privileged
            assert not account.linked
            assert email == "a@corp.example"

    def test_flags_follow_groups(self) -> None:
        flags = accounts.flags_for({"Editors"}, {"is_staff": ["Editors", "Owners"], "is_superuser": "Owners"})
        assert flags == {"is_staff": True, "is_superuser": False}


class FakeProvider:
    def __init__(self, result: FakeAssertion | str) -> None:
        self.result = result
        self.asked: list[str] | None = None

    def verify(
        self, saml_response: str, *, request_id: Collection[str], now: datetime | None = None
    ) -> FakeAssertion:
        self.asked = list(request_id)
        if isinstance(self.result, str):
            raise VerificationError("no", self.result)
        return self.result


class TestAnswer:
    def test_a_response_to_this_browsers_request_is_verified(self) -> None:
        row, _ = begin("_1")
        provider = FakeProvider(FakeAssertion(in_response_to="_1"))
        verdict = answer.answer(provider, "PHg+", pending=[row], now=NOW)
        assert isinstance(verdict, answer.Verified)
        assert verdict.request is row
        assert provider.asked == ["_1"]

    @pytest.mark.parametrize("field_value", [None, ""])
    def test_a_form_without_response_is_refused_before_anything_is_read(
        self, field_value: str | None
    ) -> None:
        provider = FakeProvider("saml.in_response_to_missing")
        verdict = answer.answer(provider, field_value, pending=[], now=NOW)
        assert verdict == answer.Refused("saml.missing", "the form has no field SAMLResponse")
        assert provider.asked is None

    def test_an_unsolicited_response_begins_a_login_of_our_own(self) -> None:
        verdict = answer.answer(FakeProvider("saml.in_response_to_missing"), "PHg+", pending=[], now=NOW)
        assert verdict == answer.BeginAgain()

    @pytest.mark.parametrize(
        "facts", [{"restarted": True}, {"relay_state": "t", "known_relay_states": ["t"]}]
    )
    def test_the_second_unsolicited_response_is_refused(self, facts: dict[str, object]) -> None:
        verdict = answer.answer(
            FakeProvider("saml.in_response_to_missing"),
            "PHg+",
            pending=[],
            now=NOW,
            **facts,  # type: ignore[arg-type]
        )
        assert isinstance(verdict, answer.Refused)
        assert verdict.code == "saml.unsolicited_again"

    def test_a_refusal_keeps_the_code_of_the_verifier(self) -> None:
        verdict = answer.answer(FakeProvider("saml.audience_mismatch"), "PHg+", pending=[], now=NOW)
        assert isinstance(verdict, answer.Refused)
        assert verdict.code == "saml.audience_mismatch"

    def test_an_answer_to_no_request_of_this_browser_is_refused_even_if_a_verifier_let_it_through(
        self,
    ) -> None:
        row, _ = begin("_1")
        verdict = answer.answer(
            FakeProvider(FakeAssertion(in_response_to="_2")), "PHg+", pending=[row], now=NOW
        )
        assert isinstance(verdict, answer.Refused)
        assert verdict.code == "saml.in_response_to_mismatch"


def known(entity_id: str = "https://idp.example", sso: str = "https://idp.example/sso", keys: str = "a"):
    return refresh.Known(entity_id=entity_id, sso_url=sso, certificates=frozenset(keys))


class TestRefresh:
    @pytest.mark.parametrize(
        ("fetched", "signed", "action"),
        [
            (known(), False, refresh.Refresh.UNCHANGED),
            (known(keys="ab"), False, refresh.Refresh.CONFIRM),
            (known(keys="b"), False, refresh.Refresh.CONFIRM),
            (known(keys="ab"), True, refresh.Refresh.APPLY),
            (known(keys=""), True, refresh.Refresh.REFUSE),
            (known(entity_id="https://evil.example"), True, refresh.Refresh.REFUSE),
            (known(sso="https://evil.example"), False, refresh.Refresh.CONFIRM),
            (known(sso="https://idp.example/new"), True, refresh.Refresh.APPLY),
        ],
    )
    def test_nothing_new_is_trusted_on_the_word_of_the_connection(
        self, fetched: refresh.Known, signed: bool, action: refresh.Refresh
    ) -> None:
        assert refresh.judge_refresh(known(), fetched, signed=signed).action == action

    def test_a_key_that_goes_needs_no_confirmation(self) -> None:
        verdict = refresh.judge_refresh(known(keys="ab"), known(keys="a"), signed=False)
        assert verdict == refresh.RefreshVerdict(refresh.Refresh.APPLY, ("1 signing certificate gone",))
