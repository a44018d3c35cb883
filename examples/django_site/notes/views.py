"""Three pages: for everybody, for whoever is signed in, and for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import render

from memberof.django.models import GroupRecord

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def home(request: HttpRequest) -> HttpResponse:
    """Greet."""
    return render(request, "notes/home.html", {"demo": settings.NOTES_DEMO})


@login_required
def notes(request: HttpRequest) -> HttpResponse:
    """Show the user's groups, with who decides about each."""
    groups = GroupRecord.objects.filter(group__user=request.user).order_by("name")
    return render(request, "notes/notes.html", {"groups": groups})


@login_required
def editors(request: HttpRequest) -> HttpResponse:
    """Only for members of the group "Editors" of the user's own tenant."""
    if not GroupRecord.objects.filter(group__user=request.user, name="Editors").exists():
        raise PermissionDenied
    return render(request, "notes/editors.html")
