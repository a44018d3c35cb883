"""Plots of an audit. Each is a :class:`Plot`: shown in notebooks, saved with ``save``, described in words.

They need matplotlib (``pip install memberof[audit]``), draw without a display, and change none of its settings.
"""

from __future__ import annotations

import base64
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof.audit.sources.arrow import need, pyarrow
from memberof.doctor.report import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by people who see colours otherwise, in print too (Okabe and Ito, "Color Universal Design").
_GAIN, _LOSS, _INK, _GRID = "#0072b2", "#d55e00", "#1b2430", "#d5d8dc"
_STYLE = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "memberof",
    "text.color": _INK,
    "axes.edgecolor": "#8b949e",
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
#: Longer names are cut in plots; tables have them whole.
MAX_NAME = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawn plot.

    Attributes:
        title: What it shows.
        description: What is to be seen, in words.
        figure: The figure of matplotlib.

    """

    title: str
    description: str
    figure: Figure = field(repr=False)

    def svg(self) -> str:
        """Return it as SVG. The same plot gives the same text."""
        return self._drawn("svg").decode()

    def save(self, path: str | Path) -> None:
        """Write it to a file: ``.svg``, ``.png`` or ``.pdf``."""
        Path(path).write_bytes(self._drawn(Path(path).suffix.removeprefix(".").lower()))

    def _drawn(self, format: str) -> bytes:
        matplotlib = need("matplotlib")
        written = BytesIO()
        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
            # A name in a script that this font has not is drawn by the font of whoever looks at it.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            self.figure.savefig(
                written, format=format, dpi=150, bbox_inches="tight", metadata=dates.get(format)
            )
        return written.getvalue()

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.svg().encode()).decode()
        return (
            f'<img style="max-width:100%" src="data:image/svg+xml;base64,{data}" '
            f'alt="{escape(f"{self.title}. {self.description}")}">'
        )


def churn(report: Any, *, top: int = 20) -> Plot:
    """Draw how many members each group would gain and lose, of the groups that change most.

    Args:
        report: An ``AuditReport``, or anything with its ``changes``.
        top: How many groups.

    """
    changes = pyarrow().table(report.changes)
    counted = _counts(changes, ("group", "action"))
    gains = {group: count for (group, action), count in counted.items() if action == "attach"}
    losses = {group: count for (group, action), count in counted.items() if action == "detach"}
    busiest = sorted(gains.keys() | losses.keys(), key=lambda g: (-gains.get(g, 0) - losses.get(g, 0), g))
    names = busiest[:top][::-1]
    with _drawing(len(names)) as (figure, axes):
        for place, name in enumerate(names):
            gain, loss = gains.get(name, 0), losses.get(name, 0)
            axes.barh(place, gain, color=_GAIN)
            axes.barh(place, -loss, color=_LOSS, hatch="///", edgecolor="white")
            _say(axes, gain, place, f"+{gain}" if gain else "", "left")
            _say(axes, -loss, place, f"\u2212{loss}" if loss else "", "right")
        axes.axvline(0, color=_INK, linewidth=0.8)
        _name_rows(axes, names)
        axes.xaxis.set_major_locator(need("matplotlib.ticker").MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
        axes.set_xlabel("members lost (hatched)  |  members gained")
        axes.margins(x=0.12)
    rest = len(busiest) - len(names)
    description = (
        f"{len(busiest)} groups change. " if names else "No group gains or loses anybody. "
    ) + "; ".join(
        f"{shown(name)} gains {gains.get(name, 0)} and loses {losses.get(name, 0)}"
        for name in names[::-1][:5]
    )
    more = f" (the first {len(names)} of {len(busiest)})" if rest > 0 else ""
    return Plot(title=f"Members gained and lost{more}", description=description, figure=figure)


def sizes(report: Any, *, top: int = 20) -> Plot:
    """Draw the sizes of the largest groups before and after.

    Args:
        report: An ``AuditReport``, or anything with its ``groups``.
        top: How many groups.

    """
    groups = pyarrow().table(report.groups)
    triples = zip(
        *(groups[name].to_pylist() for name in ("group", "members_before", "members_after")), strict=True
    )
    largest = sorted(triples, key=lambda each: (-max(each[1], each[2]), each[0]))
    rows = largest[:top][::-1]
    with _drawing(len(rows)) as (figure, axes):
        for place, (_, before, after) in enumerate(rows):
            axes.plot(
                [before, after],
                [place, place],
                color=_GAIN if after >= before else _LOSS,
                linewidth=2,
                zorder=1,
            )
        places = range(len(rows))
        axes.scatter(
            [row[1] for row in rows],
            places,
            s=42,
            facecolor="white",
            edgecolor=_INK,
            label="before",
            zorder=2,
        )
        axes.scatter([row[2] for row in rows], places, s=18, color=_INK, label="after", zorder=3)
        _name_rows(axes, [row[0] for row in rows])
        for place, (_, before, after) in enumerate(rows):
            _say(axes, max(before, after), place, f"{before:,} \u2192 {after:,}", "left")
        largest_of_all = max((max(before, after) for _, before, after in rows), default=1)
        if rows and largest_of_all > 50 * max(1, min(max(row[1:]) for row in rows)):
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(0, 8 * largest_of_all)
        else:
            axes.set_xlim(0, 1.2 * largest_of_all)
            axes.xaxis.set_major_locator(need("matplotlib.ticker").MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xlabel("members")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    description = "; ".join(
        f"{shown(name)}: {before} before, {after} after" for name, before, after in rows[::-1][:5]
    )
    return Plot(
        title=f"Sizes of the largest groups, {len(rows)} of {len(largest)}",
        description=description,
        figure=figure,
    )


def overlaps(memberships: Any, *, top: int = 12) -> Plot:
    """Draw how much the largest groups have in common.

    Args:
        memberships: A table with ``user`` and ``group``, such as ``Snapshot.current()``.
        top: How many groups.

    """
    pa = pyarrow()
    table = pa.table(memberships).select(["user", "group"])
    counted = Counter(_counts(table, ("group",)))
    names = [name for (name,), _ in sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:top]]
    members: dict[str, set[str]] = {name: set() for name in names}
    chosen = table.filter(pa.compute.is_in(table["group"].cast(pa.string()), pa.array(names, pa.string())))
    for user, group in zip(chosen["user"].to_pylist(), chosen["group"].to_pylist(), strict=True):
        members[group].add(user)
    # A group is not compared with itself.
    shares = [
        [100 * len(members[a] & members[b]) / len(members[a]) if a != b else float("nan") for b in names]
        for a in names
    ]
    with _drawing(len(names), height=0.42) as (figure, axes):
        if names:
            axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, line in enumerate(shares):
            for column, share in enumerate(line):
                text = f"{share:.0f}" if row != column else ""
                colour = "white" if share > 60 else _INK
                axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
        axes.set_xticks(range(len(names)))
        axes.set_xticklabels([str(number) for number in range(1, len(names) + 1)])
        _name_rows(axes, [f"{number}  {name}" for number, name in enumerate(names, 1)])
        axes.grid(visible=False)
        axes.set_xlabel("\u2026 % of a row's members are in the group of that column too")
    pairs = sorted(
        (
            (share, a, b)
            for a, line in zip(names, shares, strict=True)
            for b, share in zip(names, line, strict=True)
            if a != b
        ),
        reverse=True,
    )
    description = "; ".join(
        f"{share:.0f} % of {shown(a)} are in {shown(b)} too" for share, a, b in pairs[:5] if share > 0
    )
    return Plot(title="Overlaps of the largest groups", description=description or "None.", figure=figure)


def staleness(logins: Any, *, now: datetime | None = None) -> Plot:
    """Draw for how long users have not signed in: what they have is as old as that.

    Args:
        logins: A table with ``user`` and ``time``, such as ``Snapshot.logins()``.
        now: An aware datetime to count from; None: the time now.

    """
    pa = pyarrow()
    moment = now or datetime.now(UTC)
    newest = pa.table(logins).select(["user", "time"]).group_by("user").aggregate([("time", "max")])
    ages = [moment - time for time in newest["time_max"].to_pylist()]
    bounds = (
        ("1 day", 1),
        ("7 days", 7),
        ("30 days", 30),
        ("90 days", 90),
        ("180 days", 180),
        ("1 year", 365),
    )
    labels = [f"up to {name}" for name, _ in bounds] + ["longer"]
    limits = [timedelta(days=days) for _, days in bounds] + [timedelta.max]
    counts = [0] * len(limits)
    for age in ages:
        counts[next(place for place, limit in enumerate(limits) if age <= limit)] += 1
    with _drawing(len(labels), height=0.34) as (figure, axes):
        places = range(len(labels))
        axes.barh(list(places), counts, color=[_GAIN if place < 3 else _LOSS for place in places])
        for place, count in zip(places, counts, strict=True):
            _say(axes, count, place, f"{count:,}", "left")
        _name_rows(axes, labels)
        axes.invert_yaxis()
        axes.xaxis.set_major_locator(need("matplotlib.ticker").MaxNLocator(integer=True))
        axes.set_xlabel("users, by time since their last sign-in")
        axes.margins(x=0.12)
    description = "; ".join(f"{label}: {count} users" for label, count in zip(labels, counts, strict=True))
    return Plot(title="Time since the last sign-in", description=description, figure=figure)


@contextmanager
def _drawing(rows: int, height: float = 0.28) -> Iterator[tuple[Figure, Axes]]:
    """Give axes of a figure of our own: none of pyplot's, whose state belongs to the notebook."""
    with need("matplotlib").rc_context(_STYLE):
        figure = need("matplotlib.figure").Figure(figsize=(7.6, 1.2 + height * max(rows, 1)))
        axes = figure.add_subplot()
        axes.set_axisbelow(True)
        axes.grid(axis="x", color=_GRID, linewidth=0.6)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
        yield figure, axes


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Label the rows. A name is a text, whatever it holds: no mathematics between dollar signs."""
    axes.set_yticks(range(len(names)))
    axes.set_yticklabels([_short(shown(name)) for name in names], parse_math=False)


def _short(name: str) -> str:
    """Cut a long name in its middle: names of one kind begin alike."""
    half = (MAX_NAME - 1) // 2
    return name if len(name) <= MAX_NAME else f"{name[:half]}\u2026{name[-half:]}"


def _say(axes: Axes, x: float, y: float, text: str, align: Any) -> None:
    """Write beside a point, at a distance that isn't made of spaces: browsers drop those."""
    away = 6 if align == "left" else -6
    axes.annotate(
        text,
        (x, y),
        xytext=(away, 0),
        textcoords="offset points",
        ha=align,
        va="center",
        fontsize=8,
        parse_math=False,
    )


def _counts(table: Any, columns: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    """Count rows by the values of columns."""
    pa = pyarrow()
    plain = pa.table({name: table[name].cast(pa.large_string()) for name in columns})
    grouped = plain.group_by(list(columns)).aggregate([([], "count_all")])
    keys = zip(*(grouped[name].to_pylist() for name in columns), strict=True)
    return dict(zip(keys, grouped["count_all"].to_pylist(), strict=True))
