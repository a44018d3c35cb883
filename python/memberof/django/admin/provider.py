"""The admin of identity providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import memberof
from memberof import MemberOfError
from memberof.django import building, conf, keys, trial
from memberof.django.admin.filters import TenantFilter
from memberof.django.admin.forms import SamlProviderForm, told
from memberof.django.admin.switching import switch_summary
from memberof.django.inspection import certificate_expiry
from memberof.django.models import SamlProvider, SignInReport
from memberof.django.refreshing import confirm_refresh
from memberof.django.views import begin_login
from memberof.django.wording import status_word

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


@admin.register(SamlProvider)
class SamlProviderAdmin(admin.ModelAdmin):
    """Where an administrator sets up sign-in and group synchronisation, step by step."""

    form = SamlProviderForm
    list_display = ("name", "tenant", "enabled_", "synchronisation", "certificate_ends")
    list_filter = ("enabled", "group_format", "mode", TenantFilter)
    search_fields = ("name", "slug", "tenant", "idp_entity_id")
    prepopulated_fields = {"slug": ("name",)}
    change_form_template = "admin/memberof/provider_form.html"
    readonly_fields = ("setup", "entity_id", "keys_held", "product_help")
    fieldsets = (
        (None, {"fields": ("name", "slug", "tenant", "enabled")}),
        (
            _("1. Tell the identity provider about this application"),
            {
                "fields": ("setup", "sp_entity_id"),
                "description": _("Copy these values into the identity provider."),
            },
        ),
        (
            _("2. Tell this application about the identity provider"),
            {
                "fields": (
                    "preset",
                    "product_help",
                    "metadata",
                    "metadata_url",
                    "metadata_certificate",
                    "entity_id",
                )
            },
        ),
        (
            _("3. Groups"),
            {
                "fields": (
                    "group_format",
                    "attribute_names",
                    "mode",
                    "policy",
                    "policy_options",
                    "group_rules",
                    "protected_groups",
                    "last_member_groups",
                ),
                "description": _(
                    "Groups come with each sign-in and are the single source of truth: what the identity provider "
                    "doesn't send is taken away. Send at most 100 groups: above its own limit an identity provider "
                    "sends none at all. If your identity provider offers SCIM 2.0, synchronising groups by SCIM is the "
                    "better way; this application doesn't offer that yet."
                ),
            },
        ),
        (
            _("4. Accounts and sessions"),
            {
                "fields": (
                    "create_users",
                    "username_attribute",
                    "email_attribute",
                    "first_name_attribute",
                    "last_name_attribute",
                    "subject_attribute",
                    "link_domains",
                    "session_hours",
                    "clock_skew",
                    "force_authn",
                )
            },
        ),
        (
            _("Keys of this application"),
            {
                "classes": ("collapse",),
                "fields": ("keys_held", "new_decryption_keys", "new_signing_key", "certificate"),
                "description": _(
                    "Only needed where the identity provider encrypts, or wants signed requests."
                ),
            },
        ),
    )

    class Media:
        """Badges and panels."""

        css = {"all": ("memberof/admin.css",)}

    @admin.display(description=_("enabled"), boolean=True, ordering="enabled")
    def enabled_(self, provider: SamlProvider) -> bool:
        """Whether anybody can sign in with it."""
        return bool(provider.enabled)

    @admin.display(description=_("group synchronisation"), ordering="mode")
    def synchronisation(self, provider: SamlProvider) -> SafeString:
        """Off, or the format and the mode."""
        if provider.group_format == provider.GroupFormat.OFF:
            return format_html('<span class="mo-badge mo-off">{}</span>', gettext("Off"))
        mode = str(provider.get_mode_display()).partition(":")[0]
        return format_html(
            '<span class="mo-badge mo-{}">{}</span> {}',
            provider.mode,
            mode,
            provider.get_group_format_display(),
        )

    @admin.display(description=_("certificate ends"))
    def certificate_ends(self, provider: SamlProvider) -> str:
        """When the newest certificate of the identity provider ends."""
        try:
            certificates = building.identity_provider(provider.metadata).certificates
        except MemberOfError:
            return "-"
        ends = [end for end in map(certificate_expiry, certificates) if end is not None]
        return f"{max(ends):%Y-%m-%d}" if ends else "-"

    @admin.display(description=_("values to copy"))
    def setup(self, provider: SamlProvider) -> SafeString:
        """What the identity provider's administrator needs."""
        if not provider.pk:
            return format_html("{}", gettext("Save first: the addresses hold the address part above."))
        values = (
            (gettext("Entity ID (identifier, audience)"), provider.our_entity_id),
            (gettext("Assertion consumer service (reply URL)"), provider.acs_url),
            (gettext("Metadata"), provider.our_metadata_url),
        )
        return format_html(
            '<dl class="mo-values">{}</dl>',
            format_html_join("", "<dt>{}</dt><dd><code>{}</code></dd>", values),
        )

    @admin.display(description=_("entity ID"))
    def entity_id(self, provider: SamlProvider) -> str:
        """Of the identity provider, out of its metadata; pinned."""
        return provider.idp_entity_id or gettext("Read from the metadata when you save.")

    @admin.display(description=_("keys held"))
    def keys_held(self, provider: SamlProvider) -> SafeString:
        """Where the keys are, never what they are."""
        held = [(gettext("decryption"), shown) for shown in keys.describe(provider.decryption_keys)]
        held += [(gettext("signing"), shown) for shown in keys.describe(provider.signing_key)]
        if not held:
            return format_html("{}", gettext("None."))
        return format_html('<ul class="mo-list">{}</ul>', format_html_join("", "<li>{}: {}</li>", held))

    @admin.display(description=_("about this product"))
    def product_help(self, provider: SamlProvider) -> SafeString:
        """Its habits, as far as they are known."""
        known = {preset.name: preset for preset in memberof.GroupExtractor.presets()}
        preset = known.get(provider.preset)
        if preset is None:
            return format_html(
                "{}",
                gettext(
                    "Choose the product and save: what is known of it is told here, and its limits are set."
                ),
            )
        limit = gettext("It sends at most %(limit)s groups.") % {"limit": preset.limit}
        told = [preset.note, *([limit] if preset.limit is not None else [])]
        paragraphs = format_html_join("", "<p>{}</p>", ((text,) for text in told if text))
        return format_html("{}{}", paragraphs, _guide(preset.name))

    def save_model(self, request: HttpRequest, obj: SamlProvider, form: Any, change: bool) -> None:
        """Save; a switch to *on* waits until somebody has seen what it would do."""
        obj._wants_on = False
        turns_on = obj.mode == obj.SyncMode.ON and obj.group_format != obj.GroupFormat.OFF
        before = SamlProvider.objects.filter(pk=obj.pk).first() if change else None
        was_on = (
            before is not None
            and before.mode == obj.SyncMode.ON
            and before.group_format != obj.GroupFormat.OFF
        )
        if turns_on and not was_on:
            obj.mode, obj._wants_on = obj.SyncMode.OBSERVE, True
        super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: SamlProvider) -> HttpResponse:
        """Lead to the confirmation where synchronisation was asked to be on."""
        if getattr(obj, "_wants_on", False):
            return HttpResponseRedirect(reverse("admin:memberof_samlprovider_switch_on", args=[obj.pk]))
        return super().response_change(request, obj)

    def response_add(
        self, request: HttpRequest, obj: SamlProvider, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on with the values to copy; a new provider observes first."""
        if getattr(obj, "_wants_on", False):
            return HttpResponseRedirect(reverse("admin:memberof_samlprovider_switch_on", args=[obj.pk]))
        return HttpResponseRedirect(reverse("admin:memberof_samlprovider_change", args=[obj.pk]))

    def get_urls(self) -> list[Any]:
        """Add the pages beside the form."""

        def page(name: str, view: Any, tail: str = "") -> Any:
            return path(
                f"<int:pk>/{name.replace('_', '-')}/{tail}",
                self.admin_site.admin_view(view),
                name=f"memberof_samlprovider_{name}",
            )

        return [
            page("test", self.test_view),
            page("report", self.report_view, "<str:token>/"),
            page("try_response", self.try_view),
            page("switch_on", self.switch_on_view),
            page("confirm_metadata", self.confirm_metadata_view),
            *super().get_urls(),
        ]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the administrator to the identity provider and back: nothing is applied, no session is made."""
        provider = self._provider(request, pk)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:memberof_samlprovider_change", args=[pk]))
        return begin_login(request, provider, return_to=None, purpose="test", actor=str(request.user.pk))

    def report_view(self, request: HttpRequest, pk: int, token: str) -> HttpResponse:
        """Show what a test sign-in found, to whoever asked for it."""
        provider = self._provider(request, pk)
        row = SignInReport.objects.filter(
            provider=provider, token=token, actor=request.user, expires_at__gt=timezone.now()
        ).first()
        if row is None:
            raise Http404
        return self._page(
            request, provider, "report.html", gettext("Test sign-in"), **_shown_report(row.report)
        )

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a pasted Response would do."""
        provider = self._provider(request, pk)
        shown: dict[str, Any] = {}
        if request.method == "POST":
            report = trial.try_response(
                provider, request.POST.get("saml_response", "").strip(), now=timezone.now()
            )
            shown = _shown_report(report)
        return self._page(request, provider, "try_response.html", gettext("Try a response"), **shown)

    def switch_on_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the observed sign-ins would have done, then switch on."""
        provider = self._provider(request, pk)
        if request.method == "POST":
            provider.mode = provider.SyncMode.ON
            provider.save(update_fields=("mode", "updated_at"))
            self.log_change(request, provider, gettext("Group synchronisation switched on."))
            messages.success(request, gettext("Group synchronisation is on."))
            return HttpResponseRedirect(reverse("admin:memberof_samlprovider_change", args=[pk]))
        summary = switch_summary(provider)
        return self._page(
            request, provider, "switch_on.html", gettext("Switch on group synchronisation"), summary=summary
        )

    def confirm_metadata_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take over fetched metadata that needs somebody's word."""
        provider = self._provider(request, pk)
        if request.method == "POST" and provider.new_metadata:
            try:
                confirm_refresh(provider)
            except MemberOfError as error:
                messages.error(request, told(error))
            else:
                self.log_change(request, provider, gettext("Fetched metadata confirmed."))
                messages.success(request, gettext("The fetched metadata is in force."))
        return HttpResponseRedirect(reverse("admin:memberof_samlprovider_change", args=[pk]))

    def _provider(self, request: HttpRequest, pk: int) -> SamlProvider:
        provider = get_object_or_404(SamlProvider, pk=pk)
        if not self.has_change_permission(request, provider):
            raise PermissionDenied
        return provider

    def _page(
        self, request: HttpRequest, provider: SamlProvider, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        return TemplateResponse(
            request,
            f"admin/memberof/{template}",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": provider,
                "provider": provider,
                "title": title,
                "media": self.media,
                **context,
            },
        )


#: Presets whose page of the guide has another name.
_PAGES = {"adfs-names": "adfs", "generic": "other", "pingfederate": "ping", "pingone": "ping"}


def _shown_report(report: dict[str, Any]) -> dict[str, Any]:
    claim = report.get("claim")
    return {"report": report, "status": status_word(claim["status"]) if claim else ""}


def _guide(preset: str) -> SafeString:
    """Return where the guide says what to click in a product."""
    page = _PAGES.get(preset, preset)
    base = conf.current().guide_url.rstrip("/")
    if not base:
        text = gettext("Step by step: docs/idp/%(page)s.md in the documentation of memberof.")
        return format_html("<p>{}</p>", text % {"page": page})
    link = gettext("Step by step: what to click there")
    return format_html('<p><a href="{}/{}/">{}</a></p>', base, page, link)
