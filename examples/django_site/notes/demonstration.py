"""Fill the example's database: customers, people who have signed in, groups of every kind, an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client

from memberof.django.models import GroupRecord, SamlProvider
from memberof.django.store import DjangoStore
from memberof.testing import TestIdp
from memberof.testing.authn_request import read_redirect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import ExitStack

    from memberof.testing.live import LiveIdp

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


@dataclass(frozen=True)
class Customer:
    """A customer, with the identity provider that its people sign in at."""

    provider: SamlProvider
    idp: LiveIdp

    @property
    def store(self) -> DjangoStore:
        """The customer's groups."""
        return DjangoStore(self.provider.tenant)

    def sign_in(self, user: str, groups: Iterable[str]) -> None:
        """Sign a person in over HTTP, as a browser does."""
        self.idp.set_groups(user, groups)
        client = Client(headers={"host": "localhost"})
        begun = client.get(self.provider.login_path)
        query = parse_qs(urlsplit(begun["Location"]).query)
        response = self.idp.idp.response(
            user=user,
            groups=groups,
            request_id=read_redirect(query["SAMLRequest"][0]).id,
            sp_entity_id=self.provider.our_entity_id,
            acs_url=self.provider.acs_url,
            name_id_format=PERSISTENT,
        )
        done = client.post(urlsplit(self.provider.acs_url).path, {"SAMLResponse": response})
        if done.status_code != 303:
            raise SystemExit(f"{user} could not be signed in: status {done.status_code}")


def make(services: ExitStack, password: str) -> list[Customer]:
    """Make tables and rows; the identity providers run until ``services`` is closed."""
    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("admin", password=password)
    acme = _customer(
        services,
        "Acme",
        "keycloak",
        {"alice": ["Engineering", "Editors"], "bob": ["Engineering"], "carol": []},
        mode="on",
    )
    globex = _customer(
        services,
        "Globex",
        "adfs",
        {"alice": ["Editors", "Support"], "dora": ["Support", "Sales, EMEA"]},
        mode="observe",
    )
    _history_of_acme(acme)
    _history_of_globex(globex)
    settings.NOTES_DEMO = [
        ("Administration", "/admin/"),
        *(
            (f"{c.provider.name}'s identity provider: who is in which group", c.idp.url)
            for c in (acme, globex)
        ),
    ]
    return [acme, globex]


def welcome(customers: Iterable[Customer], password: str) -> str:
    """Return what is printed when all is ready."""
    base = settings.MEMBEROF["BASE_URL"]
    lines = [
        "",
        f"Open {base} in a browser and sign in. End with Ctrl+C.",
        f"  administration   {base}/admin/   user admin, password {password}",
    ]
    for customer in customers:
        provider = customer.provider
        lines.append(
            f"  {provider.name:<16} {customer.idp.url}   its identity provider: people and their groups "
            f"(format {provider.group_format}, {provider.mode})"
        )
    return "\n".join(lines)


def _customer(
    services: ExitStack, name: str, product: str, people: Mapping[str, Iterable[str]], *, mode: str
) -> Customer:
    slug = name.lower()
    idp = TestIdp(product, entity_id=f"https://idp.{slug}.example")
    live = services.enter_context(idp.serve(people=people, name_id_format=PERSISTENT))
    provider = SamlProvider.objects.create(
        name=name,
        slug=slug,
        tenant=slug,
        metadata=idp.metadata_xml,
        idp_entity_id=idp.entity_id,
        preset=product,
        group_format="ldap" if product == "adfs" else "array",
        mode=mode,
    )
    return Customer(provider, live)


def _history_of_acme(acme: Customer) -> None:
    """Groups follow: somebody joins, somebody leaves, an internal group is taken over, another stays."""
    acme.sign_in("bob", ["Engineering", "Finance"])
    acme.sign_in("carol", [])
    store = acme.store
    for name in ("Editors", "Book club"):
        store.create_group(name, actor="admin")
    for user in ("bob@acme", "carol@acme"):
        store.attach(_account(user), "Book club", actor="admin")
    store.attach(_account("bob@acme"), "Editors", actor="admin")
    acme.sign_in("alice", ["Engineering", "Editors"])
    acme.sign_in("bob", ["Engineering"])


def _history_of_globex(globex: Customer) -> None:
    """Sign-ins are observed: the page "Switch on" says what they would have done."""
    globex.store.create_group("Editors", actor="admin")
    record = GroupRecord.objects.get(tenant=globex.provider.tenant, name="Editors")
    record.group.permissions.add(Permission.objects.get(codename="view_eventrecord"))
    globex.sign_in("alice", ["Editors", "Support"])
    globex.sign_in("dora", ["Support", "Sales, EMEA"])


def _account(username: str) -> str:
    return str(get_user_model().objects.get(username=username).pk)
