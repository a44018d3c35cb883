"""What the suites need of every identity provider."""

from __future__ import annotations

import subprocess
import urllib.request
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self

from memberof.testing import SigningKey
from services.live.process import Server

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse"


@dataclass(frozen=True, kw_only=True)
class Partner:
    """An application as the identity provider's administrator enters it.

    Args:
        entity_id: Of the application.
        acs_url: Where Responses are posted to.
        certificate: PEM; what to encrypt to.
        encrypt: Whether assertions are encrypted.
        sign: What is signed.
        attribute: What the groups' attribute is called.
        options: What else the product can be told.

    """

    entity_id: str
    acs_url: str
    certificate: str | None = None
    encrypt: bool = False
    sign: Literal["response", "assertion", "both"] | None = None
    attribute: str = "memberOf"
    options: tuple[tuple[str, str], ...] = ()


class LiveIdp(Server):
    """An identity provider that runs: ``with SimpleSamlPhp() as idp``."""

    #: What the tables call it.
    name: ClassVar[str]
    #: The preset that reads it; "": the name's.
    preset: ClassVar[str] = ""
    #: What a person calls it.
    title: ClassVar[str]
    #: Debian packages that it needs.
    packages: ClassVar[tuple[str, ...]] = ()
    #: The package whose version is the product's.
    package: ClassVar[str] = ""
    #: How its values hold names.
    format: ClassVar[str] = "array"
    #: How a user without groups is read.
    without_groups: ClassVar[Literal["absent", "empty"]]
    #: What can be signed alone; else both are.
    signs: ClassVar[frozenset[str]] = frozenset({"response", "assertion", "both"})
    #: Whether a new key can be announced before it signs.
    announces_keys: ClassVar[bool] = True
    #: What must be said for encryption that memberof reads.
    encryption: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __enter__(self) -> Self:
        install(*self.packages)
        self.key = SigningKey.generate()
        return super().__enter__()

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def version(self) -> str:
        """The version that runs."""
        return version_of(self.package)

    @property
    @abstractmethod
    def metadata_url(self) -> str:
        """Where its metadata is."""

    def metadata(self) -> str:
        """Its metadata as it publishes them now."""
        with urllib.request.urlopen(self.metadata_url, timeout=30) as answer:
            text: bytes = answer.read()
        return text.decode()

    @abstractmethod
    def register(self, partner: Partner) -> None:
        """Trust an application; one that is known already is replaced."""

    @abstractmethod
    def put_user(self, user: str, groups: list[str]) -> None:
        """Let there be this user, in these groups and no others."""

    @abstractmethod
    def unsolicited_url(self, partner: Partner) -> str:
        """Where a sign-in begins that the application has not asked for."""

    @abstractmethod
    def name_id(self, user: str) -> str:
        """What it calls the user."""

    @abstractmethod
    def publish_key(self) -> None:
        """Begin a roll-over: publish a new key, where the product can, and sign with the old one."""

    @abstractmethod
    def use_new_key(self) -> None:
        """Sign with the new key."""


def install(*packages: str) -> None:
    """Install Debian packages that are missing.

    Raises:
        RuntimeError: They can't be had.

    """
    done = subprocess.run(
        [ROOT / "scripts" / "apt-packages", *packages], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"packages are missing: {done.stderr}")


def version_of(package: str) -> str:
    """The version of a Debian package that is installed."""
    asked = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout
