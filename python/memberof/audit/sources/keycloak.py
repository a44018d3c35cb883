"""A realm of Keycloak, as ``kc.sh export`` and the admin console write it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memberof.audit.sources.directory import Directory
from memberof.audit.sources.files import Name, fault
from memberof.audit.sources.shapes import Node, documents

if TYPE_CHECKING:
    from memberof.audit.sources.snapshot import Snapshot


def read_keycloak(
    *paths: Name, user: str = "username", full_path: bool = False, nested: bool = False
) -> Snapshot:
    """Read who is in which group of a realm.

    Args:
        paths: The export: one file, or several (``realm.json``, ``realm-users-0.json``, …), or the folder with them.
        user: Which field of a user is her ID in the application: ``username``, ``email``, ``id``, or an attribute.
        full_path: As the mapper's option: values are paths (``/Staff/Berlin``, ``format="path"``), not names.
        nested: Whether members of a subgroup are in the groups above it too. Keycloak sends only the groups themselves.

    Raises:
        AuditError: ``audit.not_json``, ``audit.json_shape``: with the place and what was expected.

    """
    directory = Directory()
    files = [file for path in paths for file in _files(path)]
    seen_users = False
    for document in documents(*files):
        for group in document.items("groups"):
            _take_group(directory, group, None, "", full_path)
        for each in document.items("users"):
            seen_users = True
            _take_user(directory, each, user)
    if not seen_users:
        raise fault(
            files[0],
            None,
            "expected users, found none",
            "audit.json_shape",
            "export with users: kc.sh export --users same_file, or give the files of users too",
        )
    return directory.snapshot(", ".join(map(str, paths)), nested=nested)


def _files(path: Name) -> list[Path]:
    path = Path(path)
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.json"))
    if not found:
        raise fault(path, None, "expected JSON files of a realm, found none", "audit.file")
    return found


def _take_group(directory: Directory, group: Node, parent: str | None, above: str, full_path: bool) -> None:
    name = group.needs("name")
    # "/" in a name is written "~/" in paths (KeycloakModelUtils.buildGroupPath), as users' groups name it.
    path = group.text("path") or f"{above}/{name}"
    directory.groups[path] = (name, path if full_path else name)
    if parent is not None:
        directory.add(parent, path)
    for inner in group.items("subGroups"):
        _take_group(directory, inner, path, path, full_path)


def _take_user(directory: Directory, node: Node, user: str) -> None:
    if node.text("serviceAccountClientId") is not None:  # it belongs to a client, and never signs in
        directory.skipped["source.not_a_user"] += 1
        return
    if user in ("username", "email", "id"):
        name = node.text(user)
    else:
        values = [each.value for each in node.get("attributes").items(user)] if node.has("attributes") else []
        name = values[0] if values and isinstance(values[0], str) else None
    if name is None:
        directory.skipped["source.no_user"] += 1
        return
    key = ("user", node.needs("username"))
    directory.users[key] = name
    for group in node.items("groups"):
        if not isinstance(group.value, str):
            raise group.fault("expected a path such as /Staff")
        directory.add(group.value, key)
