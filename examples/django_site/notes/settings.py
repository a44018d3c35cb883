"""Settings of the example. What concerns memberof is marked."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent.parent
BASE_URL = os.environ.get("NOTES_BASE_URL", "http://localhost:8000")

SECRET_KEY = os.environ.get("NOTES_SECRET_KEY", "only for the example, on one machine")
DEBUG = os.environ.get("NOTES_DEBUG", "1") == "1"
ALLOWED_HOSTS = [urlsplit(BASE_URL).hostname, "localhost", "127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "memberof.django",  # memberof
    "notes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "memberof.django.middleware.SamlSessionMiddleware",  # memberof
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "notes.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# memberof: LOGIN_URL, and where the site is.
LOGIN_URL = "memberof:choose"
LOGIN_REDIRECT_URL = "home"
MEMBEROF = {
    "BASE_URL": BASE_URL,
    "ENCRYPTION_KEYS": ["env:NOTES_ENCRYPTION_KEY"] if "NOTES_ENCRYPTION_KEY" in os.environ else [],
}


def database(url: str) -> dict[str, object]:
    """Return Django's settings for sqlite:///path or postgresql://user:password@host:port/name."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path[1:],
            # memberof: sign-ins at the same moment wait for each other instead of failing.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.hostname,
        "PORT": parts.port,
    }


DATABASES = {"default": database(os.environ.get("NOTES_DATABASE", f"sqlite:///{FOLDER / 'notes.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
USE_TZ = True
TIME_ZONE = "UTC"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
NOTES_DEMO: list[tuple[str, str]] = []  # links on the home page: (text, address); demo.py fills it
