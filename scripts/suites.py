"""A hook of MkDocs: fills docs/explanation/tests.md with the number of tests of each floor, counted when the page is built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MARKER = "<!-- tests by floor: made when the documentation is built -->"

# Floor → where its tests stand. The first pattern that a file matches counts.
FLOORS = {
    "xml: parsing, canonical forms": ["src/xml/*.rs", "tests/rust/xml.rs", "tests/python/test_canonical.py"],
    "dsig, xmlenc: signatures, decryption": [
        "src/dsig/*.rs",
        "src/xmlenc/*.rs",
        "tests/rust/xmlenc.rs",
        "tests/python/test_encrypted.py",
    ],
    "saml: Responses, metadata, requests": [
        "src/saml/*.rs",
        "tests/rust/saml.rs",
        "tests/rust/metadata.rs",
        "tests/rust/request.rs",
        "tests/rust/glimpse.rs",
        "tests/rust/huge.rs",
        "tests/rust/vectors.rs",
        "tests/rust/signed_by_others.rs",
        "tests/python/test_saml.py",
        "tests/python/test_metadata.py",
        "tests/python/test_login_request.py",
        "tests/python/test_verification.py",
        "tests/python/test_refusals.py",
        "tests/python/test_replay.py",
        "tests/python/test_forge.py",
        "tests/python/test_vectors.py",
    ],
    "claim: formats, names, presets": [
        "src/claim/*.rs",
        "tests/rust/claim/*.rs",
        "tests/python/test_extract.py",
        "tests/python/test_column.py",
        "tests/python/test_presets.py",
        "tests/python/test_rules.py",
        "tests/python/openldap/*.py",
    ],
    "reconcile: rules, laws, plans": [
        "src/reconcile/*.rs",
        "tests/rust/reconcile.rs",
        "tests/python/test_polic*.py",
        "tests/python/test_rules_of_synchronisation.py",
    ],
    "logins and stores": [
        "tests/python/test_sync.py",
        "tests/python/test_stores_sql.py",
        "tests/python/test_records.py",
        "tests/python/test_breaker.py",
        "tests/python/test_hooks.py",
        "tests/python/test_telemetry.py",
        "tests/python/test_login_verified.py",
        "tests/python/stores/**/*.py",
        "tests/rust/protocol/*.rs",
    ],
    "audit: many users at once": [
        "src/audit/*.rs",
        "tests/rust/audit*.rs",
        "tests/rust/audit/*.rs",
        "tests/python/audit/*.py",
        "tests/python/test_audit*.py",
    ],
    "doctor and command line": ["tests/python/test_diagnose.py", "tests/python/test_cli.py"],
    "Django": ["tests/python/django_app/*.py"],
    "FastAPI, web": [
        "tests/python/fastapi_app/*.py",
        "tests/python/test_web*.py",
        "tests/python/web/*.py",
        "tests/python/test_demo.py",
    ],
    "other SAML libraries": ["tests/python/adapters/*.py"],
    "the test kit": ["tests/python/test_testing*.py", "tests/python/test_pytest_plugin.py"],
    "the house: import rules, codes, documentation, fuzz corpus, work": [
        "tests/rust/*.rs",
        "tests/work/*.rs",
        "src/*.rs",
        "src/py/*.rs",
        "tests/python/*.py",
        "tests/python/**/*.py",
    ],
}


def table() -> str:
    """The table as Markdown."""
    seen: set[Path] = set()
    rows, whole = [], [0, 0, 0]
    for floor, patterns in FLOORS.items():
        files = {path for pattern in patterns for path in ROOT.glob(pattern)} - seen
        seen |= files
        numbers = [sum(column) for column in zip(*map(count, files), strict=True)] or [0, 0, 0]
        whole = [sum(pair) for pair in zip(whole, numbers, strict=True)]
        if any(numbers):
            rows.append(f"| {floor} | {numbers[0]} | {numbers[1]} | {numbers[2]} |")
    vectors = sum(1 for path in (ROOT / "tests" / "vectors").rglob("case.toml"))
    rows.append(f"| **all** | **{whole[0]}** | **{whole[1]}** | **{whole[2]}** |")
    head = "| floor | Rust tests | Python tests | of these, properties |\n|---|---:|---:|---:|\n"
    return f"{head}{chr(10).join(rows)}\n\nBeside them stand {vectors} signed vectors, each a Response with what must come of it."


def count(path: Path) -> tuple[int, int, int]:
    """Rust tests, Python tests, and how many of both hold a property over made-up input."""
    text = path.read_text()
    if path.suffix == ".rs":
        properties = sum(body.count("#[test]") for body in re.findall(r"proptest! \{.*?\n\}", text, re.S))
        return text.count("#[test]"), 0, properties
    tests = len(re.findall(r"^ *(?:async )?def test_", text, re.M))
    return 0, tests, len(re.findall(r"^ *@(?:hypothesis\.)?given\(", text, re.M))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for each page."""
    return markdown.replace(MARKER, table()) if MARKER in markdown else markdown


if __name__ == "__main__":
    print(table())
