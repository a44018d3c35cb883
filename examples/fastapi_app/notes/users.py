"""The application's own users and notes, in the same database as memberof's tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from memberof.fastapi import Account, Accounts, Newcomer


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(default="")
    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    superuser: Mapped[bool] = mapped_column(default=False)


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    group: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None))


class People(Accounts):
    """memberof: whom this application has. Whose account a subject gets is memberof's decision."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def find(self, user_id: str) -> Account | None:
        async with AsyncSession(self.engine) as session:
            person = await session.get(Person, int(user_id))
        return None if person is None else account(person)

    async def with_email(self, newcomer: Newcomer) -> Sequence[Account]:
        same = func.lower(Person.email) == newcomer.profile.email.lower()
        query = select(Person).where(same, Person.tenant == newcomer.tenant)
        async with AsyncSession(newcomer.connection) as session:
            return [account(person) for person in await session.scalars(query)]

    async def with_name(self, newcomer: Newcomer) -> Account | None:
        query = select(Person).where(Person.username == newcomer.profile.username)
        async with AsyncSession(newcomer.connection) as session:
            person = await session.scalar(query)
        return None if person is None else account(person)

    async def create(self, newcomer: Newcomer) -> str:
        profile = newcomer.profile
        person = Person(tenant=newcomer.tenant, username=profile.username, email=profile.email)
        async with AsyncSession(newcomer.connection) as session:
            session.add(person)
            await session.flush()
            return str(person.id)


def account(person: Person) -> Account:
    return Account(id=str(person.id), active=person.active, privileged=person.superuser)
