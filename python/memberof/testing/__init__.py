"""For tests: an identity provider in the test's own process, and what every store must do. Never imported by ``import memberof``.

Whoever holds a ``TestIdp`` can sign in as anybody where its certificate is trusted: keep it out of what you deploy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memberof.testing.catalogue import persona, personas
from memberof.testing.conformance import store_checks, store_conformance
from memberof.testing.persona import Persona

if TYPE_CHECKING:
    from memberof.testing.forge import Forgery as Forgery
    from memberof.testing.forge import forgeries as forgeries
    from memberof.testing.identity_provider import TestIdp as TestIdp
    from memberof.testing.keys import SigningKey as SigningKey

__all__ = [
    "Forgery",
    "Persona",
    "SigningKey",
    "TestIdp",
    "forgeries",
    "persona",
    "personas",
    "store_checks",
    "store_conformance",
]

_LAZY = {"TestIdp": "identity_provider", "SigningKey": "keys", "Forgery": "forge", "forgeries": "forge"}


def __getattr__(name: str) -> Any:
    """Load what needs the extra ``test`` on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    try:
        module = importlib.import_module(f"{__name__}.{_LAZY[name]}")
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("lxml", "cryptography"):
            raise ImportError(
                f"memberof.testing.{name} needs {error.name}: pip install memberof[test]", name=error.name
            ) from error
        raise
    return getattr(module, name)
