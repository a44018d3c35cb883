"""The import rules of the Python floors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import memberof

PACKAGE = Path(memberof.__file__).parent
ADAPTERS = {"adapters", "audit", "django", "fastapi", "stores", "pytest_plugin", "cli", "demo", "testing"}


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def core_files() -> list[Path]:
    return [
        p
        for p in sorted(PACKAGE.rglob("*.py"))
        if p.relative_to(PACKAGE).parts[0].removesuffix(".py") not in ADAPTERS
    ]


def test_import_of_memberof_loads_nothing_outside_the_standard_library() -> None:
    code = "import sys; before = set(sys.modules); import memberof; print(*sorted(set(sys.modules) - before))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    foreign = {name.split(".")[0] for name in out} - set(sys.stdlib_module_names) - {"memberof"}
    assert foreign == set()
    assert not {name for name in out if name.startswith("memberof.testing")}
    # to read claims takes no more than these: stores, synchronisation and their modules load on first use
    assert {name for name in out if name.startswith("memberof")} == {
        "memberof",
        "memberof._memberof",
        "memberof.enums",
        "memberof.errors",
        "memberof.saml",
    }
    assert not {"asyncio", "dataclasses", "datetime", "hashlib", "inspect", "json", "logging"} & set(out)


def test_every_public_name_is_found_whatever_was_imported_before() -> None:
    code = (
        "import importlib, sys, memberof\n"
        "for module in sys.argv[1:]: importlib.import_module(module)\n"
        "for name in memberof.__all__:\n"
        "    found = getattr(memberof, name)\n"
        "    assert type(found).__name__ != 'module', name\n"
        "    assert name in dir(memberof)\n"
        "from memberof import *\n"
        "assert GroupSync is memberof.GroupSync\n"
        "assert memberof.stores.SqlStore\n"
    )
    modules = [
        f"memberof.{path.stem}" for path in PACKAGE.glob("*.py") if path.stem not in {"__init__"} | ADAPTERS
    ]
    for before in ([], modules):
        subprocess.run([sys.executable, "-c", code, *before], check=True)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'GroupSink'"):
        memberof.GroupSink  # type: ignore[attr-defined]  # noqa: B018


def test_the_core_imports_no_adapter() -> None:
    faults = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in core_files()
        for name in imported_modules(path)
        if path != PACKAGE / "__init__.py"  # it names them for type checkers and loads them on first use
        and name.split(".")[0] == "memberof"
        and len(name.split(".")) > 1
        and name.split(".")[1] in ADAPTERS
    ]
    assert faults == []


def test_errors_and_enums_import_nothing_of_ours() -> None:
    for name in ("errors.py", "enums.py"):
        assert not [m for m in imported_modules(PACKAGE / name) if m.startswith("memberof")]


def test_only_the_doctor_looks_at_what_is_not_verified() -> None:
    places = {
        path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "peek(" in path.read_text()
    }
    assert places == {"doctor/glimpse.py"}
    takers = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(name.startswith("memberof.doctor") for name in imported_modules(path))
    }
    assert takers <= {"__init__.py", "audit", "cli", "django", "doctor"}
    # an audit looks at logins nobody verified too; what it reads is a table for people, and says so
    readers = {
        path.name
        for path in (PACKAGE / "audit").rglob("*.py")
        if imported_modules(path)
        & {"memberof.doctor.glimpse", "memberof.doctor.source", "memberof.doctor.verifying"}
    }
    assert readers == {"responses.py"}
