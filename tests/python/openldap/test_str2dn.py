"""The parser of distinguished names and OpenLDAP's ldap_str2dn agree, but for a written list of differences.

``make test-ldap`` installs python-ldap (dependency group ``ldap``) and runs this.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import memberof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ldap = pytest.importorskip("ldap", reason="make test-ldap installs python-ldap")
str2dn = pytest.importorskip("ldap.dn").str2dn

COUNT = 120_000

# The RDNs of a name, each a list of (type, value); None: refused.
Read = list[list[tuple[str, str | bytes]]] | None

BLANK = r"[ \t\r\n]*"
BEFORE_TYPE = rf"((?:^|[,;+]){BLANK})"
# What a backslash may stand before to mean the character itself.
PLAIN_PAIRS = set(' "#+,;<=>\\')
QUOTED = re.compile(rf'(={BLANK})"((?:[^"\\]|\\.)*)"', re.DOTALL)


def ours(text: str) -> Read:
    try:
        return [list(rdn) for rdn in memberof.parse_dn(text).rdns]
    except memberof.DistinguishedNameError:
        return None


def theirs(text: str) -> Read:
    try:
        # python-ldap hands over the bytes of a value as UTF-8, or says that they are none.
        return [[(kind, value) for kind, value, _ in rdn] for rdn in str2dn(text)]
    except (ldap.DECODING_ERROR, UnicodeDecodeError):
        return None


@dataclass(frozen=True)
class Difference:
    """Something that the two read differently.

    ``without`` writes a name so that it no longer has it: then both must read it alike. ``is_it`` tells from what
    memberof and OpenLDAP read whether they differ as the reason says.
    """

    name: str
    reason: str
    without: Callable[[str], str]
    is_it: Callable[[Read, Read], bool]


def refused_here(here: Read, there: Read) -> bool:
    return here is None and there is not None


def refused_there(here: Read, there: Read) -> bool:
    return here is not None and there is None


def both_read(here: Read, there: Read) -> bool:
    return here is not None and there is not None


def canonical_oid(match: re.Match[str]) -> str:
    arcs = match[2].split(".")
    good = len(arcs) > 1 and all(arc == "0" or not arc.startswith("0") for arc in arcs)
    return match[0] if good else f"{match[1]}CN"


def without_odd_pairs(quoted: re.Match[str]) -> str:
    pair = re.compile(r"\\(?:[0-9A-Fa-f]{2}|.)", re.DOTALL)
    inner = pair.sub(lambda found: found[0] if found[0][1:] in PLAIN_PAIRS else "x", quoted[2])
    return f'{quoted[1]}"{inner}"'


DIFFERENCES = [
    Difference(
        "blank text",
        "White space alone is the empty name: RFC 4514 section 2.1 makes the empty text the empty name, and RFC 2253 "
        "section 4 lets white space stand round what it separates. OpenLDAP reads the empty text only.",
        lambda text: text if text.strip(" \t\r\n") else "",
        refused_there,
    ),
    Difference(
        "OID. before a numeric type",
        'RFC 2253 section 4: "oid." and "OID." before a dotted-decimal type must be accepted. OpenLDAP refuses it.',
        lambda text: re.sub(rf"{BEFORE_TYPE}oid\.(?=[0-9])", r"\1", text, flags=re.IGNORECASE),
        refused_there,
    ),
    Difference(
        "numeric type",
        'RFC 4512 section 1.4: numericoid is number 1*("." number), and a number has no leading zero. OpenLDAP reads '
        "2.5.04.3 and 2 too, which are types of no schema.",
        lambda text: re.sub(rf"{BEFORE_TYPE}([0-9]+(?:\.[0-9]+)*)(?={BLANK}=)", canonical_oid, text),
        refused_here,
    ),
    Difference(
        "type with options",
        "RFC 4514 section 3: the type is descr or numericoid (RFC 4512 section 1.4), without options. OpenLDAP reads "
        "cn;lang-de=x and leaves the option out, so another attribute would name the group.",
        lambda text: re.sub(
            rf"{BEFORE_TYPE}([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*);[^=]*(?==)", r"\1\2", text
        ),
        refused_here,
    ),
    Difference(
        "pair in a quoted value",
        "RFC 2253 section 3: in quotation marks too a pair is a backslash and a special character or two hex digits. "
        'OpenLDAP takes the backslash off and leaves whatever follows: "a\\2Cb" is a2Cb there, and "a\\x" is ax.',
        lambda text: QUOTED.sub(without_odd_pairs, text),
        lambda _, there: there is not None,
    ),
    Difference(
        "escaped control character",
        "RFC 4514 section 3: ESC may stand before the specials, a space, # and =. OpenLDAP also reads it before a "
        "tab, a carriage return and a line feed.",
        lambda text: re.sub(r"((?<!\\)(?:\\\\)*)\\[\t\r\n]", r"\1x", text),
        refused_here,
    ),
    Difference(
        "text behind a hexstring",
        "RFC 4514 section 3: a value is a string or a hexstring, never both. OpenLDAP leaves out what stands behind a "
        "hexstring and white space.",
        lambda text: re.sub(rf"(={BLANK})#(?:[0-9A-Fa-f]{{2}})+[ \t\r\n]+[^,;+ \t\r\n][^,;+]*", r"\1x", text),
        refused_here,
    ),
    Difference(
        "hexstring without digits",
        "RFC 4514 section 3: hexstring is # and one pair or more. OpenLDAP reads # before white space or a separator as "
        "the empty value.",
        lambda text: re.sub(rf"(={BLANK})#(?=[ \t\r\n,;+])[^,;+]*", r"\1x", text),
        refused_here,
    ),
    Difference(
        "white space behind an escaped backslash",
        "RFC 2253 section 4: white space before a separator is no part of the value unless it is escaped, and here the "
        "backslash is. OpenLDAP keeps one of it.",
        lambda text: re.sub(r"((?<!\\)(?:\\\\)+)[ \t\r\n]+(?=[,;+]|$)", r"\1", text),
        both_read,
    ),
    Difference(
        "hexstring",
        "RFC 4514 section 2.4: # and hex pairs are the BER encoding of a value. memberof decodes a DirectoryString and "
        "hands over other values as bytes; python-ldap hands over the encoding as if it were UTF-8, or fails.",
        lambda text: re.sub(rf"(={BLANK})#(?:[0-9A-Fa-f]{{2}})+", r"\1x", text),
        lambda here, _: here is not None,
    ),
]

PIECES = [
    *["CN=", "cn=", "OU=", "DC=", "uid=", "commonName=", "x-y-1="] * 4,
    *[
        "2.5.4.3=",
        "OID.2.5.4.11=",
        "oid.2.5.4.3 =",
        "2.5.04.3=",
        "7=",
        "CN;lang-de=",
        "1CN=",
        "C.N=",
        "=",
        "CN",
    ],
    *[",", ",", ",", ",", ";", "+", " ", "  ", "\t", "\r\n"],
    *[
        r"\,",
        r"\+",
        r"\"",
        r"\\",
        r"\<",
        r"\>",
        r"\;",
        r"\=",
        r"\#",
        r"\ ",
        r"\2C",
        r"\20",
        r"\c3\b6",
        r"\C3",
        r"\00",
    ],
    *[
        "\\",
        r"\x",
        r"\2",
        "\\\n",
        "\\\t",
        "#",
        "#0c026869",
        "#04024869",
        "#0c",
        "#1e0400480069",
        "#0C0",
        '"',
        '"a, b"',
    ],
    *[
        '"\\2C"',
        '""',
        '" x "',
        "<",
        ">",
        "\0",
        "\x01",
        "\x7f",
        "\xa0",
        "ö",
        "日本",
        "🚀",
        "/",
        "=",
        "'",
        "&",
        ".",
    ],
]
LETTERS = "abcXYZ 0189-_.()äß€"


def names(draw: random.Random) -> Iterator[str]:
    """Names as directories write them, names with a mistake in them, and texts made of the pieces of names."""
    while True:
        name = draw.choice([",", ",", ", ", ";", "+", " ,\n"]).join(
            rdn(draw) for _ in range(draw.randint(1, 4))
        )
        yield name
        place = draw.randint(0, len(name))
        yield name[:place] + draw.choice(PIECES) + name[place + draw.randint(0, 2) :]
        yield "".join(draw.choices(PIECES, k=draw.randint(0, 7)))


def rdn(draw: random.Random) -> str:
    kind = draw.choice(["CN", "cn", "OU", "DC", "uid", "2.5.4.3", "commonName", "0.9.2342.19200300.100.1.25"])
    value = "".join(draw.choices(LETTERS, k=draw.randint(0, 8)))
    match draw.randint(0, 9):
        case 0:
            value = "".join(f"\\{byte:02x}" for byte in value.encode())
        case 1:
            value = re.sub(r"([ =])", r"\\\1", value) + draw.choice([r"\,", r"\2C", r"\ "])
        case 2:
            inner = value + draw.choice([",", ";", "+", "<", r"\"", r"\\", ""])
            value = f'"{inner}"'
    return f"{kind}{draw.choice(['=', '=', '=', ' = '])}{value}"


def test_the_two_parsers_agree_but_for_the_list() -> None:
    draw = random.Random(4514)
    met = dict.fromkeys((difference.name for difference in DIFFERENCES), 0)
    read = refused = 0
    for _, text in zip(range(COUNT), names(draw), strict=False):
        here, there = ours(text), theirs(text)
        read += here is not None
        refused += here is None
        if here == there:
            continue
        plain, found = text, []
        for difference in DIFFERENCES:
            written = difference.without(plain)
            if written != plain:
                plain, found = written, [*found, difference]
        assert ours(plain) == theirs(plain), f"{text!r}: memberof {here}, OpenLDAP {there}"
        assert found, f"{text!r}: memberof {here}, OpenLDAP {there}"
        if len(found) == 1:
            assert found[0].is_it(here, there), (
                f"{text!r}, {found[0].name}: memberof {here}, OpenLDAP {there}"
            )
            met[found[0].name] += 1
    assert read > COUNT / 3
    assert refused > COUNT / 4
    # What no longer differs is taken off the list.
    assert all(met.values()), met
