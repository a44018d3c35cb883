"""System checks ``memberof.E101…`` and ``memberof.W101…``: what would show only when somebody has lost her groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from memberof.adapters import pysaml2
from memberof.adapters.django.logins import configured
from memberof.adapters.login import proves_absence
from memberof.sync import GroupSync

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIDDLEWARE = "memberof.adapters.django.middleware.SessionBoundMiddleware"


def register() -> None:
    """Register the checks."""
    checks.register(adapters_are_right, checks.Tags.security)


def adapters_are_right(**_: Any) -> list[checks.CheckMessage]:
    """Check the settings of whichever libraries are installed."""
    return [*_synchronisation(), *_middleware(), *_saml2_auth()]


def _synchronisation() -> Iterator[checks.CheckMessage]:
    try:
        sync = configured()
    except ImproperlyConfigured as error:
        yield checks.Error(str(error), id="memberof.E101")
        return
    # A function decides at each login; only one that is there already can be looked at.
    if not isinstance(sync, GroupSync) or sync.extractor is None:
        return
    if apps.is_installed("djangosaml2"):
        found = getattr(settings, "SAML_CONFIG", {})
        for problem, hint in pysaml2.problems({} if callable(found) else found, sync.extractor):
            severe = proves_absence(sync.extractor)
            kind, number = (checks.Error, "E102") if severe else (checks.Warning, "W102")
            yield kind(f"djangosaml2: {problem}.", hint=f"S{hint[1:]}.", id=f"memberof.{number}")


def _middleware() -> Iterator[checks.CheckMessage]:
    if _MIDDLEWARE not in settings.MIDDLEWARE:
        yield checks.Error(
            "Nothing ends sessions in time: groups arrive at sign-in only, so a session must be bounded.",
            hint=f'Add "{_MIDDLEWARE}" to MIDDLEWARE, below AuthenticationMiddleware.',
            id="memberof.E103",
        )


def _saml2_auth() -> Iterator[checks.CheckMessage]:
    if not apps.is_installed("django_saml2_auth"):
        return
    given = getattr(settings, "SAML2_AUTH", {})
    if given.get("ATTRIBUTES_MAP", {}).get("groups"):
        yield checks.Error(
            "django-saml2-auth synchronises groups too, and replaces all of a user's groups, internal ones as well.",
            hint='Remove "groups" from SAML2_AUTH["ATTRIBUTES_MAP"].',
            id="memberof.E104",
        )
    triggers = given.get("TRIGGER", {})
    missing = [
        name
        for name, function in (
            ("EXTRACT_USER_IDENTITY", "extract_user_identity"),
            ("BEFORE_LOGIN", "before_login"),
            ("AFTER_LOGIN", "after_login"),
        )
        if triggers.get(name) != f"memberof.adapters.django.saml2_auth.{function}"
    ]
    if missing and len(missing) < len(("EXTRACT_USER_IDENTITY", "BEFORE_LOGIN", "AFTER_LOGIN")):
        yield checks.Warning(
            f"Of django-saml2-auth's three triggers {', '.join(missing)} doesn't lead to memberof.",
            hint="Set all three; one of your own calls ours.",
            id="memberof.W104",
        )
