"""``make demo``: the example comes up with two customers, and everything that is printed works."""

from __future__ import annotations

import html
import http.cookiejar
import re
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent.parent


class Visitor:
    """A browser without scripts: cookies, links, and the last form of a page."""

    def __init__(self) -> None:
        # localhost is trustworthy to browsers without TLS; Python's cookie jar asks to be told.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        jar = http.cookiejar.CookieJar(policy)
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.address = self.text = ""

    def get(self, address: str) -> str:
        return self.open(urllib.request.Request(urllib.parse.urljoin(self.address, address)))

    def send(self, **given: str) -> str:
        form = re.findall(r"<form.*?</form>", self.text, re.DOTALL)[-1]
        fields = {
            html.unescape(name): html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
        }
        action = re.search(r'action="([^"]*)"', form)
        target = urllib.parse.urljoin(self.address, html.unescape(action[1]) if action else "")
        request = urllib.request.Request(target, urllib.parse.urlencode(fields | given).encode())
        request.add_header("Referer", self.address)
        return self.open(request)

    def open(self, request: urllib.request.Request) -> str:
        with self.opener.open(request, timeout=30) as response:
            self.address, self.text = response.url, response.read().decode()
        return self.text


@pytest.fixture(scope="module")
def said() -> Iterator[str]:
    """What the demonstration prints when it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "examples/django_site/demo.py", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        lines: list[str] = []
        while len(lines) < 5 and (line := demo.stdout.readline()):
            lines.append(line)
        while demo.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                continue
        yield "".join(lines)
        demo.terminate()


def test_somebody_signs_in_at_a_customer_and_sees_her_groups(said: str) -> None:
    visitor = Visitor()
    visitor.get(re.findall(r"http://localhost:\d+", said)[0])
    assert "Acme" in visitor.get("/saml/")
    visitor.get("/saml/acme/login/?next=/notes/")
    visitor.send(user="alice", groups="Editors\nTravel")
    page = visitor.send()
    assert visitor.address.endswith("/notes/")
    assert re.findall(r"<li>([^<]+) <span", page) == ["Editors", "Travel"]
    assert "For editors" in visitor.get("/editors/")


def test_the_administrator_finds_groups_events_and_a_customer_who_observes(said: str) -> None:
    visitor = Visitor()
    password = re.findall(r"password (\S+)", said)[0]
    visitor.get(re.findall(r"http://localhost:\d+/admin/", said)[0])
    assert "Identity providers" in visitor.send(username="admin", password=password)
    groups = visitor.get("/admin/memberof/grouprecord/?tenant=acme")
    assert "mo-external" in groups
    assert "mo-internal" in groups
    history = visitor.get("/admin/memberof/eventrecord/")
    assert "− Editors, − Finance" in history
    assert "✚ Book club" in history
    (globex,) = re.findall(
        r'href="(/admin/memberof/samlprovider/\d+/change/)[^"]*">Globex<',
        visitor.get("/admin/memberof/samlprovider/"),
    )
    visitor.get(globex)
    text = visitor.get("../switch-on/")
    assert "Groups that hold permissions would be taken over" in text
    assert "Sales, EMEA" in text


def test_both_identity_providers_show_who_is_in_which_group(said: str) -> None:
    pages = [Visitor().get(address) for address in re.findall(r"http://127\.0\.0\.1:\d+", said)]
    assert len(pages) == 2
    assert all("Groups of alice" in page for page in pages)
