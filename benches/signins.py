"""Sign-ins per second through gunicorn: memberof.django beside djangosaml2, same server, same database, same Responses.

Timed is the POST to the assertion consumer service: each carries a Response of its own to a request of its own, and ends
with a session. Both sites keep accounts and sessions in a database; ours also brings the user's groups in line.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from harness import Row, Table, save

from memberof.testing import TestIdp
from memberof.testing.authn_request import read_redirect

WORKERS, CLIENTS = 2, 4
PEOPLE, ROUNDS, BATCH = 40, 5, 40
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

COMMON = """
import os
from pathlib import Path
FOLDER = Path(__file__).parent
SECRET_KEY = "bench"
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": FOLDER / "db.sqlite3",
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE", "timeout": 60,
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
    },
}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
BASE = os.environ["BENCH_BASE"]
LOGIN_REDIRECT_URL = "/"
"""

OURS = """
INSTALLED_APPS += ["memberof.django"]
MIDDLEWARE += ["memberof.django.middleware.SamlSessionMiddleware"]
MEMBEROF = {"BASE_URL": BASE}
"""

THEIRS = """
INSTALLED_APPS += ["djangosaml2"]
MIDDLEWARE += ["djangosaml2.middleware.SamlSessionMiddleware"]
AUTHENTICATION_BACKENDS = ["djangosaml2.backends.Saml2Backend"]
SAML_CREATE_UNKNOWN_USER = True
SAML_USE_NAME_ID_AS_USERNAME = True
SAML_ATTRIBUTE_MAPPING = {}
SAML_DEFAULT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
SAML_SESSION_COOKIE_SAMESITE = "Lax"
SAML_CSP_HANDLER = ""
SAML_CONFIG = {
    "entityid": BASE + "/saml/bench/metadata/",
    "xmlsec_binary": "/usr/bin/xmlsec1",
    "allow_unknown_attributes": True,
    "metadata": {"local": [str(FOLDER / "idp.xml")]},
    "service": {"sp": {
        "endpoints": {"assertion_consumer_service": [
            (BASE + "/saml/bench/acs/", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"),
        ]},
        "want_response_signed": False, "want_assertions_signed": True, "authn_requests_signed": False,
    }},
}
"""

OUR_URLS = """
from django.urls import include, path
urlpatterns = [path("saml/", include("memberof.django.urls"))]
"""

THEIR_URLS = """
from django.urls import path
from djangosaml2.views import AssertionConsumerServiceView, LoginView
urlpatterns = [
    path("saml/bench/login/", LoginView.as_view(), name="saml2_login"),
    path("saml/bench/acs/", AssertionConsumerServiceView.as_view(), name="saml2_acs"),
]
"""

MAKE = """
from pathlib import Path
from memberof.django.models import SamlProvider
SamlProvider.objects.create(name="Bench", slug="bench", metadata=Path("idp.xml").read_text(),
    idp_entity_id={entity_id!r}, group_format="ldap", mode="on")
"""


@dataclass
class Site:
    """A site behind gunicorn."""

    name: str
    folder: Path
    port: int
    server: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    def write(self, settings: str, urls: str, idp: TestIdp) -> None:
        self.folder.mkdir()
        (self.folder / "settings.py").write_text(COMMON + settings)
        (self.folder / "urls.py").write_text(urls)
        (self.folder / "wsgi.py").write_text(
            "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
        )
        (self.folder / "idp.xml").write_text(idp.metadata_xml)

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "django", *arguments]
        subprocess.run(command, cwd=self.folder, env=self.environment, check=True)

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "DJANGO_SETTINGS_MODULE": "settings",
            "BENCH_BASE": self.base,
            "PYTHONPATH": f"{self.folder}:{os.environ.get('PYTHONPATH', '')}",
        }
        return {**os.environ, **own}

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "wsgi",
            "-b",
            f"localhost:{self.port}",
            "-w",
            str(WORKERS),
        ]
        self.server = subprocess.Popen(
            [*command, "--log-level", "error"], cwd=self.folder, env=self.environment
        )
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise SystemExit(f"{self.name} did not start")

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait()

    def begin(self, idp: TestIdp, user: str, groups: list[str]) -> tuple[str, str]:
        """Begin a sign-in; return the cookies of its browser, and the form that answers it."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        connection.request("GET", "/saml/bench/login/")
        response = connection.getresponse()
        response.read()
        given = response.headers.get_all("Set-Cookie") or []
        query = parse_qs(urlsplit(response.headers["Location"]).query)
        connection.close()
        message = idp.response(
            user,
            groups,
            request_id=read_redirect(query["SAMLRequest"][0]).id,
            sp_entity_id=f"{self.base}/saml/bench/metadata/",
            acs_url=f"{self.base}/saml/bench/acs/",
            name_id_format=PERSISTENT,
            sign="assertion",
        )
        form = {"SAMLResponse": message, "RelayState": query.get("RelayState", ["/"])[0]}
        return "; ".join(cookie.partition(";")[0] for cookie in given), urlencode(form)

    def post(self, begun: tuple[str, str]) -> None:
        """End a sign-in: anything but a session and a redirect is a mistake of this bench."""
        cookies, form = begun
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        connection.request("POST", "/saml/bench/acs/", form, headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        set_cookies = " ".join(response.headers.get_all("Set-Cookie") or [])
        if response.status not in (302, 303) or "sessionid=" not in set_cookies:
            raise SystemExit(f"{self.name}: {response.status} {textwrap.shorten(body.decode(), 500)}")


def rate(site: Site, idp: TestIdp, groups: list[str]) -> float:
    """Sign people in, all requests begun before; return sign-ins per second."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        begun = list(pool.map(lambda n: site.begin(idp, f"user-{n % PEOPLE}", groups), range(BATCH)))
        start = time.perf_counter()
        list(pool.map(site.post, begun))
        return BATCH / (time.perf_counter() - start)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    idp = TestIdp("adfs", sso_url="http://localhost:1/sso")
    table = Table(
        "signins",
        f"Sign-ins end to end through gunicorn ({WORKERS} workers, SQLite, {CLIENTS} clients)",
        "sign-ins per second",
        "memberof.django",
        higher_is_better=True,
        notes=[
            "Timed: POST of a Response of its own to the ACS, until the answer with the session cookie.",
            "Ours also brings the groups in line and records the sign-in; djangosaml2 leaves groups alone.",
        ],
    )
    with tempfile.TemporaryDirectory() as folder:
        ours = Site("memberof.django", Path(folder) / "ours", free_port())
        theirs = Site("djangosaml2", Path(folder) / "theirs", free_port())
        ours.write(OURS, OUR_URLS, idp)
        theirs.write(THEIRS, THEIR_URLS, idp)
        for site in (ours, theirs):
            site.manage("migrate", "-v0")
        ours.manage("shell", "-v0", "-c", MAKE.format(entity_id=idp.entity_id))
        sites = (ours, theirs)
        try:
            for site in sites:
                site.start()
            for count in (20, 100):
                groups = [f"App-Abteilung {number:03d}" for number in range(count)]
                samples: dict[str, list[float]] = {site.name: [] for site in sites}
                for site in sites:
                    rate(site, idp, groups)  # accounts and groups are made
                for _ in range(ROUNDS):
                    for site in sites:
                        samples[site.name].append(rate(site, idp, groups))
                table.rows.append(
                    Row(
                        f"{count} groups", {name: statistics.median(rates) for name, rates in samples.items()}
                    )
                )
        finally:
            for site in sites:
                site.stop()
    save(table)


if __name__ == "__main__":
    main()
