"""An item is at work once at a time: what is told of the locks that say so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import ConnectionPool, Redis
from structlog.typing import EventDict

from app.flow.item_locks import ItemLocks
from tests.support.servers.choice import TestServers


@pytest.fixture
async def redis(servers: TestServers) -> AsyncIterator[Redis]:
    client = Redis.from_url(servers.redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def locks(redis: Redis, redis_prefix: str) -> ItemLocks:
    return ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))


class SlowOnce(Redis):
    """Redis whose next answer, once ``slow`` is set, waits for ``go_on``."""

    slow = False
    go_on = asyncio.Event()

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # as its base
        if self.slow:
            self.slow = False
            await self.go_on.wait()
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py has no types for it


async def test_an_item_that_ends_while_locks_are_renewed_is_no_fault(
    servers: TestServers, redis_prefix: str, logged: list[EventDict]
) -> None:
    pool = ConnectionPool.from_url(servers.redis_url)
    async with SlowOnce(connection_pool=pool) as redis, asyncio.TaskGroup() as tasks:
        locks = ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))
        async with locks.hold("welcome", "1"), locks.hold("welcome", "2"):
            redis.slow = True
            renewal = tasks.create_task(locks.renew())
            await asyncio.sleep(0)  # it waits for the answer about one of them
        assert not renewal.done()
        redis.go_on.set()
    await pool.aclose()
    assert logged == []


async def test_a_lock_that_is_gone_is_told_once_and_by_its_name(
    locks: ItemLocks, redis: Redis, redis_prefix: str, logged: list[EventDict]
) -> None:
    async with locks.hold("welcome", "1"), locks.hold("welcome", "2"):
        key = f"{redis_prefix}:item:welcome:1"
        assert await redis.delete(key)
        await locks.renew()
        await locks.renew()
    assert logged == [{"event": "item_lock_lost", "log_level": "warning", "key": key}]


async def test_a_lock_that_is_anothers_by_now_is_left_to_it(
    locks: ItemLocks, redis: Redis, redis_prefix: str, logged: list[EventDict]
) -> None:
    other = ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))
    key = f"{redis_prefix}:item:welcome:1"
    async with AsyncExitStack() as held:
        async with locks.hold("welcome", "1"):
            assert await redis.delete(key)
            assert await held.enter_async_context(other.hold("welcome", "1"))
        async with locks.hold("welcome", "1") as again:
            assert not again
    assert logged == [{"event": "item_lock_lost", "log_level": "warning", "key": key}]
