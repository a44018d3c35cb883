"""OpenLDAP with its memberof overlay, as a directory behind an identity provider."""

from __future__ import annotations

import base64
import shutil
import subprocess
from typing import Self

from memberof.testing.persona import escape_dn_value
from services.live.process import Process, Server
from services.live.product import PASSWORD, install, version_of
from services.live.simplesamlphp import SimpleSamlPhp

BASE = "dc=corp,dc=example"
ADMIN = f"cn=admin,{BASE}"
GROUPS = f"ou=groups,{BASE}"


class OpenLdap(Server):
    """A directory in a temporary folder, written to by ``ldapmodify`` as its administrator does."""

    name = "slapd"
    people = f"ou=people,{BASE}"

    def start(self) -> None:
        install("slapd", "ldap-utils")
        self._groups: dict[str, set[str]] = {}
        self._users: set[str] = set()
        (self.folder / "data").mkdir()
        configuration = self.folder / "slapd.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, password=PASSWORD))
        slapd = shutil.which("slapd") or "/usr/sbin/slapd"
        # -d keeps it in the foreground.
        self.process = Process(
            [slapd, "-f", configuration, "-h", self.url, "-d", "none"], log=self.folder / "slapd.log"
        )
        self._wait(self.process)
        self._modify(
            entry(BASE, objectClass=["dcObject", "organization"], dc="corp", o="Corp")
            + entry(self.people, objectClass="organizationalUnit", ou="people")
            + entry(GROUPS, objectClass="organizationalUnit", ou="groups")
        )

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def version(self) -> str:
        """The version that runs."""
        return version_of("slapd")

    def put_user(self, user: str, groups: list[str]) -> None:
        """Let there be this user, in the groups of these names below ``ou=groups`` and in no others."""
        self.put_user_in(user, {dn(name): name for name in groups})

    def put_user_in(self, user: str, groups: dict[str, str]) -> None:
        """The same with whole names: DN → CN."""
        person = f"uid={user},{self.people}"
        ldif = ""
        if user not in self._users:
            self._users.add(user)
            ldif += entry(
                person,
                objectClass="inetOrgPerson",
                uid=user,
                cn=user,
                sn="Test",
                mail=f"{user}@example.test",
                userPassword=PASSWORD,
            )
        for name, common_name in groups.items():
            if name not in self._groups:
                self._groups[name] = {user}
                # A group has a member at all times: its administrator.
                ldif += entry(name, objectClass="groupOfNames", cn=common_name, member=[ADMIN, person])
        for name, members in self._groups.items():
            if name in groups and user not in members:
                members.add(user)
                ldif += change(name, "add", person)
            elif name not in groups and user in members:
                members.remove(user)
                ldif += change(name, "delete", person)
        self._modify(ldif)

    def add_unit(self, name: str) -> None:
        """Let there be an organisational unit below ``ou=groups``."""
        self._modify(entry(f"ou={escape_dn_value(name)},{GROUPS}", objectClass="organizationalUnit", ou=name))

    def _modify(self, ldif: str) -> None:
        command = ["ldapmodify", "-x", "-H", self.url, "-D", ADMIN, "-w", PASSWORD]
        done = subprocess.run(command, input=ldif, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"ldapmodify failed: {done.stderr}")

    def _wait(self, process: Process) -> None:
        command = ["ldapsearch", "-x", "-H", self.url, "-s", "base", "-b", "", "-o", "nettimeout=5"]
        for _ in range(2000):
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return
            process.pause()
        raise RuntimeError(f"slapd does not answer:\n{process.output()[-2000:]}")


class DirectoryBehindSimpleSamlPhp(SimpleSamlPhp):
    """SimpleSAMLphp that asks an OpenLDAP for users and their ``memberOf``, and hands the DNs on as they are."""

    name = "openldap"
    title = "OpenLDAP behind SimpleSAMLphp"
    preset = "simplesamlphp"
    format = "ldap"
    without_groups = "absent"
    entity_id = "https://idp-ldap.example.test/idp"

    def __enter__(self) -> Self:
        self.directory = OpenLdap().__enter__()
        try:
            return super().__enter__()
        except BaseException:
            self.directory.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        assert self.directory is not None
        self.directory.__exit__()

    @property
    def version(self) -> str:
        assert self.directory is not None
        return f"{self.directory.version} behind {super().version}"


def dn(name: str, unit: str | None = None) -> str:
    """The name of a group, as an administrator types it."""
    below = f"ou={escape_dn_value(unit)},{GROUPS}" if unit else GROUPS
    return f"cn={escape_dn_value(name)},{below}"


def entry(name: str, **attributes: str | list[str]) -> str:
    """An entry to be added, as LDIF (RFC 2849)."""
    lines = [line("dn", name), "changetype: add"]
    for attribute, values in attributes.items():
        lines += [line(attribute, value) for value in ([values] if isinstance(values, str) else values)]
    return "\n".join(lines) + "\n\n"


def change(name: str, action: str, member: str) -> str:
    """A member to be added or deleted."""
    lines = [line("dn", name), "changetype: modify", f"{action}: member", line("member", member), "-"]
    return "\n".join(lines) + "\n\n"


def line(attribute: str, value: str) -> str:
    """One line, in base64: whatever the value begins with."""
    return f"{attribute}:: {base64.b64encode(value.encode()).decode()}"


CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
database mdb
suffix "dc=corp,dc=example"
rootdn "cn=admin,dc=corp,dc=example"
rootpw "{password}"
directory {folder}/data
dbnosync
overlay memberof
access to attrs=userPassword by anonymous auth
access to * by users read
"""
