"""Names of a real directory, with all that it escapes, through an identity provider to the format ``ldap``."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from services.live.openldap import GROUPS, DirectoryBehindSimpleSamlPhp, dn

if TYPE_CHECKING:
    from .site import Site

pytestmark = pytest.mark.parametrize("idp", ["openldap"], indirect=True)

# What OpenLDAP makes of each: group → the beginning of its memberOf.
WIRE = {
    "Sales, EMEA": r"cn=Sales\2C EMEA",
    "R+D": r"cn=R\2BD",
    'The "A" team': r"cn=The \22A\22 team",
    "back\\slash": r"cn=back\5Cslash",
    "<angle>": r"cn=\3Cangle\3E",
    "semi;colon": r"cn=semi\3Bcolon",
    "a=b": r"cn=a\3Db",
    "#first": r"cn=\23first",
    "in#side": "cn=in#side",
    "Größe & Söhne": "cn=Größe & Söhne",
    "日本語 🚀": "cn=日本語 🚀",
    "slash/and'quote": "cn=slash/and'quote",
}


def test_escapes_of_a_directory_are_read(site: Site) -> None:
    site.trust()
    site.idp.put_user("nora", list(WIRE))
    site.sign_in("nora")
    assert sorted(values(site.message)) == sorted(f"{text},{GROUPS}" for text in WIRE.values())
    assert site.groups("nora") == dict.fromkeys(WIRE, "external")
    site.idp.put_user("nora", ["R+D"])
    site.sign_in("nora")
    assert site.groups("nora") == {"R+D": "external"}


def test_only_the_first_rdn_names_the_group(site: Site) -> None:
    site.trust()
    assert isinstance(site.idp, DirectoryBehindSimpleSamlPhp)
    directory = site.idp.directory
    assert directory is not None
    unit = f"Städte, {site.application.name}"
    directory.add_unit(unit)
    several = f"cn=Two names+description=second,{GROUPS}"
    directory.put_user_in("otto", {dn("Inner", unit): "Inner", several: "Two names"})
    site.sign_in("otto")
    assert len(values(site.message)) == 2
    assert rf"cn=Inner,ou=Städte\2C {site.application.name},{GROUPS}" in values(site.message)
    assert site.groups("otto") == {"Inner": "external", "Two names": "external"}
    directory.put_user_in("otto", {})


def test_the_wrong_format_makes_no_groups_and_takes_none_away(site: Site) -> None:
    site.trust("wrong")
    site.idp.put_user("paula", ["Kept, surely"])
    site.sign_in("paula")
    assert site.groups("paula") == {"Kept, surely": "external"}
    site.trust("wrong", format="array", fresh=True)
    site.idp.put_user("paula", ["Another"])
    site.sign_in("paula")
    assert site.groups("paula") == {"Kept, surely": "external"}
    held = site.events("paula")[-1].held
    assert [(c.action, c.group, c.reason) for c in held] == [("detach", "Kept, surely", "claim_malformed")]


def values(message: str) -> list[str]:
    """The texts of memberOf on the wire."""
    root = etree.fromstring(base64.b64decode(message))
    found = root.iterfind(".//{*}Attribute[@Name='memberOf']/{*}AttributeValue")
    return [value.text or "" for value in found]
