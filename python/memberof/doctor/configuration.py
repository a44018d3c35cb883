"""The extractor that reads what was found, and the Python that makes it: one from the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memberof._memberof import GroupExtractor

if TYPE_CHECKING:
    from memberof import Preset
    from memberof.doctor.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Arguments of ``GroupExtractor.preset`` or, without a preset, of ``GroupExtractor``."""

    preset: str | None
    arguments: dict[str, Any]

    def extractor(self, library: str | None) -> GroupExtractor:
        """Make the extractor."""
        if self.preset is None:
            return GroupExtractor(**self.arguments, library=library)
        return GroupExtractor.preset(self.preset, **self.arguments, library=library)

    def code(self, library: str | None) -> str:
        """Write the line that makes it."""
        arguments = [f"{name}={value!a}" for name, value in self.arguments.items()]
        if library is not None:
            arguments.append(f"library={library!a}")
        if self.preset is None:
            return f"extractor = memberof.GroupExtractor({', '.join(arguments)})"
        return f"extractor = memberof.GroupExtractor.preset({', '.join([repr(self.preset), *arguments])})"


def configure(
    attribute: str | None, shape: Shape | None, preset: Preset | None, *, given: bool
) -> Configuration:
    """Return the shortest configuration that reads this attribute in this shape.

    Args:
        attribute: The attribute's Name, or None where there is none.
        shape: How its values are written, or None where no value tells it.
        preset: What the identity provider is known to do.
        given: Whether the caller named the attribute: then it is named in the configuration as well.

    """
    arguments: dict[str, Any] = {}
    known = () if preset is None else (*preset.attributes, *preset.aliases)
    if attribute is not None and (given or attribute not in known):
        arguments["attribute"] = attribute
    if preset is None and attribute is None:
        arguments["attribute"] = "memberOf"
    format = shape.format if shape else (preset and preset.format) or "array"
    if preset is None or format != preset.format:
        arguments["format"] = format
    default = preset.delimiter if preset and preset.format == format else {"csv": ","}.get(format)
    if shape and shape.delimiter is not None and shape.delimiter != default:
        arguments["delimiter"] = shape.delimiter
    return Configuration(preset=preset.name if preset else None, arguments=arguments)
