"""Users for subjects (rule R14): the application says whom it has, :func:`memberof.web.accounts.whose_account` decides."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memberof.web.accounts import Account, LinkAccount, LinkPolicy, RefuseLogin, UseAccount, whose_account

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from memberof.fastapi.provider import Provider
    from memberof.fastapi.rows import Rows
    from memberof.stores import AsyncSqlStore
    from memberof.subjects import Subject
    from memberof.web.profile import Profile

__all__ = ["Accounts", "Newcomer", "user_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A subject at its first sign-in.

    Attributes:
        connection: Of the transaction in which user and link come into being, together or not at all. For users in the
            same database: ``AsyncSession(bind=newcomer.connection)``, without a commit.
        tenant: Whose user it would be.
        provider: Key of the identity provider.
        subject: Who signs in.
        profile: What the identity provider says about her. Nothing of it proves whose account an existing one is.

    """

    connection: AsyncConnection
    tenant: str
    provider: str
    subject: Subject
    profile: Profile


class Accounts:
    """The application's users, as far as a sign-in must know them. As it stands: there are none, an ID is made up.

    An application with a table of users overrides all four methods. It answers questions of fact; what follows from
    them is not its decision: nobody is linked to an existing user but by e-mail in a domain that is listed, and staff
    and superusers (``privileged``) never.
    """

    async def find(self, user_id: str) -> Account | None:
        """Return the user of this ID, at each of her sign-ins; None: she was deleted."""
        return Account(id=user_id)

    async def with_email(self, newcomer: Newcomer) -> Sequence[Account]:
        """Return the users of the tenant who have the newcomer's e-mail address, compared without case."""
        return ()

    async def with_name(self, newcomer: Newcomer) -> Account | None:
        """Return the user of the tenant who has the newcomer's user name, if user names are unique."""
        return None

    async def create(self, newcomer: Newcomer) -> str:
        """Create a user, and return the ID: stable, and never given to anybody else."""
        return uuid.uuid4().hex


class _RefusedError(Exception):
    """Leaves a transaction without a trace."""

    def __init__(self, refusal: RefuseLogin) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


async def user_for(
    rows: Rows,
    store: AsyncSqlStore,
    accounts: Accounts,
    provider: Provider,
    subject: Subject,
    profile: Profile,
    *,
    now: datetime,
) -> tuple[str, bool] | RefuseLogin:
    """Return the user of a subject and whether she was made or linked just now, or why there is none.

    Two first sign-ins of one subject at once end in one user: the second waits for the first.
    """
    user_id = await rows.user_of(provider.key, subject)
    if user_id is None:
        try:
            async with store.transaction() as connection:
                user_id = await rows.claim_subject(connection, provider.key, subject, now=now)
                if user_id is None:
                    newcomer = Newcomer(
                        connection=connection,
                        tenant=provider.tenant,
                        provider=provider.key,
                        subject=subject,
                        profile=profile,
                    )
                    made = await _link_or_create(rows, accounts, provider, newcomer)
                    await rows.link(connection, provider.key, subject, made)
                    return made, True
        except _RefusedError as refused:
            return refused.refusal
    owner = await accounts.find(user_id)
    if owner is None:
        return RefuseLogin("account.gone", "the user whom this subject leads to was deleted")
    decision = whose_account(owner=owner, same_email=(), same_name=None, email="", policy=LinkPolicy())
    return decision if isinstance(decision, RefuseLogin) else (user_id, False)


async def _link_or_create(rows: Rows, accounts: Accounts, provider: Provider, newcomer: Newcomer) -> str:
    email = newcomer.profile.email
    same_email = list(await accounts.with_email(newcomer)) if email else []
    same_name = await accounts.with_name(newcomer)
    linked = await rows.linked(newcomer.connection, provider.key, [account.id for account in same_email])
    decision = whose_account(
        owner=None,
        same_email=[replace(account, linked=account.id in linked) for account in same_email],
        same_name=same_name,
        email=email,
        policy=LinkPolicy(create=provider.settings.create_users, domains=provider.settings.link_domains),
    )
    if isinstance(decision, RefuseLogin):
        raise _RefusedError(decision)
    if isinstance(decision, (LinkAccount, UseAccount)):
        return decision.id
    return await accounts.create(newcomer)
