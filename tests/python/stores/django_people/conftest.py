"""Settings with a user model of the application's own, whose keys are texts: any name is an account's."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

_services = contextlib.ExitStack()


def pytest_unconfigure() -> None:
    _services.close()


def pytest_configure() -> None:
    from django.conf import settings

    here = Path(__file__).parent
    sys.path.insert(0, str(here))
    settings.configure(
        AUTH_USER_MODEL="people.Person",
        DATABASES={"default": _database()},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "memberof.django",
            "people",
        ],
        MEMBEROF={"BASE_URL": "https://app.example"},
        USE_TZ=True,
    )
    import django

    django.setup()


def _database() -> dict[str, Any]:
    if os.environ.get("NOTES_DATABASE") != "postgresql":
        folder = _services.enter_context(tempfile.TemporaryDirectory())
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(folder) / "db.sqlite3"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 60},
            # In a file: threads share a database in memory without its locks.
            "TEST": {"NAME": str(Path(folder) / "test.sqlite3")},
        }
    from urllib.parse import urlsplit

    from services.postgres import PostgresServer

    server = _services.enter_context(PostgresServer({"fsync": "off"}))
    url = urlsplit(server.url("postgres"))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path[1:],
        "USER": url.username,
        "PASSWORD": url.password,
        "HOST": url.hostname,
        "PORT": url.port,
    }
