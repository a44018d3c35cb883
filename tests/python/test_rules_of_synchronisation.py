"""The rules R1 to R10, each by its number, through ``GroupSync`` on every store and for each of the three formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import memberof

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.site import Site

FORMATS = ("ldap", "array", "csv")


def wire(format_: str, *names: str) -> list[str]:
    """Return names as AD FS, Keycloak and a comma-separated IdP send them."""
    if format_ == "ldap":
        return [f"CN={name},OU=Groups,DC=example,DC=com" for name in names]
    return list(names) if format_ == "array" else [", ".join(names)]


@pytest.fixture(params=FORMATS)
def format_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(format_: str, sites: Callable[..., Site]) -> Site:
    return sites(format_)


@pytest.fixture
def login(site: Site, format_: str) -> Callable[..., memberof.LoginOutcome]:
    return lambda user, *names: site.login(user, wire(format_, *names))


def test_r1_nothing_happens_until_it_is_on_and_turning_it_off_changes_nothing(
    site: Site, format_: str
) -> None:
    on = site.sync
    site.sync = memberof.GroupSync(site.extractor, site.store, source=on.source, mode="off")
    assert site.login("ada", wire(format_, "A")).applied is False
    assert site.kinds() == {}
    site.sync = memberof.GroupSync(site.extractor, site.store, source=on.source, mode="observe")
    assert site.login("ada", wire(format_, "A")).plan.attach == ("A",)  # type: ignore[union-attr]
    assert site.kinds() == {}
    site.sync = on
    site.login("ada", wire(format_, "A"))
    site.sync = memberof.GroupSync(site.extractor, site.store, source=on.source, mode="off")
    site.login("ada", wire(format_, "B"))
    assert (site.groups("ada"), site.kinds()) == (["A"], {"A": "external"})


def test_r2_the_first_cn_of_an_ldap_name_is_the_groups_name(sites: Callable[..., Site]) -> None:
    site = sites("ldap")
    site.login("ada", ["CN=Group1,CN=Users,DC=example,DC=com", "OU=No CN first,CN=Never,DC=example"])
    assert site.groups("ada") == ["Group1"]


def test_r3_each_value_of_an_array_is_a_name(sites: Callable[..., Site]) -> None:
    site = sites("array")
    site.login("ada", ["Group1", "Group2, and more"])
    assert site.groups("ada") == ["Group1", "Group2, and more"]


def test_r4_a_value_of_csv_holds_many_names(sites: Callable[..., Site]) -> None:
    site = sites("csv")
    site.login("ada", ['Group1, Group2,,"Group3, with comma"'])
    assert site.groups("ada") == ["Group1", "Group2", "Group3, with comma"]


def test_r5_a_name_is_one_group_for_all_users(site: Site, login: Any) -> None:
    login("ada", "A", "B")
    login("bob", "B", "A")
    assert [group.name for group in site.store.groups()] == ["A", "B"]
    with pytest.raises(memberof.ConfigurationError) as refused:
        site.store.create_group("A", now=site.time)
    assert refused.value.code == "store.group_exists"


def test_r6_an_unknown_name_becomes_an_external_group(site: Site, login: Any) -> None:
    outcome = login("ada", "New")
    assert outcome.plan.create == ("New",)
    assert site.kinds() == {"New": "external"}


def test_r7_an_internal_group_of_that_name_becomes_external(site: Site, login: Any) -> None:
    site.store.create_group("Staff", now=site.time)
    site.store.attach("bob", "Staff", now=site.time)
    outcome = login("ada", "Staff")
    assert (outcome.plan.adopt, outcome.plan.create) == (("Staff",), ())
    assert site.kinds() == {"Staff": "external"}
    reach = site.store.history(limit=1)[0].details["reach"]
    assert reach == {"Staff": {"others": ["bob"], "strangers": 1}}, "who would lose it is on record"
    assert site.groups("bob") == ["Staff"], "until his own next login"


def test_r8_she_is_in_every_received_group_and_in_no_other_external_one(site: Site, login: Any) -> None:
    site.store.create_group("By hand", "external", now=site.time)
    site.store.attach("ada", "By hand", now=site.time)
    login("ada", "A", "B")
    outcome = login("ada", "B", "C")
    assert site.groups("ada") == ["B", "C"]
    assert (outcome.plan.attach, outcome.plan.detach, outcome.plan.keep) == (("C",), ("A",), ("B",))


def test_r9_internal_groups_stay_as_they_are(site: Site, login: Any) -> None:
    site.store.create_group("Board", now=site.time)
    site.store.attach("ada", "Board", now=site.time)
    site.store.attach("bob", "Board", now=site.time)
    before = site.store.memberships(group="Board")
    login("ada", "A")
    login("ada")
    assert site.store.memberships(group="Board") == before
    assert site.kinds()["Board"] == "internal"


def test_r10_what_is_not_sent_again_is_lost(site: Site, login: Any) -> None:
    login("ada", "A", "B")
    login("ada", "A", "B")
    assert site.groups("ada") == ["A", "B"]
    login("ada", "A")
    assert site.groups("ada") == ["A"]
    site.login("ada", [])
    assert site.groups("ada") == []
    assert site.kinds() == {"A": "external", "B": "external"}, "the groups themselves stay"


def test_the_second_login_changes_nothing(site: Site, login: Any) -> None:
    site.store.create_group("Staff", now=site.time)
    login("ada", "Staff", "New")
    before = (site.store.memberships(), site.store.groups(), site.store.history())
    again = login("ada", "New", "Staff")
    assert (bool(again.plan), again.event_id) == (False, None)
    assert (site.store.memberships(), site.store.groups(), site.store.history()) == before
