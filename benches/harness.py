"""Times several ways to do one job in turn, in one process, so that ratios hold when the machine's speed drifts.

A bench module builds a :class:`Table` and calls :func:`save`; ``python benches/report.py`` makes ``docs/benchmarks.md`` of all saved tables.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "build" / "bench"


@dataclass
class Row:
    """One job: its figure for each way of doing it, all of one unit, from one run."""

    job: str
    figures: dict[str, float]


@dataclass
class Table:
    """A comparison: ``baseline`` is the column that ratios are taken against (ours)."""

    name: str
    title: str
    unit: str
    baseline: str
    rows: list[Row] = field(default_factory=list)
    higher_is_better: bool = False
    notes: list[str] = field(default_factory=list)


def compare(
    ways: Mapping[str, Callable[[], object]], *, rounds: int = 15, block: float = 0.02
) -> dict[str, float]:
    """Time each way in turn and give the median seconds per call.

    Args:
        ways: Name → a call without arguments that does the whole job once.
        rounds: How often every way has its turn.
        block: Seconds that one turn should last at least; a slow way has one call a turn.
    """
    calls = {}
    for name, way in ways.items():
        way()
        start = time.perf_counter()
        way()
        calls[name] = max(1, int(block / max(time.perf_counter() - start, 1e-7)))
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            count = calls[name]
            start = time.perf_counter()
            for _ in range(count):
                way()
            samples[name].append((time.perf_counter() - start) / count)
    return {name: statistics.median(times) for name, times in samples.items()}


def save(table: Table) -> None:
    """Print the table and keep it for the report."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{table.name}.json").write_text(json.dumps(asdict(table), indent=1))
    sys.stdout.write("\n" + render(table))
    sys.stdout.flush()


def render(table: Table) -> str:
    """The table as Markdown: figures, and beside each peer's figure the ratio to ours."""
    columns = list(dict.fromkeys(name for row in table.rows for name in row.figures))
    lines = [
        f"### {table.title}",
        "",
        f"| {table.unit} | " + " | ".join(columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for row in table.rows:
        ours = row.figures[table.baseline]
        cells = [_cell(row.figures.get(name), ours, table) for name in columns]
        lines.append(f"| {row.job} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {note}" for note in table.notes), ""]
    return "\n".join(lines)


def _cell(figure: float | None, ours: float, table: Table) -> str:
    if figure is None:
        return "–"
    text = f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
    if figure == ours:
        return f"**{text}**"
    ratio = ours / figure if table.higher_is_better else figure / ours
    return f"{text} ({ratio:.2g} ×)" if ratio < 10 else f"{text} ({ratio:,.0f} ×)"
