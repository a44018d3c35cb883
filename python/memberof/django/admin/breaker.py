"""The circuit breaker: what is held, why, and the three ways on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memberof import MemberOfError
from memberof.django.admin.forms import told
from memberof.django.admin.history import people_names
from memberof.django.models import MarkRecord, TenantRecord
from memberof.django.store import DjangoStore

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

_DONE = {
    "hold": _("Detachments are held."),
    "release": _("The hold is over; the circuit breaker begins anew."),
    "confirm": _("The detachments are confirmed: the next sign-ins make them."),
    "restore": _("What was taken before the trip was given back; the hold stays."),
    "confirm-user": _("The next sign-in of this user may take all external groups."),
}


@admin.register(TenantRecord)
class BreakerAdmin(admin.ModelAdmin):
    """One row a tenant."""

    list_display = ("__str__", "state", "source")
    change_form_template = "admin/memberof/breaker.html"

    class Media:
        """Badges."""

        css = {"all": ("memberof/admin.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Sign-ins make the row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TenantRecord | None = None) -> bool:
        """It holds who the source of groups is."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: TenantRecord | None = None) -> tuple[str, ...]:
        """All: the buttons act."""
        return self.fields

    fields = ("tenant", "source")

    @admin.display(description=_("detachments"))
    def state(self, row: TenantRecord) -> SafeString:
        """Whether detachments are held."""
        if row.hold is None:
            return format_html('<span class="mo-badge mo-on">{}</span>', gettext("made as they come"))
        return format_html('<span class="mo-badge mo-held">{}</span>', gettext("held"))

    def get_urls(self) -> list[Any]:
        """Add the action behind the buttons."""
        act = path(
            "<int:pk>/act/", self.admin_site.admin_view(self.act_view), name="memberof_tenantrecord_act"
        )
        return [act, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the hold, and who awaits confirmation."""
        row = get_object_or_404(TenantRecord, pk=object_id) if object_id.isdigit() else None
        context: dict[str, Any] = {}
        if row is not None:
            awaiting = MarkRecord.objects.filter(tenant=row.tenant, confirmation="asked").order_by("user")
            names = people_names([mark.user for mark in awaiting])
            context = {
                "report": DjangoStore(row.tenant).breaker(),
                "awaiting": [(mark.user, names.get(mark.user, mark.user)) for mark in awaiting],
            }
        return super().change_view(
            request,
            object_id,
            form_url,
            {**(extra_context or {}), **context, "title": gettext("Circuit breaker")},
        )

    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hold, release, confirm, or give back."""
        row = get_object_or_404(TenantRecord, pk=pk)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        action = request.POST.get("action", "")
        if request.method == "POST" and action in _DONE:
            store, actor = DjangoStore(row.tenant), str(request.user)
            try:
                if action == "confirm-user":
                    store.confirm_user(request.POST.get("user", ""), actor=actor)
                elif action == "restore":
                    store.restore_trip(actor=actor)
                else:
                    getattr(store, action)(actor=actor)
            except MemberOfError as error:
                messages.error(request, told(error))
            else:
                messages.success(request, str(_DONE[action]))
        return HttpResponseRedirect(reverse("admin:memberof_tenantrecord_change", args=[pk]))
