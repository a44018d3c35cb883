"""Addresses of the example."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from notes import views

urlpatterns = [
    path("", views.home, name="home"),
    path("notes/", views.notes, name="notes"),
    path("editors/", views.editors, name="editors"),
    path("saml/", include("memberof.django.urls")),
    path("admin/", admin.site.urls),
]
