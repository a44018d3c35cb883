"""Writes docs/reference/presets.md from ``GroupExtractor.presets()``; a test says whether it is current."""

from __future__ import annotations

from pathlib import Path

import memberof

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "presets.md"

HEAD = """\
# Presets

What is known of each identity provider: `GroupExtractor.preset("adfs")` is an extractor made from it, and every argument overrides
it (`GroupExtractor.preset("pingfederate", format="ldap")`). `GroupExtractor.presets()` lists them as data. An `attribute=` of your own
switches the other names off.

The first name is looked for; the others, in this order, where it isn't there. Names are compared exactly, never by FriendlyName.
Overage is always recognised under Entra's name for it; *by value* means that a link of that shape is looked for under other names too.

"""


def page() -> str:
    """The page as Markdown."""
    lines = [
        "| preset | identity provider | attribute, other names | format | limit | for a user without groups | overage |",
        "|---|---|---|---|---:|---|---|",
    ]
    notes = []
    for preset in memberof.GroupExtractor.presets():
        names = "<br>".join(f"`{name}`" for name in (*preset.attributes, *preset.aliases))
        kind = f"`{preset.format}`" if preset.format else "must be said"
        if preset.delimiter is not None:
            kind += f", `{preset.delimiter}`"
        overage = "by name and by value" if preset.find_overage_by_value else "by name"
        lines.append(
            f"| `{preset.name}` | {preset.title} | {names} | {kind} | {preset.limit or '–'} | {preset.without_groups} | {overage} |"
        )
        if preset.note:
            notes.append(f"- **{preset.title}** (`{preset.name}`): {preset.note}.")
    return HEAD + "\n".join(lines) + "\n\n## What to know\n\n" + "\n".join(notes) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
