"""``path("saml/", include("memberof.django.urls"))``."""

from __future__ import annotations

from django.urls import path

from memberof.django import views

app_name = "memberof"

urlpatterns = [
    path("", views.ChooseView.as_view(), name="choose"),
    path("signed-out/", views.LogoutView.as_view(), name="logout"),
    path("<slug:slug>/login/", views.LoginView.as_view(), name="login"),
    path("<slug:slug>/acs/", views.AcsView.as_view(), name="acs"),
    path("<slug:slug>/metadata/", views.MetadataView.as_view(), name="metadata"),
]
