"""The pytest plugin ``memberof``: fixtures for applications that sign people in by SAML and take their groups over.

Loaded by pytest wherever memberof is installed, so nothing is imported here but pytest and the standard library;
what a fixture needs is imported when a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memberof import GroupSync, ServiceProvider
    from memberof.memory import InMemoryStore
    from memberof.testing.fixtures import IdpFactory, SamlClock

MARKER = "idp(*personas, **options): run the test once with each of these identity providers as saml_idp"


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marker means."""
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each persona of its marker."""
    marker = metafunc.definition.get_closest_marker("idp")
    if marker is not None and marker.args and "saml_idp" in metafunc.fixturenames:
        metafunc.parametrize("saml_idp", marker.args, indirect=True, ids=[str(name) for name in marker.args])


@pytest.fixture
def freeze_saml_time(monkeypatch: pytest.MonkeyPatch) -> SamlClock:
    """Stop the time that Responses are issued at and judged by: ``freeze_saml_time("2026-11-24T09:30:00Z")``."""
    from memberof.testing.fixtures import SamlClock

    return SamlClock(monkeypatch)


@pytest.fixture
def saml_idp(request: pytest.FixtureRequest, freeze_saml_time: SamlClock) -> Iterator[IdpFactory]:
    """An identity provider in this process: ``saml_idp.response(groups=[…])``; ``saml_idp("adfs")`` makes another."""
    from memberof.testing.fixtures import IdpFactory

    marker = request.node.get_closest_marker("idp")
    options: dict[str, Any] = dict(marker.kwargs) if marker is not None else {}
    factory = IdpFactory(getattr(request, "param", "generic"), clock=freeze_saml_time, **options)
    yield factory
    factory.stop_all()


@pytest.fixture
def saml_response(saml_idp: IdpFactory) -> Callable[..., str]:
    """Make the form value SAMLResponse: ``saml_response(user="alice", groups=["Staff"])``."""
    return saml_idp.response


@pytest.fixture
def saml_sp(saml_idp: IdpFactory) -> ServiceProvider:
    """A service provider that trusts ``saml_idp`` and that its Responses are for."""
    return saml_idp.service_provider()


@pytest.fixture
def membership_store() -> InMemoryStore:
    """A store in memory, empty."""
    from memberof.memory import InMemoryStore

    return InMemoryStore()


@pytest.fixture
def group_sync(saml_idp: IdpFactory, membership_store: InMemoryStore) -> GroupSync:
    """A synchronisation that reads the groups of ``saml_idp`` and writes to ``membership_store``."""
    from memberof import GroupSync

    return GroupSync(saml_idp.extractor(), membership_store, source=saml_idp.entity_id, mode="on")
