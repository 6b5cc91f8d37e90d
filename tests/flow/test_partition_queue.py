"""One worker's queue for a key whose partitions have limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest
import structlog
from redis.asyncio import Redis

from app.connections.faults import Fault
from app.flow.limits import FlowControl
from app.flow.overrides import LiveControl
from app.flow.partitions.partition_queue import PartitionQueue
from app.flow.partitions.partition_script import PartitionScript
from tests.flow.gates import KEY
from tests.support.patience import PATIENCE
from tests.support.servers.choice import TestServers


class SlowToRenew(PartitionScript):
    """Renews what it was told of when the test lets it."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        super().__init__(redis, prefix, lease=timedelta(minutes=5))
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def renew(self, key: str, held: Mapping[str, str | None]) -> None:
        self.asked.set()
        await self.goes_on.wait()
        await super().renew(key, held)


@pytest.fixture
async def redis(servers: TestServers) -> AsyncIterator[Redis]:
    async with Redis.from_url(servers.redis_url) as client:
        yield client


async def test_a_slot_that_is_given_back_while_leases_are_renewed_is_free(
    redis: Redis, redis_prefix: str
) -> None:
    each = FlowControl(parallelism=1)
    script = SlowToRenew(redis, redis_prefix)
    live = LiveControl(KEY, FlowControl(parallelism=2), partition=each)
    queue = PartitionQueue(
        script, "worker", lambda: live, lambda _: each, lambda _: None,
        Fault(structlog.get_logger("test"), "gate_unreachable"),
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE):
        first = await queue.enter(KEY, "acme")
        renewing = asyncio.create_task(queue.renew())
        await script.asked.wait()
        queue.leave(first)
        await queue.drained()
        assert await script.fullest(KEY, 10) == []
        script.goes_on.set()
        await renewing
        await queue.drained()
        assert await script.fullest(KEY, 10) == []
        assert await redis.zcard(f"{redis_prefix}:flow:{{{KEY}}}:slots") == 0
        queue.leave(await queue.enter(KEY, "acme"))
        await queue.drained()
