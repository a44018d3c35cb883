"""Write ``docs/benchmarks.md`` from the tables of the last ``make bench``."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from harness import RESULTS, ROOT, Row, Table, render

PEERS = [
    "python3-saml",
    "minisaml",
    "pysaml2",
    "pyarrow",
    "python-ldap",
    "duckdb",
    "polars",
    "pandas",
    "Django",
    "djangosaml2",
    "django-auth-ldap",
]
ORDER = [
    "verify",
    "verify_shapes",
    "dn",
    "logins",
    "audit",
    "audit_memory",
    "audit_growth",
    "signins",
    "signins_fastapi",
    "signins_fastapi_cpu",
    "signins_fastapi_lag",
]


def tables() -> list[Table]:
    found = {}
    for path in RESULTS.glob("*.json"):
        data = json.loads(path.read_text())
        found[path.stem] = Table(**{**data, "rows": [Row(**row) for row in data["rows"]]})
    return [found[name] for name in sorted(found, key=lambda n: (ORDER.index(n) if n in ORDER else 99, n))]


def versions() -> str:
    installed = []
    for peer in PEERS:
        try:
            installed.append(f"{peer} {metadata.version(peer)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(installed)


def machine() -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[
        1
    ]
    return f"{model}, {os.cpu_count()} cores; CPython {platform.python_version()}, Rust {rust}, {platform.system()}"


def main() -> None:
    parts = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Every table is one run: all ways of doing a job take turns in one process on the same input, the",
        "figure is the median, and in brackets stands how many times ours it is. Ratios count; absolute figures only tell the scale.",
        "",
        f"Machine: {machine()}. Peers: {versions()}.",
        "",
        *(render(table) for table in tables()),
    ]
    (ROOT / "docs" / "benchmarks.md").write_text("\n".join(parts))
    sys.stdout.write("wrote docs/benchmarks.md\n")


if __name__ == "__main__":
    main()
