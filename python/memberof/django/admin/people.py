"""Accounts, subjects and sessions; and external memberships that nobody edits by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.sites import NotRegistered
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memberof.django import conf
from memberof.django.models import GroupRecord, SamlSession, SubjectLink, TenantRecord
from memberof.enums import GroupKind

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


@admin.register(SubjectLink)
class SubjectLinkAdmin(admin.ModelAdmin):
    """Which subject leads to which account; the way to link staff and superusers, by hand."""

    list_display = ("user", "provider", "value", "attribute", "last_login_at")
    list_filter = ("provider",)
    search_fields = ("value",)
    raw_id_fields = ("user",)
    fields = (
        "user",
        "provider",
        "value",
        "format",
        "name_qualifier",
        "sp_name_qualifier",
        "attribute",
        "last_login_at",
    )
    readonly_fields = ("last_login_at",)

    class Media:
        """Badges."""

        css = {"all": ("memberof/admin.css",)}


@admin.register(SamlSession)
class SamlSessionAdmin(admin.ModelAdmin):
    """Sessions that logins began; deleting one ends it."""

    list_display = ("user", "provider", "created_at", "expires_at")
    list_filter = ("provider",)

    class Media:
        """Badges."""

        css = {"all": ("memberof/admin.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Sign-ins begin sessions."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SamlSession | None = None) -> bool:
        """Nothing of it is edited."""
        return False


class ExternalMembershipsMixin:
    """For a user admin: external memberships are shown with the reason, and can't be edited.

    It is put before whatever admin is registered for the user model, unless ``GUARD_USER_ADMIN`` is off.
    """

    class Media:
        """Badges."""

        css = {"all": ("memberof/admin.css",)}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show external memberships beside the editable ones."""
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if obj is None:
            return fieldsets
        shown = (_("Groups from the identity provider"), {"fields": ("external_groups",)})
        return (*fieldsets, shown)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """They are never edited here."""
        return (*super().get_readonly_fields(request, obj), "external_groups")  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer groups that this application decides about."""
        if db_field.name == "groups":
            kwargs["queryset"] = Group.objects.exclude(memberof__kind=GroupKind.EXTERNAL.value)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Keep external memberships: what the form doesn't offer it must not take away."""
        user = form.instance
        external = (
            list(Group.objects.filter(user=user, memberof__kind=GroupKind.EXTERNAL.value)) if change else []
        )
        if external and "groups" in form.cleaned_data:
            chosen = Group.objects.filter(pk__in=[group.pk for group in form.cleaned_data["groups"]])
            form.cleaned_data["groups"] = chosen | Group.objects.filter(
                pk__in=[group.pk for group in external]
            )
        super().save_related(request, form, formsets, change)  # type: ignore[misc]

    @admin.display(description=_("external groups"))
    def external_groups(self, user: Any) -> SafeString:
        """The groups that the identity provider decides about, and why they can't be edited."""
        held = GroupRecord.objects.filter(group__user=user, kind=GroupKind.EXTERNAL.value)
        sources = dict(TenantRecord.objects.values_list("tenant", "source"))
        reason = gettext(
            "Read-only: the identity provider decides, and a change here would be undone at the next sign-in."
        )
        if not held:
            return format_html('<p class="help">{}</p>', gettext("None."))
        rows = format_html_join(
            "",
            '<li>{} <span class="mo-badge mo-external">{}</span></li>',
            ((record, sources.get(record.tenant, "")) for record in held),
        )
        return format_html('<ul class="mo-list">{}</ul><p class="help">{}</p>', rows, reason)


def guard_user_admin() -> None:
    """Put the mixin before the user admin that is registered now."""
    user_model = get_user_model()
    if conf.problems() or not conf.current().guard_user_admin:
        return
    registered = admin.site._registry.get(user_model)
    if registered is None or isinstance(registered, ExternalMembershipsMixin):
        return
    guarded = type(f"Guarded{type(registered).__name__}", (ExternalMembershipsMixin, type(registered)), {})
    try:
        admin.site.unregister(user_model)
    except NotRegistered:  # pragma: no cover - looked up just now
        return
    admin.site.register(user_model, guarded)
