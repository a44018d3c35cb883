"""``SyncPolicy`` from keywords, a dict, JSON and TOML: the same words, and every mistake at once."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

import memberof
from memberof import SyncPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

EVERYTHING: dict[str, Any] = {
    "on_absent": "keep",
    "on_malformed": "refuse",
    "on_overage": "refuse",
    "on_internal_match": "if_all_members_external",
    "identity": "fold",
    "detach_scope": "own_memberships",
    "create_missing": False,
    "max_creates": 5,
    "max_groups": 300,
    "protected": ["Admins", "Board"],
    "last_member_of": ["Admins"],
    "required_groups": ["App"],
}

WRONG: dict[str, Any] = {
    "on_absent": "maybe",
    "on_malformed": "warn",
    "on_overage": "fetch",
    "on_internal_match": True,
    "identity": "lower",
    "detach_scope": "all",
    "max_creates": -1,
    "max_groups": "many",
    "protected": "Admins",
    "last_member_of": {"Admins": 1},
    "required_groups": [1],
}

PROBLEMS = [
    'on_absent is "detach_if_seen", "detach", "keep" or "refuse", found "maybe"',
    'on_malformed is "hold", "ignore" or "refuse", found "warn"',
    'on_overage is "hold" or "refuse", found "fetch"',
    'on_internal_match is "adopt", "refuse", "ignore" or "if_all_members_external", found true',
    'identity is "exact" or "fold", found "lower"',
    'detach_scope is "external_groups" or "own_memberships", found "all"',
    "max_creates is a number from 0, or nothing, found -1",
    'max_groups is a number from 0, or nothing, found "many"',
    'protected is a list of names, found "Admins"',
    'last_member_of is a list of names, found {"Admins":1}',
    "required_groups is a list of names, found [1]",
]


def toml(values: dict[str, Any], table: str = "") -> str:
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join([f"[{table}]"] * bool(table) + lines)


READERS: dict[str, Callable[[dict[str, Any]], SyncPolicy]] = {
    "keywords": lambda values: SyncPolicy(**values),
    "dict": SyncPolicy.from_dict,
    "json": lambda values: SyncPolicy.from_json(json.dumps(values)),
    "toml": lambda values: SyncPolicy.from_toml(toml(values)),
    "toml-table": lambda values: SyncPolicy.from_toml(toml(values, "tool.memberof"), table="tool.memberof"),
}


@pytest.fixture(params=READERS)
def read(request: pytest.FixtureRequest) -> Callable[[dict[str, Any]], SyncPolicy]:
    return READERS[request.param]


def test_every_option_is_read_from_everywhere(read: Callable[[dict[str, Any]], SyncPolicy]) -> None:
    policy = read(EVERYTHING)
    assert policy.to_dict() == EVERYTHING
    assert policy == SyncPolicy(**EVERYTHING)
    assert policy.on_internal_match is memberof.OnInternalMatch.IF_ALL_MEMBERS_EXTERNAL
    assert policy.protected == ("Admins", "Board")
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_every_mistake_is_reported_at_once(read: Callable[[dict[str, Any]], SyncPolicy]) -> None:
    with pytest.raises(memberof.ConfigurationError) as refused:
        read({name: value for name, value in WRONG.items() if value != {"Admins": 1}})
    assert refused.value.code == "config.policy"
    assert list(refused.value.problems) == [text for text in PROBLEMS if "last_member_of" not in text]


def test_an_unknown_option_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(memberof.ConfigurationError) as refused:
        SyncPolicy.from_toml('on-absent = "keep"\nmaximum = 3\non_overage = "fetch"\n')
    assert list(refused.value.problems) == [
        PROBLEMS[2],
        'there is no option "maximum"',
        'there is no option "on-absent", did you mean on_absent?',
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", "this is not JSON, see line 1 column 1"), ("[]", "a policy is a table of options")],
)
def test_what_is_no_policy_is_told(text: str, problem: str) -> None:
    with pytest.raises(memberof.ConfigurationError) as refused:
        SyncPolicy.from_json(text)
    assert (refused.value.code, refused.value.problems) == ("config.policy", (problem,))


def test_what_is_no_toml_and_a_missing_table_are_told() -> None:
    with pytest.raises(memberof.ConfigurationError) as refused:
        SyncPolicy.from_toml("on_absent = ")
    assert refused.value.code == "config.policy"
    assert refused.value.problems[0].startswith("this is not TOML: ")
    with pytest.raises(memberof.ConfigurationError) as missing:
        SyncPolicy.from_toml("[tool]\n", table="tool.memberof")
    assert (missing.value.code, missing.value.message) == ("config.policy", 'there is no table "memberof"')


def test_nothing_said_is_the_rules() -> None:
    assert SyncPolicy.from_json("{}") == SyncPolicy.from_toml("") == SyncPolicy()
    assert repr(SyncPolicy()) == "SyncPolicy()"
    assert repr(SyncPolicy.cautious()) == (
        "SyncPolicy(on_absent='keep', on_internal_match='refuse', detach_scope='own_memberships')"
    )


def test_a_function_for_overage_is_part_of_the_policy() -> None:
    policy = SyncPolicy(on_overage=fetch)
    assert policy.on_overage is fetch
    assert policy == SyncPolicy(on_overage=fetch) != SyncPolicy()
    assert pickle.loads(pickle.dumps(policy)) == policy


def fetch(user: str, claim: memberof.GroupClaim) -> list[str]:
    return []


def test_states_and_keys_take_known_words_only() -> None:
    with pytest.raises(memberof.ConfigurationError) as kind:
        memberof.UserState(groups={"Staff": "intern"})
    assert kind.value.code == "config.group_kind"
    with pytest.raises(memberof.ConfigurationError) as identity:
        memberof.group_key("Staff", "lower")
    assert identity.value.code == "config.identity"
    for change, expected in ((("make", "A", "received"), "action"), (("attach", "A", "because"), "reason")):
        with pytest.raises(memberof.ConfigurationError) as word:
            memberof.Change(*change)
        assert word.value.code == f"config.{expected}"
    for known in (
        {"memberships": ["Other"]},
        {"origins": {"Other": "https://idp.example"}},
        {"sole_member_of": ["Other"]},
        {"all_members_external": ["Other"]},
    ):
        with pytest.raises(memberof.ConfigurationError) as unknown:
            memberof.UserState(groups={"Staff": "internal"}, **known)  # type: ignore[arg-type]
        assert unknown.value.code == "config.state_unknown_group"
        assert "Other" not in unknown.value.message


def test_what_a_policy_stops_is_warned_of_with_a_code() -> None:
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
    claim = extractor.extract({"memberOf": ["Staff", "New"]})
    state = memberof.UserState(groups={"Staff": "internal"})
    codes = {
        name: [
            (warning.code, warning.message)
            for warning in memberof.reconcile(claim, state, policy=policy).warnings
        ]
        for name, policy in {
            "refuse": SyncPolicy(on_internal_match="refuse"),
            "ignore": SyncPolicy(on_internal_match="ignore"),
            "groups": SyncPolicy(max_groups=1),
            "creates": SyncPolicy(max_creates=0),
        }.items()
    }
    assert codes == {
        "refuse": [
            (
                "plan.internal_refused",
                "1 received group is internal here and on_internal_match does not adopt it",
            )
        ],
        "ignore": [],
        "groups": [("plan.max_groups", "the claim has 2 groups, max_groups is 1: nothing is changed")],
        "creates": [
            ("plan.max_creates", "the login would create 1 group, max_creates is 0: none is created")
        ],
    }
