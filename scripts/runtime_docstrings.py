"""For mkdocstrings: the compiled module's docstrings, which its stub doesn't repeat, and no roles of reStructuredText."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import griffe

CORE = "memberof._memberof"


class RuntimeDocstrings(griffe.Extension):
    """Fills in and tidies docstrings once a package is loaded."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        self._walk(pkg)

    def _walk(self, each: griffe.Object) -> None:
        if each.path.startswith(f"{CORE}.") and each.docstring is None:
            text = inspect.getdoc(_found(each.path.removeprefix(f"{CORE}.")))
            # what object itself says of __init__ and the like is no documentation
            if text and not each.name.startswith("__"):
                each.docstring = griffe.Docstring(text, parent=each)
        if each.docstring is not None:
            each.docstring.value = re.sub(r":\w+:`[~.]*([^`]+)`", r"`\1`", each.docstring.value)
        if "__new__" in each.members and "__init__" not in each.members:
            each.members["__init__"] = each.members["__new__"]  # what the class is called with
        for member in each.members.values():
            if not member.is_alias:
                self._walk(member)


def _found(path: str) -> object:
    found: object = importlib.import_module(CORE)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found
