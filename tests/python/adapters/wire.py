"""What an identity provider may send, and what memberof's own verifier makes of it: every library is held to that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import memberof
from memberof.testing import TestIdp
from memberof.testing.catalogue import persona
from memberof.testing.identity_provider import ACS_URL, SP_ENTITY_ID

if TYPE_CHECKING:
    from pathlib import Path

ENTITY_ID = "https://idp.example/metadata"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#: Case → options of :meth:`TestIdp.response`. Each comes after a login with the group "Old", by a user of the internal "Staff".
CASES: dict[str, dict[str, Any]] = {
    "absent": {"no_groups": "absent"},
    "zero values": {"no_groups": "no_values"},
    "one empty value": {"no_groups": "empty_value"},
    "nil": {"no_groups": "nil"},
    "values": {"groups": ["Old", "New", "Sales, EMEA"]},
    "blank among values": {"values": ["New", "  "]},
    "several elements": {"groups": ["New", "Newer"]},
    "overage": {"overage": True},
}
USERS = {case: f"user-{number}" for number, case in enumerate(CASES)}


def make_idp(case: str = "values", **options: Any) -> TestIdp:
    """Return the identity provider; ``several elements`` is one that repeats the attribute."""
    layout = "attributes" if case == "several elements" else "values"
    return TestIdp(replace(persona("generic"), layout=layout), entity_id=ENTITY_ID, **options)


def publish(folder: Path) -> None:
    """Write what a project knows of the identity provider of this process."""
    idp = make_idp()
    (folder / "idp.xml").write_text(idp.metadata_xml)
    (folder / "idp.crt").write_text("".join(idp.certificate_pem.strip().splitlines()[1:-1]))


def respond(case: str, request_id: str | None, **options: Any) -> str:
    """Return the Response of a case; the case ``first`` is the login before it."""
    sent: dict[str, Any] = {"groups": ["Old"]} if options.pop("first", False) else CASES[case]
    user = USERS[case]
    return make_idp(case).response(
        user=user,
        request_id=request_id,
        name_id_format=PERSISTENT,
        name_id=user,
        sign="both",
        attributes={"uid": user, "email": f"{user}@corp.example"},
        **sent,
        **options,
    )


def summary(outcome: memberof.LoginOutcome) -> dict[str, Any]:
    """What a login did, to compare."""
    assert outcome.claim is not None
    assert outcome.plan is not None
    names = ("create", "adopt", "attach", "detach", "keep", "held")
    return {"status": str(outcome.claim.status)} | {
        name: sorted(getattr(outcome.plan, name)) for name in names
    }


def expected() -> dict[str, dict[str, Any]]:
    """What memberof's own verifier and an empty store make of every case, in turn."""
    store = memberof.InMemoryStore()
    idp = memberof.IdentityProvider.from_metadata(make_idp().metadata_xml)
    provider = memberof.ServiceProvider(entity_id=SP_ENTITY_ID, acs_url=ACS_URL, identity_provider=idp)
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
    sync = memberof.GroupSync(extractor, store, source=ENTITY_ID, mode="on", breaker=None)
    store.create_group("Staff")
    found = {}
    for case, user in USERS.items():
        store.attach(user, "Staff")
        for first in (True, False):
            assertion = provider.verify(respond(case, "_1", first=first), request_id="_1")
            outcome = sync.login(user, assertion)
        found[case] = summary(outcome)
    return found
