"""The command `memberof`."""

from __future__ import annotations

import io
import json
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import memberof
from memberof.cli import main
from memberof.cli.terminal import Terminal
from memberof.doctor.report import report
from memberof.testing import TestIdp, personas

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent.parent
VECTORS = ROOT / "tests" / "vectors"
SAMPLE = str(VECTORS / "idp" / "simplesamlphp" / "both-dn3.b64")
METADATA = str(VECTORS / "idp" / "simplesamlphp" / "idp-metadata.xml")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ran(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return ran


def test_a_response_is_shown_in_plain_text_and_nothing_else(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run("inspect", SAMPLE)
    assert (status, err) == (0, "")
    assert out == f"{memberof.diagnose(Path(SAMPLE))}\n"
    assert out.startswith("NOT VERIFIED\n")


def test_with_metadata_it_is_verified(run: Callable[..., tuple[int, str, str]]) -> None:
    arguments = ["--metadata", METADATA, "--entity-id", "https://sp.example.test/metadata"]
    status, out, _ = run("inspect", SAMPLE, *arguments, "--acs-url", "http://127.0.0.1:9/acs")
    assert status == 0
    assert out.startswith("VERIFIED\n")
    status, out, _ = run("inspect", SAMPLE, *arguments, "--acs-url", "https://other.example/acs")
    assert status == 1
    assert out.startswith("NOT VERIFIED\n")
    assert "[saml.destination_mismatch]" in out


def test_an_encrypted_assertion_is_opened_with_a_key_in_der(run: Callable[..., tuple[int, str, str]]) -> None:
    folder = VECTORS / "idp" / "simplesamlphp"
    file = str(folder / "enc-both-groups3.b64")
    status, out, _ = run("inspect", file)
    assert (status, "doctor.encrypted" in out) == (1, True)
    arguments = ["--metadata", METADATA, "--entity-id", "https://sp.example.test/metadata"]
    status, out, _ = run("inspect", file, *arguments, "--decryption-key", str(folder / "sp-key.der"))
    assert status == 0
    assert "  - admins\n  - developers\n  - qa-team\n" in out


def test_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., tuple[int, str, str]]
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(Path(SAMPLE).read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    status, out, _ = run("inspect", "-")
    assert (status, "- Group3" in out) == (0, True)


def test_json_is_for_programs_and_safe_to_print(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "attributes.json"
    file.write_text(json.dumps({"memberOf": ["Ärzte", "a\u202eb", "c\x9bd"]}))
    status, out, _ = run("inspect", str(file), "--json", "--format", "array")
    assert status == 0 if json.loads(out)["problems"] == [] else 1
    found = json.loads(out)
    assert found["verified"] is False
    assert found["groups"][:2] == ["Ärzte", "a\u202eb"]
    assert "Ärzte" in out
    assert all(one.isprintable() or one == "\n" for one in out)


def test_values_are_shown_on_request(run: Callable[..., tuple[int, str, str]]) -> None:
    assert "dn3@example.test" not in run("inspect", SAMPLE)[1]
    assert "dn3@example.test" in run("inspect", SAMPLE, "--show-values")[1]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--attribute", "groups"], 1, "doctor.no_group_attribute"),
        (["--format", "array"], 1, "claim.looks_like_dn"),
        (["--format", "ldap"], 0, "Group1"),
        (["--preset", "adfs"], 0, "docs/idp/adfs.md"),
    ],
)
def test_what_is_said_of_the_groups_counts(
    arguments: list[str], status: int, says: str, run: Callable[..., tuple[int, str, str]]
) -> None:
    found, out, _ = run("inspect", SAMPLE, *arguments)
    assert (found, says in out) == (status, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tests/vectors/doctor/cut-off.txt"], "doctor.base64_truncated"),
        (["/nonexistent"], "doctor.file"),
        ([SAMPLE, "--metadata", "/nonexistent"], "doctor.file"),
        ([SAMPLE, "--metadata", SAMPLE], "metadata.xml"),
        ([SAMPLE, "--format", "xml"], "config.invalid"),
        ([SAMPLE, "--index", "2"], "doctor.no_such_response"),
    ],
)
def test_what_cannot_be_read_is_status_2_and_one_message(
    arguments: list[str], code: str, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    status, out, err = run("inspect", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("memberof: ")
    assert f"[{code}]" in err
    assert "Traceback" not in err


def test_wrong_usage_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["inspect"], ["examine"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_the_presets_are_listed(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("presets")
    assert status == 0
    names = [preset.name for preset in memberof.GroupExtractor.presets()]
    assert [line.split()[0] for line in out.splitlines()[1:]] == names
    listed = json.loads(run("presets", "--json")[1])
    assert [preset["name"] for preset in listed] == names
    assert listed[0]["format"] == "ldap"


def test_the_test_identity_provider_is_reached_with_its_own_options(
    run: Callable[..., tuple[int, str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run("test-idp", "--list")
    assert (status, len(out.splitlines())) == (0, len(personas()))
    with pytest.raises(SystemExit, match="0"):
        main(["test-idp", "--help"])
    assert "usage: memberof test-idp" in capsys.readouterr().out


def test_whoever_reads_may_stop_reading(tmp_path: Path) -> None:
    file = tmp_path / "attributes.json"
    file.write_text(
        json.dumps({"memberOf": [f"group {number}" for number in range(20_000)]})
    )  # more than a pipe holds
    command = f"{sys.executable} -m memberof.cli inspect {file} --json | head -n 1"
    ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("{\n", "")


def test_it_is_installed_as_a_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["memberof"].partition(":")
    assert getattr(__import__(module, fromlist=[name]), name) is main


# The terminal.


def in_terminal(diagnosis: memberof.Diagnosis, width: int = 100) -> str:
    from rich.console import Console

    file = io.StringIO()
    Terminal(
        Console(file=file, force_terminal=True, width=width, highlight=False, color_system="standard")
    ).sections(report(diagnosis))
    return file.getvalue()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_a_terminal_shows_all_that_the_text_does(width: int) -> None:
    diagnosis = memberof.diagnose(Path(SAMPLE), format="array")
    shown = in_terminal(diagnosis, width)
    assert "\x1b[" in shown
    squeezed = re.sub(r"[\s│╭╮╰╯─━•]+", "", plain(shown))
    for line in str(diagnosis).splitlines():
        for word in line.replace("- ", " ").split():
            assert word.strip("[]") in squeezed, word
    assert max(map(len, plain(shown).splitlines())) <= width


def test_a_terminal_reads_no_name_as_markup() -> None:
    diagnosis = memberof.diagnose({"memberOf": ["[bold red]x[/]", "\x1b[31my"]})
    shown = plain(in_terminal(diagnosis))
    assert "[bold red]x[/]" in shown
    assert "\\x1b[31my" in shown or "\x1b" not in shown


def test_colours_are_for_terminals_and_need_no_rich(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., tuple[int, str, str]]
) -> None:
    monkeypatch.setattr("memberof.cli.output._is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "╭" in run("inspect", SAMPLE)[1]
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "memberof.cli.terminal")
    assert run("inspect", SAMPLE)[1] == f"{memberof.diagnose(Path(SAMPLE))}\n"


# The documentation.


def test_the_output_in_the_documentation_is_what_the_command_prints() -> None:
    script: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "console.py"))
    page = (ROOT / "docs" / "doctor.md").read_text()
    assert len(script["BLOCK"].findall(page)) >= 8
    assert script["rewritten"](page) == page


def test_a_persona_from_the_command_line_to_the_groups(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    idp = TestIdp("adfs")
    (tmp_path / "metadata.xml").write_text(idp.metadata_xml)
    (tmp_path / "form.txt").write_text(idp.response(groups=["Sales, EMEA"]))
    status, out, _ = run("inspect", str(tmp_path / "form.txt"), "--metadata", str(tmp_path / "metadata.xml"))
    assert status == 0
    assert "- Sales, EMEA" in out
    assert "memberof.GroupExtractor.preset('adfs')" in out
