"""System checks ``memberof.E001…`` and ``memberof.W001…``, each with what to do about it. Listed in docs/reference/django.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.urls import NoReverseMatch, reverse

from memberof.django import conf

if TYPE_CHECKING:
    from collections.abc import Iterator

_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_OURS = "memberof.django.middleware.SamlSessionMiddleware"


def register() -> None:
    """Register all checks."""
    checks.register(settings_are_right, checks.Tags.security)
    checks.register(database_fits, checks.Tags.database)
    checks.register(providers_are_right, checks.Tags.database)


def settings_are_right(**_: Any) -> list[checks.CheckMessage]:
    """Check ``settings``."""
    found = conf.problems()
    if found:
        return [
            checks.Error(
                f"settings.MEMBEROF: {problem}.", hint="See docs/reference/django.md.", id="memberof.E001"
            )
            for problem in found
        ]
    return [*_middleware(), *_addresses(), *_cookies()] if conf.current().views else []


def database_fits(*, databases: list[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Check what the store needs of the database."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor not in ("sqlite", "postgresql"):
        return [
            checks.Error(
                f"The database is {connection.display_name}; group synchronisation needs PostgreSQL or SQLite.",
                hint="Use one of the two.",
                id="memberof.E005",
            )
        ]
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        return [
            checks.Warning(
                "The database lives in the memory of one process: others share no open requests and no used assertions.",
                hint="Use a file, or PostgreSQL.",
                id="memberof.W007",
            )
        ]
    options = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor == "sqlite" and str(options.get("transaction_mode", "")).upper() != "IMMEDIATE":
        return [
            checks.Warning(
                "SQLite begins transactions without its write lock: sign-ins at the same moment may fail.",
                hint='Set DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}.',
                id="memberof.W005",
            )
        ]
    return []


def providers_are_right(*, databases: list[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Check every identity provider; nothing before the first migration."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or conf.problems():
        return []
    from memberof.django.inspection import provider_messages

    try:
        return list(provider_messages())
    except DatabaseError:
        return []


def _middleware() -> Iterator[checks.CheckMessage]:
    middleware = list(settings.MIDDLEWARE)
    if _OURS not in middleware:
        yield checks.Error(
            "Nothing ends SAML sessions in time: sign-ins are refused.",
            hint=f'Add "{_OURS}" to MIDDLEWARE, below AuthenticationMiddleware.',
            id="memberof.E002",
        )
    elif _AUTHENTICATION not in middleware or middleware.index(_OURS) < middleware.index(_AUTHENTICATION):
        yield checks.Error(
            "SamlSessionMiddleware stands above AuthenticationMiddleware, or that is missing.",
            hint="Put it below: a session is ended before a view sees its user.",
            id="memberof.E003",
        )
    if not settings.USE_TZ:
        yield checks.Error(
            "USE_TZ is off; the bounds of sessions need times with a zone.",
            hint="Set USE_TZ = True.",
            id="memberof.E004",
        )


def _addresses() -> Iterator[checks.CheckMessage]:
    current = conf.current()
    try:
        reverse("memberof:choose")
    except NoReverseMatch:
        yield checks.Error(
            "No address leads to the views of memberof.django.",
            hint='Add path("saml/", include("memberof.django.urls")) to the URL configuration.',
            id="memberof.E006",
        )
    if not current.secure and not settings.DEBUG and not _is_local(current.base_url):
        yield checks.Warning(
            "BASE_URL is not https://: browsers don't keep the cookies that bind a sign-in to them.",
            hint="Serve the site over HTTPS, and say so in BASE_URL.",
            id="memberof.W001",
        )
    if current.secure and settings.SECURE_PROXY_SSL_HEADER is None and settings.SECURE_SSL_REDIRECT:
        yield checks.Warning(
            "Requests may look like plain HTTP behind a proxy that ends TLS, and be redirected for ever.",
            hint="Behind such a proxy set SECURE_PROXY_SSL_HEADER; addresses for SAML come from BASE_URL in any case.",
            id="memberof.W002",
        )


def _cookies() -> Iterator[checks.CheckMessage]:
    if conf.current().secure and not settings.SESSION_COOKIE_SECURE:
        yield checks.Warning(
            "The session cookie is sent over plain HTTP too.",
            hint="Set SESSION_COOKIE_SECURE = True.",
            id="memberof.W003",
        )
    if settings.SESSION_COOKIE_SAMESITE in ("Strict", False):
        yield checks.Warning(
            f"SESSION_COOKIE_SAMESITE is {settings.SESSION_COOKIE_SAMESITE!r}: with Strict the first page after a "
            "sign-in sees nobody, without it other sites may use the session.",
            hint='Use "Lax", the default: sign-in works with it.',
            id="memberof.W004",
        )
    if settings.SESSION_ENGINE.endswith("signed_cookies"):
        yield checks.Warning(
            "Sessions live in the browser's cookie; ending them on the server relies on our middleware alone.",
            hint="Prefer a session engine that keeps them on the server.",
            id="memberof.W006",
        )


def _is_local(base_url: str) -> bool:
    host = base_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return host in ("localhost", "127.0.0.1") or host.endswith(".localhost")
