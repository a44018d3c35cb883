"""Logins from files and logs of SAML Responses, verified and not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

import memberof
from memberof import AuditError, GroupExtractor
from memberof.audit.sources import Snapshot, read_responses
from memberof.testing import TestIdp

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EXTRACTOR = GroupExtractor("memberOf", "array")


@pytest.fixture
def idp() -> TestIdp:
    return TestIdp("keycloak")


def response(idp: TestIdp, user: str, groups: list[str], minutes: int = 0) -> str:
    made: str = idp.response(
        user, groups, attributes={"uid": user}, request_id="_r", now=NOW + timedelta(minutes=minutes)
    )
    return made


def told(snapshot: Snapshot) -> list[tuple[str, str | None]]:
    return sorted(
        ((row["user"], row["value"]) for row in snapshot.claims().to_pylist()),
        key=lambda pair: (pair[0], str(pair[1])),
    )


def provider(idp: TestIdp) -> memberof.ServiceProvider:
    return memberof.ServiceProvider(
        entity_id=idp.sp_entity_id,
        acs_url=idp.acs_url,
        identity_provider=memberof.IdentityProvider.from_metadata(idp.metadata_xml),
    )


@pytest.fixture
def folder(tmp_path: Path, idp: TestIdp) -> Path:
    """Form values, a log of a web server, a HAR file, JSON Lines, and what is none of these."""
    (tmp_path / "old.b64").write_text(response(idp, "ann", ["Old"], minutes=-9))
    log = [
        f"POST /acs SAMLResponse={quote(response(idp, user, groups), safe='')}&RelayState="
        for user, groups in [("ann", ["Staff", "Sales"]), ("ben", [])]
    ]
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "access.log").write_text("\n".join(["GET /", *log, "GET /"]))
    posted = {
        "request": {
            "postData": {"params": [{"name": "SAMLResponse", "value": response(idp, "cat", ["Staff"])}]}
        }
    }
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": [posted]}}))
    lines = [
        json.dumps(
            {
                "SAMLResponse": response(
                    TestIdp("keycloak", entity_id="https://evil.example"), "eve", ["Admins"]
                )
            }
        )
    ]
    (tmp_path / "more.jsonl").write_text("\n".join([*lines, "{}", '{"SAMLResponse": "!"}']))
    (tmp_path / "notes.txt").write_text("nothing here")
    return tmp_path


def test_with_a_service_provider_only_what_it_accepts_is_read(folder: Path, idp: TestIdp) -> None:
    found = read_responses(folder, extractor=EXTRACTOR, service_provider=provider(idp))
    assert found.verified is True
    assert told(found) == [("ann", "Sales"), ("ann", "Staff"), ("ben", None), ("cat", "Staff")]
    assert found.skipped == {"source.not_verified": 1, "source.unreadable": 3}
    logins = found.logins().to_pylist()
    assert (logins[0]["user"], logins[0]["value"], logins[0]["time"]) == (
        "ann",
        "Old",
        NOW - timedelta(minutes=9),
    )
    assert {row["user"]: row["status"] for row in logins} == {
        "ann": "present",
        "ben": "absent",
        "cat": "present",
    }


def test_without_one_the_snapshot_says_that_nothing_was_verified(folder: Path) -> None:
    found = read_responses(folder, extractor=EXTRACTOR, user="uid")
    assert found.verified is False
    assert found.account()[0] == "NOT VERIFIED: anybody may have written these logins"
    assert ("eve", "Admins") in told(found)
    assert found.skipped == {"source.unreadable": 3}


def test_the_name_of_a_user_is_not_taken_from_an_unverified_message(folder: Path) -> None:
    with pytest.raises(ValueError, match="give service_provider, or user"):
        read_responses(folder, extractor=EXTRACTOR)


def test_a_login_that_is_there_twice_counts_once(tmp_path: Path, idp: TestIdp) -> None:
    value = response(idp, "ann", ["Staff"])
    for name in ("a", "b"):
        (tmp_path / name).write_text(value)
    found = read_responses(tmp_path, extractor=EXTRACTOR, service_provider=provider(idp))
    assert told(found) == [("ann", "Staff")]
    assert found.skipped == {"source.repeated_login": 1}


def test_overage_and_attributes_of_another_library_are_told(tmp_path: Path) -> None:
    entra = GroupExtractor.preset("entra")
    over = {
        "attributes": {"http://schemas.microsoft.com/claims/groups.link": ["https://graph"], "name": ["ann"]}
    }
    (tmp_path / "over.json").write_text(json.dumps(over))
    found = read_responses(tmp_path, extractor=entra, user="name")
    assert found.claims().to_pylist() == [{"user": "ann", "value": None, "status": "overage"}]


def test_where_no_login_can_be_read_it_is_said(tmp_path: Path, idp: TestIdp) -> None:
    (tmp_path / "a").write_text("nothing")
    with pytest.raises(AuditError, match=r"no login can be read \(1 source.unreadable\)") as error:
        read_responses(tmp_path, extractor=EXTRACTOR, user="uid")
    assert error.value.code == "audit.no_login"
    with pytest.raises(AuditError) as error:
        read_responses(tmp_path / "b", extractor=EXTRACTOR, user="uid")
    assert error.value.code == "audit.file"
