"""What all Python tests share."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from services.site import Site

import memberof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

settings.register_profile("fast", max_examples=100, deadline=None)
settings.register_profile("slow", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

VECTORS = Path(__file__).parent.parent / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of test vectors that the Rust and the Python tests share."""
    return VECTORS


@pytest.fixture(params=["memory", "sqlite"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Makes fresh stores; ``tests/python/stores`` puts PostgreSQL in their place."""
    if request.param == "memory":
        yield memberof.InMemoryStore
        return
    from memberof.stores import SqlStore

    numbers = itertools.count()
    with ExitStack() as stores:
        yield lambda: stores.enter_context(SqlStore(f"sqlite:///{tmp_path}/{next(numbers)}.db"))


@pytest.fixture
def sites(new_store: Callable[[], Any]) -> Callable[..., Site]:
    """Makes applications, each with a fresh store."""
    return lambda *arguments, **options: Site(*arguments, **{"store": new_store(), **options})
