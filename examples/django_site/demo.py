"""The example with everything in place: two customers with a test identity provider each, people, groups, an administrator.

What ``make demo`` serves. Everything lives in a temporary folder and is gone afterwards.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Make the site, print how to get in, and serve it until Ctrl+C."""
    parser = argparse.ArgumentParser(prog="demo.py", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="memberof-demo-") as folder, ExitStack() as services:
        _configure(Path(folder), options.port)
        from notes import demonstration

        password = secrets.token_urlsafe(6)
        try:
            customers = demonstration.make(services, password)
            print(demonstration.welcome(customers, password), flush=True)  # noqa: T201 - this is its output
            _serve(options.port)
        except KeyboardInterrupt:
            return 0
    return 0


def _configure(folder: Path, port: int) -> None:
    from cryptography.fernet import Fernet

    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "notes.settings",
        # Browsers take localhost for trustworthy without TLS, and so keep the cookies of a sign-in.
        "NOTES_BASE_URL": f"http://localhost:{port}",
        "NOTES_DATABASE": f"sqlite:///{folder / 'notes.sqlite3'}",
        "NOTES_DEBUG": "0",
        "NOTES_SECRET_KEY": secrets.token_urlsafe(32),
        "NOTES_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }
    import django

    django.setup()


def _serve(port: int) -> None:
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers import basehttp
    from django.core.wsgi import get_wsgi_application

    application = StaticFilesHandler(get_wsgi_application())
    logging.getLogger("django.server").setLevel(logging.ERROR)
    basehttp.run(HOST, port, application, threading=True)


if __name__ == "__main__":
    sys.exit(main())
