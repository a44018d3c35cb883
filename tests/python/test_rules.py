"""GroupRules: which names count, and what they are called here."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from memberof import ConfigurationError, GroupClaim, GroupExtractor, GroupRules

GUID = "5581e43f-6096-41d4-8ffa-04e560bab39d"
OTHER_GUID = "00000000-0000-0000-0000-000000000001"


def extract(values: list[str], **rules: Any) -> GroupClaim:
    claim = GroupExtractor(format="array", rules=GroupRules(**rules)).extract({"memberOf": values})
    count = len(claim.groups) + claim.duplicates + len(claim.dropped) + len(claim.malformed)
    assert count == claim.received + claim.fanned_out
    assert claim.received == len(values)
    return claim


def dropped(claim: GroupClaim) -> list[tuple[str, str]]:
    return [(one.value, one.reason) for one in claim.dropped]


@pytest.mark.parametrize(
    ("include", "kept"),
    [
        ("app-a", ["app-a"]),
        ({"exact": "app-a"}, ["app-a"]),
        ({"prefix": "app-"}, ["app-a", "app-b"]),
        ({"glob": "*-[ab]"}, ["app-a", "app-b", "sys-a"]),
        ({"glob": "app-[!a]"}, ["app-b"]),
        ({"glob": "???"}, ["x]y"]),
        ({"glob": r"x\]y"}, ["x]y"]),
        ({"glob": "x[]]y"}, ["x]y"]),
        ({"glob": "[a-s]*-a"}, ["app-a", "sys-a"]),
        ({"regex": "app"}, []),  # whole names
        ({"regex": "app|app-a"}, ["app-a"]),
        ({"regex": r"(?i)APP-\w"}, ["app-a", "app-b"]),
        (["app-a", {"prefix": "sys"}], ["app-a", "sys-a"]),
        (None, ["app-a", "app-b", "sys-a", "x]y"]),
    ],
)
def test_include_keeps_what_a_pattern_matches(include: Any, kept: list[str]) -> None:
    claim = extract(["app-a", "app-b", "sys-a", "x]y"], include=include)
    assert list(claim.groups) == kept
    assert {reason for _, reason in dropped(claim)} <= {"rule.not_included"}
    assert claim.complete


def test_exclude_wins_over_include_and_over_rename_on_both_names() -> None:
    claim = extract(
        ["a", "b", "c", "d"],
        include=["a", "b", "d"],
        exclude=["b", "Admins"],
        rename={"c": "Admins", "b": "x"},
    )
    assert claim.groups == ("a", "d")
    assert dropped(claim) == [("b", "rule.excluded"), ("c", "rule.excluded")]


def test_rename_is_one_to_many_and_many_to_one_and_recorded() -> None:
    claim = extract(
        ["sales", "sales-emea", "it", "sales"], rename={"sales": ["Sales", "Staff"], "sales-emea": "Sales"}
    )
    assert claim.groups == ("Sales", "Staff", "it")
    assert claim.renamed == (
        ("sales", "Sales"),
        ("sales", "Staff"),
        ("sales-emea", "Sales"),
        ("sales", "Sales"),
        ("sales", "Staff"),
    )
    assert (claim.fanned_out, claim.duplicates) == (2, 3)
    assert claim.warnings == ()


def test_a_renamed_name_is_included_and_not_stripped() -> None:
    claim = extract(
        ["x", "app-y", "app-z"],
        include={"prefix": "app-"},
        rename={"x": "app-x", "app-z": "app-q"},
        strip_prefix="app-",
    )
    assert claim.groups == ("app-x", "y", "app-q")


def test_the_longest_prefix_is_stripped_and_what_is_left_must_be_a_name() -> None:
    claim = extract(["app-a", "app-prod-b", "other", "app-"], strip_prefix=["app-", "app-prod-"])
    assert claim.groups == ("a", "b", "other")
    assert dropped(claim) == [("app-", "rule.empty_name")]
    assert claim.renamed == (("app-a", "a"), ("app-prod-b", "b"))
    assert extract(["app-admins"], strip_prefix="app-", exclude="admins").groups == ()


def test_the_map_is_read_before_the_guard_against_identifiers() -> None:
    assert extract([GUID], rename={GUID: "Sales"}).groups == ("Sales",)
    left = extract([OTHER_GUID], rename={GUID: "Sales"})
    assert (left.groups, left.complete, dropped(left)) == ((), True, [(OTHER_GUID, "claim.identifier")])
    unmapped = extract([OTHER_GUID], rename={"x": "Sales"})
    assert (unmapped.malformed, unmapped.complete) == ((OTHER_GUID,), False)
    # The guard comes before include: IDs that no pattern matches still hold detachments.
    assert not extract([OTHER_GUID], include={"prefix": "app-"}).complete


def test_ignore_case_folds_names_and_patterns() -> None:
    claim = extract(
        ["APP-Straße", "app-STRASSE", "App-x"],
        include={"prefix": "app-"},
        strip_prefix="APP-",
        rename={"APP-X": "X"},
        ignore_case=True,
    )
    assert claim.groups == ("Straße", "STRASSE", "X")
    assert extract(["Größe"], include="Gro\u0308ße").groups == ("Größe",)


def test_rules_come_from_toml_json_and_dicts_alike() -> None:
    data = {
        "include": ["a", {"glob": "b*"}],
        "exclude": [{"regex": "b.c"}],
        "strip_prefix": ["x-"],
        "rename": {"a": "A", "b": ["B", "C"]},
        "ignore_case": True,
    }
    toml = """
    include = ["a", { glob = "b*" }]
    exclude = [{ regex = "b.c" }]
    strip_prefix = ["x-"]
    ignore_case = true
    [rename]
    a = "A"
    b = ["B", "C"]
    """
    import json

    rules = GroupRules(**data)  # type: ignore[arg-type]
    assert (
        rules
        == GroupRules.from_dict(data)
        == GroupRules.from_toml(toml)
        == GroupRules.from_json(json.dumps(data))
    )
    assert rules.to_dict() == data
    assert pickle.loads(pickle.dumps(rules)) == rules
    assert hash(pickle.loads(pickle.dumps(rules))) == hash(rules)
    assert eval(repr(rules), {"GroupRules": GroupRules}) == rules
    assert not GroupRules()
    extractor = GroupExtractor(format="array", rules=rules)
    assert pickle.loads(pickle.dumps(extractor)) == extractor
    assert extractor.rules == rules


def test_every_mistake_is_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        GroupRules.from_dict(
            {
                "includes": [],
                "include": [
                    {"prefix": ""},
                    {"glob": "[a"},
                    {"regex": "(a"},
                    {"regex": "a)(b"},
                    {"a": "b", "c": "d"},
                    True,
                ],
                "strip_prefix": ["", "a"],
                "rename": {"a": [], "b": "", "c": "x\ny", "d": True},
                "ignore_case": "yes",
            }
        )
    problems = caught.value.problems
    assert len(problems) == 13
    assert sum(problem.startswith("include:") for problem in problems) == 6
    assert any("unclosed group" in problem for problem in problems)
    for build, text in [
        (lambda: GroupRules(include=[]), "drop every group"),
        (lambda: GroupRules.from_toml("a ="), "no TOML"),
        (lambda: GroupRules.from_json("["), "no JSON"),
        (lambda: GroupRules.from_json("[]"), "must be a table"),
        (lambda: GroupRules(rename={"A": "x", "a": "y"}, ignore_case=True), "stands there twice"),
    ]:
        with pytest.raises(ConfigurationError, match=text):
            build()
    with pytest.raises(TypeError, match="rules hold only"):
        GroupRules(include=3)  # type: ignore[arg-type]


def test_a_hostile_expression_stays_linear() -> None:
    rules = GroupRules(exclude={"regex": "(a*)*b"})
    assert (
        GroupExtractor(format="array", max_name_length=10**6, rules=rules)
        .extract({"memberOf": ["a" * 100_000]})
        .groups
    )
