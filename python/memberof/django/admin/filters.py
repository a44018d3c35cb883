"""Filters by texts that may be empty: an empty one has a name too, for eyes and for screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

_EMPTY = "-"


class _TextFilter(admin.SimpleListFilter):
    empty: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what occurs; one value alone is no choice."""
        name = self.parameter_name
        found = model_admin.model.objects.order_by(name).values_list(name, flat=True).distinct()[:200]
        return [(text or _EMPTY, text or self.empty) for text in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the chosen text."""
        value = self.value()
        return (
            queryset
            if value is None
            else queryset.filter(**{self.parameter_name: "" if value == _EMPTY else value})
        )


class TenantFilter(_TextFilter):
    """By tenant."""

    title = _("tenant")
    parameter_name = "tenant"
    empty = _("Default tenant")


class OriginFilter(_TextFilter):
    """By who decides about a group."""

    title = _("origin")
    parameter_name = "source"
    empty = _("This application")
