"""The example behind uvicorn with two processes: fifty people sign in at once, for the first time, into the same new groups."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import sqlalchemy as sa
from services.crowd import PERSISTENT, all_at_once, begin, free_port, post, ready, wait_for

from memberof.testing import TestIdp

EXAMPLE = Path(__file__).parents[3] / "examples" / "fastapi_app"
GROUPS = ["Sales", "Editors", "Staff"]


def test_fifty_sign_ins_at_once_make_no_error(database: str, tmp_path: Path) -> None:
    port = free_port()
    origin = f"http://localhost:{port}"
    idp = TestIdp("keycloak", entity_id="https://idp.example")
    provider = {"metadata": idp.metadata_xml, "group_format": "array", "mode": "on"}
    env = {
        **os.environ,
        "NOTES_DATABASE": database + ("?timeout=60" if "sqlite" in database else ""),
        "MEMBEROF_BASE_URL": origin,
        "MEMBEROF_PROVIDERS": json.dumps({"acme": provider}),
    }

    def sign_in(number: int) -> int:
        def respond(request_id: str) -> str:
            return idp.response(
                user=f"user-{number}",
                groups=GROUPS,
                request_id=request_id,
                sp_entity_id=f"{origin}/saml/acme/metadata",
                acs_url=f"{origin}/saml/acme/acs",
                name_id_format=PERSISTENT,
            )

        return post(port, "/saml/acme/acs", ready(begin(port, "/saml/acme/login"), respond))

    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "notes", "--port", str(port), "--workers", "2"]
        server = subprocess.Popen(command, cwd=EXAMPLE, env=env, stdout=log, stderr=log)
        try:
            wait_for(port)
            statuses = all_at_once(50, sign_in)
            again = all_at_once(50, sign_in)
        finally:
            server.terminate()
            server.wait(30)
    assert Counter([*statuses, *again]) == {303: 100}, (tmp_path / "log").read_text()[-3000:]
    engine = sa.create_engine(database.replace("+aiosqlite", ""))
    with engine.connect() as connection:
        people = connection.scalar(sa.text("SELECT count(*) FROM people"))
        groups = connection.scalars(sa.text("SELECT name FROM memberof_groups ORDER BY name")).all()
        held = connection.execute(
            sa.text("SELECT user_id, count(*) FROM memberof_memberships GROUP BY user_id")
        ).all()
    engine.dispose()
    assert (people, groups, len(held), {count for _, count in held}) == (50, sorted(GROUPS), 50, {3})
