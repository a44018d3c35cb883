"""Pages: for everybody, for whoever is signed in, for editors, and the history for owners."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from memberof import MemberOfError
from memberof.fastapi import Saml, SamlSettings, User
from memberof.stores import AsyncSqlStore
from notes.users import Base, Note, People, Person

TEMPLATES = Jinja2Templates(directory=Path(__file__).parent / "templates")
DATABASE = "sqlite+aiosqlite:///notes.db?timeout=60"


def make_engine() -> AsyncEngine:
    return create_async_engine(os.environ.get("NOTES_DATABASE", DATABASE))


async def create_tables(engine: AsyncEngine) -> None:
    """Create the application's own tables, once before its processes start; an application that grows has migrations."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


def create(settings: SamlSettings | None = None, *, clock: Callable[[], datetime] | None = None) -> FastAPI:
    engine = make_engine()
    saml = Saml(settings, store=AsyncSqlStore(engine), accounts=People(engine), clock=clock)  # memberof
    SignedInUser = Annotated[User, Depends(saml.current_user)]
    Anybody = Annotated[User | None, Depends(saml.optional_user)]
    Groups = Annotated[frozenset[str], Depends(saml.current_groups)]
    Editor = Annotated[User, Depends(saml.require_group("Editors"))]
    Owner = Annotated[User, Depends(saml.require_group("Owners"))]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with saml.lifespan(app):  # memberof
            yield
        await engine.dispose()

    app = FastAPI(title="Notes", lifespan=lifespan)
    app.state.saml = saml
    app.state.engine = engine
    saml.install(app)  # memberof

    def page(request: Request, name: str, user: User | None, **context: object) -> Response:
        return TEMPLATES.TemplateResponse(request, name, {"user": user, **context})

    @app.get("/")
    async def home(request: Request, user: Anybody) -> Response:
        async with AsyncSession(engine) as session:
            person = await session.get(Person, int(user.id)) if user else None
        return page(request, "home.html", user, person=person)

    @app.get("/notes")
    async def notes(request: Request, user: SignedInUser) -> Response:
        store = saml.provider(user.provider).store
        mine = [held.group for held in await store.memberships(user=user.id)]
        kinds = {group.name: group.kind for group in await store.groups()}
        query = select(Note).where(Note.tenant == user.tenant, Note.group.in_(mine)).order_by(Note.id)
        async with AsyncSession(engine) as session:
            found = list(await session.scalars(query))
        groups = [(name, kinds[name]) for name in mine]
        return page(request, "notes.html", user, groups=groups, notes=found)

    @app.post("/notes")
    async def add_note(
        user: SignedInUser, groups: Groups, group: Annotated[str, Form()], text: Annotated[str, Form()]
    ) -> Response:
        if group not in groups:
            raise HTTPException(403, "only members of a group write to it")
        async with AsyncSession(engine) as session, session.begin():
            session.add(Note(tenant=user.tenant, group=group, author_id=int(user.id), text=text[:2000]))
        return RedirectResponse("/notes", 303)

    @app.get("/editors")
    async def editors(request: Request, user: Editor) -> Response:
        return page(request, "editors.html", user)

    @app.get("/history")
    async def history(request: Request, user: Owner) -> Response:
        events = await saml.provider(user.provider).store.history(limit=50)
        return page(request, "history.html", user, events=events)

    @app.post("/history/{event}/undo")
    async def undo(event: int, user: Owner) -> Response:
        try:
            await saml.provider(user.provider).store.undo(event, actor=user.id)
        except MemberOfError as error:
            raise HTTPException(409, error.message) from error
        return RedirectResponse("/history", 303)

    @app.get("/api/groups")
    async def groups(groups: Groups) -> list[str]:
        return sorted(groups)

    return app
