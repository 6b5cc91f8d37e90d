"""An item is at work once at a time: what is told of the locks that say so."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import ConnectionPool, Redis
from structlog.typing import EventDict

from app.flow.item_locks import ItemLocks
from tests.support.servers.choice import TestServers


@pytest.fixture
def locks(redis: Redis, redis_prefix: str) -> ItemLocks:
    return ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))


class SlowOnce(Redis):
    """Redis whose next command of the name ``slow_at`` waits for ``go_on``; "": whichever."""

    slow_at: str | None = None

    def __init__(self, connection_pool: ConnectionPool) -> None:
        super().__init__(connection_pool=connection_pool)
        self.waits, self.go_on = asyncio.Event(), asyncio.Event()

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # as its base
        if self.slow_at is not None and self.slow_at in ("", args[0]):
            self.slow_at = None
            self.waits.set()
            await self.go_on.wait()
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py has no types for it


async def test_an_item_that_ends_while_locks_are_renewed_is_no_fault(
    servers: TestServers, redis_prefix: str, logged: list[EventDict]
) -> None:
    pool = ConnectionPool.from_url(servers.redis_url)
    async with SlowOnce(connection_pool=pool) as redis, asyncio.TaskGroup() as tasks:
        locks = ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))
        async with locks.hold("welcome", "1"), locks.hold("welcome", "2"):
            redis.slow_at = ""
            renewal = tasks.create_task(locks.renew())
            await redis.waits.wait()  # for the answer about one of them
        assert not renewal.done()
        redis.go_on.set()
    await pool.aclose()
    assert logged == []


async def test_a_lock_that_redis_has_forgotten_is_taken_up_again(
    locks: ItemLocks, redis: Redis, redis_prefix: str, logged: list[EventDict]
) -> None:
    """Its item is at work, whatever Redis remembers."""
    other = ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))
    key = f"{redis_prefix}:item:welcome:1"
    async with locks.hold("welcome", "1"):
        assert await redis.delete(key)
        await locks.renew()
        assert 50_000 < await redis.pttl(key) <= 60_000
        async with other.hold("welcome", "1") as taken:
            assert not taken
    assert not await redis.exists(key)
    assert logged == []


async def test_a_forgotten_lock_whose_item_ends_meanwhile_is_not_left_behind(
    servers: TestServers, redis_prefix: str
) -> None:
    pool = ConnectionPool.from_url(servers.redis_url)
    async with SlowOnce(connection_pool=pool) as redis, asyncio.TaskGroup() as tasks:
        locks = ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))
        key = f"{redis_prefix}:item:welcome:1"
        async with locks.hold("welcome", "1"):
            assert await redis.delete(key)
            redis.slow_at = "SET"
            renewal = tasks.create_task(locks.renew())
            await redis.waits.wait()
        assert not renewal.done()
        redis.go_on.set()
        await renewal
        assert not await redis.exists(key)
    await pool.aclose()


async def test_a_lock_that_another_has_by_now_is_told_once_and_by_its_name(
    locks: ItemLocks, redis: Redis, redis_prefix: str, logged: list[EventDict]
) -> None:
    other = ItemLocks(redis, redis_prefix, lease=timedelta(minutes=1))
    async with locks.hold("welcome", "1"), locks.hold("welcome", "2"):
        key = f"{redis_prefix}:item:welcome:1"
        assert await redis.delete(key)
        async with other.hold("welcome", "1"):
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
