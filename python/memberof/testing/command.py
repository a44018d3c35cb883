"""``python -m memberof.testing``: a live test identity provider on 127.0.0.1."""

from __future__ import annotations

import argparse
import sys

from memberof.testing.catalogue import persona, personas


def main(arguments: list[str] | None = None, program: str = "python -m memberof.testing") -> int:
    """Serve until Ctrl+C; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="A test identity provider on 127.0.0.1. It signs in anybody: trust it in tests only.",
    )
    parser.add_argument(
        "persona", nargs="?", default="generic", help="which product it is like (default: generic)"
    )
    parser.add_argument("--port", type=int, default=8001, help="port (default: 8001; 0 takes a free one)")
    parser.add_argument("--entity-id", help="issuer (default: the product's)")
    parser.add_argument(
        "--user",
        action="append",
        default=[],
        metavar="NAME=GROUP,GROUP",
        help="a person and her groups; repeatable",
    )
    parser.add_argument("--list", action="store_true", help="list the products and end")
    options = parser.parse_args(arguments)
    if options.list:
        for each in personas():
            print(f"{each.name:<20} {each.product}")  # noqa: T201 - the output of a command
        return 0
    try:
        chosen = persona(options.persona)
    except LookupError as error:
        parser.error(str(error.args[0]))
    people: dict[str, list[str]] = {}
    for text in options.user:
        name, _, groups = text.partition("=")
        people[name] = [group.strip() for group in groups.split(",") if group.strip()]

    from memberof.testing import TestIdp

    idp = TestIdp(chosen, entity_id=options.entity_id)
    try:
        with idp.serve(port=options.port, people=people or None) as live:
            about = f"{chosen.product}: {live.url}\nmetadata: {live.metadata_url}\nEnd with Ctrl+C."
            print(about, flush=True)  # noqa: T201 - the output of a command
            live.wait()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
    return 0
