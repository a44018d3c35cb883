"""OpenTelemetry: counters and spans with its real SDK, and nothing at all without it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from services.site import IDP, Site

import memberof

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

LABELS = {"memberof.tenant": "acme", "memberof.source": IDP}


class Collected:
    """What the SDK collected since the test began."""

    def __init__(self, reader: InMemoryMetricReader, spans: InMemorySpanExporter) -> None:
        self._reader, self._spans = reader, spans

    def counter(self, name: str) -> dict[frozenset[tuple[str, Any]], int]:
        """One counter: what its points say beside the labels of the tenant, to how often."""
        data = self._reader.get_metrics_data()
        points = [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        for point in points:
            assert LABELS.items() <= dict(point.attributes or {}).items()
        return {
            frozenset(
                (key, value) for key, value in (point.attributes or {}).items() if key not in LABELS
            ): point.value
            for point in points
        }

    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Collected:
    reader, exporter = InMemoryMetricReader(), InMemorySpanExporter()
    tracer = TracerProvider(shutdown_on_exit=False)
    tracer.add_span_processor(SimpleSpanProcessor(exporter))
    meter = MeterProvider([reader], shutdown_on_exit=False)
    # A process sets its providers once; these are for one test.
    monkeypatch.setattr(metrics, "get_meter", meter.get_meter)
    monkeypatch.setattr(trace, "get_tracer", tracer.get_tracer)
    return Collected(reader, exporter)


def said(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset((f"memberof.{name}", value) for name, value in labels.items())


def test_logins_and_changes_are_counted(collected: Collected) -> None:
    site = Site(store=memberof.InMemoryStore("acme"), policy=memberof.SyncPolicy(protected=["Admins"]))
    site.login("ada", ["A", "B", "Admins"])
    site.login("ada", ["A", "B", "Admins"])
    site.login("ada", ["A"])
    site.login("ada", ["B"], issued_at=site.time.replace(year=2025))
    with pytest.raises(memberof.VerificationError):
        site.login("ada", ["A"], assertion_id="_1")
    assert collected.counter("memberof.logins") == {
        said(result="changed"): 2,
        said(result="unchanged"): 1,
        said(result="older"): 1,
        said(result="refused", code="saml.replayed"): 1,
    }
    assert collected.counter("memberof.changes") == {
        said(action="create"): 2,
        said(action="attach"): 2,
        said(action="detach"): 1,
        said(action="held"): 4,
    }


def test_a_trip_is_counted_apart(collected: Collected) -> None:
    site = Site(store=memberof.InMemoryStore("acme"))
    people = [f"person{number}" for number in range(20)]
    for person in people:
        site.login(person, ["A", "B"])
    for person in people:
        site.login(person, [])
    assert collected.counter("memberof.logins")[said(result="tripped")] == 1


def test_each_login_is_a_span_that_says_how_it_went(collected: Collected) -> None:
    site = Site(store=memberof.InMemoryStore("acme"), policy=memberof.SyncPolicy(required_groups=["App"]))
    site.login("zoe", ["App"])
    with pytest.raises(memberof.ClaimError):
        site.login("zoe", ["Secret"])
    good, bad = collected.spans()
    assert (good.name, dict(good.attributes or {})) == (
        "memberof.login",
        LABELS | dict(said(result="changed")),
    )
    assert dict(bad.attributes or {}) == LABELS | dict(said(result="refused", code="claim.required_group"))
    assert (good.status.is_ok, bad.status.is_ok) == (True, False)
    assert [event.name for event in bad.events] == ["exception"]
    assert "Secret" not in bad.to_json()
    assert "zoe" not in bad.to_json()


def test_off_is_counted_too(collected: Collected) -> None:
    memberof.GroupSync(None, memberof.InMemoryStore("acme"), source=IDP).login("ada", {})
    assert collected.counter("memberof.logins") == {said(result="off"): 1}
    assert [span.attributes for span in collected.spans()] == [LABELS | dict(said(result="off"))]


def test_without_opentelemetry_everything_else_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def hidden(name: str, package: str | None = None) -> Any:
        return None if name.startswith("opentelemetry") else found(name, package)

    monkeypatch.setattr("memberof.telemetry.find_spec", hidden)
    site = Site()
    assert site.login("ada", ["A"]).applied
    with pytest.raises(memberof.VerificationError):
        site.login("ada", ["A"], assertion_id="_1")


def test_opentelemetry_is_loaded_with_the_first_synchronisation_and_not_before() -> None:
    code = (
        "import sys, memberof\n"
        "memberof.GroupExtractor(attribute='memberOf', format='array').extract({})\n"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules)\n"
        "memberof.GroupSync(None, memberof.InMemoryStore())\n"
        "assert 'opentelemetry.trace' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
