"""Write the output of `memberof` commands into the `console` blocks of a page, so that pages show what is true.

    python scripts/console.py docs/doctor.md

A block begins with `$ memberof …`; what follows is replaced by what the command prints, run at the root of the project. A
last line `exit status N` is written where the status isn't 0.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"(```console\n)(\$ memberof [^\n]*\n)(.*?)(```\n)", re.DOTALL)


def output(command: str) -> str:
    arguments = shlex.split(command.removeprefix("$ memberof "))
    ran = subprocess.run(
        [sys.executable, "-m", "memberof.cli", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={"PATH": "", "PYTHONUTF8": "1"},
        check=False,
    )
    return ran.stdout + (f"exit status {ran.returncode}\n" if ran.returncode else "")


def rewritten(page: str) -> str:
    return BLOCK.sub(lambda block: f"{block[1]}{block[2]}{output(block[2].strip())}{block[4]}", page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text()))
