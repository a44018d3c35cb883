"""The live test identity provider: metadata, sign-in by both bindings, editing, and what it refuses."""

from __future__ import annotations

import base64
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
import zlib
from html import unescape
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from memberof.testing import TestIdp
from memberof.testing.authn_request import read_redirect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memberof.testing.live import LiveIdp

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
REQUEST = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_asked" Version="2.0" '
    'AssertionConsumerServiceURL="http://127.0.0.1:9/acs" ForceAuthn="true">'
    '<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:sp</saml:Issuer></samlp:AuthnRequest>'
)


@pytest.fixture
def live() -> Iterator[LiveIdp]:
    with TestIdp("keycloak").serve(people={"alice": ["Staff", "R&D"]}) as running:
        yield running


def deflated(xml: str) -> str:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return base64.b64encode(compressor.compress(xml.encode()) + compressor.flush()).decode()


def fetch(url: str, form: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    with urllib.request.urlopen(url, data, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


def groups(page: str) -> list[str | None]:
    tree = etree.fromstring(base64.b64decode(hidden(page)["SAMLResponse"]))
    return [v.text for a in tree.iter(f"{SAML}Attribute") if a.get("Name") == "memberOf" for v in a]


def test_its_metadata_names_its_own_address(live: LiveIdp) -> None:
    metadata = fetch(live.metadata_url)
    assert f'Location="{live.url}/sso"' in metadata
    assert metadata == live.idp.metadata_xml


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_a_sign_in_answers_the_request_with_the_users_groups(live: LiveIdp, binding: str) -> None:
    if binding == "redirect":
        query = urllib.parse.urlencode({"SAMLRequest": deflated(REQUEST), "RelayState": 'x"y'})
        page = fetch(f"{live.url}/sso?{query}")
    else:
        encoded = base64.b64encode(REQUEST.encode()).decode()
        page = fetch(f"{live.url}/sso", {"SAMLRequest": encoded, "RelayState": 'x"y'})
    assert "Sign in to urn:sp" in page
    carried = fetch(f"{live.url}/login", {**hidden(page), "user": "alice"})
    assert hidden(carried)["RelayState"] == 'x"y'
    assert 'action="http://127.0.0.1:9/acs"' in carried
    tree = etree.fromstring(base64.b64decode(hidden(carried)["SAMLResponse"]))
    assert tree.get("InResponseTo") == "_asked"
    assert tree.findtext(f".//{SAML}Audience") == "urn:sp"
    assert groups(carried) == ["Staff", "R&D"]


def test_groups_that_were_edited_are_sent_at_the_next_sign_in(live: LiveIdp) -> None:
    people = fetch(f"{live.url}/")
    fetch(f"{live.url}/people", {**hidden(people), "user": "alice", "groups": "Staff\n\n Ops \n"})
    assert live.people["alice"] == ("Staff", "Ops")
    page = fetch(f"{live.url}/sso?{urllib.parse.urlencode({'SAMLRequest': deflated(REQUEST)})}")
    assert groups(fetch(f"{live.url}/login", {**hidden(page), "user": "alice"})) == ["Staff", "Ops"]
    live.set_groups("alice", ["Only"])
    assert groups(fetch(f"{live.url}/login", {**hidden(page), "user": "alice"})) == ["Only"]


def test_a_form_from_elsewhere_is_refused(live: LiveIdp) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(f"{live.url}/people", {"user": "alice", "groups": "Administrators"})
    assert live.people["alice"] == ("Staff", "R&D")


@pytest.mark.parametrize(
    "text", ["", "%%%", deflated("<x/>"), deflated("no xml"), base64.b64encode(b"x").decode()]
)
def test_what_is_no_request_is_answered_with_400(live: LiveIdp, text: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetch(f"{live.url}/sso?{urllib.parse.urlencode({'SAMLRequest': text})}")


def test_another_sites_name_for_the_address_is_refused(live: LiveIdp) -> None:
    host, port = live.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", "/", headers={"Host": "evil.example"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (421, b"")
    connection.close()


def test_a_body_that_is_too_large_is_not_read(live: LiveIdp) -> None:
    host, port = live.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("POST", "/sso", headers={"Content-Length": "50000000"})
    assert connection.getresponse().status == 413
    connection.close()


def test_a_compressed_bomb_is_cut_off() -> None:
    with pytest.raises(ValueError, match="SAMLRequest is not XML"):
        read_redirect(deflated("<x>" + " " * 50_000_000 + "</x>"))


def test_a_request_is_read_whole() -> None:
    asked = read_redirect(deflated(REQUEST))
    assert (asked.id, asked.issuer, asked.acs_url, asked.force_authn) == (
        "_asked",
        "urn:sp",
        "http://127.0.0.1:9/acs",
        True,
    )
