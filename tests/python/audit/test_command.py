"""``memberof audit``, and the page and the notebook view of a report."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from memberof.audit import compare
from memberof.audit.sources import read_table
from memberof.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[2] / "data" / "kubernetes-org"
BEFORE, AFTER = str(DATA / "before.csv"), str(DATA / "after.csv")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ran(*arguments: str) -> tuple[int, str, str]:
        status = main(["audit", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return ran


def test_a_year_of_kubernetes_org_is_told_in_words(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run(BEFORE, AFTER)
    assert (status, err) == (0, "")
    told = " ".join(out.split())
    assert "If 1,529 users of 1,535 logged in now: 1,015 memberships gained, 243 lost, 5,266 kept" in told
    assert "54 groups created, 0 adopted." in told
    assert "kubernetes:k8s-infra-gcp-auditors: all 7 members would be detached (7) [emptied]" in told
    assert re.search(r"kubernetes-sigs +904 +1,148", out)


def test_everybody_logs_in_if_asked(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run(BEFORE, AFTER, "--everybody", "--json")
    summary = json.loads(out)["summary"]
    assert (status, summary["logins"], summary["attach"], summary["detach"]) == (0, 1535, 1015, 270)


@pytest.mark.parametrize("name", ["c.parquet", "c.csv", "c.jsonl", "c.arrow"])
def test_changes_are_written(tmp_path: Path, run: Callable[..., tuple[int, str, str]], name: str) -> None:
    path = tmp_path / name
    assert run(BEFORE, AFTER, "--out", str(path), "--quiet") == (0, "", "")
    if name == "c.jsonl":
        actions = [json.loads(line)["action"] for line in path.read_text().splitlines()]
    elif name == "c.csv":
        actions = pyarrow.csv.read_csv(path)["action"].to_pylist()
    elif name == "c.arrow":
        actions = pyarrow.ipc.open_file(path).read_all()["action"].to_pylist()
    else:
        actions = pq.read_table(path)["action"].to_pylist()
    assert (actions.count("attach"), actions.count("detach")) == (1015, 243)


def test_findings_decide_the_exit_status(tmp_path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    current, claims = tmp_path / "current.csv", tmp_path / "claims.csv"
    current.write_text("user,group\nann,Staff\nben,Staff\n")
    claims.write_text("user,value\nann,Staff\nben,Staff\n")
    assert run(str(current), str(claims), "--fail-on", "error", "--quiet")[0] == 0
    claims.write_text('user,value\nann,"CN=Staff,DC=x"\nben,"CN=Staff,DC=x"\n')
    status, out, _ = run(str(current), str(claims), "--json")
    gravest = json.loads(out)["findings"][0]["severity"]
    assert status == 0
    assert gravest in ("error", "warning")
    assert run(str(current), str(claims), "--fail-on", gravest, "--quiet")[0] == 3
    assert run(str(current), str(claims), "--fail-on", "info", "--quiet")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.csv", AFTER], 'memberof: "no.csv": expected a file [audit.file]'),
        ([BEFORE, AFTER, "--out", "c.txt"], "expected a name that ends in .parquet, .csv, .jsonl, .arrow"),
        (
            [BEFORE, AFTER, "--claims-options", "nested=true"],
            "has no option nested, expected some of columns",
        ),
        (
            [BEFORE, AFTER, "--claims-columns", "value=team"],
            "expected the columns team, found user, group, role",
        ),
        ([BEFORE, AFTER, "--policy", "no.toml"], '"no.toml" cannot be read: No such file or directory'),
        ([BEFORE, AFTER, "--format", "odd"], "format"),
    ],
)
def test_what_cannot_be_read_is_said(
    run: Callable[..., tuple[int, str, str]], arguments: list[str], said: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert said in err


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.sources += [str(found[name]) for name in ("src", "href") if name in found]
        self.images += [found] if tag == "img" else []


def test_the_page_stands_alone_and_every_picture_has_words(tmp_path: Path) -> None:
    current = tmp_path / "current.csv"
    current.write_text("user,group\n<script>alert(1)</script>,<b>x</b>\nann,y\n")
    claims = tmp_path / "claims.csv"
    claims.write_text(
        "user,value,time\nann,<i>z</i>,2026-01-01T00:00:00Z\n<script>alert(1)</script>,y,2026-01-02\n"
    )
    held, sent = read_table(current), read_table(claims)
    report = compare(held.current(), sent.claims())
    path = tmp_path / "audit.html"
    report.to_html(path, title="A & B", notes=["<u>"], current=held.current(), logins=sent.logins())
    text = path.read_text()
    page = Page(text)
    assert page.tags.isdisjoint({"script", "b", "i", "u", "link", "iframe", "object"})
    assert len(page.images) == 4
    assert all(image["alt"] for image in page.images)
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.sources)
    assert "<h1>A &amp; B</h1>" in text
    assert "default-src 'none'" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_report_in_a_notebook_is_escaped_and_goes_into_every_library() -> None:
    report = compare(read_table(BEFORE).current(), read_table(AFTER).claims())
    html = report._repr_html_()
    assert "1,015 memberships gained" in html
    assert '<th scope="col">group</th>' in html
    assert report.to_arrow().num_rows == report.changes.num_rows
