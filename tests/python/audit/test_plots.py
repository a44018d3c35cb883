"""Plots: what they say, that they show every name as text, and that they are the same each time."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from memberof.audit import plots

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ODD = ["$x^2$ <b>&", "日本語 グループ", "a\nb", "long " * 20]


def report(*changes: tuple[str, str, str]) -> SimpleNamespace:
    users, groups, actions = zip(*changes, strict=True) if changes else ((), (), ())
    text = pa.string()
    return SimpleNamespace(
        changes=pa.table(
            {
                "user": pa.array(users, text),
                "group": pa.array(groups, text),
                "action": pa.array(actions, text),
            }
        ),
        groups=pa.table(
            {
                "group": ["A", "B"],
                "action": [None, "create"],
                "members_before": [300, 0],
                "members_after": [2, 5],
            }
        ),
    )


def texts(plot: plots.Plot) -> set[str]:
    found = ElementTree.fromstring(plot.svg())
    return {(node.text or "").strip() for node in found.iter("{http://www.w3.org/2000/svg}text")}


def test_churn_says_who_gains_and_who_loses() -> None:
    plot = plots.churn(
        report(("u", "A", "attach"), ("v", "A", "attach"), ("w", "A", "detach"), ("w", "B", "create"))
    )
    assert plot.title == "Members gained and lost"
    assert plot.description == "1 groups change. A gains 2 and loses 1"
    assert {"A", "+2", "\u22121"} <= texts(plot)
    assert "B" not in texts(plot)  # created, but nobody's membership


def test_only_the_busiest_groups_are_drawn_and_it_is_said() -> None:
    changes = [(f"u{n}", f"G{m}", "attach") for m in range(5) for n in range(m + 1)]
    plot = plots.churn(report(*changes), top=2)
    assert plot.title == "Members gained and lost (the first 2 of 5)"
    assert {"G4", "G3"} <= texts(plot)
    assert "G2" not in texts(plot)


def test_names_are_drawn_as_texts_whatever_they_hold() -> None:
    plot = plots.churn(report(*[("u", name, "attach") for name in ODD]))
    assert {"$x^2$ <b>&", "日本語 グループ", "a\\nb"} <= texts(plot)
    assert any("\u2026" in text and len(text) <= plots.MAX_NAME for text in texts(plot))
    html = plot._repr_html_()
    assert html.startswith('<img style="max-width:100%" src="data:image/svg+xml;base64,')
    assert "<b>" not in html
    assert "$x^2$ &lt;b&gt;&amp; gains 1" in html


def test_sizes_say_before_and_after() -> None:
    plot = plots.sizes(report())
    assert plot.description == "A: 300 before, 2 after; B: 0 before, 5 after"
    assert {"300 \u2192 2", "0 \u2192 5", "before", "after"} <= texts(plot)


def test_overlaps_are_shares_of_the_row() -> None:
    pairs = [("a", "X"), ("b", "X"), ("c", "X"), ("d", "X"), ("a", "Y"), ("e", "Y"), ("z", "Z")]
    users, groups = zip(*pairs, strict=True)
    plot = plots.overlaps(pa.table({"user": users, "group": pa.array(groups).dictionary_encode()}), top=2)
    assert plot.description == "50 % of Y are in X too; 25 % of X are in Y too"
    assert {"1  X", "2  Y", "25", "50"} <= texts(plot)


def test_staleness_counts_users_by_their_last_login() -> None:
    days = {"a": [400, 0], "b": [8], "c": [1000], "d": [7]}
    rows = [(user, NOW - timedelta(days=day)) for user, all_of in days.items() for day in all_of]
    table = pa.table(
        {
            "user": [user for user, _ in rows],
            "time": pa.array([t for _, t in rows], pa.timestamp("us", "UTC")),
        }
    )
    plot = plots.staleness(table, now=NOW)
    counts = dict(re.findall(r"([^;:]+): (\d+) users", plot.description.replace("; ", ";")))
    assert {name: int(count) for name, count in counts.items() if count != "0"} == {
        "up to 1 day": 1,
        "up to 7 days": 1,
        "up to 30 days": 1,
        "longer": 1,
    }


@pytest.mark.parametrize("name", ["a.svg", "a.png", "a.pdf"])
def test_a_plot_is_saved_the_same_each_time(tmp_path: Path, name: str) -> None:
    written = []
    for _ in range(2):
        plots.churn(report(("u", "A", "attach"))).save(tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert len(written[0]) > 1000


def test_nothing_to_draw_is_said() -> None:
    assert plots.churn(report()).description == "No group gains or loses anybody. "
    empty = pa.table({"user": pa.array([], pa.string()), "group": pa.array([], pa.string())})
    assert plots.overlaps(empty).description == "None."


def test_pyplot_and_its_settings_are_left_alone() -> None:
    code = (
        "import pyarrow as pa, matplotlib\n"
        "from types import SimpleNamespace as R\n"
        "from memberof.audit import plots\n"
        "before = dict(matplotlib.rcParams)\n"
        "t = pa.table({'user': ['a'], 'group': ['x'], 'action': ['attach']})\n"
        "plots.churn(R(changes=t)).svg()\n"
        "assert dict(matplotlib.rcParams) == before\n"
        "import matplotlib.pyplot\n"
        "assert matplotlib.pyplot.get_fignums() == []\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
