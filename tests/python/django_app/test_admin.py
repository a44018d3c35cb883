"""The pages an administrator needs: each is opened, and does what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from .conftest import HOST, ROOT, Browser, respond

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(db: None) -> Any:
    from django.test import Client

    client = Client(headers=HOST)
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


def page(client: Any, name: str, *args: Any) -> str:
    response = client.get(reverse(f"admin:memberof_{name}", args=args), secure=True)
    assert response.status_code == 200, response
    return str(response.content.decode())


def form_of(provider: Any, **changed: Any) -> dict[str, Any]:
    from memberof.django.admin.forms import SamlProviderForm

    form = SamlProviderForm(instance=provider)
    data = {name: form[name].value() for name in form.fields}
    data = {name: "" if value is None else value for name, value in data.items()}
    data |= {"policy_options": "{}", "group_rules": "{}"}
    return {name: value for name, value in {**data, **changed}.items() if value is not False}


def save(client: Any, provider: Any, **changed: Any) -> Any:
    target = reverse("admin:memberof_samlprovider_change", args=[provider.pk])
    return client.post(target, form_of(provider, **changed), secure=True)


class TestProvider:
    def test_the_form_holds_the_choices_the_values_and_the_notes(self, root: Any, make_provider: Any) -> None:
        provider, _ = make_provider()
        text = page(root, "samlprovider_change", provider.pk)
        for word in ("LDAP array", "Comma-separated list", "SCIM", "at most 100 groups", provider.acs_url):
            assert word in text
        assert "Acme" in page(root, "samlprovider_changelist")

    def test_synchronisation_is_off_until_it_is_chosen(self) -> None:
        from memberof.django.models import SamlProvider

        assert (SamlProvider().group_format, SamlProvider().mode) == ("off", "observe")

    def test_a_second_source_of_a_tenant_is_refused(self, root: Any, make_provider: Any) -> None:
        make_provider("one")
        two, _ = make_provider("two", group_format="off")
        response = save(root, two, group_format="array")
        assert response.status_code == 200
        assert "there is only one" in response.content.decode()

    def test_bad_metadata_is_told_beside_its_field(self, root: Any, make_provider: Any) -> None:
        provider, _ = make_provider()
        response = save(root, provider, metadata="<no/>")
        assert response.status_code == 200
        assert response.context["adminform"].form.errors["metadata"]

    def test_rules_for_names_and_the_clocks_are_set_here(
        self, root: Any, make_provider: Any, browser: Browser
    ) -> None:
        provider, idp = make_provider()
        rules = '{"include": [{"prefix": "App-"}], "strip_prefix": "App-"}'
        assert save(root, provider, group_rules=rules, clock_skew=5).status_code == 302
        provider.refresh_from_db()
        assert provider.clock_skew == 5
        browser.sign_in(provider, idp, groups=["App-Sales", "Other"])
        assert set(Group.objects.values_list("name", flat=True)) == {"Sales"}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("group_rules", '{"includes": ["App"]}'),
            ("group_rules", '{"include": [{"regex": "("}]}'),
            ("policy_options", '{"on_absent": "perhaps"}'),
            ("clock_skew", "3601"),
        ],
    )
    def test_a_mistake_is_told_beside_its_field(
        self, root: Any, make_provider: Any, field: str, value: str
    ) -> None:
        provider, _ = make_provider()
        response = save(root, provider, **{field: value})
        assert response.status_code == 200
        assert list(response.context["adminform"].form.errors) == [field]

    def test_each_product_leads_to_its_page_of_the_guide(
        self, root: Any, make_provider: Any, settings: Any
    ) -> None:
        from memberof import GroupExtractor

        provider, _ = make_provider(preset="adfs-names")
        assert "docs/idp/adfs.md" in page(root, "samlprovider_change", provider.pk)
        settings.MEMBEROF = {**settings.MEMBEROF, "GUIDE_URL": "https://docs.example/idp/"}
        pages = {path.stem for path in (ROOT / "docs" / "idp").glob("*.md")}
        linked = set()
        for preset in GroupExtractor.presets():
            provider.preset = preset.name
            provider.save()
            text = page(root, "samlprovider_change", provider.pk)
            linked |= set(re.findall(r'href="https://docs.example/idp/([a-z0-9]+)/"', text))
        assert linked == pages - {"index"}

    def test_a_private_key_goes_in_and_never_comes_out(self, root: Any, make_provider: Any) -> None:
        from memberof.django import building
        from memberof.testing import SigningKey

        provider, _ = make_provider()
        key = SigningKey.generate("rsa-sha256")
        response = save(root, provider, new_decryption_keys=key.private_key_pem)
        assert response.status_code == 302, response.context["adminform"].form.errors
        provider.refresh_from_db()
        assert provider.decryption_keys.startswith("fernet:")
        assert "encrypted at rest" in page(root, "samlprovider_change", provider.pk)
        assert "PRIVATE KEY" not in page(root, "samlprovider_change", provider.pk)
        building.service_provider(provider)

    def test_switching_on_shows_first_what_it_would_do(
        self, root: Any, make_provider: Any, browser: Browser
    ) -> None:
        provider, idp = make_provider(mode="observe")
        group = Group.objects.create(name="Sales")
        group.permissions.add(Permission.objects.all()[0])
        browser.sign_in(provider, idp, groups=["Sales", "Editors"])
        response = save(root, provider, mode="on")
        target = reverse("admin:memberof_samlprovider_switch_on", args=[provider.pk])
        assert response["Location"] == target
        provider.refresh_from_db()
        assert provider.mode == "observe"
        text = page(root, "samlprovider_switch_on", provider.pk)
        assert "Groups that hold permissions would be taken over" in text
        assert "Editors" in text
        root.post(target, secure=True)
        provider.refresh_from_db()
        assert provider.mode == "on"

    def test_a_group_that_makes_people_staff_counts_as_one_that_holds_permissions(
        self, root: Any, make_provider: Any, browser: Browser, settings: Any
    ) -> None:
        flags = {"acme": {"is_staff": ["Editors"]}}
        settings.MEMBEROF = {**settings.MEMBEROF, "FLAGS_BY_GROUP": flags}
        provider, idp = make_provider(mode="observe")
        for name in ("Editors", "Sales"):
            Group.objects.create(name=name)
        browser.sign_in(provider, idp, groups=["Editors", "Sales"])
        text = page(root, "samlprovider_switch_on", provider.pk)
        panel = re.search(r"Groups that hold permissions would be taken over</h2><p>([^<]*)<", text)
        assert panel is not None
        assert panel[1] == "Editors"

    def test_a_test_sign_in_applies_nothing_and_makes_no_session(self, root: Any, make_provider: Any) -> None:
        from memberof.django.models import EventRecord, PendingRecord, SamlSession

        provider, idp = make_provider()
        begun = root.post(reverse("admin:memberof_samlprovider_test", args=[provider.pk]), secure=True)
        assert begun["Location"].startswith(idp.sso_url)
        row = PendingRecord.objects.get()
        browser = Browser(root)
        response = browser.post(provider, respond(provider, idp, row.request_id, groups=["Sales"]))
        assert response.status_code == 303
        text = root.get(response["Location"], secure=True).content.decode()
        assert "Verified" in text
        assert "Sales" in text
        assert "Nothing was changed" in text
        assert not EventRecord.objects.exists()
        assert not SamlSession.objects.exists()
        assert not get_user_model().objects.filter(username="alice").exists()

    def test_the_report_is_for_whoever_asked(self, root: Any, make_provider: Any) -> None:
        from django.test import Client

        from memberof.django.models import PendingRecord

        provider, idp = make_provider()
        root.post(reverse("admin:memberof_samlprovider_test", args=[provider.pk]), secure=True)
        message = respond(provider, idp, PendingRecord.objects.get().request_id)
        target = Browser(root).post(provider, message)["Location"]
        other = Client(headers=HOST)
        other.force_login(get_user_model().objects.create_superuser("other"))
        assert other.get(target, secure=True).status_code == 404

    def test_a_pasted_response_is_tried(self, root: Any, make_provider: Any) -> None:
        provider, idp = make_provider(group_format="ldap")
        target = reverse("admin:memberof_samlprovider_try_response", args=[provider.pk])
        good = {"saml_response": respond(provider, idp, None, groups=["Sales"])}
        text = root.post(target, good, secure=True).content.decode()
        assert "could not be read under the format that is set" in text
        bad = root.post(target, {"saml_response": "AAAA"}, secure=True).content.decode()
        assert "The response is refused" in bad

    def test_permissions_are_respected(self, make_provider: Any) -> None:
        from django.test import Client

        provider, _ = make_provider()
        client = Client(headers=HOST)
        viewer = get_user_model().objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_samlprovider"))
        client.force_login(viewer)
        assert page(client, "samlprovider_change", provider.pk)
        for name in ("test", "try_response", "switch_on", "confirm_metadata"):
            target = reverse(f"admin:memberof_samlprovider_{name}", args=[provider.pk])
            assert client.post(target, secure=True).status_code == 403


def test_who_may_only_look_undoes_and_holds_nothing(make_provider: Any, browser: Browser) -> None:
    from django.test import Client

    from memberof.django.models import EventRecord, TenantRecord

    provider, idp = make_provider()
    browser.sign_in(provider, idp, groups=["Sales"])
    event, tenant = EventRecord.objects.get(), TenantRecord.objects.get()
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    wanted = ("view_eventrecord", "view_tenantrecord", "view_grouprecord")
    viewer.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client = Client(headers=HOST)
    client.force_login(viewer)
    assert "Undo …" not in page(client, "eventrecord_change", event.pk)
    assert "Hold detachments now" not in page(client, "tenantrecord_change", tenant.pk)
    undo = reverse("admin:memberof_eventrecord_undo", args=[event.pk])
    hold = reverse("admin:memberof_tenantrecord_act", args=[tenant.pk])
    assert client.post(undo, secure=True).status_code == 403
    assert client.post(hold, {"action": "hold"}, secure=True).status_code == 403
    tenant.refresh_from_db()
    assert tenant.hold is None


class TestHistory:
    def test_the_history_shows_the_plan_and_undoes_it(
        self, root: Any, make_provider: Any, browser: Browser
    ) -> None:
        from memberof.django.models import EventRecord

        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales", "Editors"])
        browser.sign_in(provider, idp, groups=["Sales"])
        event = EventRecord.objects.order_by("-pk")[0]
        assert "− Editors" in page(root, "eventrecord_changelist")
        text = page(root, "eventrecord_change", event.pk)
        assert "the identity provider no longer sends it" in text
        assert "Editors" in page(root, "eventrecord_undo", event.pk)
        done = root.post(reverse("admin:memberof_eventrecord_undo", args=[event.pk]), secure=True)
        assert done.status_code == 302
        alice = get_user_model().objects.get(username="alice")
        assert set(alice.groups.values_list("name", flat=True)) == {"Sales", "Editors"}

    def test_an_adoption_names_who_else_is_in_the_group(
        self, root: Any, make_provider: Any, browser: Browser
    ) -> None:
        from memberof.django.models import EventRecord

        bob = get_user_model().objects.create_user("bob")
        bob.groups.add(Group.objects.create(name="Sales"))
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        text = page(root, "eventrecord_change", EventRecord.objects.get().pk)
        assert "bob" in text


class TestGroups:
    def test_groups_show_their_kind_and_can_be_given_back(
        self, root: Any, make_provider: Any, browser: Browser
    ) -> None:
        from memberof.django.models import GroupRecord

        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        record = GroupRecord.objects.get(name="Sales")
        assert "mo-external" in page(root, "grouprecord_changelist")
        assert page(root, "grouprecord_change", record.pk)
        target = reverse("admin:memberof_grouprecord_changelist")
        root.post(target, {"action": "make_internal", "_selected_action": [record.pk]}, secure=True)
        record.refresh_from_db()
        assert record.kind == "internal"

    def test_a_group_of_a_tenant_is_made(self, root: Any) -> None:
        from memberof.django.models import GroupRecord

        target = reverse("admin:memberof_grouprecord_add")
        response = root.post(target, {"name": "Staff", "tenant": "one"}, secure=True)
        assert response.status_code == 302
        record = GroupRecord.objects.get(tenant="one")
        assert (record.name, record.kind, record.group.name) == ("Staff", "internal", "one: Staff")

    def test_external_memberships_are_read_only_in_the_user_admin(
        self, root: Any, make_provider: Any, browser: Browser
    ) -> None:
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        staff = Group.objects.create(name="Staff")
        alice = get_user_model().objects.get(username="alice")
        target = reverse("admin:auth_user_change", args=[alice.pk])
        text = root.get(target, secure=True).content.decode()
        assert "Read-only: the identity provider decides" in text
        data = {"username": "alice", "groups": [staff.pk], "is_active": "on"}
        data |= {"date_joined_0": "2026-11-24", "date_joined_1": "12:00:00"}
        assert root.post(target, data, secure=True).status_code == 302
        assert set(alice.groups.values_list("name", flat=True)) == {"Sales", "Staff"}


class TestOthers:
    def test_the_breaker_is_held_and_released(self, root: Any, make_provider: Any, browser: Browser) -> None:
        from memberof.django.models import TenantRecord

        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales", "Editors"])
        row = TenantRecord.objects.get()
        assert "Nothing is held" in page(root, "tenantrecord_change", row.pk)
        act = reverse("admin:memberof_tenantrecord_act", args=[row.pk])
        root.post(act, {"action": "hold"}, secure=True)
        assert "Detachments are held" in page(root, "tenantrecord_change", row.pk)
        browser.sign_in(provider, idp, groups=["Sales"])
        alice = get_user_model().objects.get(username="alice")
        assert alice.groups.count() == 2
        root.post(act, {"action": "release"}, secure=True)
        browser.sign_in(provider, idp, groups=["Sales"])
        assert alice.groups.count() == 1

    @pytest.mark.parametrize("name", ["subjectlink", "samlsession", "tenantrecord", "grouprecord"])
    def test_every_list_opens(self, root: Any, make_provider: Any, browser: Browser, name: str) -> None:
        provider, idp = make_provider()
        browser.sign_in(provider, idp, groups=["Sales"])
        assert page(root, f"{name}_changelist")
