"""Keycloak, the distribution from Maven Central: built once into ``target``, its database in memory."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import re
import shutil
import subprocess
import time
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from services.live.process import Process
from services.live.product import PASSWORD, ROOT, LiveIdp, Partner, install
from services.postgres import free_port

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
CACHE = ROOT / "target" / "keycloak"
REALM = "corp"
ADMIN = "admin"
SMALL = {"JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m", "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}
BASIC = "Basic"


def distribution() -> Path:
    """The folder of Keycloak, downloaded and built where it isn't yet.

    Raises:
        RuntimeError: It can't be had, or is another than the one that was pinned.

    """
    for program, package in (("java", "default-jre-headless"), ("mvn", "maven")):
        if not shutil.which(program):
            install(package)
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"keycloak-{VERSION}"
    built = CACHE / f"{VERSION}.built"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if built.exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        archive = CACHE / f"keycloak-quarkus-dist-{VERSION}.zip"
        # Into a repository of its own: a copy of 170 MB in everybody's would stay there.
        artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
        repository, copy = CACHE / "repository", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
        options = [f"-Dmaven.repo.local={repository}", f"-DoutputDirectory={CACHE}", f"-Dartifact={artifact}"]
        _run(["mvn", "-q", "-B", *options, copy])
        with archive.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != SHA256:
            raise RuntimeError(f"{archive.name} has the checksum {found}, expected {SHA256}")
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(CACHE)
        _run(["bash", folder / "bin" / "kc.sh", "build", "--db=dev-mem"])
        archive.unlink()
        shutil.rmtree(repository)
        built.touch()
    return folder


def _run(command: list[Any]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")


class Keycloak(LiveIdp):
    """One realm; users, groups, clients and keys through the REST interface that its administration console uses."""

    name = "keycloak"
    title = "Keycloak"
    version = VERSION
    without_groups = "absent"
    entity_id = ""

    @property
    def metadata_url(self) -> str:
        return f"{self.base}/realms/{REALM}/protocol/saml/descriptor"

    def start(self) -> None:
        home = distribution()
        self.entity_id = f"{self.base}/realms/{REALM}"
        self._connection: http.client.HTTPConnection | None = None
        self._token, self._token_until = "", 0.0
        self._users: dict[str, str] = {}
        self._groups: dict[tuple[str, ...], str] = {}
        self._members: dict[str, set[str]] = {}
        self._clients: dict[str, str] = {}
        self._priority = 100
        management = free_port()
        options = (
            *("--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={self.port}"),
            *("--http-management-host=127.0.0.1", f"--http-management-port={management}"),
        )
        self.process = Process(
            [
                *("bash", home / "bin" / "kc.sh", "start", "--optimized", "--cache=local"),
                *("--hostname-strict=false", *options),
            ],
            log=self.folder / "keycloak.log",
            env={**SMALL, "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD},
        )
        self.process.wait_for(f"{self.base}/realms/master")
        self.ask("POST", "", {"realm": REALM, "enabled": True, "sslRequired": "none"})

    def register(self, partner: Partner) -> None:
        if old := self._clients.get(partner.entity_id):
            self.ask("DELETE", f"/{REALM}/clients/{old}")
        attributes = {
            "saml_assertion_consumer_url_post": partner.acs_url,
            "saml_idp_initiated_sso_url_name": slug(partner.entity_id),
            "saml.client.signature": "false",
            "saml.force.post.binding": "true",
            "saml.encrypt": str(partner.encrypt).lower(),
        }
        if partner.certificate:
            lines = partner.certificate.strip().splitlines()
            der = "".join(line for line in lines if not line.startswith("-----"))
            attributes["saml.encryption.certificate"] = der
        if partner.sign:
            attributes["saml.server.signature"] = str(partner.sign != "assertion").lower()
            attributes["saml.assertion.signature"] = str(partner.sign != "response").lower()
        given = dict(partner.options)
        mappers = [
            {
                "name": "groups",
                "protocol": "saml",
                "protocolMapper": "saml-group-membership-mapper",
                "config": {
                    "attribute.name": partner.attribute,
                    "attribute.nameformat": BASIC,
                    "single": given.pop("single", "true"),
                    "full.path": given.pop("full.path", "false"),
                },
            }
        ]
        if given.pop("email", "true") == "true":
            mappers.append(
                {
                    "name": "email",
                    "protocol": "saml",
                    "protocolMapper": "saml-user-property-mapper",
                    "config": {
                        "user.attribute": "email",
                        "attribute.name": "email",
                        "attribute.nameformat": BASIC,
                    },
                }
            )
        client = {
            "clientId": partner.entity_id,
            "protocol": "saml",
            "redirectUris": [partner.acs_url],
            "protocolMappers": mappers,
        }
        if given.pop("scopes", "true") == "false":
            client["defaultClientScopes"] = []
        client["attributes"] = attributes | given
        self._clients[partner.entity_id] = self.ask("POST", f"/{REALM}/clients", client)

    def put_user(self, user: str, groups: list[str]) -> None:
        self.put_user_in(user, [(name,) for name in groups])

    def put_user_in(self, user: str, paths: list[tuple[str, ...]]) -> None:
        """Let there be this user, in these groups and no others; a group below another is given by all names."""
        wanted = {self._group(path) for path in paths}
        if user not in self._users:
            person = {
                "username": user,
                "email": f"{user}@example.test",
                "emailVerified": True,
                "firstName": user.title(),
                "lastName": "Test",
                "enabled": True,
                "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
                # At once where a path can name them: a slash in a name is no path.
                "groups": ["/" + "/".join(path) for path in paths if not any("/" in name for name in path)],
            }
            self._users[user] = self.ask("POST", f"/{REALM}/users", person)
            self._members[user] = {self._groups[path] for path in paths if "/" not in "".join(path)}
        here = f"/{REALM}/users/{self._users[user]}/groups"
        before = self._members[user]
        for group in before - wanted:
            self.ask("DELETE", f"{here}/{group}")
        for group in wanted - before:
            self.ask("PUT", f"{here}/{group}", {})
        self._members[user] = wanted

    def _group(self, path: tuple[str, ...]) -> str:
        if path not in self._groups:
            parent = f"/{self._group(path[:-1])}/children" if path[1:] else ""
            self._groups[path] = self.ask("POST", f"/{REALM}/groups{parent}", {"name": path[-1]})
        return self._groups[path]

    def unsolicited_url(self, partner: Partner) -> str:
        return f"{self.base}/realms/{REALM}/protocol/saml/clients/{quote(slug(partner.entity_id))}"

    def name_id(self, user: str) -> str:
        return user

    def publish_key(self) -> None:
        self._priority += 1
        self._new = self.ask("POST", f"/{REALM}/components", self._key("false"))

    def use_new_key(self) -> None:
        self.ask("PUT", f"/{REALM}/components/{self._new}", self._key("true"))

    def _key(self, active: str) -> dict[str, Any]:
        config = {"priority": str(self._priority), "enabled": "true", "active": active, "algorithm": "RS256"}
        return {
            "name": f"key {self._priority}",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {name: [value] for name, value in config.items()},
        }

    def ask(self, method: str, path: str, content: object = None) -> str:
        """Ask the administration's interface; return the ID of what was made.

        Raises:
            RuntimeError: It refused.

        """
        headers = {"Authorization": f"Bearer {self._bearer()}", "Content-Type": "application/json"}
        body = None if content is None else json.dumps(content)
        status, location, answer = self._send(method, f"/admin/realms{path}", body, headers)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return location.rpartition("/")[2] or (str(json.loads(answer)["id"]) if answer else "")

    def _bearer(self) -> str:
        if time.monotonic() >= self._token_until:
            form = {
                "client_id": "admin-cli",
                "grant_type": "password",
                "username": ADMIN,
                "password": PASSWORD,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            path = "/realms/master/protocol/openid-connect/token"
            status, _, answer = self._send("POST", path, urlencode(form), headers)
            if status != 200:
                raise RuntimeError(f"no token: {status} {answer}")
            self._token, self._token_until = json.loads(answer)["access_token"], time.monotonic() + 30
        return self._token

    def _send(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, str, str]:
        for last in (False, True):
            self._connection = self._connection or http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=120
            )
            try:
                self._connection.request(method, path, None if body is None else body.encode(), headers)
                answer = self._connection.getresponse()
                return answer.status, answer.headers["Location"] or "", answer.read().decode()
            except (ConnectionError, http.client.RemoteDisconnected):
                self._connection.close()
                self._connection = None
                if last:
                    raise
        raise AssertionError

    def __exit__(self, *_: object) -> None:
        if getattr(self, "_connection", None) is not None:
            self._connection.close()  # type: ignore[union-attr]
        super().__exit__()


def slug(text: str) -> str:
    """A client's part of the address of an unsolicited sign-in."""
    return re.sub(r"\W+", "-", text)


if __name__ == "__main__":
    distribution()
