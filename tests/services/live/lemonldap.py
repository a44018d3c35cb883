"""LemonLDAP::NG, Debian's package: its portal in starman, its configuration as a file, its users in SQLite."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
from typing import Any
from xml.sax.saxutils import quoteattr

from memberof.testing import SigningKey
from services.live.process import Process
from services.live.product import PASSWORD, LiveIdp, Partner

BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
SEPARATOR = "; "


class LemonLdap(LiveIdp):
    """Groups are the session's ``groups``, from a column of the table of users, as from an LDAP search for groups."""

    name = "lemonldap"
    title = "LemonLDAP::NG"
    # The last five are recommended or suggested, and without them the portal answers with status 500.
    packages = (
        *("lemonldap-ng", "liblasso-perl", "libdbd-sqlite3-perl", "starman", "libglib-perl"),
        *("libio-string-perl", "libxml-simple-perl", "libxml-libxslt-perl"),
        *("libgd-securityimage-perl", "libimage-magick-perl"),
    )
    package = "lemonldap-ng"
    without_groups = "empty"
    signs = frozenset({"assertion", "both"})  # Lasso signs the assertion whatever is asked for
    announces_keys = False
    entity_id = "https://idp-llng.example.test/saml/metadata"

    def __init__(self) -> None:
        self._partners: dict[str, Partner] = {}
        self._number = 0

    @property
    def metadata_url(self) -> str:
        return f"{self.base}/saml/metadata"

    def start(self) -> None:
        for name in ("conf", "sessions/lock", "psessions/lock", "cache"):
            (self.folder / name).mkdir(parents=True)
        with self._users() as users:
            users.execute("CREATE TABLE users (uid TEXT PRIMARY KEY, pw TEXT, mail TEXT, groups TEXT)")
        files = subprocess.run(
            ["dpkg", "-L", "lemonldap-ng", "liblemonldap-ng-portal-perl"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        templates = next(file for file in files if file.endswith("/portal/templates"))
        index = next(file for file in files if file.endswith("/portal/htdocs/index.psgi"))
        self._program = self.folder / "portal.psgi"
        self._program.write_text(PSGI.format(index=index, static=f"{index.removesuffix('index.psgi')}static"))
        (self.folder / "lemonldap-ng.ini").write_text(INI.format(folder=self.folder, templates=templates))
        self._configure()

    def _configure(self) -> None:
        """Write the configuration's next number, and let the portal begin with it."""
        self.stop()
        self._number += 1
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
        configuration = self._configuration()
        path = self.folder / "conf" / f"lmConf-{self._number}.json"
        path.write_text(json.dumps(configuration, ensure_ascii=False), encoding="utf-8")
        self.process = Process(
            [
                "starman",
                "--disable-keepalive",
                "--listen",
                f"127.0.0.1:{self.port}",
                "--workers",
                "3",
                self._program,
            ],
            log=self.folder / "portal.log",
            env={"LLNG_DEFAULTCONFFILE": str(self.folder / "lemonldap-ng.ini")},
        )
        self.process.wait_for(self.metadata_url)

    def register(self, partner: Partner) -> None:
        self._partners[partner.entity_id] = partner
        self._configure()

    def put_user(self, user: str, groups: list[str]) -> None:
        joined = SEPARATOR.join(groups) if groups else None
        row = (user, PASSWORD, self.name_id(user), joined)
        with self._users() as users:
            users.execute("INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?)", row)

    def unsolicited_url(self, partner: Partner) -> str:
        return f"{self.base}/saml/singleSignOn?IDPInitiated=1&sp={partner.entity_id}"

    def name_id(self, user: str) -> str:
        return f"{user}@example.test"

    def publish_key(self) -> None:
        """It publishes no key that it doesn't sign with."""
        self.new_key = SigningKey.generate()

    def use_new_key(self) -> None:
        self.key = self.new_key
        self._configure()

    @contextlib.contextmanager
    def _users(self) -> Any:
        with contextlib.closing(sqlite3.connect(self.folder / "users.db", timeout=30)) as database, database:
            yield database

    def _configuration(self) -> dict[str, Any]:
        folder = self.folder
        database = f"dbi:SQLite:dbname={folder}/users.db"
        partners = {f"sp{number}": partner for number, partner in enumerate(self._partners.values())}
        return {
            "cfgNum": self._number,
            "cfgAuthor": "test",
            "cfgDate": 1_700_000_000,
            "portal": f"{self.base}/",
            "domain": "127.0.0.1",
            "cookieName": "lemonldap",
            "securedCookie": 0,
            "sameSite": "Lax",  # a browser drops a cookie with None that is not Secure
            "whatToTrace": "uid",
            "key": "only-for-tests",
            "authentication": "DBI",
            "userDB": "Same",
            "passwordDB": "Null",
            "registerDB": "Null",
            "dbiAuthChain": database,
            "dbiAuthTable": "users",
            "dbiAuthLoginCol": "uid",
            "dbiAuthPasswordCol": "pw",
            "dbiAuthPasswordHash": "",
            "dbiUserChain": database,
            "dbiUserTable": "users",
            "dbiExportedVars": {"uid": "uid", "mail": "mail", "groups": "groups"},
            "exportedVars": {},
            "macros": {},
            "groups": {},
            "multiValuesSeparator": SEPARATOR,
            **_storage("global", f"{folder}/sessions"),
            **_storage("persistent", f"{folder}/psessions"),
            "localSessionStorage": "Cache::FileCache",
            "localSessionStorageOptions": _cache(folder, "sessions"),
            "locationRules": {},
            "exportedHeaders": {},
            "requireToken": 0,
            "captcha_login_enabled": 0,
            "portalDisplayResetPassword": 0,
            "portalDisplayRegister": 0,
            "portalDisplayChangePassword": 0,
            "cspFormAction": "*",
            "loginHistoryEnabled": 0,
            "issuerDBSAMLActivation": 1,
            "issuerDBSAMLPath": "^/saml/",
            "issuerDBSAMLRule": 1,
            "samlEntityID": self.entity_id,
            "samlOrganizationName": "Test",
            "samlOrganizationDisplayName": "Test",
            "samlOrganizationURL": "https://idp-llng.example.test/",
            "samlServicePrivateKeySig": self.key.private_key_pem,
            "samlServicePublicKeySig": self.key.certificate_pem,
            "samlServiceUseCertificateInResponse": 1,
            "samlServiceSignatureMethod": "RSA_SHA256",
            "samlIDPSSODescriptorWantAuthnRequestsSigned": 0,
            "samlSPMetaDataXML": {n: {"samlSPMetaDataXML": _metadata(p)} for n, p in partners.items()},
            "samlSPMetaDataExportedAttributes": {n: _attributes(p) for n, p in partners.items()},
            "samlSPMetaDataOptions": {n: _options(p) for n, p in partners.items()},
            "samlSPMetaDataMacros": {name: {} for name in partners},
        }


def _storage(kind: str, folder: str) -> dict[str, Any]:
    module = "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"
    options = {"Directory": folder, "LockDirectory": f"{folder}/lock", "generateModule": module}
    return {f"{kind}Storage": "Apache::Session::File", f"{kind}StorageOptions": options}


def _cache(folder: object, namespace: str) -> dict[str, Any]:
    return {
        "cache_root": f"{folder}/cache",
        "namespace": namespace,
        "default_expires_in": 600,
        "directory_umask": "007",
        "cache_depth": 3,
    }


def _attributes(partner: Partner) -> dict[str, str]:
    """Session variable → mandatory; name; format; friendly name. What is not mandatory may be missing."""
    return {"uid": "0;uid;;", "mail": "0;mail;;", "groups": f"0;{partner.attribute};{BASIC};"}


def _options(partner: Partner) -> dict[str, Any]:
    return {
        "samlSPMetaDataOptionsNameIDFormat": "email",
        "samlSPMetaDataOptionsNameIDSessionKey": "mail",
        "samlSPMetaDataOptionsSignSSOMessage": int(partner.sign != "assertion"),
        "samlSPMetaDataOptionsCheckSSOMessageSignature": 0,
        "samlSPMetaDataOptionsCheckSLOMessageSignature": 0,
        "samlSPMetaDataOptionsEncryptionMode": "assertion" if partner.encrypt else "none",
        "samlSPMetaDataOptionsEnableIDPInitiatedURL": 1,
        "samlSPMetaDataOptionsForceUTF8": 1,
        "samlSPMetaDataOptionsSignatureMethod": "RSA_SHA256",
    } | dict(partner.options)


def _metadata(partner: Partner) -> str:
    keys = ""
    if partner.certificate:
        lines = partner.certificate.strip().splitlines()
        der = "".join(line for line in lines if not line.startswith("-----"))
        keys = "".join(
            f'<KeyDescriptor use="{use}"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
            f"<X509Certificate>{der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            for use in ("signing", "encryption")
        )
    wanted = "false" if partner.sign == "response" else "true"
    return (
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID={quoteattr(partner.entity_id)}>'
        f'<SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="{wanted}" '
        f'protocolSupportEnumeration="{PROTOCOL}">{keys}'
        "<NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>"
        '<AssertionConsumerService isDefault="true" index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
        f"Location={quoteattr(partner.acs_url)}/></SPSSODescriptor></EntityDescriptor>"
    )


# What Debian's configuration of nginx does: pages by the portal, scripts and styles as files.
PSGI = """use Plack::Builder;
use Plack::App::File;
use Plack::Util;
builder {{
    mount '/javascript' => Plack::App::File->new(root => '/usr/share/javascript')->to_app;
    mount '/static' => Plack::App::File->new(root => '{static}')->to_app;
    mount '/' => Plack::Util::load_psgi('{index}');
}};
"""
INI = """[all]
logLevel = notice
logger = Lemonldap::NG::Common::Logger::Std
userLogger = Lemonldap::NG::Common::Logger::Std
checkTime = 1
[configuration]
type = File
dirName = {folder}/conf
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'llng-config', 'default_expires_in' => 5, 'directory_umask' => '007', 'cache_root' => '{folder}/cache', 'cache_depth' => 3 }}
[portal]
staticPrefix = /static
templateDir = {templates}
languages = en
"""
