"""The filters of the lists. An empty text has a name too, for eyes and for screen readers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memberof.django.wording import kind_word
from memberof.stores.rows import micros

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


class TimeFilter(admin.SimpleListFilter):
    """By how long ago it was."""

    title = _("time")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer a day, a week and a month."""
        return [("1", _("Last 24 hours")), ("7", _("Last 7 days")), ("30", _("Last 30 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what is younger."""
        value = self.value()
        if value not in ("1", "7", "30"):
            return queryset
        return queryset.filter(at__gte=micros(timezone.now() - timedelta(days=int(value))))


class KindFilter(admin.SimpleListFilter):
    """By the kind of event, in words."""

    title = _("event")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what occurs."""
        found = model_admin.model.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, kind_word(kind)) for kind in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen kind."""
        return queryset if self.value() is None else queryset.filter(kind=self.value())
