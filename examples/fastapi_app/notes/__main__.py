"""Create the tables, then serve: ``python -m notes --port 8000 --workers 2``."""

from __future__ import annotations

import argparse
import asyncio

import uvicorn

from notes.application import create_tables, make_engine


async def prepare() -> None:
    engine = make_engine()
    await create_tables(engine)
    await engine.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(prepare())
    uvicorn.run(
        "notes.application:create", factory=True, host="127.0.0.1", port=given.port, workers=given.workers
    )
