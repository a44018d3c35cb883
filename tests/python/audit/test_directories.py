"""Exports and answers in JSON: Keycloak, Microsoft Graph, Google's Directory API, SCIM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from memberof import AuditError
from memberof.audit.sources import Snapshot, read, read_entra, read_google, read_keycloak, read_scim

if TYPE_CHECKING:
    from pathlib import Path

REALM = {
    "realm": "acme",
    "groups": [
        {
            "id": "1",
            "name": "Staff",
            "path": "/Staff",
            "subGroups": [
                {"id": "2", "name": "Berlin", "path": "/Staff/Berlin", "subGroups": []},
                {"id": "3", "name": "R/D", "path": "/Staff/R~/D"},
            ],
        }
    ],
    "users": [
        {
            "username": "ann",
            "email": "ann@acme.example",
            "groups": ["/Staff/Berlin"],
            "attributes": {"nr": ["7"]},
        },
        {"username": "ben", "groups": ["/Staff", "/Staff/R~/D", "/Gone"]},
        {"username": "cat"},
        {"username": "service-account-x", "serviceAccountClientId": "x", "groups": ["/Staff"]},
    ],
}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(name: str, document: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document))
        return path

    return written


def rows(snapshot: Snapshot) -> set[tuple[str, str | None, str | None]]:
    return {(row["user"], row["group"], row["value"]) for row in snapshot.rows.to_pylist()}


def code_of(reader: Any, *paths: Path, **options: Any) -> tuple[str, str]:
    with pytest.raises(AuditError) as error:
        reader(*paths, **options)
    return error.value.code, error.value.message


def test_a_realm_of_keycloak(write: Any) -> None:
    found = read(write("realm.json", REALM))
    assert rows(found) == {
        ("ann", "Berlin", "Berlin"),
        ("ben", "Staff", "Staff"),
        ("ben", "R/D", "R/D"),
        ("cat", None, None),
    }
    assert found.skipped == {"source.not_a_user": 1, "source.nested_group": 2, "source.unknown_member": 1}
    paths = read_keycloak(write("realm.json", REALM), full_path=True, nested=True)
    assert rows(paths) >= {
        ("ann", "Berlin", "/Staff/Berlin"),
        ("ann", "Staff", "/Staff"),
        ("ben", "R/D", "/Staff/R~/D"),
    }
    by_number = read_keycloak(write("realm.json", REALM), user="nr")
    assert rows(by_number) == {("7", "Berlin", "Berlin")}
    assert by_number.skipped["source.no_user"] == 2


def test_a_realm_of_keycloak_in_several_files(write: Any, tmp_path: Path) -> None:
    write("export/acme-realm.json", {"realm": "acme", "groups": REALM["groups"]})
    write("export/acme-users-0.json", {"realm": "acme", "users": REALM["users"]})
    assert rows(read_keycloak(tmp_path / "export")) == rows(read(write("realm.json", REALM)))


def test_a_realm_without_users_is_refused(write: Any, tmp_path: Path) -> None:
    code, message = code_of(read_keycloak, write("realm.json", {"realm": "acme", "groups": []}))
    assert (code, message) == ("audit.json_shape", f'"{tmp_path}/realm.json": expected users, found none')


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"realm": "a", "users": {}}, "users: expected a list"),
        ({"realm": "a", "users": ["ann"]}, "users[0]: expected an object"),
        ({"realm": "a", "users": [{"username": 7}]}, "users[0].username: expected a text"),
        (
            {"realm": "a", "users": [{"username": "a", "groups": [1]}]},
            "users[0].groups[0]: expected a path such as /Staff",
        ),
        ({"realm": "a", "groups": [{"path": "/x"}]}, "groups[0]: expected name"),
    ],
)
def test_another_shape_is_refused_with_its_place(write: Any, document: object, expected: str) -> None:
    path = write("realm.json", document)
    assert code_of(read, path) == ("audit.json_shape", f'"{path}", {expected}')


def test_what_is_no_json_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "realm.json"
    path.write_text('{\n "realm": "acme",\n "users": [}\n')
    assert code_of(read, path) == ("audit.not_json", f'"{path}", line 3: expected JSON: expecting value')
    path.write_text('{"this": "that"}')
    assert code_of(read, path)[0] == "audit.file"


def person(number: int, **more: object) -> dict[str, object]:
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": f"u{number}",
        "userPrincipalName": f"user{number}@acme.example",
        **more,
    }


GRAPH = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups(id,displayName,members())",
    "value": [
        {
            "id": "g1",
            "displayName": "Sales",
            "securityEnabled": True,
            "members": [
                person(1),
                person(2, userPrincipalName=None),
                {"@odata.type": "#microsoft.graph.group", "id": "g2", "displayName": "Inner"},
                {"@odata.type": "#microsoft.graph.device", "id": "d1"},
            ],
        },
        {"id": "g2", "displayName": "Inner", "onPremisesSamAccountName": "INNER", "members": [person(3)]},
    ],
}


def test_groups_of_entra_are_sent_by_their_ids(write: Any) -> None:
    found = read(write("groups.json", GRAPH))
    assert rows(found) == {
        ("user1@acme.example", "Sales", "g1"),
        ("user3@acme.example", "Inner", "g2"),
    }
    assert found.skipped == {
        "source.no_user": 1,
        "source.not_a_user": 1,
        "source.nested_group": 1,
        "source.unknown_member": 1,
    }
    nested = read_entra(write("groups.json", GRAPH), value="onPremisesSamAccountName", user="id", nested=True)
    assert rows(nested) == {
        ("u1", "g1", "g1"),
        ("u2", "g1", "g1"),
        ("u3", "INNER", "INNER"),
        ("u3", "g1", "g1"),
    }


def test_users_of_entra_with_their_groups(write: Any) -> None:
    users = {
        "value": [
            {
                "id": "u1",
                "userPrincipalName": "a@x.example",
                "memberOf": [
                    {"@odata.type": "#microsoft.graph.group", "id": "g1", "displayName": "Sales"},
                    {"@odata.type": "#microsoft.graph.directoryRole", "id": "r1", "displayName": "Reader"},
                ],
            },
            {"id": "u2", "userPrincipalName": "b@x.example", "memberOf": []},
        ]
    }
    found = read_entra(write("users.json", users), value="displayName")
    assert rows(found) == {("a@x.example", "Sales", "Sales"), ("b@x.example", None, None)}
    assert found.skipped == {"source.other_entry": 1}


def test_entra_lists_that_end_early_are_refused(write: Any) -> None:
    full = {"value": [{"id": "g1", "displayName": "S", "members": [person(n) for n in range(20)]}]}
    code, message = code_of(read, write("groups.json", full))
    assert code == "audit.cut_off"
    assert "value[0].members: the list ends at 20" in message
    full["value"][0]["members@odata.count"] = 20
    assert len(read(write("groups.json", full)).rows) == 20
    first = write("1.json", {**GRAPH, "@odata.nextLink": "https://graph.microsoft.com/next"})
    assert code_of(read_entra, first)[0] == "audit.cut_off"
    assert len(read_entra(first, write("2.json", {"value": []})).rows) == 2
    assert (
        code_of(read, write("groups.json", {"value": [{"id": "g1", "displayName": "S"}]}))[0]
        == "audit.json_shape"
    )


def test_groups_of_google_with_their_members_in_files(write: Any, tmp_path: Path) -> None:
    groups = {
        "kind": "admin#directory#groups",
        "groups": [
            {"id": "01", "email": "Staff@acme.example", "name": "Staff"},
            {"id": "02", "email": "all@acme.example", "name": "Everybody"},
        ],
    }
    write(
        "members/staff@acme.example.json",
        {"members": [{"email": "Ann@acme.example", "type": "USER"}, {"id": "9", "type": "USER"}]},
    )
    write(
        "members/02.json",
        {
            "members": [
                {"email": "staff@acme.example", "type": "GROUP"},
                {"email": "ann@acme.example", "type": "USER"},
                {"id": "C", "type": "CUSTOMER"},
            ]
        },
    )
    found = read_google(write("groups.json", groups), members=tmp_path / "members", nested=True)
    assert {(user, group) for user, group, _ in rows(found)} == {
        ("ann@acme.example", "Staff"),
        ("ann@acme.example", "Everybody"),
    }
    assert found.skipped == {"source.no_user": 1, "source.cut_off": 1}
    code, message = code_of(read, write("groups.json", groups))
    assert (code, 'expected its members, or a file "staff@acme.example.json"' in message) == (
        "audit.json_shape",
        True,
    )
    page = write("members/02.json", {"members": [], "nextPageToken": "x"})
    assert code_of(read_google, tmp_path / "groups.json", members=tmp_path / "members") == (
        "audit.cut_off",
        f'"{page}": there are more pages (nextPageToken), expected all of them',
    )


SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:"


def scim(total: int, *resources: dict[str, object]) -> dict[str, object]:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "Resources": list(resources),
    }


TEAM = {
    "schemas": [f"{SCHEMA}Group"],
    "id": "g1",
    "displayName": "Team",
    "members": [{"value": "u1", "type": "User"}, {"value": "u2"}, {"value": "g2", "type": "Group"}],
}


def test_resources_of_scim(write: Any) -> None:
    groups = write(
        "groups.json", scim(2, TEAM, {"schemas": [f"{SCHEMA}Group"], "id": "g2", "displayName": "Empty"})
    )
    found = read(groups)
    assert rows(found) == {("u1", "Team", "Team"), ("u2", "Team", "Team")}
    assert found.skipped == {"source.nested_group": 1}
    assert found.warnings == ("2 users are named by the service's own ID: give the User resources too",)
    people = [
        {
            "schemas": [f"{SCHEMA}User"],
            "id": f"u{n}",
            "userName": f"user{n}",
            "groups": [{"value": "g1"}] * (n == 1),
        }
        for n in (1, 2, 3)
    ]
    named = read_scim(groups, write("users.json", scim(3, *people)))
    assert rows(named) == {("user1", "Team", "Team"), ("user2", "Team", "Team"), ("user3", None, None)}
    assert named.warnings == ()


def test_scim_resources_that_are_missing_are_refused(write: Any) -> None:
    path = write("groups.json", scim(2, TEAM))
    assert code_of(read, path) == ("audit.cut_off", f'"{path}": 1 resources of 2, expected all of them')
