"""Keys and addresses that change, theirs and ours: what is taken over, what waits for somebody's word, what is refused."""

from __future__ import annotations

import io
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from lxml import etree

import memberof
from memberof.testing import SigningKey, TestIdp
from memberof.testing.signature import SignatureStyle, sign

from .conftest import HOST, Browser

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "https://idp.example/metadata"


def certificates_of(provider: Any) -> int:
    from memberof.django import building

    provider.refresh_from_db()
    return len(building.identity_provider(provider.metadata).certificates)


def signed(idp: TestIdp, key: SigningKey, **attributes: str) -> bytes:
    """Return the metadata of an identity provider, signed."""
    root = etree.fromstring(idp.metadata_xml.encode())
    for name, value in {"ID": "_metadata", **attributes}.items():
        root.set(name, value)
    root.insert(0, sign(root, key, "rsa-sha256", SignatureStyle()))  # where the schema wants it
    return bytes(etree.tostring(root))


def giving(document: str | bytes) -> Callable[[str], bytes]:
    return lambda _: document if isinstance(document, bytes) else document.encode()


def refreshed(provider: Any, document: str | bytes) -> str:
    from memberof.django import refreshing

    return str(refreshing.refresh(provider, fetch=giving(document)).action)


class TestTheirs:
    def test_a_new_key_waits_for_confirmation(self, make_provider: Any) -> None:
        from memberof.django import refreshing

        provider, idp = make_provider(metadata_url=ADDRESS)
        idp.publish_key()
        assert refreshed(provider, idp.metadata_xml) == "confirm"
        assert certificates_of(provider) == 1
        refreshing.confirm_refresh(provider)
        assert certificates_of(provider) == 2

    def test_a_new_address_waits_too(self, make_provider: Any) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        moved = TestIdp("keycloak", entity_id=idp.entity_id, sso_url="https://other.example/sso")
        assert refreshed(provider, moved.metadata_xml) == "confirm"

    def test_an_administrator_confirms_on_the_providers_page(
        self, make_provider: Any, admin_client: Any
    ) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        idp.publish_key()
        refreshed(provider, idp.metadata_xml)
        change = reverse("admin:memberof_samlprovider_change", args=[provider.pk])
        page = admin_client.get(change, secure=True, headers=HOST).content.decode()
        assert "New metadata was fetched and waits for you" in page
        assert "1 signing certificate new" in page
        confirm = reverse("admin:memberof_samlprovider_confirm_metadata", args=[provider.pk])
        admin_client.post(confirm, secure=True, headers=HOST)
        assert certificates_of(provider) == 2

    def test_a_new_key_vouched_for_by_one_in_force_is_taken_over_and_signs_people_in(
        self, make_provider: Any, browser: Browser
    ) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        old = idp.key
        new = idp.publish_key()
        assert refreshed(provider, signed(idp, old)) == "apply"
        idp.use_key(new)
        assert browser.sign_in(provider, idp).status_code == 303

    def test_a_retired_key_counts_no_longer(self, make_provider: Any, browser: Browser, caplog: Any) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        old = idp.key
        new = idp.publish_key()
        refreshed(provider, signed(idp, old))
        idp.use_key(new, retire_others=True)
        assert refreshed(provider, idp.metadata_xml) == "apply"  # a key that goes needs nobody's word
        assert certificates_of(provider) == 1
        idp.key = old
        assert browser.sign_in(provider, idp).status_code == 403
        assert "dsig." in caplog.text

    def test_a_strangers_signature_vouches_for_nothing(self, make_provider: Any) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        new = idp.publish_key()
        assert refreshed(provider, signed(idp, new)) == "confirm"
        assert certificates_of(provider) == 1

    def test_whoever_signs_the_metadata_may_be_named(self, make_provider: Any) -> None:
        federation = SigningKey.generate("rsa-sha256")
        provider, idp = make_provider(metadata_url=ADDRESS, metadata_certificate=federation.certificate_pem)
        idp.publish_key()
        assert refreshed(provider, signed(idp, federation)) == "apply"
        assert certificates_of(provider) == 2

    def test_where_it_is_named_no_other_signature_counts_and_none_is_refused(
        self, make_provider: Any
    ) -> None:
        provider, idp = make_provider(
            metadata_url=ADDRESS, metadata_certificate=SigningKey.generate("rsa-sha256").certificate_pem
        )
        old = idp.key
        idp.publish_key()
        for document in (signed(idp, old), idp.metadata_xml):
            with pytest.raises(memberof.VerificationError):
                refreshed(provider, document)
        provider.refresh_from_db()
        assert (certificates_of(provider), provider.new_metadata) == (1, "")

    def test_what_was_changed_after_signing_vouches_for_nothing(self, make_provider: Any) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        old = idp.key
        document = signed(idp, old).decode()
        changed = document.replace(idp.sso_url, "https://evil.example/sso")
        assert refreshed(provider, changed) == "confirm"

    def test_the_entity_id_is_pinned_whoever_signs(self, make_provider: Any) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        other = TestIdp("keycloak", entity_id="https://evil.example")
        before = provider.metadata
        assert refreshed(provider, signed(other, idp.key)) == "refuse"
        provider.refresh_from_db()
        assert (provider.metadata, provider.new_metadata) == (before, "")

    def test_metadata_that_have_expired_are_refused(self, make_provider: Any) -> None:
        provider, idp = make_provider(metadata_url=ADDRESS)
        past = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        with pytest.raises(memberof.ConfigurationError) as caught:
            refreshed(provider, signed(idp, idp.key, validUntil=past))
        assert caught.value.code == "metadata.expired"

    @pytest.mark.parametrize("document", [b"\xff\xfe", b"<html/>", b""])
    def test_what_is_no_metadata_changes_nothing(self, make_provider: Any, document: bytes) -> None:
        provider, _ = make_provider(metadata_url=ADDRESS)
        with pytest.raises(memberof.ConfigurationError):
            refreshed(provider, document)
        assert certificates_of(provider) == 1

    def test_a_sign_in_asks_nobody_for_metadata(
        self, make_provider: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any, **__: Any) -> Any:
            raise AssertionError("a connection was made")

        provider, idp = make_provider(metadata_url=ADDRESS)
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        assert browser.sign_in(provider, idp).status_code == 303


class TestCommand:
    @pytest.mark.parametrize(
        ("address", "code"),
        [
            ("https://localhost/metadata", "metadata.private_address"),
            ("https://127.0.0.1/metadata", "metadata.private_address"),
            ("http://idp.example/metadata", "metadata.not_https"),
        ],
    )
    def test_an_address_that_is_not_asked_is_named(self, make_provider: Any, address: str, code: str) -> None:
        from memberof.web.fetch import fetch_metadata

        make_provider(metadata_url=address)
        said = io.StringIO()
        with pytest.raises(CommandError, match="acme"):
            call_command("memberof_refresh_metadata", stdout=said, stderr=said)
        with pytest.raises(memberof.MemberOfError) as caught:
            fetch_metadata(address)
        assert caught.value.code == code
        assert caught.value.message in said.getvalue()

    def test_it_says_what_it_did_and_confirms_what_waits(
        self, make_provider: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from memberof.django import refreshing

        provider, idp = make_provider(metadata_url=ADDRESS)
        idp.publish_key()
        monkeypatch.setattr(refreshing, "_fetch", giving(idp.metadata_xml))
        said = io.StringIO()
        call_command("memberof_refresh_metadata", stdout=said)
        call_command("memberof_refresh_metadata", "acme", confirm=True, stdout=said)
        assert said.getvalue().splitlines() == [
            "acme: confirm: 1 signing certificate new",
            "acme: confirmed",
        ]
        assert certificates_of(provider) == 2


class TestOurs:
    def test_during_a_rollover_both_keys_decrypt_and_both_certificates_are_published(
        self, make_provider: Any, browser: Browser, other_browser: Browser
    ) -> None:
        from memberof.django import building, keys

        old, new = (SigningKey.generate("rsa-sha256", name) for name in ("old", "new"))
        provider, idp = make_provider(
            decryption_keys=keys.seal(old.private_key_pem + new.private_key_pem),
            certificate=old.certificate_pem + new.certificate_pem,
        )
        for number, (key, person) in enumerate(((old, browser), (new, other_browser))):
            response = person.sign_in(
                provider, idp, f"user-{number}", ["Sales"], encrypt_to=key.certificate_pem
            )
            assert response.status_code == 303
        published = browser.client.get("/saml/acme/metadata/", secure=True, headers=HOST).content.decode()
        for key in (old, new):
            body = "".join(key.certificate_pem.splitlines()[1:-1])
            assert body in published.replace("\n", "")
        assert building.service_provider(provider).entity_id == provider.our_entity_id

    def test_after_it_the_old_key_decrypts_nothing(
        self, make_provider: Any, browser: Browser, caplog: Any
    ) -> None:
        from memberof.django import keys

        old, new = (SigningKey.generate("rsa-sha256", name) for name in ("old", "new"))
        provider, idp = make_provider(
            decryption_keys=keys.seal(new.private_key_pem), certificate=new.certificate_pem
        )
        response = browser.sign_in(provider, idp, encrypt_to=old.certificate_pem)
        assert response.status_code == 403
        assert "xmlenc." in caplog.text

    def test_a_key_may_stand_in_the_environment(
        self, make_provider: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = SigningKey.generate("rsa-sha256")
        monkeypatch.setenv("OUR_SAML_KEY", key.private_key_pem)
        provider, idp = make_provider(decryption_keys="env:OUR_SAML_KEY", certificate=key.certificate_pem)
        assert browser.sign_in(provider, idp, encrypt_to=key.certificate_pem).status_code == 303
