"""The form of an identity provider: keys go in and never come out, mistakes are told beside their field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

import memberof
from memberof import MemberOfError
from memberof.django import building, keys
from memberof.django.models import SamlProvider

_KEY_HELP = _(
    "A reference (env:NAME or file:/path), or PEM, which is encrypted before it is stored. Never shown again. "
    "Empty: as it is. A single hyphen removes it."
)


class SamlProviderForm(forms.ModelForm):
    """Checks what is given by building from it what a sign-in would use."""

    preset = forms.ChoiceField(
        label=_("Product"),
        required=False,
        help_text=_("The identity provider's product: its limits and habits are then known."),
    )
    metadata_url = forms.URLField(
        label=_("Metadata address"),
        required=False,
        max_length=1024,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "vURLField"}),
        help_text=_("Asked by the command memberof_refresh_metadata, never during a sign-in. HTTPS only."),
    )
    new_decryption_keys = forms.CharField(
        label=_("New decryption keys"),
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_KEY_HELP,
    )
    new_signing_key = forms.CharField(
        label=_("New signing key"),
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_KEY_HELP,
    )

    class Meta:
        """Everything that is not computed."""

        model = SamlProvider
        fields = "__all__"
        widgets = {
            "metadata": forms.Textarea(
                attrs={"rows": 6, "spellcheck": "false", "class": "vLargeTextField mo-code"}
            ),
            "certificate": forms.Textarea(
                attrs={"rows": 4, "spellcheck": "false", "class": "vLargeTextField mo-code"}
            ),
            "attribute_names": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            "protected_groups": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            "last_member_groups": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            "link_domains": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            "metadata_certificate": forms.Textarea(
                attrs={"rows": 3, "spellcheck": "false", "class": "vLargeTextField mo-code"}
            ),
            "group_rules": forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "mo-code"}),
            "policy_options": forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "mo-code"}),
            "group_format": forms.RadioSelect,
            "mode": forms.RadioSelect,
            "policy": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "preset" in self.fields:
            self.fields["preset"].choices = [("", _("Any other")), *products()]
        for name in {"clock_skew", "session_hours"} & self.fields.keys():
            # Before everything is built from it, so that a number out of range is told beside its field.
            self.fields[name].validators.extend(SamlProvider._meta.get_field(name).validators)

    def clean_metadata(self) -> str:
        """Read the metadata as a sign-in would; once somebody signed in with it, its entity ID is pinned."""
        text = str(self.cleaned_data["metadata"]).strip()
        try:
            found = memberof.IdentityProvider.from_metadata(text)
        except MemberOfError as error:
            raise forms.ValidationError(told(error)) from error
        pinned = self.instance.idp_entity_id
        if self.instance.pk and pinned and found.entity_id != pinned and self.instance.subjects.exists():
            raise forms.ValidationError(
                _(
                    "This is the metadata of “%(found)s”; accounts are linked to “%(pinned)s”. Add another provider."
                ),
                params={"found": found.entity_id, "pinned": pinned},
            )
        self.instance.idp_entity_id = found.entity_id
        return text

    def clean(self) -> dict[str, Any]:
        """Build everything, so that a mistake is told here and not to the next user."""
        cleaned = super().clean()
        for name, field in (("new_decryption_keys", "decryption_keys"), ("new_signing_key", "signing_key")):
            given = cleaned.get(name, "")
            if not given:
                continue
            try:
                setattr(self.instance, field, "" if given == "-" else keys.seal(given))
            except ImproperlyConfigured as error:
                self.add_error(name, str(error))
        if not self.errors:
            self._try(cleaned)
        return cleaned

    def _try(self, cleaned: dict[str, Any]) -> None:
        trial = SamlProvider(
            **{
                field.attname: cleaned.get(field.name, getattr(self.instance, field.attname))
                for field in SamlProvider._meta.concrete_fields
            }
        )
        for build, name in (
            (building.policy, "policy_options"),
            (building.extractor, "group_rules"),
            (building.service_provider, None),
        ):
            try:
                build(trial)
            except (MemberOfError, ImproperlyConfigured) as error:
                self.add_error(name if name in self.fields else None, told(error))


def told(error: Exception) -> str:
    """Return an error as a form tells it: the message and the hint, for administrators."""
    message = getattr(error, "message", str(error))
    hint = getattr(error, "hint", None)
    return f"{message}. {hint}" if hint else str(message)


def products() -> list[tuple[str, str]]:
    """Return the products that are known: name and title, by title."""
    return sorted(
        ((preset.name, preset.title) for preset in memberof.GroupExtractor.presets()),
        key=lambda pair: pair[1],
    )
