"""In which format the values of an attribute are written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memberof._memberof import GroupExtractor, parse_dn
from memberof.errors import ConfigurationError, DistinguishedNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memberof import Preset

_SPACE = " \t\r\n"
_DOMAIN = re.compile(r"[^\\/@\s][^\\]*\\[^\\]+")
# What may join distinguished names in one value. Longest first: WSO2 joins names by ",,,".
_DN_DELIMITERS = (";", "|", "\n")
_LIST_DELIMITERS = (",,,", ";", "\n", "|", ",")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A format and its delimiter. ``sure`` is False where one value reads as a list and as one name alike."""

    format: str
    delimiter: str | None = None
    sure: bool = True


def shape_of(values: Sequence[str | None], preset: Preset | None = None) -> Shape | None:
    """Return the shape of an attribute's values, or None where it has none that says anything.

    Args:
        values: The values as received.
        preset: What is known of the identity provider. Its format is kept wherever the values don't contradict it.

    """
    texts = [text for text in ((value or "").strip(_SPACE) for value in values) if text]
    if not texts:
        return None
    found = _names(texts) or _list(texts, preset)
    if preset is None or preset.format is None:
        return found or Shape(format="array")
    own = Shape(format=preset.format, delimiter=preset.delimiter)
    if found is None:
        # Plain names: whatever reads each of them as one name reads them rightly.
        return own if _reads(own, texts) else Shape(format="array")
    return own if (own.format, own.delimiter) == (found.format, found.delimiter) else found


def _names(texts: list[str]) -> Shape | None:
    """A shape that the values show by themselves."""
    if sum(map(is_dn, texts)) * 2 > len(texts):
        for delimiter in _DN_DELIMITERS:
            joined = [
                text for text in texts if len(pieces := text.split(delimiter)) > 1 and all(map(is_dn, pieces))
            ]
            shape = Shape(format="ldap", delimiter=delimiter)
            if joined and _reads(shape, texts):
                return shape
        return Shape(format="ldap")
    if all(map(_is_json, texts)):
        return Shape(format="json")
    if all(text.startswith("/") and len(text) > 1 for text in texts):
        return Shape(format="path")
    if all(_DOMAIN.fullmatch(text) for text in texts):
        return Shape(format="domain")
    return None


def _list(texts: list[str], preset: Preset | None) -> Shape | None:
    """A list in one value. Several values with commas are rather names with commas."""
    if len(texts) != 1:
        return None
    text = texts[0]
    if preset is not None and preset.format == "csv" and preset.delimiter and preset.delimiter in text:
        return Shape(format="csv", delimiter=preset.delimiter)
    if preset is not None and preset.delimiter == ",,,":
        return None  # WSO2: a name may hold single commas
    for delimiter in _LIST_DELIMITERS:
        if sum(1 for item in text.split(delimiter) if item.strip(_SPACE)) > 1:
            return Shape(format="csv", delimiter=delimiter, sure=delimiter != ",")
    return None


def is_dn(text: str) -> bool:
    """Whether a text is a distinguished name of two or more RDNs."""
    try:
        return "=" in text and len(parse_dn(text)) > 1
    except DistinguishedNameError:
        return False


def _is_json(text: str) -> bool:
    if not text.startswith("["):
        return False
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(items, list) and all(isinstance(item, str) for item in items)


def _reads(shape: Shape, texts: list[str]) -> bool:
    try:
        extractor = GroupExtractor("values", shape.format, delimiter=shape.delimiter)
    except ConfigurationError:
        return False
    return not extractor.extract({"values": texts}).malformed
