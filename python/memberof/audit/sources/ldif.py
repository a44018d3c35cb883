"""LDIF (RFC 2849): exports of OpenLDAP (``slapcat``, ``ldapsearch``) and of Active Directory (``ldifde``)."""

from __future__ import annotations

import re
import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from memberof._memberof import parse_dn
from memberof.audit.sources.arrow import need
from memberof.audit.sources.directory import Directory
from memberof.audit.sources.files import Name, fault, read_bytes
from memberof.errors import AuditError, DistinguishedNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from memberof.audit.sources.snapshot import Snapshot

Entry: TypeAlias = dict[str, list[bytes]]

_USER_NAMES = ("samaccountname", "uid", "userprincipalname")
_USER_CLASSES = {"person", "inetorgperson", "organizationalperson", "user", "posixaccount", "account"}
_GROUP_CLASSES = {"group", "groupofnames", "groupofuniquenames", "groupofmembers", "posixgroup"}
_MEMBERS = ("member", "uniquemember", "memberof")
_RANGE = re.compile(r"range=(\d+)-(\d+|\*)", re.IGNORECASE)
# A value in base64 that isn't: the parser passes over characters that don't belong there.
_FOREIGN = re.compile(rb"^[^\s:#][^:\n]*::(?!(?:[A-Za-z0-9+/ ]|\n )*+(?:[= ]|\n )*+(?:\n|\Z))", re.MULTILINE)


def read_ldif(*paths: Name, user: str | None = None, primary: bool = True, nested: bool = False) -> Snapshot:
    """Read who is in which group from LDIF files of entries.

    ``member``, ``uniqueMember``, ``memberUid`` and ``memberOf`` count alike, each membership once. A group's name is the
    CN of its DN, and its value the DN: what AD FS sends, ``format="ldap"``.

    Args:
        paths: One directory's export, in one file or several.
        user: The attribute that is the user's ID in the application. None: ``sAMAccountName``, else ``uid``, else
            ``userPrincipalName``. In an export of groups alone: the first part of a member's DN, where that is
            ``uid=``.
        primary: Whether Active Directory's primary group (``primaryGroupID``), which no ``member`` names, counts.
        nested: Whether members of a group in a group count as members of the outer one, as ``tokenGroups`` has it.

    Raises:
        AuditError: ``audit.not_ldif``, with file, line and what was expected; ``audit.cut_off`` where a group's list of
            members ends early (``member;range=0-1499``), which would take the others out.

    """
    reading = _Reading(user.lower() if user else None)
    for path in paths:
        for line, dn, entry in _entries(path):
            reading.take(path, line, dn, entry)
    if primary:
        reading.join_primary_groups()
    reading.check_ranges()
    groups_only = not reading.directory.users
    reading.join_posix(groups_only=groups_only)
    reading.take_strangers(groups_only=groups_only)
    return reading.directory.snapshot(", ".join(map(str, paths)), nested=nested)


def _entries(path: Name) -> Iterator[tuple[int, str, Entry]]:
    """Every entry with the line at which it begins; names of attributes in small letters, values as bytes."""
    parser: Callable[..., Any] = need("ldif").LDIFParser
    data = read_bytes(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16").encode()
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    first = 1
    for block in re.split(rb"(?<=\n)\n", data):
        start, first = first, first + block.count(b"\n") + 1
        content = b"\n".join(line for line in block.split(b"\n") if not line.startswith(b"#")).strip()
        if not content or _is_result(path, start, content):
            continue
        foreign = _FOREIGN.search(block)
        if foreign is not None:
            line = start + block.count(b"\n", 0, foreign.start())
            raise fault(path, line, "expected base64 (RFC 2849)", "audit.not_ldif")
        try:
            records = list(parser(BytesIO(block), encoding=None).parse())
        except ValueError:
            raise _fault(path, start, block) from None
        for dn, record in records:
            if dn is None:  # comments, or the version alone
                continue
            entry: Entry = {}
            for name, values in record.items():
                entry.setdefault(name.lower(), []).extend(values)
            change = b"".join(entry.pop("changetype", [b"add"])).strip().lower()
            if change != b"add":
                raise fault(
                    path, start, "expected an entry, found a change", "audit.not_ldif", "export entries"
                )
            yield start, dn, entry


def _is_result(path: Name, start: int, block: bytes) -> bool:
    """Whether ldapsearch ends here, or speaks of another server, and not LDIF; refuse what it says it cut off."""
    result = re.match(rb"search: \d+\nresult: (\d+)", block)
    if result is not None and int(result[1]) != 0:
        raise fault(
            path,
            start,
            f"the search ended early (result {int(result[1])}), expected all entries",
            "audit.cut_off",
            "search page by page: ldapsearch -E pr=1000/noprompt",
        )
    return result is not None or block.startswith(b"ref: ")


def _fault(path: Name, start: int, block: bytes) -> AuditError:
    lines = block.split(b"\n")
    for number, line in enumerate(lines, start):
        if line and line[:1] not in b" #" and b":" not in line:
            return fault(path, number, 'expected "attribute: value" (RFC 2849)', "audit.not_ldif")
    number, line = next(
        ((number, line) for number, line in enumerate(lines, start) if line and line[:1] not in b" #"),
        (start, b""),
    )
    if not line.lower().startswith((b"dn:", b"version:")):
        return fault(path, number, 'expected "dn:" first (RFC 2849)', "audit.not_ldif")
    expected = "an entry begins here that has no one valid dn, or base64 that is cut off (RFC 2849)"
    return fault(path, number, expected, "audit.not_ldif")


class _Reading:
    """What was read so far."""

    def __init__(self, user: str | None) -> None:
        self.user_names: Sequence[str] = (user,) if user else _USER_NAMES
        self.directory = Directory()
        self.keys: dict[str, Hashable] = {}
        self.sids: dict[bytes, Hashable] = {}
        self.primary: list[tuple[Hashable, bytes | None, int]] = []
        self.tokens: dict[int, Hashable] = {}
        self.posix: list[tuple[Hashable, str]] = []
        self.by_uid: dict[str, Hashable] = {}
        self.mentioned: dict[Hashable, str] = {}
        self.ranges: dict[Hashable, tuple[Name, int, list[tuple[int, int | None]]]] = {}

    def take(self, path: Name, line: int, dn: str, entry: Entry) -> None:
        """Take an entry."""
        key = self._key(path, line, dn)
        classes = {_text(path, line, each).lower() for each in entry.get("objectclass", ())}
        is_group = bool(classes & _GROUP_CLASSES) or any(
            name.partition(";")[0] in ("member", "uniquemember", "memberuid") for name in entry
        )
        if is_group:
            self._take_group(path, line, key, dn, entry)
        elif classes & _USER_CLASSES or any(name in entry for name in (*_USER_NAMES, "memberof")):
            self._take_user(path, line, key, entry)
        else:
            self.directory.skipped["source.other_entry"] += 1

    def _take_group(self, path: Name, line: int, key: Hashable, dn: str, entry: Entry) -> None:
        name = parse_dn(dn).common_name or "".join(
            _text(path, line, each) for each in entry.get("cn", ())[:1]
        )
        if not name:
            self.directory.skipped["source.no_name"] += 1
            return
        self.directory.groups[key] = (name, dn)
        for attribute, values in entry.items():
            kind, *options = attribute.split(";")
            for option in options:
                found = _RANGE.fullmatch(option)
                if found and kind in ("member", "uniquemember"):
                    end = None if found[2] == "*" else int(found[2])
                    self.ranges.setdefault(key, (path, line, []))[2].append((int(found[1]), end))
            if kind in ("member", "uniquemember"):
                for value in values:
                    self.directory.add(key, self._mention(path, line, value))
            elif kind == "memberof":
                for value in values:
                    self.directory.add(self._mention(path, line, value), key)
        self.posix += [(key, _text(path, line, value)) for value in entry.get("memberuid", ())]
        if sid := entry.get("objectsid"):
            self.sids[_sid(path, line, sid[0])] = key
        if token := entry.get("primarygrouptoken"):
            self.tokens[_number(path, line, token[0])] = key

    def _take_user(self, path: Name, line: int, key: Hashable, entry: Entry) -> None:
        found = next((entry[name][0] for name in self.user_names if entry.get(name)), None)
        if found is None:
            self.directory.skipped["source.no_user"] += 1
            return
        self.directory.users[key] = _text(path, line, found)
        for uid in entry.get("uid", ()):
            self.by_uid[_text(path, line, uid)] = key
        for attribute, values in entry.items():
            if attribute.partition(";")[0] == "memberof":
                for value in values:
                    self.directory.add(self._mention(path, line, value), key)
        if primary := entry.get("primarygroupid"):
            sid = entry.get("objectsid")
            domain = _sid(path, line, sid[0])[:-4] if sid else None
            self.primary.append((key, domain, _number(path, line, primary[0])))

    def join_primary_groups(self) -> None:
        """Put users into their primary groups ([MS-SAMR] 3.1.1.8.2): same domain, RID = primaryGroupID."""
        for user, domain, rid in self.primary:
            group = self.sids.get(domain + struct.pack("<I", rid)) if domain is not None else None
            if group is None:
                group = self.tokens.get(rid)
            if group is None:
                self.directory.skipped["source.no_primary_group"] += 1
            else:
                self.directory.add(group, user)

    def check_ranges(self) -> None:
        """Refuse a list of members that ends early ([MS-ADTS] 3.1.1.3.1.3.3): the rest would be taken out."""
        for path, line, ranges in self.ranges.values():
            expected: int | None = 0
            for start, end in sorted(ranges, key=lambda each: each[0]):
                if expected is None or start > expected:
                    break
                expected = None if end is None else end + 1
            if expected is not None:
                raise fault(
                    path,
                    line,
                    f"the group's members end at number {expected - 1}, expected all of them",
                    "audit.cut_off",
                    "export with range retrieval (ldifde does), or read memberOf of the users",
                )

    def join_posix(self, *, groups_only: bool) -> None:
        """Put the users of ``memberUid`` (RFC 2307) into their groups."""
        for group, uid in self.posix:
            key = self.by_uid.get(uid, ("uid", uid))
            if groups_only and self.user_names in (("uid",), _USER_NAMES):
                self.directory.users[key] = uid
            self.directory.add(group, key)

    def take_strangers(self, *, groups_only: bool) -> None:
        """In an export of groups alone, name users by their DN, where it begins with the attribute that names them.

        In one of users alone, name the groups of their ``memberOf``.
        """
        holders = {group for group, _ in self.directory.members}
        members = {member for _, member in self.directory.members}
        for key, dn in self.mentioned.items():
            if key in self.directory.users or key in self.directory.groups:
                continue
            if key in holders:
                name = parse_dn(dn).common_name
                if name:
                    self.directory.groups[key] = (name, dn)
            elif groups_only and key in members:
                (kind, value), *others = parse_dn(dn).rdns[0] if len(parse_dn(dn)) else [("", "")]
                named = self.user_names if self.user_names != _USER_NAMES else ("uid",)
                if kind.lower() in named and not others and isinstance(value, str):
                    self.directory.users[key] = value

    def _mention(self, path: Name, line: int, value: bytes) -> Hashable:
        dn = _text(path, line, value)
        key = self._key(path, line, dn)
        self.mentioned.setdefault(key, dn)
        return key

    def _key(self, path: Name, line: int, dn: str) -> Hashable:
        """Return what two spellings of one DN have in common (RFC 4518: case and space don't count)."""
        key = self.keys.get(dn)
        if key is None:
            try:
                rdns = parse_dn(dn).rdns
            except DistinguishedNameError as error:
                raise fault(
                    path, line, f"expected a distinguished name ({error.code})", "audit.not_ldif"
                ) from None
            key = tuple(frozenset((kind.lower(), _folded(value)) for kind, value in rdn) for rdn in rdns)
            self.keys[dn] = key
        return key


def _folded(value: str | bytes) -> str | bytes:
    return " ".join(value.casefold().split()) if isinstance(value, str) else value


def _text(path: Name, line: int, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise fault(
            path, line, "the entry that begins there has a name that is no UTF-8", "audit.not_ldif"
        ) from None


def _number(path: Name, line: int, value: bytes) -> int:
    if not value.isdigit():
        raise fault(path, line, "the entry that begins there has a RID that is no number", "audit.not_ldif")
    return int(value)


def _sid(path: Name, line: int, value: bytes) -> bytes:
    """Return a SID in its binary form ([MS-DTYP] 2.4.2.2), which ends with the RID; a text is read too."""
    if value.startswith(b"S-1-"):
        try:
            authority, *parts = (int(part) for part in value.split(b"-")[2:])
            return struct.pack(">BBHI", 1, len(parts), authority >> 32, authority & 0xFFFFFFFF) + struct.pack(
                f"<{len(parts)}I", *parts
            )
        except (ValueError, struct.error):
            pass
    elif len(value) >= 12 and value[0] == 1 and len(value) == 8 + 4 * value[1]:
        return value
    raise fault(path, line, "the entry that begins there has no valid objectSid", "audit.not_ldif")
