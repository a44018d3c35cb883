"""LDIF: what slapcat and ldapsearch of OpenLDAP 2.5 wrote, and what ldifde of Active Directory writes."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest

from memberof import AuditError
from memberof.audit.sources import read_ldif

DATA = Path(__file__).parents[2] / "data" / "directories"
LONG = "Research, Development and a very long name that makes the line fold, twice"


def pairs(snapshot: object) -> set[tuple[str, str | None]]:
    return {(row["user"], row["group"]) for row in snapshot.rows.to_pylist()}  # type: ignore[attr-defined]


def test_slapcat_is_read_with_folded_lines_base64_and_other_spellings_of_a_dn() -> None:
    found = read_ldif(DATA / "openldap-slapcat.ldif")
    assert pairs(found) == {
        ("alice", "Staff"),
        ("bob", "Staff"),  # UID=Bob, OU=people, …
        ("jürgen", "Staff"),
        ("dora", "Staff"),
        ("alice", LONG),
        ("bob", "printers"),
        ("dora", "printers"),
    }
    assert found.skipped == {
        "source.nested_group": 1,
        "source.other_entry": 3,
        "source.unknown_member": 1,  # uid=gone has no entry
    }
    assert found.claims().column_names == ["user", "value"]
    assert "cn=Staff,ou=groups,dc=example,dc=org" in found.claims()["value"].to_pylist()
    assert {"user": "alice", "group": "Staff", "kind": "external"} in found.current().to_pylist()
    assert found.groups("internal").to_pylist() == [
        {"group": name, "kind": "internal"} for name in ("Staff", LONG, "printers")
    ]


def test_members_of_a_group_in_a_group_count_if_asked() -> None:
    found = read_ldif(DATA / "openldap-slapcat.ldif", nested=True)
    assert {user for user, group in pairs(found) if group == LONG} == {"alice", "bob", "jürgen", "dora"}
    assert "source.nested_group" not in found.skipped


def test_an_ldapsearch_of_users_alone_names_the_groups_of_their_member_of() -> None:
    found = read_ldif(DATA / "openldap-search.ldif")
    assert pairs(found) == {("alice", None), ("bob", None), ("jürgen", None), ("dora", "Staff")}
    assert found.skipped == {}


def test_an_export_of_groups_alone_names_users_by_their_dn(tmp_path: Path) -> None:
    blocks = (DATA / "openldap-slapcat.ldif").read_text().split("\n\n")
    path = tmp_path / "groups.ldif"
    path.write_text("\n\n".join(block for block in blocks if block.startswith("dn: cn=")))
    found = read_ldif(path)
    assert {user for user, group in pairs(found) if group == "Staff"} == {"alice", "Bob", "jürgen", "dora"}
    assert ("gone", LONG) in pairs(found)
    assert ("bob", "printers") in pairs(found)


def test_a_search_that_ended_early_is_refused() -> None:
    with pytest.raises(
        AuditError, match=r"openldap-cut-off.ldif\", line \d+: the search ended early \(result 4\)"
    ) as error:
        read_ldif(DATA / "openldap-cut-off.ldif")
    assert error.value.code == "audit.cut_off"


def sid(rid: int, domain: int = 7) -> str:
    parts = (21, 1, 2, domain, rid)
    return base64.b64encode(struct.pack(">BBHI", 1, 5, 0, 5) + struct.pack("<5I", *parts)).decode()


AD = f"""\
dn: CN=Anna Ähm,OU=Users,DC=corp,DC=example
changetype: add
objectClass: top
objectClass: person
objectClass: user
sAMAccountName: anna
objectSid:: {sid(1104)}
primaryGroupID: 513

dn: CN=Bert,OU=Users,DC=corp,DC=example
changetype: add
objectClass: user
sAMAccountName: bert
objectSid:: {sid(1105)}
primaryGroupID: 1200

dn: CN=Far,OU=Users,DC=far,DC=example
changetype: add
objectClass: user
sAMAccountName: far
objectSid:: {sid(1106, domain=8)}
primaryGroupID: 513

dn: CN=Domain Users,CN=Users,DC=corp,DC=example
changetype: add
objectClass: group
objectSid:: {sid(513)}

dn: CN=Token,CN=Users,DC=corp,DC=example
changetype: add
objectClass: group
primaryGroupToken: 1200

dn: CN=Editors,OU=Groups,DC=corp,DC=example
changetype: add
objectClass: group
member: CN=Anna Ähm,OU=Users,DC=corp,DC=example
member: CN=Bert,OU=Users,DC=corp,DC=example
""".replace("\n", "\r\n")


def test_active_directory_gives_primary_groups_too(tmp_path: Path) -> None:
    path = tmp_path / "ad.ldf"
    path.write_bytes(AD.encode("utf-16"))
    found = read_ldif(path)
    assert pairs(found) == {
        ("anna", "Domain Users"),
        ("anna", "Editors"),
        ("bert", "Token"),
        ("bert", "Editors"),
        ("far", None),
    }
    assert found.skipped == {"source.no_primary_group": 1}  # far's group has the same RID in another domain
    without = read_ldif(path, primary=False)
    assert pairs(without) == {("anna", "Editors"), ("bert", "Editors"), ("far", None)}
    assert without.skipped == {}


def group(*ranges: str) -> str:
    header = "dn: CN=Big,DC=corp,DC=example\nobjectClass: group\n"
    return "\n".join(header + f"member;range={each}: CN=a,DC=corp,DC=example\n" for each in ranges)


def test_a_list_of_members_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.ldif"
    for ranges in (["0-1499"], ["0-1499", "3000-*"], ["1500-*"]):
        path.write_text(group(*ranges))
        with pytest.raises(AuditError) as error:
            read_ldif(path)
        assert error.value.code == "audit.cut_off", ranges
        assert error.value.message.startswith(f'"{path}", line 1: the group\'s members end at number')
    path.write_text(group("0-1499", "1500-2999", "3000-*"))
    assert read_ldif(path).skipped == {"source.unknown_member": 1}


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("dn: uid=a,dc=x\nuid: a\n\ndn: uid=b,dc=x\nuid b\n", 5, 'expected "attribute: value"'),
        ("# a comment\nuid: a\n", 2, 'expected "dn:" first'),
        ("dn: uid=a,dc=x\nuid:: YWxp!2U=\n", 2, "expected base64"),
        ("dn: uid=a,dc=x\nuid:: YWx\n pY2U=x\n", 2, "expected base64"),
        ("dn: uid=a,dc=x\nuid:: YWxpY2\n", 1, "base64 that is cut off"),
        ("version: 1\n\ndn: no dn\nuid: a\n", 3, "no one valid dn"),
        ("dn: uid=a,dc=x\nchangetype: modify\nadd: member\n", 1, "expected an entry, found a change"),
        ("dn: cn=a,dc=x\nobjectClass: group\nmember: nobody\n", 1, "expected a distinguished name"),
        ("dn: uid=a,dc=x\nuid:: /w==\n", 1, "a name that is no UTF-8"),
        ("dn: uid=a,dc=x\nuid: a\nprimaryGroupID: many\n", 1, "a RID that is no number"),
        ("dn: cn=a,dc=x\nobjectClass: group\nobjectSid: S-1-x\n", 1, "no valid objectSid"),
    ],
)
def test_what_is_not_ldif_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, expected: str
) -> None:
    path = tmp_path / "bad.ldif"
    path.write_text(text)
    with pytest.raises(AuditError) as error:
        read_ldif(path)
    assert error.value.code == "audit.not_ldif"
    assert error.value.message.startswith(f'"{path}", line {line}: ')
    assert expected in error.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"no.ldif\" cannot be read: No such file") as error:
        read_ldif(tmp_path / "no.ldif")
    assert error.value.code == "audit.file"


def test_the_attribute_that_names_users_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "ad.ldif"
    path.write_text(
        "dn: CN=A,DC=x\nobjectClass: user\nsAMAccountName: a\nmail: a@x.example\nmemberOf: CN=G,DC=x\n\n"
        "dn: CN=B,DC=x\nobjectClass: user\nsAMAccountName: b\nmemberOf: CN=G,DC=x\n"
    )
    found = read_ldif(path, user="mail")
    assert pairs(found) == {("a@x.example", "G")}
    assert found.skipped == {"source.no_user": 1}
