"""docs/tutorials/your-saml-library.md, followed for each Django library in a blank project that already uses it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import memberof

from .projects import BEFORE, SETTINGS, URLS
from .wire import CASES, USERS, expected, publish

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorials" / "your-saml-library.md"
TESTS = Path(__file__).parents[1]
PACKAGE = Path(memberof.__file__).parent.parent
HELD = {"status": "absent", "held": ["Old"]} | {
    name: [] for name in ("create", "adopt", "attach", "detach", "keep")
}
LIBRARIES = {
    "djangosaml2": "pysaml2-allow-unknown",
    "django-saml2-auth-community": "pysaml2-allow-unknown",
    "social-auth-app-django": "python3-saml",
    "django-allauth": "python3-saml",
}


def blocks(heading: str) -> dict[str, str]:
    """File → code, under a heading of the tutorial."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", TUTORIAL.read_text(), re.M | re.S)
    assert section is not None, heading
    found = re.findall(r"```python\n# (\S+)\n(.*?)```", section[1], re.S)
    return dict(found)


class Project:
    """A blank project with a library, and memberof added by the tutorial."""

    def __init__(self, folder: Path, library: str) -> None:
        self.folder, self.library = folder, library
        publish(folder)
        shop = folder / "shop"
        shop.mkdir()
        settings, urls = BEFORE[library]
        common, own = blocks("Django: the part that all share"), blocks(library)
        groups = common["shop/groups.py"].replace('"python3-saml"', f'"{LIBRARIES[library]}"')
        self.files = {
            "__init__.py": "",
            "settings.py": SETTINGS + settings + common["shop/settings.py"] + own["shop/settings.py"],
            "urls.py": URLS + urls + "]\n" + own.get("shop/urls.py", ""),
            # The circuit breaker would hold these many losses; the mode is on, as it is in the end.
            "groups.py": groups.replace('mode="observe"', 'mode="on", breaker=None'),
        }

    def change(self, file: str, old: str, new: str) -> None:
        assert old in self.files[file], old
        self.files[file] = self.files[file].replace(old, new)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        for name, text in self.files.items():
            (self.folder / "shop" / name).write_text(text)
        path = os.pathsep.join(
            [str(self.folder), str(TESTS), str(PACKAGE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        )
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "shop.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr[-4000:]
        return done

    def outcomes(self) -> dict[str, Any]:
        done = self.run(str(Path(__file__).with_name("runner.py")), self.library)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def without_http(found: dict[str, Any]) -> dict[str, Any]:
    return {case: {name: value for name, value in found[case].items() if name in HELD} for case in CASES}


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_case_through_the_librarys_own_views_ends_as_with_our_verifier(
    tmp_path: Path, library: str
) -> None:
    found = Project(tmp_path, library).outcomes()
    wanted = expected()
    assert without_http(found) == wanted
    for case, user in USERS.items():
        groups = {"Staff", *wanted[case]["attach"], *wanted[case]["keep"], *wanted[case]["held"]}
        assert found[case]["now"] == sorted(groups), case
        assert found[case]["page"] == user, case
        assert found[case]["bounded"], case
    assert found["refused"] == {"page": "nobody", "told": False}


def test_djangosaml2_with_its_defaults_is_warned_of_and_holds(tmp_path: Path) -> None:
    project = Project(tmp_path, "djangosaml2")
    project.change("settings.py", 'SAML_CONFIG["allow_unknown_attributes"] = True', "")
    refused = project.run("-m", "django", "check", check=False)
    assert refused.returncode != 0
    assert "memberof.E102" in refused.stderr
    project.change("groups.py", "pysaml2-allow-unknown", "pysaml2")
    assert "memberof.W102" in project.run("-m", "django", "check").stderr
    found = project.outcomes()
    assert without_http(found) == dict.fromkeys(CASES, HELD)
    assert all(found[case]["now"] == ["Old", "Staff"] for case in CASES)


def test_djangosaml2s_backend_ends_as_with_our_verifier(tmp_path: Path) -> None:
    project = Project(tmp_path, "djangosaml2")
    project.change(
        "settings.py",
        "djangosaml2.backends.Saml2Backend",
        "memberof.adapters.django.djangosaml2.GroupSyncBackend",
    )
    project.files["urls.py"] = project.files["urls.py"].partition("from memberof")[0]
    found = project.outcomes()
    assert without_http(found) == expected()
    assert all(found[case]["bounded"] for case in CASES)
    assert found["refused"]["page"] == "nobody"


def test_what_would_take_groups_away_unseen_is_told_at_start_up(tmp_path: Path) -> None:
    project = Project(tmp_path, "django-saml2-auth-community")
    project.files["settings.py"] += 'SAML2_AUTH["ATTRIBUTES_MAP"]["groups"] = "memberOf"\n'
    project.files["settings.py"] += 'del SAML2_AUTH["TRIGGER"]["AFTER_LOGIN"]\n'
    project.files["settings.py"] += 'MIDDLEWARE = [name for name in MIDDLEWARE if "memberof" not in name]\n'
    said = project.run("-m", "django", "check", check=False).stderr
    assert {"memberof.E103", "memberof.E104", "memberof.W104"} <= set(re.findall(r"memberof\.[EW]\d+", said))
    project.files["settings.py"] += 'MEMBEROF_SYNC = "shop.nowhere"\n'
    assert "memberof.E101" in project.run("-m", "django", "check", check=False).stderr
