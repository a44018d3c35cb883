"""The whole memberOf story, with each identity provider and each example application."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from services.live.product import PASSWORD
from services.live.visitor import Visitor

from memberof.testing import SigningKey

if TYPE_CHECKING:
    from .site import Site

NAMES = [
    "Sales, EMEA",
    "Größe & Söhne",
    "Ärzte",
    "日本語",
    "🚀 Launch 👩‍🔬",
    '<b>"Quoted"</b>',
    "a+b=c#d",
    "back\\slash",
    "it's",
]


def in_order(*changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    return [(action, group, "received") for action, group in changes]


def test_the_first_sign_in_creates_and_the_second_changes_nothing(site: Site) -> None:
    site.trust()
    site.idp.put_user("anna", ["First Sales", "First Research"])
    page = site.sign_in("anna")
    assert site.application.shown(page) == ["First Research", "First Sales"]
    assert site.groups("anna") == {"First Research": "external", "First Sales": "external"}
    (event,) = site.events("anna")
    assert (event.kind, event.status, event.held) == ("login", "present", ())
    assert site.last_changes("anna") == in_order(
        ("create", "First Research"),
        ("create", "First Sales"),
        ("attach", "First Research"),
        ("attach", "First Sales"),
    )
    page = site.sign_in("anna")
    assert site.application.shown(page) == ["First Research", "First Sales"]
    assert site.events("anna") == [event]


def test_groups_taken_away_there_are_detached_at_the_next_sign_in(site: Site) -> None:
    site.trust()
    site.idp.put_user("bert", ["Away A", "Away B", "Away C"])
    site.sign_in("bert")
    site.idp.put_user("bert", ["Away B"])
    site.sign_in("bert")
    assert site.groups("bert") == {"Away B": "external"}
    assert site.last_changes("bert") == [
        ("detach", "Away A", "not_received"),
        ("detach", "Away C", "not_received"),
    ]
    site.idp.put_user("bert", ["Away B", "Away C", "Away D"])
    site.sign_in("bert")
    assert site.last_changes("bert") == in_order(
        ("create", "Away D"), ("attach", "Away C"), ("attach", "Away D")
    )


def test_internal_groups_stay_and_one_of_the_same_name_is_taken_over(site: Site) -> None:
    site.trust()
    site.idp.put_user("cleo", ["Own Sales"])
    site.sign_in("cleo")
    user = site.application.user_id(site.key, site.idp.name_id("cleo"))
    with site.application.store(site.key) as store:
        for name in ("Own Choir", "Own Editors"):
            store.create_group(name)
            store.attach(user, name)
    site.idp.put_user("cleo", ["Own Editors"])
    site.sign_in("cleo")
    assert site.groups("cleo") == {"Own Choir": "internal", "Own Editors": "external"}
    assert site.last_changes("cleo") == [
        ("adopt", "Own Editors", "received"),
        ("detach", "Own Sales", "not_received"),
    ]


def test_a_user_without_groups(site: Site) -> None:
    """Empty takes away. Absent is held until the attribute has been seen of anybody, and takes away from then on."""
    site.trust("nobody")
    site.idp.put_user("dora", [])
    site.sign_in("dora")
    assert site.groups("dora") == {}
    user = site.application.user_id(site.key, site.idp.name_id("dora"))
    with site.application.store(site.key) as store:
        store.create_group("Old", "external")
        store.attach(user, "Old")
    site.sign_in("dora")
    last = site.events("dora")[-1]
    assert (last.kind, last.status) == ("login", site.idp.without_groups)
    if site.idp.without_groups == "empty":
        assert site.groups("dora") == {}
        assert site.last_changes("dora") == [("detach", "Old", "claim_empty")]
        return
    assert site.groups("dora") == {"Old": "external"}
    assert [(c.action, c.group, c.reason) for c in last.held] == [("detach", "Old", "absent_not_seen")]
    site.idp.put_user("emil", ["Young"])
    site.sign_in("emil")
    site.sign_in("dora")
    assert site.groups("dora") == {}
    assert site.last_changes("dora") == [("detach", "Old", "claim_absent")]


@pytest.mark.parametrize("count", [100, 500])
def test_many_groups(site: Site, count: int) -> None:
    site.trust()
    user = f"fred{count}"
    names = [f"Team {number:03} of {count}" for number in range(count)]
    site.idp.put_user(user, names)
    page = site.sign_in(user)
    assert site.application.shown(page) == names
    assert site.groups(user) == dict.fromkeys(names, "external")
    (event,) = site.events(user)
    assert (event.kind, event.status, event.held) == ("login", "present", ())
    site.sign_in(user)
    assert site.events(user) == [event]


def test_names_with_commas_umlauts_and_emoji(site: Site) -> None:
    site.trust()
    site.idp.put_user("gisela", NAMES)
    page = site.sign_in("gisela")
    assert sorted(site.application.shown(page)) == sorted(NAMES)
    assert site.groups("gisela") == dict.fromkeys(NAMES, "external")
    site.idp.put_user("gisela", [])
    site.idp.put_user("gisela", NAMES[::-1])
    site.sign_in("gisela")
    assert len(site.events("gisela")) == 1, "the same names in another order change nothing"


def test_a_sign_in_from_the_identity_providers_own_pages(site: Site) -> None:
    """What nobody asked for is dropped, and the application asks: whoever is signed in there comes back at once."""
    site.trust()
    site.idp.put_user("heinz", ["Portal"])
    visitor = Visitor()
    page = visitor.credentials(visitor.get(site.idp.unsolicited_url(site.partner)), "heinz", PASSWORD)
    form = page.form("SAMLResponse")
    assert form is not None, page.text[:2000]
    assert form.action == site.partner.acs_url
    assert "InResponseTo" not in base64.b64decode(form.fields["SAMLResponse"]).decode()

    stranger = Visitor()
    elsewhere = stranger.submit(form)
    assert elsewhere.url.startswith(site.idp.base), "somebody else's browser must sign in by itself"
    assert elsewhere.form("password") is not None
    assert not site.is_known("heinz")

    again = visitor.submit(form)
    assert again.url.startswith(site.idp.base)
    answer = again.form("SAMLResponse")
    assert answer is not None
    assert "InResponseTo" in base64.b64decode(answer.fields["SAMLResponse"]).decode()
    visitor.submit(answer)
    page = visitor.get(site.application.notes_url)
    assert site.application.shown(page) == ["Portal"]


def test_a_response_counts_once(site: Site) -> None:
    site.trust()
    site.idp.put_user("ida", ["Once"])
    visitor = Visitor()
    page = visitor.credentials(visitor.get(site.login_url), "ida", PASSWORD)
    cookies = {name: dict(jar) for name, jar in visitor.cookies.items()}
    assert visitor.carry(page).url == site.application.notes_url
    before = len(site.application.refusals())
    for browser in (Visitor(cookies), Visitor()):
        answer = browser.carry(page)
        assert answer.status == 403
    assert site.application.refusals()[before:] == ["saml.in_response_to_mismatch"] * 2


def test_encrypted_assertions(site: Site) -> None:
    key = SigningKey.generate()
    site.trust("encrypted", encrypt=True, decryption=key, fresh=True, options=site.idp.encryption)
    site.idp.put_user("jutta", ["Secret, very"])
    site.sign_in("jutta")
    message = base64.b64decode(site.message).decode()
    assert "EncryptedAssertion" in message
    assert "AttributeStatement" not in message
    assert site.groups("jutta") == {"Secret, very": "external"}
    # To a key that we don't have.
    site.trust(
        "encrypted",
        encrypt=True,
        decryption=key,
        encryption=SigningKey.generate(),
        fresh=True,
        options=site.idp.encryption,
    )
    assert site.refused("jutta") == "xmlenc.failed"


@pytest.mark.parametrize("sign", ["response", "assertion", "both"])
def test_each_place_of_the_signature(site: Site, sign: Any) -> None:
    site.trust(f"signs-{sign}", sign=sign)
    site.idp.put_user("karl", ["Signed"])
    site.sign_in("karl")
    both = sign == "both" or sign not in site.idp.signs
    assert signed(site.message) == ({"Response", "Assertion"} if both else {sign.title()})
    assert site.groups("karl") == {"Signed": "external"}


def test_a_new_key_counts_from_the_refresh_of_the_metadata_on(site: Site) -> None:
    site.trust("keys", fresh=True)
    site.idp.put_user("lena", ["Keys"])
    site.sign_in("lena")
    site.idp.publish_key()
    site.sign_in("lena")
    published = site.idp.metadata()
    site.idp.use_new_key()
    assert site.refused("lena") == "dsig.invalid"
    site.application.refresh(site.key, site.idp.metadata)
    site.sign_in("lena")
    assert site.groups("lena") == {"Keys": "external"}
    # Whoever had refreshed while the new key was only announced would not have noticed.
    assert announced(published) == site.idp.announces_keys


def test_in_a_browser(site: Site, chromium: Any) -> None:
    site.trust()
    site.idp.put_user("mona", ["Browser, one", "Browser 🚀"])
    shown = []
    for groups in (None, None, ["Browser 🚀"]):
        if groups is not None:
            site.idp.put_user("mona", groups)
        context = chromium.new_context()
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(site.login_url)
        page.locator("input[name=user], input[name=username]").fill("mona")
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("input[type=password]").press("Enter")
        page.wait_for_url(site.application.notes_url)
        shown.append(site.application.shown(as_page(page)))
        context.close()
    assert shown == [["Browser 🚀", "Browser, one"], ["Browser 🚀", "Browser, one"], ["Browser 🚀"]]
    assert [event.kind for event in site.events("mona")] == ["login", "login"]
    assert site.last_changes("mona") == [("detach", "Browser, one", "not_received")]


def as_page(page: Any) -> Any:
    from services.live.visitor import Page

    return Page(page.url, 200, page.content())


def signed(message: str) -> set[str]:
    """The elements that bear a signature of their own."""
    from lxml import etree

    root = etree.fromstring(base64.b64decode(message))
    found = root.iterfind(".//{http://www.w3.org/2000/09/xmldsig#}Signature/..")
    return {etree.QName(element).localname for element in found}


def announced(metadata: str) -> bool:
    """Whether metadata name more than one signing key."""
    import memberof

    return len(memberof.IdentityProvider.from_metadata(metadata).certificates) > 1
