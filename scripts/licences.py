"""Writes docs/reference/licences.md and THIRD-PARTY-LICENSES.txt: what is compiled into the wheel, and what extras install.

A test says whether both are current.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "licences.md"
TEXTS = ROOT / "THIRD-PARTY-LICENSES.txt"

HEAD = """\
# Licences of dependencies

memberof itself is MIT or Apache-2.0, at your option. The wheel has no dependency; what is compiled into it is listed here, and, with hashes, inside the wheel
(`memberof-….dist-info/sboms/memberof.cyclonedx.json`, CycloneDX); the texts of their licences are in the wheel too (`THIRD-PARTY-LICENSES.txt`). `make deny` refuses every licence that isn't on the list of `deny.toml`, and sources other than crates.io.
"""
LICENCE_FILE = re.compile(r"(?:UN)?LICEN[CS]E|COPYING|COPYRIGHT|NOTICE", re.IGNORECASE)
CLASSIFIED = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: GNU Library or Lesser General Public License (LGPL)": "LGPL",
}


def page() -> str:
    """The page as Markdown."""
    linked, building = map(named, crates())
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


def texts() -> str:
    """The licence files of what is linked, each text once. Of a licence in two versions to choose from, MIT is chosen."""
    holders: dict[str, list[str]] = defaultdict(list)
    written: dict[str, str] = {}
    for crate in sorted(crates()[0]):
        files = [path for path in sorted(crate.folder().iterdir()) if LICENCE_FILE.match(path.name)]
        assert files, f"{crate.name} has no licence file"
        chosen = [path for path in files if "MIT" in path.name.upper()]
        for path in (
            [*chosen, *(path for path in files if "NOTICE" in path.name.upper())] if chosen else files
        ):
            text = path.read_text(errors="replace").strip()
            key = " ".join(text.split())
            written.setdefault(key, text)
            holders[key].append(f"{crate.name} {crate.version}")
    head = "Licences of what is compiled into memberof's wheel. memberof's own stand beside this file.\n"
    parts = [
        f"{'=' * 80}\n{', '.join(holders[key])}\n{'=' * 80}\n\n{text}\n" for key, text in written.items()
    ]
    return "\n".join([head, *parts])


@dataclass(frozen=True, order=True)
class Crate:
    name: str
    version: str
    licence: str

    def folder(self) -> Path:
        """Where cargo has unpacked it."""
        home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
        return next(home.glob(f"registry/src/*/{self.name}-{self.version}"))


def crates() -> tuple[set[Crate], set[Crate]]:
    """What the wheel for Linux links, and what only builds it."""
    linked = tree("normal,no-proc-macro")
    return linked, tree("normal,build") - linked


def tree(edges: str) -> set[Crate]:
    # `cargo tree` needs only the crates that it shows; `cargo metadata` would need those of the referees too.
    command = [
        "cargo",
        "tree",
        "--locked",
        "--offline",
        "-p",
        "memberof",
        "--features",
        "python",
        "-e",
        edges,
    ]
    command += [
        "--target",
        "x86_64-unknown-linux-gnu",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}|{l}",
    ]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = (re.match(r"(\S+) v(\S+).*\|(.*)", line) for line in told.splitlines())
    found = {Crate(line[1], line[2], line[3].replace("/", " OR ")) for line in lines if line}
    return {crate for crate in found if crate.name != "memberof"}


def named(crates: set[Crate]) -> dict[str, tuple[set[str], str]]:
    """Name → versions and licence."""
    found: dict[str, tuple[set[str], str]] = {}
    for crate in crates:
        versions, _ = found.setdefault(crate.name, (set(), crate.licence))
        versions.add(crate.version)
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
    TEXTS.write_text(texts())
