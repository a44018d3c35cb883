"""The history: every event with its plan in words, and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memberof import MemberOfError
from memberof.django.admin.filters import KindFilter, TenantFilter, TimeFilter
from memberof.django.admin.forms import told
from memberof.django.models import EventRecord
from memberof.django.store import DjangoStore
from memberof.django.store.connection import user_id
from memberof.django.wording import action_word, event_summary, kind_word, reason_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from memberof.records import Change, Event


@admin.register(EventRecord)
class EventAdmin(admin.ModelAdmin):
    """Read-only: events are what happened."""

    list_display = ("when", "what", "who", "summary", "tenant")
    list_display_links = ("when", "summary")
    list_filter = (KindFilter, TimeFilter, "lossy", TenantFilter)
    search_fields = ("references__name",)
    change_form_template = "admin/memberof/event.html"

    class Media:
        """Badges."""

        css = {"all": ("memberof/admin.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes history."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: EventRecord | None = None) -> bool:
        """Nobody rewrites it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: EventRecord | None = None) -> bool:
        """Old events go by memberof_stale --forget-history, not one by one."""
        return False

    @admin.display(description=_("time"), ordering="at")
    def when(self, row: EventRecord) -> str:
        """When it happened, in the administrator's time zone."""
        return localize(timezone.localtime(row.value.at).replace(microsecond=0))

    @admin.display(description=_("event"), ordering="kind")
    def what(self, row: EventRecord) -> str:
        """The kind of event in words."""
        return kind_word(row.kind)

    @admin.display(description=_("who"))
    def who(self, row: EventRecord) -> str:
        """Whose sign-in it was, or who did it."""
        event = row.value
        return people_names([event.user]).get(event.user, event.user) if event.user else event.actor or "-"

    @admin.display(description=_("changes"))
    def summary(self, row: EventRecord) -> str:
        """The changes in one line."""
        return event_summary(row.value)

    def get_urls(self) -> list[Any]:
        """Add undo."""
        undo = path(
            "<int:pk>/undo/", self.admin_site.admin_view(self.undo_view), name="memberof_eventrecord_undo"
        )
        return [undo, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """List events under a title that says what they are."""
        return super().changelist_view(request, {**(extra_context or {}), "title": gettext("History")})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show an event in words."""
        row = get_object_or_404(EventRecord, pk=object_id) if object_id.isdigit() else None
        context = {} if row is None else event_context(row.value)
        may_undo = request.user.has_perm("memberof.change_grouprecord")
        return super().change_view(
            request,
            object_id,
            form_url,
            {
                **(extra_context or {}),
                **context,
                "may_undo": may_undo,
                "title": gettext("Event"),
                "subtitle": None,
            },
        )

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what undoing would do; do it on POST."""
        row = get_object_or_404(EventRecord, pk=pk)
        if not request.user.has_perm("memberof.change_grouprecord"):
            raise PermissionDenied
        store = DjangoStore(row.tenant)
        force = request.POST.get("force") == "yes"
        back = HttpResponseRedirect(reverse("admin:memberof_eventrecord_change", args=[pk]))
        try:
            if request.method == "POST":
                undone = store.undo(pk, force=force, actor=str(request.user))
                messages.success(request, gettext("The event was undone."))
                if undone.event_id is not None:
                    return HttpResponseRedirect(
                        reverse("admin:memberof_eventrecord_change", args=[undone.event_id])
                    )
                return back
            undo = store.undo(pk, apply=False, force=True)
        except MemberOfError as error:
            messages.error(request, told(error))
            return back
        return TemplateResponse(
            request,
            "admin/memberof/undo.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": row,
                "title": gettext("Undo this event?"),
                "media": self.media,
                "changes": shown_changes(undo.changes),
                "conflicts": undo.conflicts,
                "stays": undo.stays,
            },
        )


def event_context(event: Event) -> dict[str, Any]:
    """Return what the page of an event shows."""
    reach = event.details.get("reach") or {}
    names = people_names(
        {event.user, *(user for found in reach.values() for user in found.get("others", ()))}
    )
    return {
        "event": event,
        "kind": kind_word(event.kind),
        "person": names.get(event.user, event.user) if event.user else event.actor,
        "changes": shown_changes(event.changes),
        "held": shown_changes(event.held),
        "reach": [
            (group, [names.get(user, user) for user in found.get("others", ())], found.get("strangers", 0))
            for group, found in sorted(reach.items())
        ],
        "warnings": event.details.get("warnings") or (),
    }


def shown_changes(changes: Iterable[Change]) -> list[dict[str, str]]:
    """Return changes in words."""
    changes = list(changes)
    names = people_names({change.user for change in changes})
    return [
        {
            "action": change.action,
            "word": action_word(change.action),
            "group": change.group if change.name is None else f"{change.group} → {change.name}",
            "user": names.get(change.user, change.user or "") if change.user else "",
            "reason": reason_word(change.reason),
        }
        for change in changes
    ]


def people_names(ids: Iterable[str | None]) -> dict[str | None, str]:
    """Return user names by the IDs that events hold; accounts that are gone keep their ID."""
    wanted = [user_id(text) for text in ids if text]
    user_model = get_user_model()
    found = user_model._default_manager.filter(pk__in=[pk for pk in wanted if pk is not None])
    return {str(user.pk): user.get_username() for user in found}
