"""The tables of the peer in ``fastapi_sites.py``: users, groups, and who is in what."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


memberships = Table(
    "peer_memberships",
    Base.metadata,
    Column("user_id", ForeignKey("peer_users.id"), primary_key=True),
    Column("group_id", ForeignKey("peer_groups.id"), primary_key=True),
)


class Group(Base):
    __tablename__ = "peer_groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class User(Base):
    __tablename__ = "peer_users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    groups: Mapped[list[Group]] = relationship(secondary=memberships)
