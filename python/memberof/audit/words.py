"""A report in words, once for the terminal, for plain text and for HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memberof.audit.sources.arrow import pyarrow
from memberof.doctor.page import sections_as_html
from memberof.doctor.report import Item, Section, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from memberof.audit.report import AuditReport
    from memberof.doctor.report import Tone

#: More findings of one severity, and more groups, than this are counted, not listed.
MAX_LISTED = 12
SEVERITIES = ("error", "warning", "info")
_TONES: dict[str, Tone] = {"error": "bad", "warning": "warn", "info": ""}
_TITLES = {"error": "Errors", "warning": "Warnings", "info": "To know"}


def sections(report: AuditReport) -> list[Section]:
    """Return the parts of a report, the verdict first; each text is safe to print."""
    findings = findings_of(report)
    parts = [_verdict(report.summary, findings), _counts(report.summary)]
    parts += [_findings(severity, findings) for severity in SEVERITIES]
    parts.append(_groups(report))
    return [part for part in parts if part.lines or part.pairs or part.items or part.rows]


def findings_of(report: AuditReport) -> list[dict[str, Any]]:
    """Return the rows of the findings."""
    return rows(report.findings)


def rows(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    found: list[dict[str, Any]] = pyarrow().table(table).to_pylist()
    return found


def table_as_html(
    title: str, lines: Sequence[str], table: pa.Table, *, most: int, notes: Sequence[str] = ()
) -> str:
    """Write the first rows of a table for a notebook, under what is said of it."""
    more = (f"The first {most:,} of {len(table):,}:",) if len(table) > most else ()
    body = (row.values() for row in table.slice(0, most).to_pylist())
    part = Section(
        title=title,
        lines=(*lines, *more),
        items=tuple(Item(text=note) for note in notes),
        header=tuple(table.column_names),
        rows=tuple(tuple("" if value is None else str(value) for value in row) for row in body),
    )
    return sections_as_html([part])


def worst(findings: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the gravest severity among findings; None where there are none."""
    found = {finding["severity"] for finding in findings}
    return next((severity for severity in SEVERITIES if severity in found), None)


def _verdict(summary: Mapping[str, int], findings: Sequence[Mapping[str, Any]]) -> Section:
    gravest = worst(findings)
    title = {"error": "LOOK FIRST", "warning": "TO CHECK"}.get(gravest or "", "NOTHING ODD")
    tone: Tone = _TONES[gravest] if gravest in ("error", "warning") else "good"
    return Section(title=title, tone=tone, lines=(sentence(summary),))


def sentence(summary: Mapping[str, int]) -> str:
    """Say what would change, in one sentence."""

    def count(name: str, one: str, many: str) -> str:
        return f"{summary[name]:,} {one if summary[name] == 1 else many}"

    return (
        f"If {count('logins', 'user', 'users')} of {summary['users']:,} logged in now: "
        f"{count('attach', 'membership', 'memberships')} gained, {summary['detach']:,} lost, {summary['keep']:,} kept, "
        f"{summary['held']:,} changes held; {count('create', 'group', 'groups')} created, {summary['adopt']:,} adopted."
    )


def _counts(summary: Mapping[str, int]) -> Section:
    return Section(
        title="Counts", pairs=tuple((name.replace("_", " "), f"{count:,}") for name, count in summary.items())
    )


def _findings(severity: str, findings: Sequence[Mapping[str, Any]]) -> Section:
    chosen = [finding for finding in findings if finding["severity"] == severity]
    items = [
        Item(text=shown(f"{about(finding)}{finding['message']} ({finding['count']:,})"), code=finding["code"])
        for finding in chosen[:MAX_LISTED]
    ]
    if len(chosen) > MAX_LISTED:
        items.append(Item(text=f"and {len(chosen) - MAX_LISTED:,} more"))
    return Section(title=_TITLES[severity], tone=_TONES[severity], items=tuple(items))


def about(finding: Mapping[str, Any]) -> str:
    """Return whom or what a finding is about, before its message; nothing where it is about several."""
    names = [finding[name] for name in ("group", "user") if finding[name] is not None]
    return f"{', '.join(names)}: " if names else ""


def _groups(report: AuditReport) -> Section:
    changing = changing_groups(report)
    title = f"Groups that change: {len(changing):,}"
    if len(changing) > MAX_LISTED:
        title += f" (the first {MAX_LISTED}, by how much)"
    return Section(
        title=title,
        header=("group", "", "before", "after"),
        rows=tuple(
            (
                shown(row["group"]),
                row["action"] or "",
                f"{row['members_before']:,}",
                f"{row['members_after']:,}",
            )
            for row in changing[:MAX_LISTED]
        ),
    )


def changing_groups(report: AuditReport) -> list[dict[str, Any]]:
    """Return the groups that are created, adopted or change in size, those that change most first."""
    changing = [
        row for row in rows(report.groups) if row["action"] or row["members_before"] != row["members_after"]
    ]
    return sorted(
        changing, key=lambda row: (-abs(row["members_after"] - row["members_before"]), row["group"])
    )
