"""Sign-in, the assertion consumer service, our metadata and sign-out."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from memberof import MemberOfError
from memberof.django import building, conf, sessions, signin, trial
from memberof.django.models import PendingRecord, SamlProvider
from memberof.web.answer import MAX_FORM_BYTES, RESTART_COOKIE, BeginAgain, Refused, restart_cookie
from memberof.web.paths import local_path
from memberof.web.pending import expired_cookie, open_request, surplus_cookies

if TYPE_CHECKING:
    from django.http import HttpRequest

    from memberof.web.pending import Cookie

__all__ = ["AcsView", "ChooseView", "LoginView", "LogoutView", "MetadataView", "begin_login"]


class ChooseView(View):
    """Choose an identity provider; with only one there is nothing to choose. Fit for ``LOGIN_URL``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the choice, or go on."""
        target = local_path(request.GET.get("next"), _default_path())
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        providers = list(SamlProvider.objects.filter(enabled=True))
        if len(providers) == 1:
            return begin_login(request, providers[0], return_to=target)
        return render(request, "memberof/choose.html", {"providers": providers, "next": target})


class LoginView(View):
    """Begin a sign-in with one identity provider."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Send the browser to the identity provider; ``next`` is the local path to come back to."""
        provider = get_object_or_404(SamlProvider, slug=slug, enabled=True)
        return begin_login(request, provider, return_to=request.GET.get("next"))


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_post_parameters("SAMLResponse"), name="dispatch")
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class AcsView(View):
    """The assertion consumer service: where the identity provider's page posts the Response to.

    Exempt from Django's CSRF check, which can't hold across sites: in its place stands the cookie of the pending request.
    """

    http_method_names = ("post",)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Sign in, begin again, or refuse."""
        provider = get_object_or_404(SamlProvider, slug=slug, enabled=True)
        form = _form(request)
        if isinstance(form, Refused):
            return _refusal(request, provider, form, status=413)
        now, secure = timezone.now(), conf.current().secure
        verdict = signin.judge(
            provider,
            form,
            request.COOKIES,
            now=now,
            secure=secure,
            restarted=RESTART_COOKIE in request.COOKIES,
        )
        if isinstance(verdict, Refused):
            return _refusal(request, provider, verdict)
        if isinstance(verdict, BeginAgain):
            response = begin_login(request, provider, return_to=None, restarted=True)
            _set(response, restart_cookie())
            return response
        cookie = expired_cookie(verdict.request, secure=secure)
        if verdict.request.purpose == "test":
            response = trial.answered(provider, verdict, now=now)
            _set(response, cookie)
            return response
        done = signin.sign_in(provider, verdict, now=now)
        if isinstance(done, Refused):
            return _refusal(request, provider, done, cookie=cookie)
        sessions.begin(
            request,
            done.user,
            provider,
            now=now,
            expires_at=done.outcome.session_expires_at,
            session_index=done.assertion.session_index,
        )
        signin.announce(request, provider, done)
        response = HttpResponseRedirect(done.request.return_to, status=303)
        _set(response, cookie)
        add_never_cache_headers(response)
        return response


class MetadataView(View):
    """Our metadata, for the identity provider's administrator."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Return the XML."""
        provider = get_object_or_404(SamlProvider, slug=slug)
        document = building.service_provider(provider).metadata()
        return HttpResponse(document, content_type="application/samlmetadata+xml; charset=utf-8")


class LogoutView(View):
    """Sign out, here only, and land on a page that doesn't sign in again."""

    http_method_names = ("get", "post")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page after sign-out; a link alone signs nobody out."""
        return render(request, "memberof/signed_out.html")

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session."""
        sessions.end(request)
        return HttpResponseRedirect(reverse("memberof:logout"), status=303)


def begin_login(
    request: HttpRequest,
    provider: SamlProvider,
    *,
    return_to: str | None,
    restarted: bool = False,
    purpose: str = "login",
    actor: str | None = None,
) -> HttpResponse:
    """Keep a pending request, bind it to this browser, and send it to the identity provider."""
    now, secure = timezone.now(), conf.current().secure
    relay_state = secrets.token_urlsafe(32)
    try:
        verifier = building.service_provider(provider)
        message = verifier.login_request(relay_state=relay_state, force_authn=provider.force_authn)
    except (MemberOfError, ImproperlyConfigured) as error:
        return _refusal(request, provider, Refused("config.provider", str(error)))
    pending, cookie = open_request(
        message.id,
        provider=str(provider.pk),
        relay_state=relay_state,
        return_to=return_to,
        now=now,
        default_path=_default_path(),
        purpose=purpose,
        actor=actor,
        restarted=restarted,
        secure=secure,
    )
    PendingRecord.from_value(pending).save()
    response = HttpResponseRedirect(message.redirect_url)
    for removal in surplus_cookies(request.COOKIES, secure=secure):
        _set(response, removal)
    _set(response, cookie)
    add_never_cache_headers(response)
    return response


def _form(request: HttpRequest) -> Any:
    """Return the posted form, unless it is larger than any Response that could be read."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = MAX_FORM_BYTES + 1
    if length > MAX_FORM_BYTES:
        return Refused("saml.too_large", f"the form has {length} bytes, at most {MAX_FORM_BYTES} are read")
    return request.POST


def _refusal(
    request: HttpRequest,
    provider: SamlProvider | None,
    refused: Refused,
    *,
    status: int = 403,
    cookie: Cookie | None = None,
) -> HttpResponse:
    refusal = signin.refuse(request, provider, refused)
    response = render(
        request,
        "memberof/refused.html",
        {"reference": refusal.reference, "provider": provider},
        status=status,
    )
    if cookie is not None:
        _set(response, cookie)
    add_never_cache_headers(response)
    return response


def _set(response: HttpResponse, cookie: Cookie) -> None:
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=cookie.max_age,
        secure=cookie.secure,
        httponly=cookie.http_only,
        samesite=cookie.same_site,
    )


def _default_path() -> str:
    return str(resolve_url(settings.LOGIN_REDIRECT_URL))
