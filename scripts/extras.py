"""Print the requirements of the named extras of pyproject.toml, so that they install before the package is built."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def requirements(extras: dict[str, list[str]], name: str) -> list[str]:
    found: list[str] = []
    for requirement in extras[name]:
        own = re.fullmatch(r"memberof\[(.+)\]", requirement)
        if own:
            for other in own[1].split(","):
                found += requirements(extras, other.strip())
        else:
            found.append(requirement)
    return found


if __name__ == "__main__":
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    names = sys.argv[1:]
    print(*dict.fromkeys(r for name in names for r in requirements(project["optional-dependencies"], name)))
