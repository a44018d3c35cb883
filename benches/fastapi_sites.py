"""The sites that ``signins_fastapi.py`` compares, behind one and the same server: ``uvicorn --factory fastapi_sites:…``."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ORIGIN = os.environ["BENCH_ORIGIN"]
DATABASE = os.environ["BENCH_DATABASE"]
POOL = {"pool_size": 8, "max_overflow": 8}


class Lag:
    """How late the event loop is, sampled every 5 ms."""

    def __init__(self) -> None:
        self.samples: list[float] = []

    async def watch(self) -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.005)
            self.samples.append(time.perf_counter() - start - 0.005)

    def take(self) -> list[float]:
        taken, self.samples = self.samples, []
        return taken


def watched(app: FastAPI, lifespan: Callable[[FastAPI], Any] | None = None) -> FastAPI:
    """Add what the measurement asks for."""
    lag = Lag()

    @asynccontextmanager
    async def with_watch(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(lag.watch())
        if lifespan is None:
            yield
        else:
            async with lifespan(app):
                yield
        task.cancel()

    app.router.lifespan_context = with_watch

    @app.get("/")
    async def home() -> str:
        return "here"

    @app.get("/lag")
    async def take() -> dict[str, Any]:
        return {"process": os.getpid(), "samples": lag.take()}

    return app


def memberof_site() -> FastAPI:
    """memberof.fastapi: verified, user, groups with events, order and replay, session; all in PostgreSQL."""
    from sqlalchemy.ext.asyncio import create_async_engine

    from memberof.fastapi import ProviderSettings, Saml, SamlSettings
    from memberof.stores import AsyncSqlStore

    provider = ProviderSettings(metadata=os.environ["BENCH_METADATA"], group_format="array", mode="on")
    saml = Saml(
        SamlSettings(base_url=ORIGIN, providers={"acme": provider}),
        store=AsyncSqlStore(create_async_engine(DATABASE, **POOL)),
    )
    app = watched(FastAPI(), saml.lifespan)
    saml.install(app)
    return app


def python3_saml_site() -> FastAPI:
    """python3-saml as its users write it: settings made once, verified in a thread, a signed cookie as session."""
    from onelogin.saml2.auth import OneLogin_Saml2_Auth
    from onelogin.saml2.settings import OneLogin_Saml2_Settings
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session
    from starlette.middleware.sessions import SessionMiddleware

    store = os.environ["BENCH_STORE"] == "yes"
    engine = create_engine(DATABASE, **POOL)
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": f"{ORIGIN}/saml/acme/metadata",
                "assertionConsumerService": {"url": f"{ORIGIN}/saml/acme/acs"},
            },
            "idp": {
                "entityId": os.environ["BENCH_ENTITY_ID"],
                "singleSignOnService": {"url": "https://idp.example/sso"},
                "x509cert": os.environ["BENCH_CERTIFICATE"],
            },
        }
    )
    app = watched(FastAPI())
    app.add_middleware(SessionMiddleware, secret_key="only for this measurement", https_only=False)

    def make(request: Request, form: dict[str, str]) -> OneLogin_Saml2_Auth:
        given = {
            "https": "off",
            "http_host": request.headers["host"],
            "script_name": request.url.path,
            "get_data": {},
            "post_data": form,
        }
        return OneLogin_Saml2_Auth(given, settings)

    @app.get("/saml/acme/login")
    def login(request: Request) -> Response:
        auth = make(request, {})
        url = auth.login()
        request.session["request_id"] = auth.get_last_request_id()
        return RedirectResponse(url, 302)

    def signed_in(request: Request, form: dict[str, str]) -> str | None:
        auth = make(request, form)
        auth.process_response(request_id=request.session.pop("request_id", None))
        if auth.get_errors() or not auth.is_authenticated():
            return None
        if store:
            with Session(engine) as session:
                save(session, auth.get_nameid(), auth.get_attributes().get("memberOf", []))
        return str(auth.get_nameid())

    @app.post("/saml/acme/acs")
    async def acs(request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        user = await run_in_threadpool(signed_in, request, form)
        if user is None:
            return Response(status_code=403)
        request.session["user"] = user
        return RedirectResponse("/", 303)

    return app


def save(session: Any, username: str, names: list[str]) -> None:
    """get_or_create for user and groups, then the new set: what nearly everybody writes."""
    from peer_tables import Group, User
    from sqlalchemy import select
    from sqlalchemy.exc import IntegrityError

    for _ in range(5):
        try:
            user = session.scalar(select(User).where(User.username == username))
            if user is None:
                user = User(username=username)
                session.add(user)
            groups = []
            for name in names:
                group = session.scalar(select(Group).where(Group.name == name))
                if group is None:
                    group = Group(name=name)
                    session.add(group)
                    session.flush()
                groups.append(group)
            user.groups = groups
            session.commit()
        except IntegrityError:
            session.rollback()
        else:
            return
    raise RuntimeError("five collisions")
