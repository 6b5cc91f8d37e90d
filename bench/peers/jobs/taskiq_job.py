"""The job in Taskiq. ``taskiq worker bench.peers.jobs.taskiq_job:broker`` is a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

from bench.peers.jobs.asyncpg_work import open_pool, work
from bench.peers.jobs.work import DATABASE, REDIS

AT_ONCE = 100
broker = RedisStreamBroker(REDIS)
_opened: dict[str, asyncpg.Pool] = {}


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def _open(_state: TaskiqState) -> None:
    _opened["pool"] = await open_pool(DATABASE)


@broker.task
async def item(item_id: str, seconds: float) -> None:
    await work(_opened["pool"], item_id, seconds)


async def connect() -> None:
    await broker.startup()


async def enqueue(ids: Sequence[str], seconds: float) -> None:
    for first in range(0, len(ids), AT_ONCE):
        await asyncio.gather(*(item.kiq(one, seconds) for one in ids[first : first + AT_ONCE]))
