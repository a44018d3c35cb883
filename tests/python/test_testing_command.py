"""The command that runs a live test identity provider."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from memberof.testing import personas
from memberof.testing.command import main


def test_it_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "memberof.testing", "adfs", "--port", "0", "--user", "ada=Staff, R&D"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear_interrupts
    ) as running:
        assert running.stdout is not None
        about = "".join(running.stdout.readline() for _ in range(3))
        url = re.search(r"Microsoft AD FS .*: (http://127\.0\.0\.1:\d+)\n", about)
        assert url is not None, about
        page = urllib.request.urlopen(url[1], timeout=5).read().decode()
        assert "Groups of ada" in page
        assert "Staff\nR&amp;D" in page
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0


def hear_interrupts() -> None:
    """Shells start what runs in the background deaf to SIGINT; its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_it_lists_the_products(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(personas())


def test_an_unknown_product_is_an_error_with_near_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["keyclok"])
    assert "did you mean keycloak" in capsys.readouterr().err
