"""The example behind gunicorn: fifty people sign in at once, for the first time, into the same new groups."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from memberof.testing import TestIdp
from memberof.testing.authn_request import read_redirect

SITE = Path(__file__).parent.parent.parent.parent / "examples" / "django_site"
GROUPS = ["Sales", "Editors", "Staff"]

MAKE = """
import sys
from memberof.django.models import SamlProvider
SamlProvider.objects.create(name="Acme", slug="acme", metadata=sys.stdin.read(), idp_entity_id="https://idp.example",
    group_format="array", mode="on")
"""
COUNT = """
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
users = get_user_model().objects.all()
print(users.count(), Group.objects.count(), {u.groups.count() for u in users})
"""


def sign_in(port: int, idp: TestIdp, user: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    connection.request("GET", "/saml/acme/login/")
    begun = connection.getresponse()
    begun.read()
    cookie = (begun.headers["Set-Cookie"] or "").partition(";")[0]
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    message = idp.response(
        user=user,
        groups=GROUPS,
        request_id=read_redirect(query["SAMLRequest"][0]).id,
        sp_entity_id=f"http://localhost:{port}/saml/acme/metadata/",
        acs_url=f"http://localhost:{port}/saml/acme/acs/",
        name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    )
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/saml/acme/acs/", urlencode({"SAMLResponse": message}), headers)
    done = connection.getresponse()
    done.read()
    connection.close()
    return done.status


def test_fifty_sign_ins_at_once_make_no_error(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    database = os.environ["NOTES_DATABASE"] if "postgresql" in os.environ.get("NOTES_DATABASE", "") else None
    env = {
        **os.environ,
        "NOTES_BASE_URL": f"http://localhost:{port}",
        "NOTES_DATABASE": database or f"sqlite:///{tmp_path / 'notes.sqlite3'}",
        "NOTES_DEBUG": "0",
    }

    def manage(*arguments: str, given: str = "") -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=SITE,
            env=env,
            input=given,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    idp = TestIdp("keycloak", entity_id="https://idp.example")
    manage("migrate", "-v0")
    manage("shell", "-v0", "-c", MAKE, given=idp.metadata_xml)
    command: list[Any] = [sys.executable, "-m", "gunicorn", "notes.wsgi", "-b", f"localhost:{port}"]
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen(
        [*command, "-w", "2", "--threads", "8"], cwd=SITE, env=env, stdout=log, stderr=log
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("localhost", port), 5).close()
                break
            except OSError:
                time.sleep(0.1)
        with ThreadPoolExecutor(50) as pool:
            statuses = list(pool.map(lambda n: sign_in(port, idp, f"user-{n}"), range(50)))
    finally:
        server.terminate()
        server.wait()
        log.close()
    assert statuses == [303] * 50, (tmp_path / "log").read_text()[-3000:]
    assert manage("shell", "-v0", "-c", COUNT).strip() == "50 3 {3}"
