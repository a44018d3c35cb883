"""The first CN of each distinguished name of an Arrow column, on one thread: ours beside regular expressions and directory libraries."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import ldap.dn
import pyarrow as pa
import pyarrow.compute as pc
from harness import Row, Table, compare, save

import memberof

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROWS = 1_000_000
SLOW = 50  # python-ldap is timed on one row in so many
FIRST_CN = r"(?i)^\s*cn\s*=\s*(?P<name>(?:\\.|[^,+\\])*)"
UNESCAPE = r"\\(.)"

# What the peers are asked besides the timed columns, since a column of plain names hides every mistake.
ODD = [
    r"CN=Smith\, James K.,OU=West,DC=example,DC=com",
    r"CN=Smith\2C James,DC=example,DC=com",
    r"CN=Gr\C3\B6\C3\9Fe,DC=example,DC=com",
    'CN="Smith, James",DC=example,DC=com',
    "CN=#0C0553616C6573,DC=example,DC=com",
    r"CN=Sales\ ,DC=example,DC=com",
    "CN=Sales ,DC=example,DC=com",
    "OU=x+CN=Sales,DC=example,DC=com",
    "2.5.4.3=Sales,DC=example,DC=com",
    "CN=a;DC=example,DC=com",
    "OU=Team,CN=Parent,DC=example",
    "CN=Sales,EMEA,DC=example",
    "CN=Sales\\",
    "Sales",
]

C_PROGRAM = r"""
#define LDAP_DEPRECATED 1
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The first CN of the first RDN of every line; prints seconds, or with a second argument the answers. */
int main(int count, char **arguments) {
    FILE *file = fopen(arguments[1], "rb");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    if (fread(text, 1, size, file) != (size_t)size) return 1;
    text[size] = 0;
    size_t found = 0;
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (char *line = text; *line; ) {
        char *stop = strchr(line, '\n');
        *stop = 0; /* the library reads one byte past an escape at the end */
        struct berval bytes = {(ber_len_t)(stop - line), line};
        LDAPDN dn = NULL;
        struct berval *answer = NULL;
        int code = ldap_bv2dn(&bytes, &dn, LDAP_DN_FORMAT_LDAP);
        if (code == LDAP_SUCCESS && dn && dn[0])
            for (LDAPAVA **ava = dn[0]; *ava && !answer; ava++)
                if ((*ava)->la_attr.bv_len == 2 && !strncasecmp((*ava)->la_attr.bv_val, "cn", 2)) answer = &(*ava)->la_value;
        if (answer) found += answer->bv_len;
        if (count > 2) {
            if (code != LDAP_SUCCESS) puts("!");
            else if (!answer) puts("-");
            else { putchar('='); fwrite(answer->bv_val, 1, answer->bv_len, stdout); putchar('\n'); }
        }
        if (dn) ldap_dnfree(dn);
        line = stop + 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (count == 2) printf("%.9f %zu\n", (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9, found);
    return 0;
}
"""


def directory(rows: int, *, escaped: float, seed: int = 7) -> list[str]:
    """Memberships as an audit reads them: many groups, few containers; a share of the names needs an escape."""
    draw = random.Random(seed)
    containers = [
        f"OU=Groups,OU=Site {site:02d},OU=Region {site % 5},DC=corp,DC=example,DC=com" for site in range(40)
    ] + ["CN=Users,DC=corp,DC=example,DC=com"]
    words = ["App", "Sales", "EMEA", "Müller & Partner", "Größe", "Finance", "R-and-D", "Editors", "日本"]
    groups = []
    for index in range(20_000):
        name = f"{draw.choice(words)} {draw.choice(words)} {index:05d}"
        if draw.random() < escaped:
            name = name.replace(" ", draw.choice([r"\, ", r" \+ ", r"\2C "]), 1)
        groups.append(f"CN={name},{draw.choice(containers)}")
    return draw.choices(groups, k=rows)


def ours(column: pa.Array) -> Callable[[], object]:
    return lambda: memberof.common_names(column)


def pyarrow_regex(column: pa.Array) -> Callable[[], pa.Array]:
    """As good as a regular expression gets: escapes are kept together; backslashes are taken out where there are any."""

    def run() -> pa.Array:
        return pc.struct_field(pc.extract_regex(column, FIRST_CN), "name")

    return run


def unescaped(names: Sequence[str | None]) -> list[str | None]:
    return [None if name is None else re.sub(UNESCAPE, r"\1", name) for name in names]


def python_ldap_name(text: str) -> str | None:
    try:
        parts = ldap.dn.str2dn(text)
    except ldap.DECODING_ERROR:
        return None
    return next((value for kind, value, _ in parts[0] if kind.lower() == "cn"), None) if parts else None


def openldap(folder: Path) -> Path:
    source, program = folder / "first_cn.c", folder / "first_cn"
    source.write_text(C_PROGRAM)
    subprocess.run(["cc", "-O2", "-o", program, source, "-lldap", "-llber"], check=True)
    return program


def openldap_names(program: Path, rows: Sequence[str], folder: Path) -> list[str | None]:
    lines = folder / "odd.txt"
    lines.write_text("".join(f"{row}\n" for row in rows))
    out = subprocess.run([program, lines, "answers"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return [line[1:] if line.startswith("=") else None for line in out.split("\n")[:-1]]


def check_answers(program: Path, folder: Path, rows: list[str]) -> None:
    """Everybody who parses must agree on a sample of what is timed."""
    wanted = pa.table(memberof.common_names(pa.array(rows)))["name"].to_pylist()
    peers = {
        "python-ldap": [python_ldap_name(row) for row in rows],
        "ldap_str2dn": openldap_names(program, rows, folder),
        "parse_dn": [memberof.parse_dn(row).common_name for row in rows],
    }
    for name, names in peers.items():
        if names != wanted:
            row, theirs, mine = next(t for t in zip(rows, names, wanted, strict=True) if t[1] != t[2])
            raise SystemExit(f"{name} reads {row!r} as {theirs!r}, memberof as {mine!r}")


def odd_notes(program: Path, folder: Path) -> list[str]:
    wanted = pa.table(memberof.common_names(pa.array(ODD)))["name"].to_pylist()
    regex = unescaped(pyarrow_regex(pa.array(ODD))().to_pylist())
    peers = {
        "pyarrow's regex": regex,
        "python-ldap": [python_ldap_name(row) for row in ODD],
        "ldap_str2dn": openldap_names(program, ODD, folder),
    }
    notes = []
    for name, names in peers.items():
        wrong = [
            f"`{row}` → `{theirs!r}` (memberof: `{mine!r}`)"
            for row, theirs, mine in zip(ODD, names, wanted, strict=True)
            if theirs != mine
        ]
        notes.append(f"{name} differs on {len(wrong)} of {len(ODD)} odd names: " + "; ".join(wrong))
    return notes


def main() -> None:
    pa.set_cpu_count(1)
    table = Table(
        "dn",
        f"First CN of {ROWS:,} distinguished names in an Arrow column, one thread",
        "million DN/s",
        "memberof",
        higher_is_better=True,
    )
    if shutil.which("cc") is None:
        raise SystemExit("the bench compiles a C program: install a C compiler and libldap2-dev")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = openldap(folder)
        for job, escaped in {"plain names": 0.0, "one name in 20 escaped": 0.05, "all escaped": 1.0}.items():
            rows = directory(ROWS, escaped=escaped)
            check_answers(program, folder, rows[:20_000])
            lines = folder / "rows.txt"
            lines.write_text("".join(f"{row}\n" for row in rows))
            column, few = pa.array(rows), rows[::SLOW]
            seconds = compare(
                {
                    "memberof": ours(column),
                    "pyarrow regex": pyarrow_regex(column),
                    "python-ldap": lambda few=few: [python_ldap_name(row) for row in few],
                },
                rounds=9,
            )
            runs = [
                float(subprocess.run([program, lines], stdout=subprocess.PIPE, check=True).stdout.split()[0])
                for _ in range(5)
            ]
            seconds["ldap_str2dn, C"] = sorted(runs)[len(runs) // 2]
            counts = {"python-ldap": len(few)}
            figures = {way: counts.get(way, ROWS) / time / 1e6 for way, time in seconds.items()}
            table.rows.append(Row(job, figures))
        table.notes = [
            "pyarrow's figure is for the match alone, without taking out backslashes; memberof's includes every check of the whole name.",
            "Answers: memberof, python-ldap and ldap_str2dn agree on 20,000 names of each job.",
            *odd_notes(program, folder),
        ]
    save(table)


if __name__ == "__main__":
    main()
