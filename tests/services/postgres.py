"""A PostgreSQL server of our own in a temporary folder: started on a free loopback port, gone after use."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parent.parent.parent
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 * 2**30
INSTALL = "install PostgreSQL 13 or newer (Debian and Ubuntu: apt-get install postgresql)"


def binaries() -> Path:
    """Return the folder of ``initdb`` and ``postgres``, installing the Debian package if we may.

    Raises:
        RuntimeError: There is no PostgreSQL here; the message says what to install.

    """
    for _ in range(2):
        on_path = shutil.which("initdb")
        if on_path:
            return Path(on_path).resolve().parent
        versions = sorted(
            Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name)
        )
        if versions:
            return versions[-1].parent
        installed = subprocess.run(
            [ROOT / "scripts" / "apt-packages", "postgresql"], capture_output=True, text=True, check=False
        )
        if installed.returncode:
            raise RuntimeError(f"no PostgreSQL found: {INSTALL}\n{installed.stderr}")
    raise RuntimeError(f"no PostgreSQL found: {INSTALL}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PostgresServer:
    """One server for a test run; ``with PostgresServer() as server: server.url("name")``.

    Args:
        settings: More settings of the server, such as ``{"fsync": "off"}``.

    """

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self._settings = settings or {}
        self._password = secrets.token_hex(16)
        # The server refuses to run as root; Debian's package brings the user postgres.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        programs = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="memberof-pg-", dir=self._memory()))
        self.data = self.folder / "data"
        secret = self.folder / "password"
        secret.write_text(self._password)
        if self._user:
            owner = pwd.getpwnam(self._user)
            for path in (self.folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        made = subprocess.run(
            [
                *(programs / "initdb", "-D", self.data, "-U", "memberof", "--auth=scram-sha-256"),
                *(f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            user=self._user,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        self._programs = programs
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _memory(self) -> Path | None:
        """A folder in memory for a server that need not outlive a crash: hundreds of databases are many small files."""
        if self._settings.get("fsync") != "off" or not MEMORY.is_dir():
            return None
        return MEMORY if shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES else None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.port = self.port or free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "max_connections": "120",
            "shared_buffers": "64MB",
            **self._settings,
        }
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", self.data, "-p", str(self.port)),
                    *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                ],
                user=self._user,
                cwd="/",
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            # postmaster.pid's eighth line turns to "ready" once the server takes connections; after a crash the file
            # of the server before may still lie there.
            with contextlib.suppress(OSError, IndexError):
                lines = (self.data / "postmaster.pid").read_text().splitlines()
                if lines[0].strip() == str(self._process.pid) and lines[7].strip() == "ready":
                    return
            time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    @property
    def pid(self) -> int:
        """The server's process, whose children serve the connections."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends it in good order at once, SIGQUIT as a crash would."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def admin(self, statement: str) -> None:
        """Run one statement outside a transaction."""
        import psycopg

        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self, name: str) -> str:
        """Make a fresh, empty database and return its URL."""
        self.admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.admin(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://memberof:{self._password}@127.0.0.1:{self.port}/{name}"
