"""What Keycloak alone can be set to: paths, nested groups, one Attribute a group, encryption beside signatures."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from services.live.keycloak import Keycloak

import memberof
from memberof.testing import SigningKey

if TYPE_CHECKING:
    from .site import Site

pytestmark = pytest.mark.parametrize("idp", ["keycloak"], indirect=True)

PATHS = [("Company", "Sales"), ("Company", "Sales", "EMEA"), ("Partners", "EMEA"), ("Company",)]


def in_paths(site: Site, user: str, paths: list[tuple[str, ...]]) -> None:
    assert isinstance(site.idp, Keycloak)
    site.idp.put_user_in(user, paths)


def test_nested_groups_without_paths(site: Site) -> None:
    """Parents are not sent, and two groups of one name below different parents arrive as one."""
    site.trust("nested")
    in_paths(site, "quentin", PATHS[1:3])
    site.sign_in("quentin")
    assert values(site.message) == ["EMEA", "EMEA"]
    assert site.groups("quentin") == {"EMEA": "external"}
    in_paths(site, "quentin", [*PATHS[:1], PATHS[3]])
    site.sign_in("quentin")
    assert site.groups("quentin") == {"Sales": "external", "Company": "external"}


def test_full_paths(site: Site) -> None:
    site.trust("paths", options=(("full.path", "true"),), format="path")
    in_paths(site, "rosa", PATHS)
    site.sign_in("rosa")
    assert sorted(values(site.message)) == [
        "/Company",
        "/Company/Sales",
        "/Company/Sales/EMEA",
        "/Partners/EMEA",
    ]
    assert site.groups("rosa") == dict.fromkeys(
        ["/Company", "/Company/Sales", "/Company/Sales/EMEA", "/Partners/EMEA"], "external"
    )
    in_paths(site, "rosa", PATHS[:1])
    site.sign_in("rosa")
    assert site.groups("rosa") == {"/Company/Sales": "external"}


def test_a_slash_in_a_name_is_not_escaped_in_a_path(site: Site) -> None:
    site.trust("paths", options=(("full.path", "true"),), format="path")
    in_paths(site, "sven", [("Input/Output",)])
    site.sign_in("sven")
    assert values(site.message) == ["/Input/Output"]


def test_one_attribute_for_each_group(site: Site) -> None:
    site.trust("single", options=(("single", "false"),))
    site.idp.put_user("tina", ["One", "Two, three"])
    site.sign_in("tina")
    assert len(attributes(site.message)) == 2
    assert site.groups("tina") == {"One": "external", "Two, three": "external"}


def test_roles_that_every_client_gets_are_no_groups(site: Site) -> None:
    site.trust()
    site.idp.put_user("uwe", ["Real"])
    site.sign_in("uwe")
    assert "offline_access" in values(site.message, "Role")
    assert len(attributes(site.message, "Role")) == len(values(site.message, "Role")), "one Attribute a role"
    assert site.groups("uwe") == {"Real": "external"}


def test_without_anything_to_say_there_is_no_statement(site: Site) -> None:
    site.trust("silent", options=(("email", "false"), ("scopes", "false")))
    site.idp.put_user("vera", [])
    site.sign_in("vera")
    assert "AttributeStatement" not in base64.b64decode(site.message).decode()
    assert site.groups("vera") == {}
    site.idp.put_user("vera", ["Something"])
    site.sign_in("vera")
    assert site.groups("vera") == {"Something": "external"}
    site.idp.put_user("vera", [])
    site.sign_in("vera")
    assert site.last_changes("vera") == [("detach", "Something", "claim_absent")]


def test_signed_twice_and_encrypted(site: Site) -> None:
    key = SigningKey.generate()
    site.trust("sealed", sign="both", encrypt=True, decryption=key, fresh=True)
    site.idp.put_user("willi", ["Sealed"])
    site.sign_in("willi")
    root = etree.fromstring(base64.b64decode(site.message))
    assert root.find("{*}Signature") is not None
    assert root.find("{*}EncryptedAssertion") is not None
    assert site.groups("willi") == {"Sealed": "external"}


def test_a_key_that_was_announced_signs_without_a_gap(site: Site) -> None:
    site.trust("announced", fresh=True)
    site.idp.put_user("xenia", ["Gapless"])
    site.sign_in("xenia")
    before = certificates(site)
    site.idp.publish_key()
    site.application.refresh(site.key, site.idp.metadata)
    assert certificates(site) > before
    site.sign_in("xenia")
    site.idp.use_new_key()
    site.sign_in("xenia")
    assert site.groups("xenia") == {"Gapless": "external"}


def certificates(site: Site) -> set[bytes]:
    return set(memberof.IdentityProvider.from_metadata(site.idp.metadata()).certificates)


def attributes(message: str, name: str = "memberOf") -> list[etree._Element]:
    root = etree.fromstring(base64.b64decode(message))
    return root.findall(f".//{{*}}Attribute[@Name='{name}']")


def values(message: str, name: str = "memberOf") -> list[str]:
    return [value.text or "" for attribute in attributes(message, name) for value in attribute]
