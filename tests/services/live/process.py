"""A server of somebody else's, started by a test and ended with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from services.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Process:
    """A command that runs until it is stopped, with all that it started.

    Args:
        command: The program and its arguments.
        log: Where its output goes.
        env: Variables beside those of this process.
        cwd: Its folder.

    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        # Ended with us, however we end; a group of its own, so that what it starts can be ended with it.
        dying = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*dying, *command],
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def wait_for(self, url: str, seconds: float = 240) -> None:
        """Wait until there is an answer at this address that is no error of a server on its way up.

        Raises:
            RuntimeError: There was none; the message has the end of the log.

        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(url, timeout=10):
                    return
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return
            except OSError:
                pass
            self.pause()
        raise RuntimeError(f"no answer at {url}:\n{self.output()[-3000:]}")

    def pause(self) -> None:
        """Let it go on for a moment.

        Raises:
            RuntimeError: It has ended; the message has the end of the log.

        """
        if self._process.poll() is not None:
            raise RuntimeError(f"it has ended with {self._process.returncode}:\n{self.output()[-3000:]}")
        time.sleep(0.05)

    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """End it and all that it started."""
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
                return


class Server(ABC):
    """Something that runs, in a folder and on a port of its own: ``with …() as server``."""

    #: What its folder is called.
    name: ClassVar[str]

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"memberof-{self.name}-"))
        self.port = free_port()
        self.process: Process | None = None
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @abstractmethod
    def start(self) -> None:
        """Set it up in ``folder``, and start it."""

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.stop()
            self.process = None
