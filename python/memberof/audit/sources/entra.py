"""Groups of Microsoft Entra ID, as Microsoft Graph answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memberof.audit.sources.directory import Directory
from memberof.audit.sources.shapes import Node, documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memberof.audit.sources.files import Name
    from memberof.audit.sources.snapshot import Snapshot

#: `$expand` gives no more than this of each list, and doesn't say so (Microsoft Graph, "Use query parameters").
EXPANDED = 20
_PREFIX = "#microsoft.graph."


def read_entra(
    *paths: Name, user: str = "userPrincipalName", value: str = "id", nested: bool = False
) -> Snapshot:
    """Read who is in which group, from answers to ``GET /groups`` or ``GET /users``.

    A group needs its ``members`` (or ``transitiveMembers``), or a user her ``memberOf``: from ``$expand``, or put there by
    the script that asked for them one by one.

    Args:
        paths: Answers (``{"value": […]}``), all pages, or lists of their objects.
        user: Which property of a user is her ID in the application: ``userPrincipalName``, ``id``, ``mail``, …
        value: Which property of a group the enterprise application sends: ``id`` (its default), ``displayName``,
            ``onPremisesSamAccountName``, … The group's name here is its ``displayName`` where the value is ``id``.
        nested: Whether members of a group in a group count as members of the outer one. Entra sends them so
            ("All groups"); with ``transitiveMembers`` they are in the answer already.

    Raises:
        AuditError: ``audit.not_json``, ``audit.json_shape``; ``audit.cut_off`` where a page or a member is missing.

    """
    directory = Directory()
    for node in _objects(*paths):
        kind = _kind(node)
        if kind == "user":
            _take_user(directory, node, user)
            for group in _list(node, "memberOf", "transitiveMemberOf"):
                if _kind(group) == "group":
                    _take_group(directory, group, value)
                    directory.add(group.needs("id"), node.needs("id"))
                else:  # directory roles and administrative units
                    directory.skipped["source.other_entry"] += 1
        elif kind == "group":
            _take_group(directory, node, value)
            for member in _list(node, "members", "transitiveMembers"):
                _take_member(directory, node, member, user, value)
        else:
            directory.skipped["source.other_entry"] += 1
    return directory.snapshot(", ".join(map(str, paths)), nested=nested)


def _objects(*paths: Name) -> Iterator[Node]:
    more = 0
    last: Node | None = None
    for document in documents(*paths):
        last = document
        if isinstance(document.value, list):
            yield from document.items()
        elif document.has("value"):
            more += document.has("@odata.nextLink")
            yield from document.items("value")
        elif document.has("id"):
            yield document
        else:
            raise document.fault('expected an answer of Microsoft Graph, {"value": […]}')
    # Every page but the last of a query names the next one.
    if last is not None and (last.has("@odata.nextLink") or more >= len(paths)):
        raise last.fault("there are more pages (@odata.nextLink), expected all of them", "audit.cut_off")
    if not paths:
        raise TypeError("expected the path of a file")


def _list(node: Node, *names: str) -> Iterator[Node]:
    for name in names:
        if not node.has(name):
            continue
        items = list(node.items(name))
        if node.has(f"{name}@odata.nextLink") or (
            len(items) == EXPANDED and not node.has(f"{name}@odata.count")
        ):
            raise node.get(name).fault(
                f"the list ends at {len(items)}, expected all of it: $expand gives {EXPANDED} at most",
                "audit.cut_off",
                f"ask for GET /groups/{{id}}/{name} of each group and put the answers' values there, "
                f'with "{name}@odata.count"',
            )
        yield from items
        return
    raise node.fault(f"expected {' or '.join(names)}", hint=f"ask with $expand={names[0]}")


def _kind(node: Node) -> str:
    """Return what it is; where the type isn't said (a query for one kind doesn't), by what only that kind has."""
    said = node.text("@odata.type")
    if said is not None:
        return said.removeprefix(_PREFIX)
    if node.has("userPrincipalName") or node.has("memberOf") or node.has("transitiveMemberOf"):
        return "user"
    if any(node.has(name) for name in ("members", "transitiveMembers", "securityEnabled", "groupTypes")):
        return "group"
    return "user" if node.has("mail") or node.has("givenName") else "group"


def _take_group(directory: Directory, node: Node, value: str) -> None:
    name = node.text("displayName")
    sent = node.text(value)
    if name is None and sent is None:
        directory.skipped["source.no_name"] += 1
        return
    if sent is None:  # a group of the cloud has no onPremisesSamAccountName: Entra sends its ID then
        sent = node.needs("id")
    directory.groups[node.needs("id")] = ((name or sent) if value == "id" else sent, sent)


def _take_user(directory: Directory, node: Node, user: str) -> None:
    name = node.text(user)
    if name is None:
        directory.skipped["source.no_user"] += 1
    else:
        directory.users[node.needs("id")] = name


def _take_member(directory: Directory, group: Node, member: Node, user: str, value: str) -> None:
    kind = _kind(member)
    if kind == "user":
        _take_user(directory, member, user)
    elif kind == "group":
        if member.needs("id") not in directory.groups:
            _take_group(directory, member, value)
    else:  # devices, contacts, service principals
        directory.skipped["source.not_a_user"] += 1
        return
    directory.add(group.needs("id"), member.needs("id"))
