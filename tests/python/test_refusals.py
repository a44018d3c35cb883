"""Every refusal of synchronisation and stores by its code; and that no code of theirs is without a test."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from services.site import IDP, NOW
from sqlalchemy.exc import DBAPIError

import memberof
from memberof.stores.failures import store_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.site import Site

PACKAGE = Path(memberof.__file__).parent
TESTS = Path(__file__).parent.parent
CODE = re.compile(r'"((?:config|store|plan|sync)\.[a-z_]+)"')
ADAPTERS = ("django", "fastapi", "web", "demo", "testing", "pytest_plugin")


def refusal(act: Callable[[], Any]) -> memberof.MemberOfError:
    with pytest.raises(memberof.MemberOfError) as refused:
        act()
    return refused.value


def code(act: Callable[[], Any]) -> str:
    return refusal(act).code


def test_operations_on_groups_that_are_not_there_or_cannot_be(sites: Callable[..., Site]) -> None:
    store = sites().store
    store.create_group("Staff", now=NOW)
    for act in (
        lambda: store.rename_group("Void", "Other"),
        lambda: store.delete_group("Void"),
        lambda: store.set_kind("Void", "external"),
        lambda: store.attach("ada", "Void"),
        lambda: store.detach("ada", "Void"),
        lambda: store.memberships(group="Void"),
    ):
        assert code(act) == "store.no_such_group"
    for name in ("", " ", "a\nb", "x" * 256):
        assert code(lambda name=name: store.create_group(name)) == "config.group_name"  # type: ignore[misc]
        assert code(lambda name=name: store.rename_group("Staff", name)) == "config.group_name"  # type: ignore[misc]
    store.create_group("Board", now=NOW)
    assert code(lambda: store.rename_group("Staff", "Board")) == "store.group_exists"
    assert [group.name for group in store.groups()] == ["Board", "Staff"]


def test_operations_on_users(sites: Callable[..., Site]) -> None:
    site = sites()
    site.login("ada", ["A"])
    site.login("bob", ["A"])
    assert code(lambda: site.store.rename_user("ada", "bob")) == "store.user_exists"
    assert code(lambda: site.store.rename_user("ada", "")) == "config.user"
    assert code(lambda: site.store.rename_user("ada", "ada")) == "config.user"
    assert code(lambda: site.store.merge_users("ada", "ada")) == "config.user"
    assert code(lambda: site.store.switch_source("")) == "config.source"
    assert code(lambda: site.store.undo(99)) == "plan.no_such_event"


def test_a_plan_is_applied_to_the_user_that_it_is_about(sites: Callable[..., Site]) -> None:
    site = sites()
    claim = site.extractor.extract({"memberOf": ["A"]})
    of_ada = memberof.reconcile(claim, site.store.state("ada", claim.groups))
    assert code(lambda: site.store.apply(of_ada, user="bob")) == "plan.other_user"
    of_nobody = memberof.reconcile(claim, memberof.UserState(groups={}))
    assert code(lambda: site.store.apply(of_nobody)) == "plan.no_user"
    assert site.store.apply(of_nobody, user="bob", now=NOW) is not None
    assert site.groups("bob") == ["A"]


def test_every_mistake_of_a_synchronisation_is_reported_at_once(sites: Callable[..., Site]) -> None:
    site = sites()
    wrong = refusal(
        lambda: memberof.GroupSync(site.extractor, site.store, mode="maybe", session_lifetime=timedelta(0))
    )
    assert (wrong.code, len(wrong.problems)) == ("config.sync", 2)  # type: ignore[attr-defined]
    sourceless = refusal(lambda: memberof.GroupSync(site.extractor, site.store))
    assert sourceless.problems == ("source is the identity provider's entity ID, found none",)  # type: ignore[attr-defined]


def test_every_mistake_of_a_login_is_reported_at_once(sites: Callable[..., Site]) -> None:
    site = sites()
    naive = NOW.replace(tzinfo=None)
    wrong = refusal(lambda: site.sync.login("", {}, issuer=IDP, issued_at=naive, now=naive))
    assert wrong.code == "config.login"
    assert wrong.problems == (  # type: ignore[attr-defined]
        "attributes come with assertion_id, found none",
        "now is an aware datetime",
        "issued_at is an aware datetime",
        "user is not empty",
    )


def test_a_function_for_overage_returns_names(
    sites: Callable[..., Site], new_store: Callable[[], Any]
) -> None:
    sync = memberof.GroupSync(
        memberof.GroupExtractor.preset("entra"),
        new_store(),
        policy=memberof.SyncPolicy(on_overage=lambda user, claim: "Admins"),
        source=IDP,
    )
    link = {"http://schemas.microsoft.com/claims/groups.link": ["https://graph.example/x"]}
    wrong = refusal(lambda: sync.login("ada", link, issuer=IDP, issued_at=NOW, assertion_id="_1", now=NOW))
    assert wrong.code == "config.on_overage"


class PostgresError(Exception):
    """An error as psycopg raises it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__('duplicate key (name)=(Board) of user "ada"')
        self.sqlstate = sqlstate


class LiteError(sqlite3.OperationalError):
    """An error as sqlite3 raises it."""

    def __init__(self, number: int, name: str) -> None:
        super().__init__("Board")
        self.sqlite_errorcode, self.sqlite_errorname = number, name


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (PostgresError("40001"), "store.conflict"),
        (PostgresError("40P01"), "store.conflict"),
        (PostgresError("42P01"), "store.schema"),
        (PostgresError("42501"), "store.denied"),
        (PostgresError("28P01"), "store.denied"),
        (PostgresError("25006"), "store.read_only"),
        (PostgresError("53100"), "store.full"),
        (PostgresError("53300"), "store.unavailable"),
        (PostgresError("57P01"), "store.unavailable"),
        (PostgresError("55P03"), "store.busy"),
        (PostgresError("22021"), "store.failed"),
        (LiteError(sqlite3.SQLITE_BUSY, "SQLITE_BUSY"), "store.busy"),
        (LiteError(sqlite3.SQLITE_PERM, "SQLITE_PERM"), "store.denied"),
        (LiteError(sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"), "store.corrupt"),
        (LiteError(sqlite3.SQLITE_IOERR | 0x300, "SQLITE_IOERR_WRITE"), "store.unavailable"),
    ],
    ids=lambda value: getattr(value, "sqlstate", getattr(value, "sqlite_errorname", None)),
)
def test_what_a_database_says_has_a_code_and_no_names(cause: Exception, expected: str) -> None:
    error = store_error(DBAPIError("INSERT", {}, cause))
    assert error.code == expected
    assert "Board" not in str(error)
    assert "ada" not in str(error)


def test_every_code_of_synchronisation_and_stores_has_a_test() -> None:
    sources = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in ADAPTERS]
    given = {found for path in sources for found in CODE.findall(path.read_text(encoding="utf-8"))}
    defaults = {
        error.default_code for error in vars(memberof.errors).values() if hasattr(error, "default_code")
    }
    assert len(given) > 30
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    assert {name for name in given - defaults if f'"{name}"' not in tests} == set()
