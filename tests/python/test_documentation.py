"""Every code block of README and docs is run, or followed by a test of its own, or stands with a reason why not; made pages are current."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import re
import runpy
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import memberof
from memberof.testing import TestIdp

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Pages whose blocks a test of their own follows, step by step, in an empty folder.
FOLLOWED = {
    "docs/doctor.md": "tests/python/test_cli.py",
    "docs/tutorials/django.md": "tests/python/django_app/test_tutorial.py",
    "docs/tutorials/fastapi.md": "tests/python/fastapi_app/test_tutorial.py",
    "docs/tutorials/pytest.md": "tests/python/test_pytest_plugin.py",
    "docs/tutorials/your-saml-library.md": "tests/python/adapters/test_tutorial.py",
}
# Blocks that are not run, by page and beginning, each with its reason.
NOT_RUN: dict[tuple[str, str], str] = {}
RUN_HERE = {"python", "toml"}
SHOWN = {"", "sh", "console", "text", "xml"}  # commands in them are looked up below


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    name = page.relative_to(ROOT).as_posix()
    text = page.read_text()
    for match in re.finditer(r"^( *)```([\w-]*)[^\n]*\n(.*?)^\1```", text, re.M | re.S):
        lines = match[3].splitlines()
        body = "\n".join(line.removeprefix(match[1]) for line in lines) + "\n"
        yield Block(name, text[: match.start()].count("\n") + 2, match[2], body)


BLOCKS = [block for page in PAGES for block in blocks(page)]


class Form(dict[str, str]):
    """What a browser posts back: an answer to whatever request the page began last."""

    def __init__(self, idp: TestIdp, names: dict[str, Any]) -> None:
        self.idp, self.names = idp, names

    def __missing__(self, key: str) -> str:
        assert key == "SAMLResponse"
        return self.idp.response(
            user="alice",
            groups=["CN=Sales,OU=Groups,DC=example,DC=com"],
            request_id=self.names["request"].id,
            sp_entity_id=self.names["sp"].entity_id,
            acs_url=self.names["sp"].acs_urls[0],
        )


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the pages take for granted, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    live = TestIdp("adfs")
    idp = memberof.IdentityProvider.from_metadata(live.metadata_xml)
    known: dict[str, Any] = {
        "memberof": memberof,
        "metadata_xml": live.metadata_xml,
        "idp": idp,
        "extractor": memberof.GroupExtractor.preset("adfs"),
        "store": after_a_bad_morning(idp.entity_id),
        "url": "sqlite:///shared.db",
        "user": "alice",
        "group": "Sales",
        "remember_visit": lambda session, user: None,
        "end_session_at": lambda time: None,
    }
    sp = memberof.ServiceProvider(entity_id=live.sp_entity_id, acs_url=live.acs_url, identity_provider=idp)
    known["assertion"] = sp.verify(
        live.response(user="alice", groups=["CN=Sales,DC=example,DC=com"], request_id="_r"), request_id="_r"
    )
    known["form"] = Form(live, known)
    yield known
    for name in ("store", "engine"):
        for end in ("close", "dispose"):
            with contextlib.suppress(AttributeError):
                getattr(known[name], end)() if name in known else None


def after_a_bad_morning(source: str) -> memberof.InMemoryStore:
    """A store in which a dozen users came in with a group, and then without, until the circuit breaker tripped."""
    store = memberof.InMemoryStore()
    sync = memberof.GroupSync(
        memberof.GroupExtractor(attribute="memberOf", format="array"), store, source=source, mode="on"
    )
    then = datetime.now(UTC) - timedelta(hours=2)
    for number, groups in enumerate([["Sales"]] * 24 + [[]] * 6):
        at = then + timedelta(minutes=number)
        user = ["alice", *(f"user{each}" for each in range(11))][number % 12]
        told = {"issuer": source, "issued_at": at, "assertion_id": f"_{number}", "now": at}
        outcome = sync.login(user, {"memberOf": groups}, **told)
    assert store.breaker().trip, outcome
    return store


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if page.relative_to(ROOT).as_posix() not in FOLLOWED
        and any(block.language in RUN_HERE for block in blocks(page))
    ],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: Path, names: dict[str, Any]) -> None:
    for block in blocks(page):
        if block.language == "toml":
            memberof.GroupRules.from_toml(block.text)
        elif block.language == "python" and not reason(block):
            if ">>>" in block.text:
                run_doctest(block, names)
            else:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)


def run_doctest(block: Block, names: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, names, str(block), block.page, block.line)
    told: list[str] = []
    failed, _ = doctest.DocTestRunner().run(test, out=told.append)
    assert failed == 0, "".join(told)


def reason(block: Block) -> str | None:
    return next(
        (
            why
            for (page, start), why in NOT_RUN.items()
            if page == block.page and block.text.startswith(start)
        ),
        None,
    )


def test_every_block_is_run_or_followed_or_looked_up() -> None:
    left = [str(b) for b in BLOCKS if b.page not in FOLLOWED and b.language not in RUN_HERE | SHOWN]
    assert left == []
    assert sum(b.language in RUN_HERE for b in BLOCKS if b.page not in FOLLOWED) > 10
    for page, test in FOLLOWED.items():
        assert Path(page).name in (ROOT / test).read_text() or Path(page).stem in (ROOT / test).read_text(), (
            test
        )
    for place, why in NOT_RUN.items():
        assert why, place
        assert any((b.page, True) == (place[0], b.text.startswith(place[1])) for b in BLOCKS), place


def code_of(page: Path) -> str:
    """Fenced and indented code, and what stands in back-ticks."""
    text = page.read_text()
    indented = "\n".join(re.findall(r"^ {4,}(.*)$", text, re.M))
    return "\n".join([*(b.text for b in blocks(page)), indented, *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_extras_and_files_that_a_page_names_are_there(page: Path) -> None:
    code = code_of(page)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", code))
    assert named <= targets, named - targets
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {
        name.strip() for list_ in re.findall(r"memberof\[([\w, ]+)\]", code) for name in list_.split(",")
    }
    assert extras <= set(project["optional-dependencies"]), extras
    commands = {path.stem for path in (ROOT / "python/memberof/django/management/commands").glob("m*.py")}
    assert set(re.findall(r"\b(memberof_(?:apply|check|plan|refresh|stale)\w*)", code)) <= commands
    paths = set(re.findall(r"\b((?:tests|scripts|src|docs|examples|benches|fuzz)/[\w./-]*\w)", code))
    missing = {path for path in paths if not (ROOT / path).exists()}
    assert missing <= {"src/saml", *(path for path in missing if "NNN" in path)}, missing
    if page.parent == ROOT:  # links of the documentation itself are checked when it is built
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("script", ["commands", "licences", "presets"])
def test_a_made_page_is_current(script: str) -> None:
    made = runpy.run_path(str(ROOT / "scripts" / f"{script}.py"))
    assert made["PAGE"].read_text() == made["page"](), "run: make reference"


def test_the_licences_of_what_is_compiled_in_are_current() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "licences.py"))
    assert made["TEXTS"].read_text() == made["texts"](), "run: make reference"


def test_every_code_has_words_of_its_own() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "codes.py"))
    codes = made["codes"]()
    assert len(codes) > 180
    assert [code.name for code in codes.values() if len(code.meaning) < 10] == []


@pytest.mark.parametrize("module", ["memberof", "memberof.stores", "memberof.testing", "memberof.fastapi"])
def test_every_public_name_is_in_the_reference(module: str) -> None:
    shown = re.findall(
        r"^::: ([\w.]+)", "\n".join(p.read_text() for p in (ROOT / "docs/reference/api").glob("*.md")), re.M
    )
    assert len(shown) == len(set(shown))
    public = {f"{module}.{name}" for name in importlib.import_module(module).__all__}
    assert public <= set(shown), public - set(shown)


def test_every_preset_and_every_product_has_a_page() -> None:
    index = (ROOT / "docs/idp/index.md").read_text()
    for preset in memberof.GroupExtractor.presets():
        assert f"`{preset.name}`" in index, preset.name
        page = next(
            p
            for p in (ROOT / "docs/idp").glob("*.md")
            if p.name != "index.md" and f"`{preset.name}`" in p.read_text()
        )
        for part in (
            ("Send the groups", "No groups", "Limit")
            if preset.name not in ("generic", "pingfederate", "pingone")
            else ()
        ):
            assert f"**{part}" in page.read_text(), f"{page.name} lacks {part}"
    linked = re.findall(r"\]\((\w+\.md)\)", index)
    assert {p.name for p in (ROOT / "docs/idp").glob("*.md")} - {"index.md"} == set(linked)


def test_every_reason_is_explained_to_administrators() -> None:
    page = (ROOT / "docs/how-to/troubleshooting.md").read_text() + (
        ROOT / "docs/reference/reasons.md"
    ).read_text()
    assert [reason for reason in memberof.Reason if f"`{reason}`" not in page] == []


def test_tests_that_the_page_of_laws_names_are_there() -> None:
    page = (ROOT / "docs/explanation/laws.md").read_text()
    sources = "\n".join(
        path.read_text()
        for folder in ("tests/rust", "tests/python", "python/memberof/testing")
        for path in (ROOT / folder).rglob("*.[rp][sy]")
    )
    named = set(re.findall(r"`(_?[a-z]\w{14,})`", page)) - {"store_conformance"}
    assert len(named) > 15
    assert [name for name in sorted(named) if not re.search(rf"(?:fn|def) {name}\b", sources)] == []
