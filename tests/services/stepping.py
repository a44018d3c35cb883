"""Transactions that take a step when they are told to, so that a test decides how they interleave.

Each act runs in a thread of its own, and is held before every statement that the protocol of a login is made of, and
before its commit. A step lets one of them go on to its next such point; or into a lock, where the database holds it.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

_current: ContextVar[_Actor | None] = ContextVar("actor", default=None)

# How the statements begin that an act is held before, and whether it is inside its transaction after that.
POINTS = (
    "BEGIN IMMEDIATE",
    "SELECT pg_advisory_xact_lock",
    "WITH gate AS",
    "SELECT version FROM",
    "WITH settings AS",
    "WITH w_",
)
OPENING = POINTS[:3]


class Interleaving:
    """The transactions of an engine, made to interleave."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        event.listen(engine, "before_cursor_execute", _before_statement)
        event.listen(engine, "commit", _before_commit)
        event.listen(engine, "rollback", _after_rollback)

    def run(
        self, acts: Sequence[Callable[[], Any]], steps: Sequence[int]
    ) -> tuple[list[int], list[int], list[Any]]:
        """Run acts, by the steps as far as locks let them and to their ends after that.

        Returns:
            The places of the acts in the order in which they ended; how many had ended when each began; and what
            each returned or raised.

        """
        stage = _Stage(self._engine, acts)
        for actor in stage.actors:
            actor.thread.start()
        stage.settle()
        for who in steps:
            stage.step(who)
        while not all(actor.done for actor in stage.actors):
            for who in range(len(acts)):
                stage.step(who)
        actors = stage.actors
        return stage.order, [actor.began for actor in actors], [actor.answer for actor in actors]


class _Stage:
    def __init__(self, engine: Engine, acts: Sequence[Callable[[], Any]]) -> None:
        self._engine = engine
        self.changed = threading.Condition()
        self.order: list[int] = []
        self.actors = [_Actor(self, place, act) for place, act in enumerate(acts)]

    def step(self, who: int) -> None:
        actor = self.actors[who]
        if actor.held_at is None or actor.done or self._is_kept_out(actor):
            return
        with self.changed:
            if not actor.has_begun:
                actor.has_begun, actor.began = True, len(self.order)
            actor.held_at = None
            self.changed.notify_all()
        self.settle()

    def settle(self) -> None:
        """Wait until everybody is held, done, or waits for a lock of the database's."""
        while True:
            with self.changed:
                if self.changed.wait_for(lambda: not self._moving(), timeout=0.002):
                    return
                moving = {actor.backend for actor in self._moving()}
            if None not in moving and moving <= self._waiting():
                return

    def _moving(self) -> list[_Actor]:
        return [actor for actor in self.actors if actor.held_at is None and not actor.done]

    def _waiting(self) -> set[int]:
        if self._engine.dialect.name != "postgresql":
            return set()
        query = text(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def _is_kept_out(self, actor: _Actor) -> bool:
        """Whether SQLite would make it wait, out of our sight: another is in its transaction."""
        inside = any(other.inside for other in self.actors if other is not actor)
        return actor.held_at == "BEGIN IMMEDIATE" and inside


class _Actor:
    def __init__(self, stage: _Stage, place: int, act: Callable[[], Any]) -> None:
        self._stage = stage
        self._place = place
        self._act = act
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.held_at: str | None = None
        self.has_begun = False
        self.began = 0
        self.inside = False
        self.done = False
        self.backend: int | None = None
        self.answer: Any = None

    def hold(self, point: str) -> None:
        """Stay here until told to go on."""
        changed = self._stage.changed
        with changed:
            self.held_at = point
            changed.notify_all()
            changed.wait_for(lambda: self.held_at is None)

    def ended(self) -> None:
        if self._place not in self._stage.order:
            self._stage.order.append(self._place)

    def _run(self) -> None:
        _current.set(self)
        try:
            self.answer = self._act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.answer = error
        with self._stage.changed:
            # What was refused has committed nothing.
            self.ended()
            self.done = True
            self._stage.changed.notify_all()


def _before_statement(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    actor = _current.get()
    if actor is None:
        return
    info = getattr(connection.connection.driver_connection, "info", None)
    actor.backend = getattr(info, "backend_pid", None)
    point = next((point for point in POINTS if statement.startswith(point)), None)
    # Begun anew, a login locks its mark and opens: that is one step.
    if point is None or (point == "WITH gate AS" and actor.inside):
        return
    actor.hold(point)
    actor.inside = actor.inside or point in OPENING


def _before_commit(_: Connection) -> None:
    actor = _current.get()
    if actor is not None and actor.inside:
        actor.hold("COMMIT")
        actor.inside = False
        actor.ended()


def _after_rollback(_: Connection) -> None:
    actor = _current.get()
    if actor is not None:
        actor.inside = False
