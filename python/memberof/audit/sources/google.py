"""Groups of Google Workspace, as the Directory API answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memberof.audit.sources.directory import Directory
from memberof.audit.sources.shapes import Node, documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memberof.audit.sources.files import Name
    from memberof.audit.sources.snapshot import Snapshot


def read_google(
    *groups: Name, members: Mapping[str, Name] | Name | None = None, value: str = "name", nested: bool = False
) -> Snapshot:
    """Read who is in which group, from answers to ``groups.list`` and ``members.list``.

    Args:
        groups: Answers to ``groups.list`` (``{"groups": […]}``), all pages. A group may hold its ``members`` itself.
        members: Answers to ``members.list``, which don't say of which group they are: a mapping of the group's e-mail
            address or ID to the file, or the folder whose files are named so (``staff@example.org.json``).
        value: Which field of a group is sent: ``name`` (as Google does) or ``email``.
        nested: Whether members of a group in a group count as members of the outer one.

    Raises:
        AuditError: ``audit.not_json``, ``audit.json_shape``; ``audit.cut_off`` where a page is missing.

    """
    directory = Directory()
    files = _files(members)
    unread = set(files)
    last: Node | None = None
    for document in documents(*groups):
        last = document
        if not (document.has("groups") or isinstance(document.value, list)):
            raise document.fault('expected an answer of groups.list, {"groups": […]}')
        for group in document.items("" if isinstance(document.value, list) else "groups"):
            _take_group(directory, group, value, files, unread)
    if last is not None and last.has("nextPageToken"):
        raise last.fault("there are more pages (nextPageToken), expected all of them", "audit.cut_off")
    if unread:
        directory.warnings.append(f"{len(unread)} files of members belong to no group that was read")
    return directory.snapshot(", ".join(map(str, groups)), nested=nested)


def _files(members: Mapping[str, Name] | Name | None) -> dict[str, Path]:
    if members is None:
        return {}
    if isinstance(members, str | Path):
        return {file.stem.lower(): file for file in sorted(Path(members).glob("*.json"))}
    return {name.lower(): Path(file) for name, file in members.items()}


def _take_group(
    directory: Directory, group: Node, value: str, files: Mapping[str, Path], unread: set[str]
) -> None:
    name = group.text(value)
    email = group.needs("email").lower()
    if name is None:
        directory.skipped["source.no_name"] += 1
        return
    directory.groups[email] = (name, name)
    names = {email, *([group.needs("id").lower()] if group.has("id") else [])} & files.keys()
    if not (names or group.has("members")):
        raise group.fault(
            f'expected its members, or a file "{email}.json"', hint="ask for members.list of each group"
        )
    unread -= names
    for member in group.items("members"):
        _take_member(directory, email, member)
    for answer in documents(*(files[each] for each in sorted(names))):
        if answer.has("nextPageToken"):
            raise answer.fault("there are more pages (nextPageToken), expected all of them", "audit.cut_off")
        for member in answer.items("" if isinstance(answer.value, list) else "members"):
            _take_member(directory, email, member)


def _take_member(directory: Directory, group: str, member: Node) -> None:
    kind = member.text("type") or "USER"
    email = member.text("email")
    if kind not in ("USER", "GROUP"):  # CUSTOMER: everybody of the domain, whom no list names
        directory.skipped["source.cut_off" if kind == "CUSTOMER" else "source.not_a_user"] += 1
    elif email is None:
        directory.skipped["source.no_user"] += 1
    else:
        key = email.lower()
        if kind == "USER":
            directory.users[key] = email
        directory.add(group, key)
