"""Refuse requests that are too large before anything reads them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A Response of 1,000 groups is about 250 kB; base64 and form encoding make it 350 kB.
MAX_BODY_BYTES = 2 * 1_048_576


class BodyTooLargeError(Exception):
    """A request body passed the limit while it was read."""


class BodyLimit:
    """ASGI middleware: counts body bytes as they come, and answers by itself when they are too many.

    Args:
        app: What is limited.
        refuse: Makes the answer.
        max_bytes: The most that is read of any request.

    """

    def __init__(
        self,
        app: ASGIApp,
        refuse: Callable[[Scope], Response],
        max_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self.app = app
        self.refuse = refuse
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _announced(scope) > self.max_bytes:
            await self.refuse(scope)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                raise BodyTooLargeError
            return message

        async def watched(message: Message) -> None:
            # whatever the application makes of the error, ours is the answer
            if seen <= self.max_bytes:
                await send(message)

        with contextlib.suppress(BodyTooLargeError):
            await self.app(scope, counted, watched)
        if seen > self.max_bytes:
            await self.refuse(scope)(scope, receive, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
