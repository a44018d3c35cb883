"""Accounts for subjects: the queries around :func:`memberof.web.accounts.whose_account` (rule R14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from memberof.django import conf
from memberof.django.models import SamlProvider, SubjectLink
from memberof.django.models.provider import lines
from memberof.web.accounts import (
    Account,
    CreateAccount,
    LinkAccount,
    LinkPolicy,
    RefuseLogin,
    UseAccount,
    flags_for,
    whose_account,
)
from memberof.web.profile import Profile, ProfileNames, read_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from memberof.subjects import Subject
    from memberof.web.accounts import Decision

__all__ = ["Profile", "apply_flags", "decide", "find_or_create", "profile"]


def profile(provider: SamlProvider, subject: Subject, attributes: Mapping[str, Sequence[str]]) -> Profile:
    """Read the profile, under the names that the provider sends it."""
    names = ProfileNames(
        username=provider.username_attribute,
        email=provider.email_attribute,
        first_name=provider.first_name_attribute,
        last_name=provider.last_name_attribute,
    )
    template = conf.current().username_template
    return read_profile(subject, attributes, names, tenant=provider.tenant, template=template)


def decide(provider: SamlProvider, subject: Subject, wanted: Profile) -> Decision:
    """Decide whose account a subject gets; reads only."""
    user_model = get_user_model()
    link = _link(provider, subject)
    if link is not None:
        return _decide_linked(link)
    email_field = user_model.get_email_field_name()
    same_email: list[Any] = []
    if wanted.email:
        found = user_model._default_manager.filter(**{f"{email_field}__iexact": wanted.email})
        same_email = [user for user in found if _is_of_tenant(user, provider)]
    named = user_model._default_manager.filter(**{user_model.USERNAME_FIELD: wanted.username}).first()
    too_long = len(wanted.username) > (
        user_model._meta.get_field(user_model.USERNAME_FIELD).max_length or 150
    )
    if too_long:
        return RefuseLogin("account.name_too_long", "the user name is longer than accounts may have")
    return whose_account(
        owner=None,
        same_email=[_account(user, provider) for user in same_email],
        same_name=None if named is None else _account(named, provider),
        email=wanted.email,
        policy=LinkPolicy(
            create=provider.create_users,
            domains=frozenset(domain.lower().lstrip("@") for domain in lines(provider.link_domains)),
        ),
    )


def find_or_create(
    provider: SamlProvider, subject: Subject, wanted: Profile
) -> tuple[Any, bool] | RefuseLogin:
    """Return the account of a subject and whether it was made, or why there is none.

    Two first sign-ins of one subject at once end in one account.
    """
    for is_last in (False, False, True):
        link = _link(provider, subject)
        decision = decide(provider, subject, wanted) if link is None else _decide_linked(link)
        if isinstance(decision, RefuseLogin):
            # Between its queries another sign-in of hers may have made the account: asked again, the link is there.
            if is_last:
                return decision
            continue
        try:
            if link is not None:
                return _use(link, wanted), False
            with transaction.atomic():
                return _carry_out(decision, provider, subject, wanted)
        except IntegrityError:
            continue
    return RefuseLogin("account.race", "the account was made by another sign-in at the same moment")


def apply_flags(user: Any, provider: SamlProvider, groups: Callable[[], Collection[str]]) -> None:
    """Set ``is_staff`` and ``is_superuser`` as the groups in force say, where that is configured for this provider.

    The last active superuser stays one: an empty group at the identity provider must not lock everybody out.
    """
    configured = conf.current().flags_by_group.get(provider.slug)
    if not configured:
        return
    changed = []
    for flag, wanted in flags_for(groups(), configured).items():
        if getattr(user, flag) == wanted or (
            flag == "is_superuser" and not wanted and _is_last_superuser(user)
        ):
            continue
        setattr(user, flag, wanted)
        changed.append(flag)
    if changed:
        user.save(update_fields=changed)


def _link(provider: SamlProvider, subject: Subject) -> SubjectLink | None:
    found = SubjectLink.objects.filter(provider=provider, key=SubjectLink.key_of(subject))
    return found.select_related("user").first()


def _decide_linked(link: SubjectLink) -> Decision:
    owner = Account(id=str(link.user_id), active=link.user.is_active)
    return whose_account(owner=owner, same_email=(), same_name=None, email="", policy=LinkPolicy())


def _use(link: SubjectLink, wanted: Profile) -> Any:
    if _update(link.user, wanted):
        link.user.save()
    SubjectLink.objects.filter(pk=link.pk).update(last_login_at=timezone.now())
    return link.user


def _carry_out(
    decision: UseAccount | LinkAccount | CreateAccount,
    provider: SamlProvider,
    subject: Subject,
    wanted: Profile,
) -> tuple[Any, bool]:
    user_model = get_user_model()
    if isinstance(decision, CreateAccount):
        user = user_model(**{user_model.USERNAME_FIELD: wanted.username})
        user.set_unusable_password()
        _update(user, wanted)
        user.save()
    else:
        user = user_model._default_manager.get(pk=decision.id)
    SubjectLink.objects.create(
        user=user,
        provider=provider,
        value=subject.value,
        format=subject.format or "",
        name_qualifier=subject.name_qualifier or "",
        sp_name_qualifier=subject.sp_name_qualifier or "",
        attribute=subject.attribute or "",
        last_login_at=timezone.now(),
    )
    return user, isinstance(decision, CreateAccount)


def _update(user: Any, wanted: Profile) -> bool:
    """Bring names and address in line, the user name aside: others may know the account by it."""
    email_field = type(user).get_email_field_name()
    changed = False
    for name, value in (
        (email_field, wanted.email),
        ("first_name", wanted.first_name),
        ("last_name", wanted.last_name),
    ):
        if not value or not hasattr(user, name) or getattr(user, name) == value:
            continue
        if name == email_field and _address_is_taken(user, value):
            continue
        setattr(user, name, value)
        changed = True
    return changed


def _address_is_taken(user: Any, email: str) -> bool:
    others = type(user)._default_manager.filter(**{f"{user.get_email_field_name()}__iexact": email})
    return bool(others.exclude(pk=user.pk).exists())


def _account(user: Any, provider: SamlProvider) -> Account:
    return Account(
        id=str(user.pk),
        active=user.is_active,
        privileged=getattr(user, "is_staff", False) or getattr(user, "is_superuser", False),
        linked=SubjectLink.objects.filter(user=user, provider=provider).exists(),
    )


def _is_of_tenant(user: Any, provider: SamlProvider) -> bool:
    """Say whether an account may be met in this tenant: linked to it, or to no tenant at all."""
    tenants = set(SubjectLink.objects.filter(user=user).values_list("provider__tenant", flat=True))
    return not tenants or provider.tenant in tenants


def _is_last_superuser(user: Any) -> bool:
    others = type(user)._default_manager.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return not others.exists()
