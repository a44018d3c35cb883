"""docs/tutorials/fastapi.md, followed step by step in an empty folder, ending with a sign-in."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from services.crowd import PERSISTENT, ask, begin, free_port, ready, wait_for

from memberof.testing import TestIdp

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorials" / "fastapi.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)


class Reader:
    """Does what the tutorial says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.origin = f"http://localhost:{self.port}"
        application, self.users = blocks("python")
        assert application.startswith("# app.py\n")
        (folder / "app.py").write_text(application)
        self.idp = TestIdp("keycloak")
        (folder / "idp.xml").write_text(self.idp.metadata_xml)
        self.serve = next(block for block in blocks("sh") if block.startswith("uvicorn"))
        exports = re.findall(r"^export (\w+)=(\S+)", "".join(blocks("sh")), re.M)
        self.settings = {name: value.replace("http://localhost:8000", self.origin) for name, value in exports}

    @contextmanager
    def running(self, **changed: str) -> Iterator[None]:
        env = {**os.environ, **self.settings, **changed}
        command = [sys.executable, "-m", *self.serve.split(), "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            server = subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log)
            try:
                wait_for(self.port)
                yield
            finally:
                server.terminate()
                server.wait(30)

    def sign_in(self) -> dict[str, str]:
        """Return the header of a browser that is signed in."""
        status, headers, _ = ask(self.port, "GET", "/groups", headers={"Accept": "text/html"})
        assert (status, headers["Location"]) == (303, "/saml/?next=%2Fgroups")

        def respond(request_id: str) -> str:
            return self.idp.response(
                user="alice",
                groups=["Sales", "Editors"],
                request_id=request_id,
                sp_entity_id=f"{self.origin}/saml/acme/metadata",
                acs_url=f"{self.origin}/saml/acme/acs",
                name_id_format=PERSISTENT,
            )

        back = ready(begin(self.port, "/saml/?next=%2Fgroups"), respond)
        form = {"Cookie": back.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        status, headers, _ = ask(self.port, "POST", "/saml/acme/acs", back.form, form)
        assert (status, headers["Location"]) == (303, "/groups")
        cookies = [value.partition(";")[0] for value in headers.get_all("Set-Cookie") or ()]
        return {"Cookie": next(cookie for cookie in cookies if "session" in cookie)}

    def page(self, path: str, headers: dict[str, str]) -> object:
        status, _, text = ask(self.port, "GET", path, headers=headers)
        return status, json.loads(text)


def test_a_blank_project_signs_in_with_groups_by_the_tutorial_alone(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    with reader.running():
        cookie = reader.sign_in()
        assert reader.page("/groups", cookie) == (200, [])
        assert reader.page("/", cookie) == (200, {"signed_in": "alice"})
    with reader.running(MEMBEROF_PROVIDERS__ACME__MODE="on"):
        cookie = reader.sign_in()
        assert reader.page("/groups", cookie) == (200, ["Editors", "Sales"])
        assert reader.page("/editors", cookie) == (200, "Welcome, alice")
        assert reader.page("/groups", {}) == (401, {"detail": "sign in first"})


def test_the_users_of_the_tutorial_are_those_of_the_code(tmp_path: Path) -> None:
    from memberof.fastapi import Accounts

    (named,) = [node for node in ast.parse(Reader(tmp_path).users).body if isinstance(node, ast.ClassDef)]
    methods = {node.name for node in named.body if isinstance(node, ast.AsyncFunctionDef)}
    assert methods == {name for name in vars(Accounts) if not name.startswith("_")}
