"""Writes docs/reference/command-line.md from the commands' own parsers; a test says whether it is current."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "command-line.md"

HEAD = """\
# Command line

`memberof` comes with the package; the extra `cli` adds colours, `test-idp` needs the extra `test`. The commands of Django stand
[with its settings](django.md#commands). Exit status: 0 fine, 1 problems found, 2 nothing could be read.
"""


class _Parser(Exception):  # noqa: N818 - it carries what was asked for
    pass


def parser_of(main: Callable[[list[str]], int]) -> argparse.ArgumentParser:
    """The parser that a command makes, taken from its hands before it parses."""
    with _caught() as caught:
        main([])
    return caught[0]


@contextmanager
def _caught() -> Iterator[list[argparse.ArgumentParser]]:
    caught: list[argparse.ArgumentParser] = []

    def parse_args(self: argparse.ArgumentParser, *_: object) -> None:
        caught.append(self)
        raise _Parser

    with patch.object(argparse.ArgumentParser, "parse_args", parse_args):
        try:
            yield caught
        except _Parser:
            return


def page() -> str:
    """The page as Markdown."""
    from memberof.cli import main
    from memberof.testing.command import main as test_idp

    whole = parser_of(main)
    commands = next(each for each in whole._actions if isinstance(each, argparse._SubParsersAction))
    parsers = {**commands.choices, "test-idp": parser_of(test_idp)}
    helps = {each.dest: each.help for each in commands._choices_actions}
    return HEAD + "".join(section(name, helps[name] or "", parser) for name, parser in parsers.items())


def section(name: str, about: str, parser: argparse.ArgumentParser) -> str:
    rows = [
        row(action)
        for action in parser._actions
        if action.help is not argparse.SUPPRESS and action.dest != "help"
    ]
    description = " ".join((parser.description or about).split())
    table = "\n".join(["| argument | meaning |", "|---|---|", *rows])
    return f"\n## memberof {name}\n\n{description[0].upper()}{description[1:]}\n\n{table}\n"


def row(action: argparse.Action) -> str:
    names = ", ".join(f"`{each}`" for each in action.option_strings) or f"`{action.metavar or action.dest}`"
    if action.option_strings and action.nargs != 0:
        names += f" `{action.metavar or action.dest.upper()}`"
    about = (action.help or "").replace("%(default)s", str(action.default))
    if action.choices:
        about += ": " + ", ".join(f"`{each}`" for each in action.choices)
    return f"| {names} | {about.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    PAGE.write_text(page())
