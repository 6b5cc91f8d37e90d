"""The work in an event loop."""

from __future__ import annotations

import asyncio

import asyncpg

from bench.peers.jobs.work import WORKER

INSERT = "INSERT INTO peers.work (item, worker) VALUES ($1, $2)"
CONNECTIONS = 20


async def open_pool(dsn: str) -> asyncpg.Pool:
    async def nothing_to_reset(_connection: asyncpg.Connection) -> None:
        """Else each item would cost a round trip more."""

    return await asyncpg.create_pool(
        dsn, min_size=CONNECTIONS, max_size=CONNECTIONS, reset=nothing_to_reset
    )


async def work(pool: asyncpg.Pool, item: str, seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)
    await pool.execute(INSERT, item, WORKER)
