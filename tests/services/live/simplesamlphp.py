"""SimpleSAMLphp, Debian's package, in PHP's own web server. Users, applications and keys are read at every request."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof.testing import SigningKey
from services.live.process import Process
from services.live.product import PASSWORD, LiveIdp, Partner

if TYPE_CHECKING:
    from services.live.openldap import OpenLdap

CONFIG = Path(__file__).parent / "simplesamlphp_config"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"


class SimpleSamlPhp(LiveIdp):
    """The users are those of its file ``exampleauth:UserPass``, or of a directory behind it.

    Args:
        directory: Where users and groups are instead.

    """

    name = "simplesamlphp"
    title = "SimpleSAMLphp"
    packages = ("simplesamlphp", "php-cli", "php-xml", "php-mbstring", "php-curl", "php-ldap")
    package = "simplesamlphp"
    without_groups = "empty"
    entity_id = "https://idp-ssp.example.test/idp"

    def __init__(self, directory: OpenLdap | None = None) -> None:
        self.directory = directory
        self._users: dict[str, dict[str, list[str]]] = {}
        self._partners: dict[str, dict[str, Any]] = {}
        self._number = 0

    @property
    def metadata_url(self) -> str:
        return f"{self.base}/simplesaml/saml2/idp/metadata.php"

    def start(self) -> None:
        for name in ("docroot", "log", "data", "tmp", "sessions"):
            (self.folder / name).mkdir()
        files = subprocess.run(
            ["dpkg", "-L", "simplesamlphp"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        www = next(Path(file).parent for file in files if file.endswith("/www/_include.php"))
        etc = next(Path(file).parent for file in files if file.endswith("/simplesamlphp/acl.php"))
        (self.folder / "docroot" / "simplesaml").symlink_to(www)
        self._settings = self._write_key(0, self.key)
        self._write("users", self._users)
        self._write("partners", self._partners)
        self._write("idp", self._settings)
        env = {
            "SIMPLESAMLPHP_CONFIG_DIR": str(CONFIG),
            "SSP_WORK": str(self.folder),
            "SSP_ETC": str(etc),
            "SSP_PORT": str(self.port),
            "SSP_ENTITY_ID": self.entity_id,
            "SSP_PASSWORD": PASSWORD,
            "SSP_LDAP": self.directory.url if self.directory else "",
            "SSP_PEOPLE": self.directory.people if self.directory else "",
        }
        # PHP's notices are of no concern here, and would be printed into the pages.
        settings = ("-d", "error_reporting=8191", "-d", "display_errors=0", "-d", "log_errors=1")
        self.process = Process(
            ["php", *settings, "-S", f"127.0.0.1:{self.port}", "-t", self.folder / "docroot"],
            log=self.folder / "log" / "php.log",
            env=env,
        )
        self.process.wait_for(self.metadata_url)

    def register(self, partner: Partner) -> None:
        entry: dict[str, Any] = {
            "AssertionConsumerService": partner.acs_url,
            "NameIDFormat": EMAIL,
            "attributes": ["uid", "mail", partner.attribute],
            "attributes.NameFormat": BASIC,
            "assertion.encryption": partner.encrypt,
        }
        if self.directory and partner.attribute != "memberOf":
            entry["authproc"] = {"50": {"class": "core:AttributeMap", "memberOf": partner.attribute}}
        if partner.certificate:
            lines = partner.certificate.strip().splitlines()
            entry["certData"] = "".join(line for line in lines if not line.startswith("-----"))
        if partner.sign:
            entry["saml20.sign.response"] = partner.sign != "assertion"
            entry["saml20.sign.assertion"] = partner.sign != "response"
        self._partners[partner.entity_id] = entry | dict(partner.options)
        self._write("partners", self._partners)

    def put_user(self, user: str, groups: list[str]) -> None:
        if self.directory:
            self.directory.put_user(user, groups)
            return
        self._users[user] = {"uid": [user], "mail": [self.name_id(user)], "memberOf": groups}
        self._write("users", self._users)

    def put_attributes(self, user: str, attributes: dict[str, list[str | None]]) -> None:
        """Let there be this user, with these attributes beside the ones that everybody has."""
        self._users[user] = {"uid": [user], "mail": [self.name_id(user)], **attributes}  # type: ignore[dict-item]
        self._write("users", self._users)

    def unsolicited_url(self, partner: Partner) -> str:
        return f"{self.base}/simplesaml/saml2/idp/SSOService.php?spentityid={partner.entity_id}"

    def name_id(self, user: str) -> str:
        return f"{user}@example.test"

    def publish_key(self) -> None:
        self.new_key = SigningKey.generate()
        self._number += 1
        self._new = self._write_key(self._number, self.new_key)
        self._write("idp", self._settings | {f"new_{name}": file for name, file in self._new.items()})

    def use_new_key(self) -> None:
        self.key, self._settings = self.new_key, self._new
        self._write("idp", self._settings)

    def _write(self, name: str, content: object) -> None:
        new = self.folder / f"{name}.new"
        new.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        new.replace(self.folder / f"{name}.json")

    def _write_key(self, number: int, key: SigningKey) -> dict[str, str]:
        files = {"privatekey": f"{number}.key", "certificate": f"{number}.crt"}
        (self.folder / files["privatekey"]).write_text(key.private_key_pem)
        (self.folder / files["certificate"]).write_text(key.certificate_pem)
        return files
