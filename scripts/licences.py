"""Writes docs/reference/licences.md: what is compiled into the wheel, and what extras install; a test says whether it is current."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections import defaultdict
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "licences.md"

HEAD = """\
# Licences of dependencies

memberof itself is MIT or Apache-2.0, at your option. The wheel has no dependency; what is compiled into it is listed here, and, with hashes, inside the wheel
(`memberof-….dist-info/sboms/memberof.cyclonedx.json`, CycloneDX). `make deny` refuses every licence that isn't on the list of `deny.toml`, and sources other than crates.io.
"""
CLASSIFIED = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: GNU Library or Lesser General Public License (LGPL)": "LGPL",
}


def page() -> str:
    """The page as Markdown."""
    linked, building = crates()
    return "\n".join(
        [
            HEAD,
            f"## Compiled in: {len(linked)} crates\n",
            *table(linked),
            f"\n## Needed to build: {len(building)} crates\n",
            *table(building),
            "\n## Installed by extras\n",
            "What pip installs beside memberof when an extra is asked for, without what those need themselves.\n",
            "| package | extras | licence |\n|---|---|---|",
            *(
                f"| {name} | {', '.join(sorted(extras))} | {licence(name)} |"
                for name, extras in sorted(packages().items())
            ),
            "",
        ]
    )


def table(found: dict[str, tuple[set[str], str]]) -> list[str]:
    rows = (
        f"| {name} | {', '.join(sorted(versions))} | {said} |"
        for name, (versions, said) in sorted(found.items())
    )
    return ["| crate | version | licence |\n|---|---|---|", *rows]


def crates() -> tuple[dict[str, tuple[set[str], str]], dict[str, tuple[set[str], str]]]:
    """What the wheel for Linux links, and what only builds it: name → versions and licence."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--features", "python"]
    command += ["--filter-platform", "x86_64-unknown-linux-gnu"]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    known: dict[str, Any] = {each["id"]: each for each in told["packages"]}
    nodes: dict[str, Any] = {each["id"]: each for each in told["resolve"]["nodes"]}
    root = told["resolve"]["root"]
    linked = reached(nodes, known, {root}, {None})
    building = reached(nodes, known, linked, {None, "build"}) - linked
    return named(known, linked - {root}), named(known, building)


def reached(
    nodes: dict[str, Any], known: dict[str, Any], start: set[str], kinds: set[str | None]
) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        for needed in nodes[waiting.pop()]["deps"]:
            macro = any("proc-macro" in target["kind"] for target in known[needed["pkg"]]["targets"])
            wanted = any(how["kind"] in kinds for how in needed["dep_kinds"]) and (
                not macro or "build" in kinds
            )
            if wanted and needed["pkg"] not in found:
                found.add(needed["pkg"])
                waiting.append(needed["pkg"])
    return found


def named(known: dict[str, Any], ids: set[str]) -> dict[str, tuple[set[str], str]]:
    found: dict[str, tuple[set[str], str]] = {}
    for each in (known[one] for one in ids):
        versions, _ = found.setdefault(each["name"], (set(), each["license"].replace("/", " OR ")))
        versions.add(each["version"])
    return found


def packages() -> dict[str, set[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: dict[str, set[str]] = defaultdict(set)
    for extra, requirements in project["optional-dependencies"].items():
        for requirement in requirements:
            name = re.match(r"[\w.-]+", requirement)
            if name and name[0] != project["name"]:
                found[name[0]].add(extra)
    return found


def licence(package: str) -> str:
    about = metadata(package)
    if about["License-Expression"]:
        return about["License-Expression"]
    classified = [CLASSIFIED[each] for each in about.get_all("Classifier", []) if each in CLASSIFIED]
    return classified[0] if classified else (about["License"] or "not said").splitlines()[0]


if __name__ == "__main__":
    PAGE.write_text(page())
