"""``python -m memberof.demo``: the main job on captured Responses, then the same in a browser."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m memberof.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="print the transcript and end")
    parser.add_argument("--no-transcript", action="store_true", help="start the web application at once")
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
    parser.add_argument(
        "--database", type=Path, help="SQLite file to use (default: a new one that is removed)"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="memberof-demo-") as folder:
        if not options.no_transcript:
            from memberof.demo.transcript import print_transcript

            print_transcript(Path(folder) / "transcript.db", sys.stdout)
        if options.once:
            return 0
        return _serve(options.database or Path(folder) / "demo.db", options.port)


def _serve(database: Path, port: int) -> int:
    import uvicorn

    from memberof.demo.application import create_application

    origin = f"http://127.0.0.1:{port}"
    print(f"\nOpen {origin} in a browser. End with Ctrl+C.", flush=True)  # noqa: T201 - this is its output
    application = create_application(database_url(database), origin)
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning", server_header=False)
    return 0


def database_url(database: Path) -> str:
    """A browser that waits for a locked database is told so after three seconds, not after the store's minute."""
    return f"sqlite:///{database}?timeout=3"


if __name__ == "__main__":
    raise SystemExit(main())
