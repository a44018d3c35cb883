"""A report as one page of HTML that stands alone: nothing is loaded, no script runs, and it prints."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof.audit import plots
from memberof.audit.sources.arrow import pyarrow
from memberof.audit.words import SEVERITIES, about, changing_groups, findings_of, sentence, worst
from memberof.doctor.report import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from memberof.audit.plots import Plot
    from memberof.audit.report import AuditReport

#: More groups and changes than this are counted: the page is for people, and the report's tables have all.
MAX_GROUPS, MAX_CHANGES = 200, 500
_NUMBERS = frozenset({"how many", "members before", "members after"})
_VERDICTS = {
    "error": "Look at the errors first",
    "warning": "There is something to check",
    "info": "Nothing is wrong",
}
_COUNTS = {
    "logins": "users log in",
    "never_seen": "users do not",
    "attach": "memberships gained",
    "detach": "memberships lost",
    "keep": "kept",
    "held": "changes held",
    "create": "groups created",
    "adopt": "groups adopted",
}


def write_page(
    report: AuditReport,
    path: str | Path,
    *,
    title: str = "Audit of group memberships",
    notes: Sequence[str] = (),
    current: Any = None,
    logins: Any = None,
    now: datetime | None = None,
) -> None:
    """Write a report as a page.

    Args:
        report: The report.
        path: The file to write.
        title: Its heading.
        notes: Sentences to put before everything else, such as ``Snapshot.account()``.
        current: The memberships (``user``, ``group``), for the plot of overlaps.
        logins: Logins with their times (``user``, ``time``), for the plot of the time since the last sign-in.
        now: For that plot, an aware datetime to count from; None: the time now.

    """
    findings = findings_of(report)
    drawn = [plots.churn(report), plots.sizes(report)]
    drawn += [plots.overlaps(current)] if current is not None else []
    drawn += [plots.staleness(logins, now=now)] if logins is not None else []
    verdict = _VERDICTS.get(worst(findings) or "info", _VERDICTS["info"])
    body = [
        f"<header><h1>{escape(title)}</h1>",
        *(f'<p class="note">{escape(shown(note))}</p>' for note in notes),
        f'<p class="verdict {worst(findings) or "info"}">{verdict}.</p>',
        f"<p>{escape(sentence(report.summary))} Each user is judged by herself; nothing was changed.</p></header>",
        "<main>",
        '<dl class="counts">',
        *(
            f"<div><dt>{escape(text)}</dt><dd>{report.summary[name]:,}</dd></div>"
            for name, text in _COUNTS.items()
        ),
        "</dl>",
        *_findings(findings),
        *_plots(drawn),
        *_groups(report),
        *_changes("Changes", report.changes),
        *_changes("Held", report.held),
        "</main>",
    ]
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        f"style-src 'unsafe-inline'\"><style>{_CSS}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )
    Path(path).write_text(page, encoding="utf-8", errors="backslashreplace")


def _findings(findings: Sequence[dict[str, Any]]) -> Iterable[str]:
    yield "<section><h2>Findings</h2>"
    if not findings:
        yield "<p>None.</p>"
    else:
        yield _table(
            "Findings, the gravest first",
            ("severity", "what", "how many", "code"),
            (
                (
                    f'<span class="tag {finding["severity"]}">{finding["severity"]}</span>',
                    _text(f"{about(finding)}{finding['message']}"),
                    f"{finding['count']:,}",
                    f"<code>{_text(finding['code'])}</code>",
                )
                for severity in SEVERITIES
                for finding in findings
                if finding["severity"] == severity
            ),
        )
    yield "</section>"


def _plots(drawn: Iterable[Plot]) -> Iterable[str]:
    yield "<section><h2>Plots</h2>"
    for plot in drawn:
        yield f"<figure><figcaption>{escape(plot.title)}</figcaption>{plot._repr_html_()}</figure>"
    yield "</section>"


def _groups(report: AuditReport) -> Iterable[str]:
    changing = changing_groups(report)
    yield f"<section><h2>Groups that change: {len(changing):,}</h2>"
    if changing:
        yield _table(
            f"The {MAX_GROUPS} that change most"
            if len(changing) > MAX_GROUPS
            else "Those that change most first",
            ("group", "action", "members before", "members after"),
            (
                (
                    _text(row["group"]),
                    _text(row["action"] or ""),
                    f"{row['members_before']:,}",
                    f"{row['members_after']:,}",
                )
                for row in changing[:MAX_GROUPS]
            ),
        )
    yield "</section>"


def _changes(title: str, table: Any) -> Iterable[str]:
    changes = pyarrow().table(table)
    yield f"<section><h2>{title}: {len(changes):,}</h2>"
    if len(changes):
        few = changes.slice(0, MAX_CHANGES)
        yield _table(
            f"The first {MAX_CHANGES}; the report has all" if len(changes) > MAX_CHANGES else "All",
            few.column_names,
            ([_text(value or "") for value in row.values()] for row in few.to_pylist()),
        )
    yield "</section>"


def _table(caption: str, header: Sequence[str], lines: Iterable[Iterable[str]]) -> str:
    """Write a table; its cells are HTML already."""

    def cells(tag: str, line: Iterable[str]) -> str:
        kinds = [' class="number"' if name in _NUMBERS else "" for name in header]
        return "".join(f"<{tag}{kind}>{cell}</{tag[:2]}>" for kind, cell in zip(kinds, line, strict=True))

    head = cells('th scope="col"', map(escape, header))
    body = "".join(f"<tr>{cells('td', line)}</tr>" for line in lines)
    # It scrolls by itself where it is wider than a telephone, and so must take the focus (WCAG 2.1.1).
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _text(text: str) -> str:
    return escape(shown(text))


_CSS = """
:root{color-scheme:light;--ink:#1b2430;--soft:#55606e;--line:#d5d8dc;--bad:#a12622;--warn:#7a4a05;--good:#17683a}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1.5rem 1rem 4rem;color:var(--ink);background:#fff;
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
.note{border-left:4px solid var(--bad);padding:.2rem .8rem;background:#fbeeed;margin:.4rem 0}
.verdict{font-size:1.15rem;font-weight:600;margin:.6rem 0 .2rem}
.error{color:var(--bad)}.warning{color:var(--warn)}.verdict.info{color:var(--good)}.tag{font-weight:600}
.counts{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.6rem;margin:1.4rem 0 0}
.counts div{border:1px solid var(--line);border-radius:8px;padding:.5rem .8rem;display:flex;flex-direction:column-reverse}
.counts dt{color:var(--soft);font-size:.85rem}.counts dd{margin:0;font-size:1.4rem;font-weight:600}
figure{margin:0 0 1.6rem}figcaption{font-weight:600;margin-bottom:.3rem}img{max-width:100%;height:auto}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600;white-space:nowrap}.number{text-align:right;white-space:nowrap}code{font-size:.85em}
@media print{body{max-width:none;padding:0;font-size:10pt}.scroll{overflow:visible}figure,tr,.counts div{break-inside:avoid}
h2{break-after:avoid}thead{display:table-header-group}}
"""
