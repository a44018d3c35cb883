"""Resources of SCIM 2.0 (RFC 7643, RFC 7644): groups, and users where they are given too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memberof.audit.sources.directory import Directory
from memberof.audit.sources.shapes import Node, documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memberof.audit.sources.files import Name
    from memberof.audit.sources.snapshot import Snapshot

_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def read_scim(*paths: Name, user: str = "userName", nested: bool = False) -> Snapshot:
    """Read who is in which group.

    Args:
        paths: Answers to ``GET /Groups`` and, better, ``GET /Users``, all pages; or lists of resources, or single ones.
        user: Which attribute of a User resource is the user's ID in the application: ``userName``, ``externalId``,
            ``id``. Members whose User resource isn't given are named by their ``value``, the service's ID.
        nested: Whether members of a group in a group count as members of the outer one.

    Raises:
        AuditError: ``audit.not_json``, ``audit.json_shape``; ``audit.cut_off`` where resources are missing.

    """
    directory = Directory()
    strangers: dict[str, None] = {}
    for node in _resources(*paths):
        schemas = [each.value for each in node.items("schemas")]
        if _GROUP in schemas:
            name = node.needs("displayName")
            directory.groups[node.needs("id")] = (name, name)
            for member in node.items("members"):
                directory.add(node.needs("id"), member.needs("value"))
                # RFC 7643 4.2: the type is "User" or "Group"; where it isn't said, the resources tell.
                if (member.text("type") or "User") == "User":
                    strangers[member.needs("value")] = None
        elif _USER in schemas:
            name_ = node.text(user)
            if name_ is None:
                directory.skipped["source.no_user"] += 1
                continue
            directory.users[node.needs("id")] = name_
            for group in node.items("groups"):
                key = group.needs("value")
                display = group.text("display")
                if display is not None:
                    directory.groups.setdefault(key, (display, display))
                directory.add(key, node.needs("id"))
        else:
            directory.skipped["source.other_entry"] += 1
    unnamed = [each for each in strangers if each not in directory.users and each not in directory.groups]
    directory.users.update({each: each for each in unnamed})
    if unnamed:
        directory.warnings.append(
            f"{len(unnamed)} users are named by the service's own ID: give the User resources too"
        )
    return directory.snapshot(", ".join(map(str, paths)), nested=nested)


def _resources(*paths: Name) -> Iterator[Node]:
    found: dict[str, int] = {}
    expected: dict[str, int] = {}
    last: Node | None = None
    for document in documents(*paths):
        if isinstance(document.value, list):
            yield from document.items()
        elif _LIST in [each.value for each in document.items("schemas")]:
            last = document
            resources = list(document.items("Resources"))
            kind = str(next((r.get("schemas").value for r in resources), ""))
            found[kind] = found.get(kind, 0) + len(resources)
            total = document.get("totalResults").value
            if not isinstance(total, int):
                raise document.get("totalResults").fault("expected a number")
            expected[kind] = max(total, expected.get(kind, 0))
            yield from resources
        else:
            document.items("schemas")
            yield document
    for kind, total in expected.items():
        if last is not None and found[kind] < total:
            raise last.fault(
                f"{found[kind]} resources of {total}, expected all of them",
                "audit.cut_off",
                "ask page by page (startIndex, count) and give all pages",
            )
