"""docs/tutorials/django.md, followed step by step in an empty folder, ending with a sign-in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

TUTORIAL = Path(__file__).parent.parent.parent.parent / "docs" / "tutorials" / "django.md"

SIGN_IN = """
import os
from urllib.parse import urlsplit
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
django.setup()
from django.test import Client
from memberof.django.models import PendingRecord, SamlProvider
from memberof.testing import TestIdp
idp = TestIdp("keycloak")
provider = SamlProvider.objects.create(
    name="Acme", slug="acme", metadata=idp.metadata_xml, idp_entity_id=idp.entity_id, group_format="array", mode="on"
)
client = Client(headers={"host": "localhost"})
begun = client.get("/saml/")
assert begun["Location"].startswith(idp.sso_url), begun
message = idp.response(
    user="alice", groups=["Sales"], request_id=PendingRecord.objects.get().request_id,
    sp_entity_id=provider.our_entity_id, acs_url=provider.acs_url,
    name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
)
done = client.post(urlsplit(provider.acs_url).path, {"SAMLResponse": message})
from django.contrib.auth import get_user_model
print(done.status_code, *get_user_model().objects.get(username="alice").groups.values_list("name", flat=True))
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_blank_project_signs_in_with_groups_by_the_tutorial_alone(tmp_path: Path) -> None:
    settings, urls = blocks("python")
    project, commands = blocks("sh")
    assert "startproject shop ." in project
    run(tmp_path, "-m", "django", "startproject", "shop", ".")
    file = tmp_path / "shop" / "settings.py"
    file.write_text(file.read_text() + settings.replace("https://shop.example", "http://localhost:8000"))
    (tmp_path / "shop" / "urls.py").write_text(urls)
    said = {}
    for line in commands.splitlines():
        name = line.split()[2]
        if name in ("migrate", "memberof_check"):
            said[name] = run(tmp_path, *line.split()[1:])
    assert "no errors" in said["memberof_check"]
    assert run(tmp_path, "-c", SIGN_IN).split() == ["303", "Sales"]
