"""Hypothesis strategies: group names, distinguished names, and the attribute values that hold them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as _error:
    raise ImportError(
        "memberof.testing.strategies needs hypothesis: pip install hypothesis", name="hypothesis"
    ) from _error

from memberof.testing.persona import escape_dn_value

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# What XML 1.0 can carry and no group name may hold is left out: control characters, surrogates, U+FFFE, U+FFFF.
_CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff", codec="utf-8")
# Characters that formats, directories and parsers treat in a way of their own.
_DELICATE = st.sampled_from(" ,;+=#\\\"'<>&/|%*\u00e4\u00df\u0130\u200d\u202e\U0001f600")


def group_names(*, max_size: int = 60) -> SearchStrategy[str]:
    """Names that a group may have: not blank, without white space at the ends, in Unicode normal form C.

    Args:
        max_size: Most characters.

    """
    return (
        st.text(st.one_of(_CHARACTERS, _DELICATE), min_size=1, max_size=max_size)
        .map(_normal)
        .filter(lambda name: len(name) <= max_size and bool(name) and not name.isspace())
    )


def distinguished_names(common_names: SearchStrategy[str] | None = None) -> SearchStrategy[str]:
    r"""DNs as Active Directory writes them, ``CN=Sales\, EMEA,OU=…,DC=…``; the group's name is the first CN.

    Args:
        common_names: What the first CN is drawn from; None is :func:`group_names`.

    """
    return _pairs_of_names(common_names or group_names()).map(lambda pair: pair[0])


def named_distinguished_names(
    common_names: SearchStrategy[str] | None = None,
) -> SearchStrategy[tuple[str, str]]:
    """DNs, each with the name of its group."""
    return _pairs_of_names(common_names or group_names())


def group_lists(*, max_size: int = 20) -> SearchStrategy[list[str]]:
    """Group names of one user, unique, in any order, none too."""
    return st.lists(group_names(), unique=True, max_size=max_size)


def claims(*, max_size: int = 20) -> SearchStrategy[dict[str, list[str]]]:
    """Attribute mappings as a SAML library hands them over: ``memberOf`` there or not, other attributes beside it."""
    others = st.dictionaries(
        st.sampled_from(["mail", "uid", "displayName"]), st.lists(st.text(max_size=10), max_size=2)
    )
    absent: SearchStrategy[dict[str, list[str]]] = st.just({})
    groups = st.one_of(absent, group_lists(max_size=max_size).map(lambda names: {"memberOf": names}))
    return st.tuples(others, groups).map(lambda parts: {**parts[0], **parts[1]})


def _pairs_of_names(common_names: SearchStrategy[str]) -> SearchStrategy[tuple[str, str]]:
    units = st.lists(group_names(max_size=12), max_size=3)
    domains = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True), min_size=1, max_size=3)
    return st.builds(
        lambda name, ous, dcs: (
            ",".join(
                [
                    f"CN={escape_dn_value(name)}",
                    *(f"OU={escape_dn_value(unit)}" for unit in ous),
                    *(f"DC={label}" for label in dcs),
                ]
            ),
            name,
        ),
        common_names,
        units,
        domains,
    )


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip(" \t\r\n")
