"""``memberof``: its subcommands, each in a module of its own."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from memberof.cli import audit, inspect, presets
from memberof.cli.output import say_error
from memberof.errors import MemberOfError

if TYPE_CHECKING:
    from collections.abc import Sequence

FINE, PROBLEMS, UNREADABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 fine, 1 problems found, 2 nothing could be read, 3 as asked for."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["test-idp"]:
        return _test_idp(given[1:])
    parser = argparse.ArgumentParser(
        prog="memberof",
        description="SAML group memberships: look at what an identity provider sends, and at what it would change.",
        epilog="memberof COMMAND --help says more about each.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    inspect.add_to(commands)
    audit.add_to(commands)
    presets.add_to(commands)
    # It has its own options, so it is only named here.
    commands.add_parser("test-idp", help="run a test identity provider on 127.0.0.1", add_help=False)
    options = parser.parse_args(given)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except MemberOfError as error:
        say_error(error)
        return UNREADABLE
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`); and the interpreter must not fail once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    return status


def _test_idp(arguments: list[str]) -> int:
    from memberof.testing.command import main as serve

    try:
        return serve(arguments, program="memberof test-idp")
    except ImportError as error:  # it names the extra
        sys.stderr.write(f"memberof: {error}\n")
        return UNREADABLE
