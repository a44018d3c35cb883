"""``memberof audit``: what would change if everybody logged in now, and what is odd about it."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof import GroupExtractor, GroupRules, SyncPolicy
from memberof.cli.output import print_json, print_sections, say
from memberof.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from memberof.audit import AuditReport
    from memberof.audit.sources import Snapshot

FINE, UNREADABLE, FOUND = 0, 2, 3
_OUT = (".parquet", ".csv", ".jsonl", ".arrow")

_DESCRIPTION = """\
Compare what an application has with what the identity provider says, as if everybody logged in now. Nothing is
changed. CURRENT and CLAIMS are Parquet, CSV, Excel workbooks or JSON Lines (columns user and group, or user and value),
LDIF, exports of Keycloak, Entra ID, Google or SCIM (JSON), or a database URL of memberof's own store."""
_EPILOG = """\
exit status: 0 fine, 2 something cannot be read, 3 findings as grave as --fail-on says

memberof audit current.parquet claims.parquet --format ldap --out changes.parquet --html audit.html
memberof audit postgresql://localhost/app export.ldif --format ldap --fail-on warning"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "audit",
        help="compare memberships with what the identity provider says",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("current", metavar="CURRENT", help="what the application has")
    parser.add_argument("claims", metavar="CLAIMS", help="what the identity provider says")
    reading = parser.add_argument_group("reading")
    for name in ("current", "claims"):
        reading.add_argument(
            f"--{name}-columns",
            type=_pairs,
            default={},
            metavar="OURS=THEIRS,…",
            help=f"columns of {name.upper()} that are called otherwise, such as user=Login,value=memberOf",
        )
        reading.add_argument(
            f"--{name}-options",
            type=_pairs,
            default={},
            metavar="NAME=VALUE,…",
            help=f"options of the reader of {name.upper()}, such as user=mail,nested=true or sheet=Members",
        )
    reading.add_argument(
        "--kind",
        choices=("external", "internal"),
        default="external",
        help="kind of groups that CURRENT doesn't tell",
    )
    reading.add_argument(
        "--everybody",
        action="store_true",
        help="users of CURRENT whom CLAIMS doesn't name log in too, without groups",
    )
    deciding = parser.add_argument_group("deciding")
    deciding.add_argument(
        "--format", default="array", help="ldap, array (default), csv, json, path or domain"
    )
    deciding.add_argument("--delimiter", metavar="TEXT", help="delimiter of the format")
    deciding.add_argument("--preset", metavar="NAME", help="read values as this identity provider sends them")
    deciding.add_argument("--policy", type=Path, metavar="FILE", help="the policy, TOML")
    deciding.add_argument(
        "--rules", type=Path, metavar="FILE", help="which names count and what they are called, TOML"
    )
    writing = parser.add_argument_group("writing")
    writing.add_argument(
        "--out", type=Path, metavar="FILE", help="write the changes: .parquet, .csv, .jsonl or .arrow"
    )
    writing.add_argument("--html", type=Path, metavar="FILE", help="write a page to read and to print")
    writing.add_argument("--json", action="store_true", help="print counts and findings as JSON")
    writing.add_argument("--quiet", action="store_true", help="print nothing unless it fails")
    writing.add_argument(
        "--fail-on",
        choices=("error", "warning", "info"),
        metavar="SEVERITY",
        help="exit with 3 if there is a finding of this severity (error, warning, info) or a graver one",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit, print, write, and return the exit status."""
    if options.out is not None and options.out.suffix.lower() not in _OUT:
        raise AuditError(f'"{options.out}": expected a name that ends in {", ".join(_OUT)}', "audit.file")
    try:
        from memberof.audit import compare
        from memberof.audit.sources import read

        current = read(options.current, **_reader_options(options, "current"))
        claims = read(options.claims, **_reader_options(options, "claims"))
        for snapshot in (current, claims):
            for line in snapshot.account():
                say(f"{snapshot.where}: {line}")
        held, sent = current.current(options.kind), claims.claims()
        with _progress(len(held) + len(sent), quiet=options.quiet or options.json) as progress:
            report = compare(
                held,
                sent,
                format=_extractor(options),
                groups=current.groups(options.kind),
                policy=_from_toml(options.policy, SyncPolicy.from_toml),
                users=current.users() if options.everybody else None,
                progress=progress,
            )
        _write(options, report, current, claims, held)
    except ImportError as error:  # it names the extra
        say(str(error))
        return UNREADABLE
    return _status(options, report)


def _pairs(text: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in text.split(",")]
    if not all(name and sign and value for name, sign, value in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE,…")
    return {name: value for name, _, value in pairs}


def _reader_options(options: argparse.Namespace, name: str) -> dict[str, Any]:
    words = {"true": True, "false": False}
    given: Mapping[str, str] = getattr(options, f"{name}_options")
    columns = getattr(options, f"{name}_columns")
    found: dict[str, Any] = {option: words.get(value, value) for option, value in given.items()}
    return found | ({"columns": columns} if columns else {})


def _extractor(options: argparse.Namespace) -> GroupExtractor:
    rules = _from_toml(options.rules, GroupRules.from_toml)
    if options.preset is not None:
        return GroupExtractor.preset(options.preset, delimiter=options.delimiter, rules=rules)
    return GroupExtractor(format=options.format, delimiter=options.delimiter, rules=rules)


def _from_toml(path: Path | None, read: Callable[[str], Any]) -> Any:
    if path is None:
        return None
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise AuditError(f'"{path}" cannot be read: {reason}', "audit.file") from None


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], object] | None]:
    """Give a function that shows how many rows were read: a bar, where standard error is a terminal that rich can use."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ModuleNotFoundError:
        yield None
        return
    columns = (TextColumn("rows read"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda rows: bar.update(task, completed=rows)


def _write(
    options: argparse.Namespace, report: AuditReport, current: Snapshot, claims: Snapshot, held: Any
) -> None:
    from memberof.audit.page import write_page
    from memberof.audit.words import findings_of, sections

    if options.out is not None:
        _write_table(report.changes, options.out)
    if options.html is not None:
        logins = claims.logins() if "time" in claims.rows.column_names else None
        notes = [f"{each.where}: {line}" for each in (current, claims) for line in each.account()]
        write_page(report, options.html, notes=notes, current=held, logins=logins)
    if options.json:
        print_json({"summary": dict(report.summary), "findings": findings_of(report)})
    elif not options.quiet:
        print_sections(sections(report))


def _write_table(table: Any, path: Path) -> None:
    import pyarrow as pa

    rows = pa.table(table)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        import pyarrow.parquet as parquet

        parquet.write_table(rows, path)
    elif suffix == ".csv":
        import pyarrow.csv as csv

        csv.write_csv(rows, path)
    elif suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows)
    else:
        with path.open("w", encoding="utf-8") as lines:
            for batch in rows.to_batches(max_chunksize=65_536):
                lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch.to_pylist())


def _status(options: argparse.Namespace, report: AuditReport) -> int:
    if options.fail_on is None:
        return FINE
    from memberof.audit.words import SEVERITIES, findings_of

    grave: Sequence[str] = SEVERITIES[: SEVERITIES.index(options.fail_on) + 1]
    return FOUND if any(finding["severity"] in grave for finding in findings_of(report)) else FINE
