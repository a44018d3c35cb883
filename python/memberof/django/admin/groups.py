"""The admin of groups: who decides about each, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Count, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from memberof import MemberOfError
from memberof.django.admin.filters import TenantFilter
from memberof.django.admin.forms import told
from memberof.django.models import GroupRecord, TenantRecord
from memberof.django.store import DjangoStore
from memberof.django.store.groups import record_unrecorded
from memberof.enums import GroupKind

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


def kind_badge(kind: str) -> SafeString:
    """Return the badge of a group's kind."""
    words = dict(GroupRecord.KINDS)
    return format_html('<span class="mo-badge mo-{}">{}</span>', kind, words.get(kind, kind))


@admin.register(GroupRecord)
class GroupRecordAdmin(admin.ModelAdmin):
    """Groups with their kind and origin. Permissions are edited where Django's own groups are."""

    list_display = ("name", "badge", "members", "origin", "tenant")
    list_filter = ("kind", TenantFilter)
    search_fields = ("name", "tenant")
    actions = ("make_internal", "make_external")
    fields = ("name", "tenant", "badge", "origin", "members", "django_group")
    readonly_fields = ("badge", "origin", "members", "django_group")

    class Media:
        """Badges."""

        css = {"all": ("memberof/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[GroupRecord]:
        """Count members in the same query; what came past the signals is recorded first."""
        record_unrecorded("", "default")
        through = get_user_model().groups.through
        counted = (
            through.objects.filter(group_id=OuterRef("group_id"))
            .order_by()
            .values("group_id")
            .annotate(total=Count("pk"))
            .values("total")
        )
        # There is one source of groups in a tenant (rule R11): it decides about all that are external.
        source = TenantRecord.objects.filter(tenant=OuterRef("tenant")).values("source")
        found = (
            super()
            .get_queryset(request)
            .annotate(source=Coalesce(Subquery(source), Value(""), output_field=TextField()))
        )
        return found.annotate(member_count=Coalesce(Subquery(counted), 0))

    def get_readonly_fields(self, request: HttpRequest, obj: GroupRecord | None = None) -> tuple[str, ...]:
        """A tenant is given once; an external group's name is what the identity provider sends."""
        fixed = (
            ("tenant", "name")
            if obj is not None and obj.is_external
            else ("tenant",)
            if obj is not None
            else ()
        )
        return (*self.readonly_fields, *fixed)

    @admin.display(description=_("kind"), ordering="kind")
    def badge(self, record: GroupRecord) -> SafeString:
        """Internal or external."""
        return kind_badge(record.kind)

    @admin.display(description=_("members"), ordering="member_count")
    def members(self, record: GroupRecord) -> int:
        """How many users are in it."""
        return int(getattr(record, "member_count", 0))

    @admin.display(description=_("origin"))
    def origin(self, record: GroupRecord) -> str:
        """Who decides about it: an identity provider, by its entity ID, or this application."""
        source = getattr(record, "source", "") if record.is_external else ""
        return source or gettext("This application")

    @admin.display(description=_("permissions"))
    def django_group(self, record: GroupRecord) -> SafeString | str:
        """Where its permissions are."""
        if not record.pk:
            return "-"
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:auth_group_change", args=[record.group_id]),
            record.group.name,
        )

    @admin.action(
        description=_("Make internal: sign-ins no longer change their members"), permissions=["change"]
    )
    def make_internal(self, request: HttpRequest, queryset: QuerySet[GroupRecord]) -> None:
        """Give groups back to the application."""
        self._set_kind(request, queryset, GroupKind.INTERNAL)

    @admin.action(description=_("Make external: the identity provider decides"), permissions=["change"])
    def make_external(self, request: HttpRequest, queryset: QuerySet[GroupRecord]) -> None:
        """Hand groups over to the identity provider."""
        self._set_kind(request, queryset, GroupKind.EXTERNAL)

    def save_model(self, request: HttpRequest, obj: GroupRecord, form: Any, change: bool) -> None:
        """Create or rename through the store, so that the history knows."""
        store = DjangoStore(obj.tenant)
        if not change:
            store.create_group(obj.name, actor=str(request.user))
        elif "name" in form.changed_data:
            store.rename_group(form.initial["name"], obj.name, actor=str(request.user))
        made = GroupRecord.objects.get(tenant=obj.tenant, name=obj.name)
        obj.pk, obj.group_id, obj.key, obj.kind = made.pk, made.group_id, made.key, made.kind

    def get_form(self, request: HttpRequest, obj: GroupRecord | None = None, **kwargs: Any) -> Any:
        """Refuse names that the store would refuse, beside the field."""
        form = super().get_form(request, obj, **kwargs)

        def clean(self: Any) -> dict[str, Any]:
            cleaned = super(form, self).clean()
            tenant = cleaned.get("tenant", self.instance.tenant)
            others = GroupRecord.objects.filter(tenant=tenant, name=cleaned.get("name")).exclude(
                pk=self.instance.pk
            )
            if others.exists():
                self.add_error("name", gettext("There is a group of this name."))
            return cleaned

        form.clean = clean
        return form

    def delete_model(self, request: HttpRequest, obj: GroupRecord) -> None:
        """Delete through the store, so that the history knows."""
        DjangoStore(obj.tenant).delete_group(obj.name, actor=str(request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[GroupRecord]) -> None:
        """Delete several, each through the store."""
        for record in queryset:
            self.delete_model(request, record)

    def _set_kind(self, request: HttpRequest, queryset: QuerySet[GroupRecord], kind: GroupKind) -> None:
        changed = 0
        for record in queryset:
            try:
                done = DjangoStore(record.tenant).set_kind(record.name, kind, actor=str(request.user))
            except MemberOfError as error:
                self.message_user(request, told(error), messages.ERROR)
                continue
            changed += done is not None
        text = ngettext("%(count)d group changed.", "%(count)d groups changed.", changed) % {"count": changed}
        self.message_user(request, text, messages.SUCCESS if changed else messages.INFO)
