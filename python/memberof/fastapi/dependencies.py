"""Dependencies for an application's own routes: who is signed in, her groups, and who may pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import APIKeyCookie

from memberof._memberof import group_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from memberof.fastapi.rows import SessionRow
    from memberof.fastapi.saml import Saml

__all__ = ["Dependencies", "SignInNeededError", "User"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who is signed in.

    Attributes:
        id: The application's ID, unique within the tenant.
        tenant: Whose user she is: "" where there is only one. A page of one tenant asks for it.
        provider: Key of the identity provider that she signed in with.
        name: As the identity provider says it.
        email: As the identity provider says it; "" if it says nothing.
        expires_at: When her session ends.

    """

    id: str
    tenant: str
    provider: str
    name: str
    email: str
    expires_at: datetime


class SignInNeededError(HTTPException):
    """Nobody is signed in, or not any more. Whoever looks at a page is led to a sign-in, a script gets status 401.

    Args:
        provider: Key of the identity provider that the ended session came from, or None.

    """

    def __init__(self, provider: str | None = None) -> None:
        super().__init__(401, "sign in first", headers={"WWW-Authenticate": "SAML"})
        self.provider = provider


class Dependencies:
    """What ``Depends(…)`` takes; made once for a :class:`Saml`.

    Groups are read from the store in each request: what an administrator takes away is gone at once.
    """

    def __init__(self, saml: Saml) -> None:
        self._saml = saml
        scheme = APIKeyCookie(
            name=saml.cookie_name,
            scheme_name="SamlSession",
            description="Set by a sign-in; ends when the session's absolute bound is reached.",
            auto_error=False,
        )

        async def session(request: Request, token: str | None = Security(scheme)) -> SessionRow | None:
            return await saml.session_of(request, token)

        async def optional_user(found: Any = Depends(session)) -> User | None:
            return None if found is None or found.expires_at <= saml.now() else _user(found)

        async def current_user(found: Any = Depends(session)) -> User:
            if found is None:
                raise SignInNeededError
            if found.expires_at <= saml.now():
                raise SignInNeededError(found.provider)
            return _user(found)

        async def current_groups(user: User = Depends(current_user)) -> frozenset[str]:
            return await saml.groups_of(user)

        self.optional_user: Callable[..., Awaitable[User | None]] = optional_user
        self.current_user: Callable[..., Awaitable[User]] = current_user
        self.current_groups: Callable[..., Awaitable[frozenset[str]]] = current_groups

    def require_group(self, *names: str) -> Callable[..., Awaitable[User]]:
        """Return a dependency that lets members of at least one of these groups pass, and is the user.

        Raises:
            ValueError: No name is given: nobody could pass.

        """
        if not names:
            raise ValueError("require_group takes the name of a group")
        saml = self._saml

        async def member(
            user: User = Depends(self.current_user), groups: frozenset[str] = Depends(self.current_groups)
        ) -> User:
            identity = saml.provider(user.provider).sync.policy.identity
            held = {group_key(name, identity) for name in groups}
            if not any(group_key(name, identity) in held for name in names):
                raise HTTPException(403, "this is for members of another group")
            return user

        return member


def _user(session: SessionRow) -> User:
    return User(
        id=session.user_id,
        tenant=session.tenant,
        provider=session.provider,
        name=session.name,
        email=session.email,
        expires_at=session.expires_at,
    )
