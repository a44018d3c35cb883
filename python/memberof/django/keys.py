"""Private keys: a reference to where one is kept, or the key itself, encrypted at rest. Never shown again.

A stored value is one of ``env:NAME``, ``file:/path`` and ``fernet:…``; what a form receives as PEM is encrypted before it
is stored. Several keys (rollover) stand one below the other.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.core.exceptions import ImproperlyConfigured

from memberof.django import conf

__all__ = ["PREFIXES", "describe", "read", "read_all", "seal"]

PREFIXES = ("env:", "file:", "fernet:")


def read_all(stored: str) -> list[str]:
    """Return the PEM texts of all keys that are stored, in their order.

    Raises:
        ImproperlyConfigured: One can't be read; the message says which reference, never the key.

    """
    return [read(line) for line in stored.splitlines() if line.strip()]


def read(stored: str) -> str:
    """Return the PEM text of one stored key; see :func:`read_all`."""
    kind, _, rest = stored.strip().partition(":")
    if kind == "env":
        if rest not in os.environ:
            raise ImproperlyConfigured(
                f'the environment has no variable "{rest}", which should hold a private key'
            )
        return os.environ[rest]
    if kind == "file":
        try:
            return Path(rest).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f'the key file "{rest}" cannot be read') from error
    if kind == "fernet":
        try:
            return _fernet().decrypt(rest.encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                'a stored private key was encrypted under a key that MEMBEROF["ENCRYPTION_KEYS"] no longer holds'
            ) from error
    raise ImproperlyConfigured(
        "a private key is stored as env:NAME, file:/path or encrypted, found none of these"
    )


def seal(given: str) -> str:
    """Return what to store for a form's input: references as they are, PEM encrypted.

    Raises:
        ImproperlyConfigured: It is PEM, and there is no key to encrypt it with.

    """
    if "-----BEGIN" not in given:
        return "\n".join(line.strip() for line in given.splitlines() if line.strip())
    blocks = ["-----BEGIN" + part for part in given.split("-----BEGIN")[1:]]
    return "\n".join(
        "fernet:" + _fernet().encrypt(block.strip().encode() + b"\n").decode() for block in blocks
    )


def describe(stored: str) -> list[str]:
    """Return what may be shown of stored keys: references, and that there is an encrypted one."""
    shown = []
    for line in stored.splitlines():
        if line.startswith("fernet:"):
            shown.append("encrypted at rest")
        elif line.strip():
            shown.append(line.strip())
    return shown


def _fernet() -> MultiFernet:
    keys = [read(key) if key.startswith(PREFIXES) else key for key in conf.current().encryption_keys]
    if not keys:
        raise ImproperlyConfigured(
            'MEMBEROF["ENCRYPTION_KEYS"] is empty: give a reference to the private key (env:NAME, file:/path), '
            "or a key to encrypt it with"
        )
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            'MEMBEROF["ENCRYPTION_KEYS"] holds no Fernet key: memberof_check --new-key prints one'
        ) from error
