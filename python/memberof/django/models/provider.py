"""An identity provider of a tenant, and how it is used."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from memberof.django import conf


class SamlProvider(models.Model):
    """One identity provider of one tenant."""

    class GroupFormat(models.TextChoices):
        """How the attribute's values hold names (rules R1 to R4)."""

        OFF = "off", _("Off")
        LDAP = "ldap", _("LDAP array")
        ARRAY = "array", _("Array")
        CSV = "csv", _("Comma-separated list")

    class SyncMode(models.TextChoices):
        """What a sign-in may change (rule R1)."""

        OBSERVE = "observe", _("Observe: record what would happen, change nothing")
        ATTACH_ONLY = "attach_only", _("Attach only: add memberships, remove none")
        ON = "on", _("On: groups follow the identity provider")

    class Policy(models.TextChoices):
        """Decisions where the identity provider is silent, or a group exists already."""

        STANDARD = "standard", _("Standard: a received name takes over an internal group of that name")
        CAUTIOUS = (
            "cautious",
            _("Cautious: internal groups stay internal, only what the identity provider gave is taken away"),
        )

    name = models.CharField(_("name"), max_length=200, help_text=_("Shown to users: “Sign in with …”."))
    slug = models.SlugField(_("address part"), unique=True, help_text=_("Part of the addresses below."))
    tenant = models.CharField(
        _("tenant"),
        max_length=100,
        blank=True,
        default="",
        help_text=_("The customer whose groups these are. Empty: the only one, or this application's own."),
    )
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Switched off, nobody signs in with it.")
    )

    metadata = models.TextField(
        _("metadata"), help_text=_("The identity provider's metadata: XML that begins with EntityDescriptor.")
    )
    metadata_url = models.URLField(
        _("metadata address"),
        blank=True,
        max_length=1024,
        help_text=_("Asked by the command memberof_refresh_metadata, never during a sign-in. HTTPS only."),
    )
    metadata_certificate = models.TextField(
        _("certificates of the metadata"),
        blank=True,
        help_text=_(
            "PEM; who signs the metadata at that address. Empty: the identity provider itself, with a key that is in force. "
            "What is signed by neither waits for an administrator where it brings a new key or address."
        ),
    )
    idp_entity_id = models.CharField(_("entity ID"), max_length=1024, editable=False)
    new_metadata = models.TextField(_("fetched metadata"), blank=True, editable=False)
    new_metadata_reasons = models.TextField(blank=True, editable=False)
    metadata_checked_at = models.DateTimeField(_("metadata checked at"), null=True, editable=False)

    sp_entity_id = models.CharField(
        _("our entity ID"),
        max_length=1024,
        blank=True,
        help_text=_(
            "Empty: the address of our metadata. Changing it breaks the trust until the IdP knows it."
        ),
    )
    decryption_keys = models.TextField(_("decryption keys"), blank=True, editable=False)
    signing_key = models.TextField(_("signing key"), blank=True, editable=False)
    certificate = models.TextField(
        _("our certificate"),
        blank=True,
        help_text=_("PEM; goes with the keys. Several during a rollover, the newest last."),
    )
    clock_skew = models.PositiveSmallIntegerField(
        _("clock skew in seconds"),
        default=60,
        validators=[MaxValueValidator(3600)],
        help_text=_("By how much the clocks of both sides may differ."),
    )
    force_authn = models.BooleanField(
        _("ask for credentials each time"),
        default=False,
        help_text=_("The identity provider must not use a sign-in that it remembers (ForceAuthn)."),
    )
    session_hours = models.PositiveSmallIntegerField(
        _("session length in hours"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 30)],
        help_text=_(
            "Groups arrive at sign-in only: after this time the user signs in again, whatever she does."
        ),
    )

    group_format = models.CharField(
        _("synchronise groups"), max_length=8, choices=GroupFormat.choices, default=GroupFormat.OFF
    )
    mode = models.CharField(_("mode"), max_length=16, choices=SyncMode.choices, default=SyncMode.OBSERVE)
    policy = models.CharField(_("policy"), max_length=16, choices=Policy.choices, default=Policy.STANDARD)
    policy_options = models.JSONField(
        _("further decisions"),
        blank=True,
        default=dict,
        help_text=_('As in SyncPolicy, e.g. {"on_absent": "detach", "max_groups": 500}.'),
    )
    preset = models.CharField(
        _("product"),
        max_length=40,
        blank=True,
        help_text=_("The identity provider's product: its limits and habits are then known."),
    )
    attribute_names = models.TextField(
        _("attribute names"), default="memberOf", help_text=_("One a line; compared exactly.")
    )
    group_rules = models.JSONField(
        _("rules for names"),
        blank=True,
        default=dict,
        help_text=_(
            "As in GroupRules: which of the received names count, and what they are called here, e.g. "
            '{"include": [{"prefix": "App-"}], "strip_prefix": "App-", "rename": {"Staff": "Employees"}}.'
        ),
    )
    protected_groups = models.TextField(
        _("protected groups"),
        blank=True,
        help_text=_("One a line. Never created, adopted, attached or detached by a sign-in."),
    )
    last_member_groups = models.TextField(
        _("groups that keep their last member"), blank=True, help_text=_("One a line.")
    )

    subject_attribute = models.CharField(
        _("immutable attribute"),
        max_length=1024,
        blank=True,
        help_text=_("Identifies users instead of the NameID, e.g. Entra's object identifier."),
    )
    create_users = models.BooleanField(_("create accounts"), default=True)
    link_domains = models.TextField(
        _("link by e-mail in these domains"),
        blank=True,
        help_text=_(
            "One a line; normally empty. Existing accounts of these mail domains are taken over at their first "
            "sign-in, except staff and superusers. Only for domains whose addresses your company alone gives out."
        ),
    )
    username_attribute = models.CharField(
        _("user name from"), max_length=1024, blank=True, help_text=_("Empty: the NameID.")
    )
    email_attribute = models.CharField(_("e-mail from"), max_length=1024, blank=True, default="email")
    first_name_attribute = models.CharField(
        _("first name from"), max_length=1024, blank=True, default="givenName"
    )
    last_name_attribute = models.CharField(_("last name from"), max_length=1024, blank=True, default="sn")

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """At most one provider of a tenant is its source of groups (rule R11)."""

        verbose_name = _("identity provider")
        verbose_name_plural = _("identity providers")
        ordering = ("tenant", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant",),
                condition=~models.Q(group_format="off"),
                name="memberof_one_source",
                violation_error_message=_(
                    "Another identity provider of this tenant is the source of groups already; there is only one."
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.tenant})" if self.tenant else str(self.name)

    @property
    def login_path(self) -> str:
        """Where a sign-in begins."""
        return reverse("memberof:login", args=[self.slug])

    @property
    def acs_url(self) -> str:
        """Where the identity provider posts Responses to."""
        return conf.current().url(reverse("memberof:acs", args=[self.slug]))

    @property
    def our_metadata_url(self) -> str:
        """Where our metadata is."""
        return conf.current().url(reverse("memberof:metadata", args=[self.slug]))

    @property
    def our_entity_id(self) -> str:
        """How the identity provider knows us."""
        return self.sp_entity_id or self.our_metadata_url


def lines(text: str) -> tuple[str, ...]:
    """Return the non-empty lines of a field, without the blanks around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
