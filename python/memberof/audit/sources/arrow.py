"""pyarrow, loaded when a table is needed."""

from __future__ import annotations

import importlib
from typing import Any


def pyarrow() -> Any:
    """Return the module.

    Raises:
        ImportError: It isn't installed; names the extra.

    """
    need("pyarrow.compute")
    return need("pyarrow")


def need(module: str) -> Any:
    """Import a module of the extra ``audit``.

    Raises:
        ImportError: It isn't installed; names the extra.

    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).partition(".")[0]
        raise ImportError(
            f"memberof.audit needs the package {missing}: pip install memberof[audit]", name=missing
        ) from error
