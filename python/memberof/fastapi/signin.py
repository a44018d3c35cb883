"""A sign-in from the request to the session: everything but HTTP."""

from __future__ import annotations

import inspect
import logging
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread

from memberof.errors import MemberOfError, StoreError
from memberof.fastapi.accounts import user_for
from memberof.fastapi.rows import SessionRow
from memberof.subjects import subject as subject_of
from memberof.web.accounts import RefuseLogin
from memberof.web.answer import RESTART_COOKIE, BeginAgain, Refused, answer, restart_cookie
from memberof.web.pending import (
    bound_requests,
    expired_cookie,
    handles_in,
    open_request,
    surplus_cookies,
)
from memberof.web.profile import read_profile
from memberof.web.refusal import warn_of_address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from memberof._memberof import VerifiedAssertion
    from memberof.fastapi.accounts import Accounts
    from memberof.fastapi.provider import Provider
    from memberof.fastapi.rows import Rows
    from memberof.fastapi.settings import SamlSettings
    from memberof.outcome import LoginOutcome
    from memberof.web.answer import Verified
    from memberof.web.pending import Cookie

    OnSignedIn = Callable[["SignedIn"], Awaitable[None] | None]

__all__ = ["Begun", "SignIn", "SignedIn"]

LOG = logging.getLogger("memberof.fastapi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The browser goes to the identity provider."""

    location: str
    cookies: tuple[Cookie, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody whose Response was verified, whose groups were brought in line and whose session has begun.

    Attributes:
        user_id: The application's ID of the user.
        new: She was made, or linked, at this sign-in.
        provider: Key of the identity provider.
        tenant: Whose user she is.
        outcome: What became of the groups.
        assertion: What was verified.
        token: What the session's cookie holds.
        expires_at: When the session ends (rule R12).
        return_to: Local path to go to.
        cookies: Further cookies to set.

    """

    user_id: str
    new: bool
    provider: str
    tenant: str
    outcome: LoginOutcome
    assertion: VerifiedAssertion
    token: str
    expires_at: datetime
    return_to: str
    cookies: tuple[Cookie, ...]


class SignIn:
    """The steps of a sign-in.

    Args:
        settings: Of the site.
        rows: Requests, subjects and sessions.
        accounts: The application's users.
        on_signed_in: Called after each sign-in; what it raises is logged, and changes nothing.

    """

    def __init__(
        self, settings: SamlSettings, rows: Rows, accounts: Accounts, on_signed_in: OnSignedIn | None
    ) -> None:
        self._settings = settings
        self._rows = rows
        self._accounts = accounts
        self._on_signed_in = on_signed_in

    async def begin(
        self,
        provider: Provider,
        cookies: Mapping[str, str],
        *,
        return_to: str | None,
        now: datetime,
        restarted: bool = False,
    ) -> Begun:
        """Keep a request, bound to this browser, and return where to send it.

        Raises:
            MemberOfError: No request can be made, or kept.

        """
        secure = self._settings.secure
        relay_state = secrets.token_urlsafe(32)
        message = provider.service_provider.login_request(
            relay_state=relay_state, force_authn=provider.settings.force_authn
        )
        request, cookie = open_request(
            message.id,
            provider=provider.key,
            relay_state=relay_state,
            return_to=return_to,
            now=now,
            default_path=self._settings.default_path,
            restarted=restarted,
            secure=secure,
        )
        await self._rows.keep_pending(request)
        return Begun(
            location=message.redirect_url, cookies=(*surplus_cookies(cookies, secure=secure), cookie)
        )

    async def take(
        self, provider: Provider, form: Mapping[str, str], cookies: Mapping[str, str], *, now: datetime
    ) -> SignedIn | Begun | Refused:
        """Judge a posted Response: sign in, begin again, or refuse.

        Raises:
            StoreError: The database failed. The request stays open: the same Response may be posted again.

        """
        secure = self._settings.secure
        rows = await self._rows.pending(handles_in(cookies, secure=secure))
        pending = bound_requests(rows, cookies, provider=provider.key, now=now, secure=secure)
        # Decoding, canonical forms and RSA take the longer the larger a message is: not on the event loop.
        verdict = await to_thread.run_sync(
            partial(
                answer,
                provider.service_provider,
                form.get("SAMLResponse"),
                pending=pending,
                now=now,
                relay_state=form.get("RelayState"),
                known_relay_states=[request.relay_state for request in pending],
                restarted=RESTART_COOKIE in cookies,
            )
        )
        if isinstance(verdict, Refused):
            return verdict
        try:
            if isinstance(verdict, BeginAgain):
                begun = await self.begin(provider, cookies, return_to=None, now=now, restarted=True)
                return Begun(location=begun.location, cookies=(*begun.cookies, restart_cookie()))
            return await self._sign_in(provider, verdict, now=now)
        except StoreError:
            raise
        except MemberOfError as error:
            return Refused(error.code, error.message, error.hint)

    async def _sign_in(
        self, provider: Provider, verified: Verified[VerifiedAssertion], *, now: datetime
    ) -> SignedIn | Refused:
        assertion, request = verified.assertion, verified.request
        subject = subject_of(assertion, attribute=provider.settings.subject_attribute or None)
        warn_of_address(LOG, subject, provider=provider.key)
        profile = read_profile(
            subject,
            assertion.attributes,
            provider.profile_names,
            tenant=provider.tenant,
            template=self._settings.username_template,
        )
        found = await user_for(
            self._rows, provider.store, self._accounts, provider, subject, profile, now=now
        )
        if isinstance(found, RefuseLogin):
            return Refused(found.code, found.message)
        user_id, new = found
        outcome = await provider.sync.login(user_id, assertion, now=now)
        session = SessionRow(
            user_id=user_id,
            tenant=provider.tenant,
            provider=provider.key,
            session_index=assertion.session_index or "",
            name=profile.full_name,
            email=profile.email,
            created_at=now,
            expires_at=outcome.session_expires_at,
        )
        token = await self._rows.begin_session(request, session)
        if token is None:
            return Refused("saml.replayed", "the request was answered before")
        done = SignedIn(
            user_id=user_id,
            new=new,
            provider=provider.key,
            tenant=provider.tenant,
            outcome=outcome,
            assertion=assertion,
            token=token,
            expires_at=outcome.session_expires_at,
            return_to=request.return_to,
            cookies=(expired_cookie(request, secure=self._settings.secure),),
        )
        await self._announce(done)
        return done

    async def _announce(self, done: SignedIn) -> None:
        if self._on_signed_in is None:
            return
        try:
            answered = self._on_signed_in(done)
            if inspect.isawaitable(answered):
                await answered
        except Exception:
            LOG.exception("on_signed_in failed")
