"""``memberof presets``: what is known of each identity provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memberof import GroupExtractor
from memberof.cli.output import print_json, print_table

if TYPE_CHECKING:
    import argparse

    from memberof import Preset


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "presets",
        help="list what is known of each identity provider",
        description="List the presets: where each identity provider puts groups, how it writes them, and its limit.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print them and return the exit status."""
    presets = GroupExtractor.presets()
    if options.json:
        print_json([_fields(preset) for preset in presets])
        return 0
    header = ("preset", "product", "attribute", "format", "limit", "a user without groups")
    print_table(header, [_row(preset) for preset in presets])
    return 0


def _row(preset: Preset) -> tuple[str, ...]:
    delimiter = f" {preset.delimiter!r}" if preset.delimiter else ""
    return (
        preset.name,
        preset.title,
        ", ".join(name.rpartition("/")[2] for name in preset.attributes),
        f"{preset.format or '(say it)'}{delimiter}",
        str(preset.limit or ""),
        preset.without_groups,
    )


def _fields(preset: Preset) -> dict[str, Any]:
    names = (
        "name",
        "title",
        "attributes",
        "aliases",
        "format",
        "delimiter",
        "limit",
        "without_groups",
        "note",
    )
    return {name: getattr(preset, name) for name in names}
