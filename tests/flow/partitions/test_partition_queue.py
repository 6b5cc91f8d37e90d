"""One worker's queue for a key whose partitions have limits: what it gives back, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from redis.asyncio import Redis

from app.config.priorities import ORDINARY
from app.flow.limits import FlowControl
from tests.flow.gates import KEY
from tests.flow.partitions.partition_queues import Script, queue_of, slot_of
from tests.support.patience import PATIENCE
from tests.support.servers.choice import TestServers

LONG = 2 * PATIENCE
"""Seconds: whoever waits for so long is too late."""


class SlowToRenew(Script):
    """Renews what it was told of when the test lets it."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        super().__init__(redis, prefix)
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def renew(self, key: str, worker: str, held: Mapping[int, str | None]) -> None:
        self.asked.set()
        await self.goes_on.wait()
        await super().renew(key, worker, held)


@pytest.fixture
async def redis(servers: TestServers) -> AsyncIterator[Redis]:
    async with Redis.from_url(servers.redis_url) as client:
        yield client


async def test_a_slot_that_is_given_back_while_leases_are_renewed_is_free(
    redis: Redis, redis_prefix: str
) -> None:
    script = SlowToRenew(redis, redis_prefix)
    queue = queue_of(script, FlowControl(parallelism=2), FlowControl(parallelism=1))
    async with asyncio.timeout(PATIENCE):
        async with slot_of(queue, "acme"):
            renewing = asyncio.create_task(queue.renew())
            await script.asked.wait()
        await queue.drained()
        assert await script.fullest(KEY, 10) == []
        script.goes_on.set()
        await renewing
        await queue.drained()
        assert await script.fullest(KEY, 10) == []
        assert await script.in_use() == 0
        async with slot_of(queue, "acme"):
            pass
        await queue.drained()


async def test_slots_that_nobody_waits_for_are_given_back_together(
    redis: Redis, redis_prefix: str
) -> None:
    script = Script(redis, redis_prefix)
    each = FlowControl(parallelism=1)
    queue = queue_of(script, FlowControl(), each, given_back_within=LONG)
    async with asyncio.timeout(PATIENCE):
        slots = await queue.ahead(KEY, [str(n) for n in range(100)], ORDINARY)
        for slot in slots:
            async with slot:
                await asyncio.sleep(0)
        await queue.drained()
    assert script.exchanges == 2
    assert await script.in_use() == 0


async def test_a_slot_that_another_worker_is_known_to_wait_for_is_given_back_at_once(
    redis: Redis, redis_prefix: str
) -> None:
    scripts = [Script(redis, redis_prefix) for _ in range(2)]
    each = FlowControl(parallelism=1)
    here, there = (
        queue_of(script, FlowControl(), each, f"w{number}", given_back_within=LONG)
        for number, script in enumerate(scripts)
    )
    async with asyncio.timeout(PATIENCE):
        async with slot_of(here, "acme"):
            [waits] = await there.ahead(KEY, ["acme"], ORDINARY)
            assert not waits.granted
            async with slot_of(here, "beta"):
                pass  # what it asks tells it that somebody waits
        async with waits:
            pass
        await here.drained()
        await there.drained()
        assert await scripts[0].in_use() == 0
