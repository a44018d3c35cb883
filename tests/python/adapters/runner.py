"""Run in a project of :mod:`.projects`: send every case of the wire through the library's own views, print what became of it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = {"host": "shop.example.test"}


def main(library: str) -> dict[str, Any]:
    """Return case → what became of it."""
    from adapters.wire import CASES, USERS, publish, summary

    publish(Path.cwd())
    import django

    django.setup()
    from django.core.management import call_command

    call_command("check", "--database", "default")
    call_command("migrate", verbosity=0)
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.test import Client

    import memberof.sync

    outcomes: list[Any] = []
    login = memberof.sync.GroupSync.login

    def recorded(self: Any, *arguments: Any, **fields: Any) -> Any:
        outcome = login(self, *arguments, **fields)
        outcomes.append(outcome)
        return outcome

    memberof.sync.GroupSync.login = recorded  # type: ignore[method-assign]
    staff = Group.objects.create(name="Staff")
    found: dict[str, Any] = {}
    for case in CASES:
        del outcomes[:]
        # The user exists with her internal group; what isn't handed over must not take "Old" away.
        sign_in(library, Client(headers=HOST), case, first=True)
        user = get_user_model().objects.get(username=USERS[case])
        user.groups.add(staff)
        if not user.groups.filter(name="Old").exists():
            user.groups.add(old_group())
        client = Client(headers=HOST)
        answer = sign_in(library, client, case, first=False)
        found[case] = {
            **summary(outcomes[-1]),
            "status_code": answer.status_code,
            "now": sorted(user.groups.values_list("name", flat=True)),
            "page": client.get("/").content.decode(),
            "bounded": "memberof_until" in client.session,
        }
    client = Client(headers=HOST)
    refuse()
    answer = sign_in(library, client, "values", first=True)
    text = answer.content.decode()
    found["refused"] = {
        "page": client.get("/").content.decode(),
        "told": "required_groups" in text or "claim." in text,
    }
    return found


def old_group() -> Any:
    from django.contrib.auth.models import Group

    from memberof.django.store import DjangoStore

    if not Group.objects.filter(name="Old").exists():
        DjangoStore().create_group("Old", kind="external")
    return Group.objects.get(name="Old")


def refuse() -> None:
    """From now on nobody has the group that she needs."""
    from shop import groups

    import memberof

    groups.sync.policy = memberof.SyncPolicy(required_groups=["Nobody has this"])


def sign_in(library: str, client: Any, case: str, *, first: bool) -> Any:
    from adapters.projects import ADDRESSES
    from adapters.wire import respond
    from memberof.testing.authn_request import read_post, read_redirect

    entity_id, acs = ADDRESSES[library]

    def message(location: str | None) -> tuple[str, str]:
        query = parse_qs(urlsplit(location or "").query)
        request_id = read_redirect(query["SAMLRequest"][0]).id if location else None
        made = respond(case, request_id, first=first, sp_entity_id=entity_id, acs_url=acs)
        return made, query.get("RelayState", [""])[0]

    path = urlsplit(acs).path
    if library == "djangosaml2":
        page = client.get("/saml2/login/").content.decode()
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
        response = respond(
            case, read_post(fields["SAMLRequest"]).id, first=first, sp_entity_id=entity_id, acs_url=acs
        )
        state = fields["RelayState"]
        return client.post(path, {"SAMLResponse": response, "RelayState": state})
    if library == "django-saml2-auth-community":
        response, _ = message(None)
        return client.post(path, {"SAMLResponse": response})
    if library == "social-auth-app-django":
        response, state = message(client.post("/login/saml/", {"idp": "acme"})["Location"])
        form = {"SAMLResponse": response, "RelayState": state}
        assert client.post(path, form).status_code == 200, "the page that brings the browser's cookies back"
        return client.post(path, {**form, "psa_saml_browser_return": "1"})
    response, state = message(client.get("/accounts/saml/acme/login/")["Location"])
    sent = client.post(path, {"SAMLResponse": response, "RelayState": state})
    return client.get(sent["Location"])


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(sys.argv[1])))
