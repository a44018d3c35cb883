"""Writes the figures of `make coverage` into docs/explanation/coverage.md: per floor, and every line that no test reaches, with why."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "explanation" / "coverage.md"
HERE = ROOT / "target" / "coverage"
TOOLS = ROOT / "target" / "llvm" / "bin"
BEGIN, END = "<!-- coverage: written by make coverage, not by hand -->", "<!-- coverage: end -->"

# What a line is that no test reaches, by the first pattern that fits "function: text of the line"; the last fits all.
KINDS = {
    "made by pyo3's macros": r"\#\[py(?:methods|class)",
    "runs while compiling, not when tests run": r"^classes: ",
    "a Debug text that gives sizes only, or a repr": r"^(?:fmt|__repr__|__str__): ",
    "what is said where a package of an extra is missing": r"ModuleNotFoundError|ImportError",
    "a refusal: what is refused is, the way to this one has no test": r"\b(?:return )?Err\(|problems\.push|malformed\(|structure\(|refuse\(|^code: |^hint: |\braise |Error\(|fault\(|failed\(",
    "an arm that makes a match whole": r": (?:_|Some\(_\)|[\w:]+(?: \{ \.\. \}|\(_\))?) => (?:None|\{\}|&\[\]|continue)|: (?:\}|\)\?;|else:|continue;?|break;?|return;?|pass)?$",
    "a case that no test makes": "",
}
FUNCTION = re.compile(r"^ *(?:pub(?:\([a-z]+\))? )?(?:const )?(?:async )?(?:fn|def) (\w+)")


def main() -> int:
    parts = [*rust(), *python()]
    old = PAGE.read_text()
    head, rest = old.split(BEGIN)
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    PAGE.write_text(
        f"{head}{BEGIN}\n\nAt commit `{commit}`; later commits move lines.\n\n"
        + "\n".join(parts)
        + f"\n{END}{rest.split(END)[1]}"
    )
    return 0


def rust() -> list[str]:
    programs = [
        each["executable"]
        for each in map(json.loads, (HERE / "programs.json").read_text().splitlines())
        if each.get("executable")
    ]
    merged = HERE / "rust.profdata"
    raw = [str(path) for path in (HERE / "raw").glob("*.profraw")]
    subprocess.run(
        [TOOLS / "llvm-profdata", "merge", "-sparse", "-failure-mode=all", *raw, "-o", merged], check=True
    )
    objects = [*programs, str(HERE / "python" / "memberof" / "_memberof.abi3.so")]
    options = [word for each in objects[1:] for word in ("-object", each)]
    told = subprocess.run(
        [TOOLS / "llvm-cov", "export", "-format=lcov", f"-instr-profile={merged}", objects[0], *options],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines: dict[str, dict[int, bool]] = defaultdict(dict)
    file = ""
    for line in told.splitlines():
        if line.startswith("SF:"):
            file = line.removeprefix("SF:")
        elif line.startswith("DA:"):
            number, hits = line.removeprefix("DA:").split(",")[:2]
            lines[file][int(number)] = lines[file].get(int(number), False) or hits != "0"
    own = {
        path.relative_to(ROOT).as_posix(): found
        for name, found in lines.items()
        if (path := Path(name)).is_relative_to(ROOT / "src")
    }
    return report("The Rust core", {name: tested(name, found) for name, found in own.items()}, 2)


def tested(name: str, found: dict[int, bool]) -> dict[int, bool]:
    """Without the tests that stand in the file itself."""
    text = (ROOT / name).read_text().splitlines()
    end = next(
        (number for number, line in enumerate(text, 1) if line.startswith("#[cfg(test)]")), len(text) + 1
    )
    return {number: hit for number, hit in found.items() if number < end}


def python() -> list[str]:
    coverage = Path(sys.executable).parent / "coverage"
    subprocess.run([coverage, "combine", "--quiet", HERE / "lines"], check=True, cwd=ROOT)
    subprocess.run([coverage, "json", "--quiet", "-o", HERE / "python.json"], check=True, cwd=ROOT)
    files = json.loads((HERE / "python.json").read_text())["files"]
    found = {
        name: {
            **dict.fromkeys(each["executed_lines"], True),
            **dict.fromkeys(each["missing_lines"], False),
        }
        for name, each in files.items()
        if "/demo/" not in name and "/migrations/" not in name
    }
    return report("The Python package", found, 3)


def report(title: str, files: dict[str, dict[int, bool]], depth: int) -> list[str]:
    """A table by folder, and each group of lines that is not reached."""
    folders: dict[str, list[dict[int, bool]]] = defaultdict(list)
    for name, lines in sorted(files.items()):
        parts = name.split("/")
        folders["/".join(parts[:depth]) if len(parts) > depth else "/".join(parts[: depth - 1])].append(lines)
    rows = []
    for folder, found in folders.items():
        whole, missed = sum(map(len, found)), sum(not hit for lines in found for hit in lines.values())
        rows.append(f"| `{folder}` | {whole} | {missed} | {100 * (whole - missed) / max(whole, 1):.1f} % |")
    places = [
        (name, function, numbers, [kind_of(name, function, number) for number in numbers])
        for name, lines in sorted(files.items())
        for function, numbers in missed_in(name, lines).items()
    ]
    counts = Counter(kind for *_, kinds in places for kind in kinds)
    whole, missed = (
        sum(map(len, files.values())),
        sum(not hit for one in files.values() for hit in one.values()),
    )
    rows.append(f"| **all** | **{whole}** | **{missed}** | **{100 * (whole - missed) / whole:.1f} %** |")
    return [
        f"## {title}\n",
        "| where | lines | not reached | reached |\n|---|---:|---:|---:|",
        *rows,
        "\nNot reached:\n",
        "| kind | lines |\n|---|---:|",
        *(f"| {kind} | {counts[kind]} |" for kind in KINDS if counts[kind]),
        "\n| file | function | lines | kind |\n|---|---|---|---|",
        *(
            f"| `{name}` | `{function}` | {runs(numbers)} | {'; '.join(kind for kind in KINDS if kind in kinds)} |"
            for name, function, numbers, kinds in places
        ),
        "",
    ]


def kind_of(name: str, function: str, number: int) -> str:
    line = f"{function}: {(ROOT / name).read_text().splitlines()[number - 1].strip()}"
    return next(kind for kind, pattern in KINDS.items() if re.search(pattern, line))


def missed_in(name: str, lines: dict[int, bool]) -> dict[str, list[int]]:
    """Function → its lines that are not reached."""
    text = (ROOT / name).read_text().splitlines()
    found: dict[str, list[int]] = defaultdict(list)
    for number in sorted(number for number, hit in lines.items() if not hit):
        above = (FUNCTION.match(line) for line in reversed(text[:number]))
        found[next((match[1] for match in above if match), "module")].append(number)
    return found


def runs(missed: list[int]) -> str:
    groups = [
        [number for _, number in group]
        for _, group in groupby(enumerate(missed), lambda pair: pair[1] - pair[0])
    ]
    return ", ".join(str(group[0]) if len(group) == 1 else f"{group[0]}–{group[-1]}" for group in groups)


if __name__ == "__main__":
    sys.exit(main())
