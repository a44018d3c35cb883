"""Every string of the application has a German translation, and the pages come out in German."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

import memberof

from .conftest import HOST, Browser, respond

pytestmark = pytest.mark.django_db(transaction=True)

PACKAGE = Path(memberof.__file__).parent / "django"
CATALOGUE = Path("locale", "de", "LC_MESSAGES")
GERMAN = {**HOST, "accept-language": "de"}


def entries(text: str) -> dict[str, list[str]]:
    """Return the messages of a catalogue, each with its translations."""
    found: dict[str, list[str]] = {}
    for block in text.split("\n\n")[1:]:
        strings = re.findall(r'^(msg\w+(?:\[\d\])?) "((?:[^"\\]|\\.)*)"$', block, re.MULTILINE)
        given = dict(strings)
        if "msgid" in given:
            found[given["msgid"]] = [value for name, value in strings if name.startswith("msgstr")]
    return found


def test_no_string_lacks_a_translation(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "app")
    arguments = ["-l", "de", "--no-location", "--no-wrap", "--no-obsolete", "-v0"]
    alone = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "django", "makemessages", *arguments]
    subprocess.run(command, cwd=tmp_path / "app", env=alone, check=True)
    fresh = (tmp_path / "app" / CATALOGUE / "django.po").read_text()
    found = entries(fresh)
    assert [message for message, translations in found.items() if not all(translations)] == []
    assert "#, fuzzy" not in fresh
    kept = entries((PACKAGE / CATALOGUE / "django.po").read_text())
    assert kept.keys() == found.keys(), "run makemessages -l de --no-location --no-wrap --no-obsolete"


def test_what_was_compiled_is_what_is_written(tmp_path: Path) -> None:
    written = tmp_path / "django.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", written, PACKAGE / CATALOGUE / "django.po"], check=True)

    def catalogue(path: Path) -> Any:
        with path.open("rb") as file:
            return gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]

    assert catalogue(written) == catalogue(PACKAGE / CATALOGUE / "django.mo")


def test_pages_for_users_come_out_in_german(make_provider: Any, browser: Browser) -> None:
    provider, _ = make_provider()
    get = browser.client.get
    make_provider("other", group_format="off")
    assert "Wählen Sie Ihre Organisation." in get("/saml/", secure=True, headers=GERMAN).content.decode()
    page = get("/saml/signed-out/", secure=True, headers=GERMAN).content.decode()
    assert '<html lang="de">' in page
    assert "Sie sind abgemeldet" in page
    form = {"SAMLResponse": "AAAA"}
    refused = browser.client.post(f"/saml/{provider.slug}/acs/", form, secure=True, headers=GERMAN)
    assert "Sie konnten nicht angemeldet werden" in refused.content.decode()


def test_pages_for_administrators_come_out_in_german(
    make_provider: Any, browser: Browser, admin_client: Any
) -> None:
    from memberof.django.models import EventRecord, TenantRecord

    def page(name: str, *args: Any) -> str:
        address = reverse(f"admin:memberof_{name}", args=args)
        response = admin_client.get(address, secure=True, headers=GERMAN)
        assert response.status_code == 200
        return str(response.content.decode())

    provider, idp = make_provider(mode="observe")
    Group.objects.create(name="Sales").permissions.add(Permission.objects.all()[0])
    browser.sign_in(provider, idp, groups=["Sales"])
    assert "Gruppen mit Berechtigungen würden übernommen" in page("samlprovider_switch_on", provider.pk)
    provider.mode = "on"
    provider.save()
    browser.sign_in(provider, idp, groups=["Sales", "Editors"])
    browser.sign_in(provider, idp, groups=["Sales"])
    event = EventRecord.objects.order_by("-pk")[0]

    expected = {
        ("samlprovider_changelist",): ["Gruppenabgleich", "Zertifikat endet"],
        ("samlprovider_change", provider.pk): ["Kommagetrennte Liste", "höchstens 100 Gruppen", "SCIM 2.0"],
        ("samlprovider_try_response", provider.pk): ["Der Formularwert SAMLResponse"],
        ("grouprecord_changelist",): ["Herkunft", "extern"],
        ("eventrecord_changelist",): ["Beobachtete Anmeldung", "Letzte 24 Stunden"],
        ("eventrecord_change", event.pk): ["der Identitätsanbieter sendet sie nicht mehr", "entfernen"],
        ("eventrecord_undo", event.pk): ["Dieses Ereignis rückgängig machen?"],
        ("tenantrecord_change", TenantRecord.objects.get().pk): ["Nichts wird zurückgehalten"],
    }
    for where, words in expected.items():
        text = page(*where)
        assert [word for word in words if word not in text] == [], where
    address = reverse("admin:memberof_samlprovider_try_response", args=[provider.pk])
    pasted = {"saml_response": respond(provider, idp, None, groups=["Sales"])}
    tried = admin_client.post(address, pasted, secure=True, headers=GERMAN).content.decode()
    assert "Was eine Anmeldung täte" in tried
    assert "Gruppen wurden gesendet" in tried
