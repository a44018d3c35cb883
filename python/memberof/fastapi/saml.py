"""``Saml``: sign-in with groups for a FastAPI application."""

from __future__ import annotations

import inspect
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import RedirectResponse, Response

from memberof.fastapi.accounts import Accounts
from memberof.fastapi.dependencies import Dependencies, SignInNeededError
from memberof.fastapi.pages import Pages
from memberof.fastapi.provider import Provider
from memberof.fastapi.routes import build_router
from memberof.fastapi.rows import Rows
from memberof.fastapi.settings import ProviderSettings, SamlSettings, check_providers
from memberof.fastapi.signin import SignIn
from memberof.stores import AsyncSqlStore
from memberof.web.paths import is_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from fastapi import APIRouter

    from memberof.fastapi.dependencies import User
    from memberof.fastapi.rows import SessionRow
    from memberof.fastapi.signin import OnSignedIn

    ProviderOf = Callable[[Request], Awaitable[str | None] | str | None]

__all__ = ["Saml"]


class Saml:
    """Sign-in through identity providers, sessions, and dependencies for an application's own routes.

    Args:
        settings: None reads the environment.
        store: The application's own store, of any tenant; None makes one of ``settings.database``.
        accounts: The application's users; None: an ID is made up for each subject.
        provider_of: Says by a request which provider's tenant it belongs to (its key), for applications that keep
            tenants apart by something else than address or host. Sessions of other providers count for nothing there.
        pages: The pages that a sign-in has itself.
        on_signed_in: Called after each sign-in.
        clock: Tells the time, aware; None: the system's.

    Raises:
        ConfigurationError: An identity provider's metadata, keys or policy can't be used.
        pydantic.ValidationError: The settings are wrong, all mistakes at once.

    Example:
        >>> saml = Saml(SamlSettings(base_url="https://app.example"))
        >>> app = FastAPI(lifespan=saml.lifespan)
        >>> saml.install(app)

    """

    def __init__(
        self,
        settings: SamlSettings | None = None,
        *,
        store: AsyncSqlStore | None = None,
        accounts: Accounts | None = None,
        provider_of: ProviderOf | None = None,
        pages: Pages | None = None,
        on_signed_in: OnSignedIn | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.settings: SamlSettings = settings if settings is not None else SamlSettings()  # type: ignore[call-arg]
        self.now: Callable[[], datetime] = clock or (lambda: datetime.now(UTC))
        self.pages: Pages = pages or Pages()
        self.store: AsyncSqlStore = store or AsyncSqlStore(self.settings.database.get_secret_value())
        self._owns_store = store is None
        self._provider_of = provider_of
        self._by_host = self.settings.tenants_by == "host"
        self.key_in_path: bool = provider_of is None and not self._by_host
        self.cookie_name = "__Host-memberof-session" if self.settings.secure else "memberof-session"
        self.providers: dict[str, Provider] = {}
        for key, provider in self.settings.providers.items():
            self.providers[key] = self._made(key, provider)
        self._rows = Rows(self.store)
        self.sign_in: SignIn = SignIn(self.settings, self._rows, accounts or Accounts(), on_signed_in)
        dependencies = Dependencies(self)
        self.current_user: Callable[..., Awaitable[User]] = dependencies.current_user
        self.optional_user: Callable[..., Awaitable[User | None]] = dependencies.optional_user
        self.current_groups: Callable[..., Awaitable[frozenset[str]]] = dependencies.current_groups
        self.require_group: Callable[..., Callable[..., Awaitable[User]]] = dependencies.require_group
        self.router: APIRouter = build_router(self)

    def install(self, app: FastAPI) -> None:
        """Add the router to an application, and lead whoever looks at a page without a session to a sign-in."""
        app.include_router(self.router)
        app.add_exception_handler(SignInNeededError, self._sign_in_needed)  # type: ignore[arg-type]

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Bring the tables up to date, remove what has ended, and close the database in the end."""
        await self.migrate()
        await self.clean()
        try:
            yield
        finally:
            if self._owns_store:
                await self.store.close()

    async def migrate(self) -> None:
        """Create the tables, or bring them up to date; does nothing where they are."""
        await self.store.migrate()
        await self._rows.migrate()

    async def clean(self) -> int:
        """Remove sessions and requests that have ended: once a day is often enough. Return how many."""
        return await self._rows.clean(self.now())

    def put_provider(self, key: str, settings: ProviderSettings) -> Provider:
        """Add an identity provider, or replace it: for applications that keep their customers' settings elsewhere.

        Raises:
            ValueError: It doesn't go together with the others, see :class:`SamlSettings`.
            ConfigurationError: Its metadata, a key or the policy can't be used.

        """
        others = {name: provider.settings for name, provider in self.providers.items()}
        check_providers({**others, key: settings}, by_host=self._by_host)
        made = self._made(key, settings)
        self.providers[key] = made
        return made

    def remove_provider(self, key: str) -> None:
        """Remove an identity provider: nobody signs in with it, and its sessions count for nothing."""
        self.providers.pop(key, None)

    def provider(self, key: str) -> Provider:
        """Return the identity provider of a key; a ``KeyError`` if there is none."""
        return self.providers[key]

    async def provider_here(self, request: Request) -> Provider | None:
        """Return the identity provider that a request belongs to, where its address doesn't say so."""
        if self._provider_of is not None:
            found = self._provider_of(request)
            key = await found if inspect.isawaitable(found) else found
            return None if key is None else self.providers.get(key)
        host = (request.url.hostname or "").lower()
        return next((provider for provider in self.providers.values() if provider.host == host), None)

    async def choice(self, request: Request) -> Sequence[Provider]:
        """Return the identity providers that a user may choose from here."""
        if self.key_in_path:
            return list(self.providers.values())
        found = await self.provider_here(request)
        return [] if found is None else [found]

    async def session_of(self, request: Request, token: str | None) -> SessionRow | None:
        """Return the session that a cookie names, also if it has ended; None where it counts for nothing here."""
        session = await self._rows.session(token) if token else None
        if session is None or session.provider not in self.providers:
            return None
        if self.key_in_path:
            return session
        # The cookie of another tenant's host, carried over by hand, opens nothing.
        here = await self.provider_here(request)
        return session if here is not None and here.key == session.provider else None

    async def groups_of(self, user: User) -> frozenset[str]:
        """Return the names of a user's groups in her tenant, as they are now."""
        return await self._rows.groups(user.id, user.tenant)

    async def end_session(self, request: Request) -> None:
        """End the session of a request, here only: the identity provider's own goes on."""
        token = request.cookies.get(self.cookie_name)
        if token:
            await self._rows.end_session(token)

    async def end_sessions(self, user_id: str, *, tenant: str = "") -> int:
        """End every session of a user, on every device, at once; return how many."""
        return await self._rows.end_sessions(user_id, tenant)

    def set_session(self, response: Response, token: str, expires_at: datetime) -> None:
        """Set the session's cookie. It holds an ID that says nothing; what it opens ends on the server."""
        response.set_cookie(
            self.cookie_name,
            token,
            expires=expires_at,
            secure=self.settings.secure,
            httponly=True,
            samesite="lax",
        )

    def remove_session(self, response: Response) -> None:
        """Remove the session's cookie."""
        response.delete_cookie(self.cookie_name, secure=self.settings.secure, httponly=True, samesite="lax")

    def _made(self, key: str, settings: ProviderSettings) -> Provider:
        return Provider(key, settings, site=self.settings, store=self.store, key_in_path=self.key_in_path)

    async def _sign_in_needed(self, request: Request, error: SignInNeededError) -> Response:
        accept, mode = request.headers.get("accept", ""), request.headers.get("sec-fetch-mode")
        if not is_page(request.method, accept=accept, fetch_mode=mode):
            return await http_exception_handler(request, error)
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        known = self.providers.get(error.provider or "")
        begin = f"{self.settings.path}/" if known is None else known.login_path
        return RedirectResponse(
            f"{begin}?{urlencode({'next': here})}", 303, headers={"Cache-Control": "no-store"}
        )
