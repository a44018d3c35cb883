"""``settings.MEMBEROF``, read and never written.

=======================  =====================================================================================
``BASE_URL``             Required. ``https://app.example``: where users see this site. Never taken from a request.
``ENCRYPTION_KEYS``      Fernet keys (``memberof_check --new-key`` prints one), or references to them
                         (``env:NAME``, ``file:/path``). The first encrypts private keys at rest, all decrypt.
``FLAGS_BY_GROUP``       ``{"provider-slug": {"is_staff": ["Editors"]}}``. Off by default.
``USERNAME_TEMPLATE``    User names of accounts made for a tenant other than the default: ``{username}@{tenant}``.
``GROUP_NAME_TEMPLATE``  Names in ``auth.Group`` (unique over all tenants): ``{tenant}: {name}``.
``METADATA_HOSTS``       Host names that may have private addresses when metadata is fetched. Default: none.
``GUIDE_URL``            Where your copy of docs/idp is published; the help for each identity provider links to it.
``GUARD_USER_ADMIN``     Whether external memberships are read-only in the user admin. Default: True.
``VIEWS``                False where another library signs people in (:mod:`memberof.adapters.django`): only groups, their
                         history and undo are used, and nothing is asked of addresses and cookies. Default: True.
=======================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from memberof.web.paths import is_origin

__all__ = ["MemberOfSettings", "current", "problems"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOfSettings:
    """The settings in force."""

    base_url: str = ""
    encryption_keys: tuple[str, ...] = ()
    flags_by_group: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    username_template: str = "{username}@{tenant}"
    group_name_template: str = "{tenant}: {name}"
    metadata_hosts: tuple[str, ...] = ()
    guide_url: str = ""
    guard_user_admin: bool = True
    views: bool = True

    @property
    def secure(self) -> bool:
        """Whether the site is served over HTTPS."""
        return self.base_url.startswith("https://")

    def url(self, path: str) -> str:
        """Return the address of a path of this site, as others reach it."""
        return self.base_url.rstrip("/") + path


def current() -> MemberOfSettings:
    """Return the settings in force now.

    Raises:
        ImproperlyConfigured: All mistakes at once.

    """
    found = problems()
    if found:
        raise ImproperlyConfigured("settings.MEMBEROF: " + "; ".join(found))
    given = {str(name).lower(): value for name, value in getattr(settings, "MEMBEROF", {}).items()}
    for name in ("encryption_keys", "metadata_hosts"):
        if name in given:
            given[name] = tuple(given[name])
    return MemberOfSettings(**given)


def problems() -> list[str]:
    """Return every mistake in the settings, a sentence each."""
    given = getattr(settings, "MEMBEROF", None)
    if not isinstance(given, Mapping):
        return ['it is a dictionary with at least "BASE_URL", found none']
    known = {entry.name.upper() for entry in fields(MemberOfSettings)}
    found = [f"{name} is unknown" for name in given if name not in known]
    if given.get("VIEWS", True) is False and "BASE_URL" not in given:
        return found
    url = given.get("BASE_URL") or ""
    if not is_origin(url):
        found.append("BASE_URL is like https://app.example, without a path")
    for name, words in (("USERNAME_TEMPLATE", "username"), ("GROUP_NAME_TEMPLATE", "name")):
        template = given.get(name, "{tenant}{" + words + "}")
        if "{tenant}" not in template or "{" + words + "}" not in template:
            found.append(f"{name} holds {{tenant}} and {{{words}}}")
    lists = ("ENCRYPTION_KEYS", "METADATA_HOSTS")
    found += [f"{name} is a list, found one text" for name in lists if isinstance(given.get(name), str)]
    for slug, flags in (given.get("FLAGS_BY_GROUP") or {}).items():
        if not isinstance(flags, Mapping) or not set(flags) <= {"is_staff", "is_superuser"}:
            found.append(f'FLAGS_BY_GROUP["{slug}"] maps is_staff and is_superuser to group names')
    return found
