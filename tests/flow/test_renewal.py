"""Leases that are renewed while their slots are given back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from redis.asyncio import Redis

from app.flow.limits import FlowControl
from app.flow.overrides import LiveControl
from app.flow.permits.permit_queue import PermitQueue
from app.flow.redis_script import GateScript
from tests.flow.gates import KEY
from tests.support.patience import PATIENCE


class SlowToRenew(GateScript):
    """Renews what it was told of when the test lets it."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        super().__init__(redis, prefix, lease=timedelta(minutes=5))
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def renew(self, key: str, permits: Sequence[str]) -> None:
        self.asked.set()
        await self.goes_on.wait()
        await super().renew(key, permits)


async def test_a_slot_that_is_given_back_while_leases_are_renewed_is_free(
    redis: Redis, redis_prefix: str
) -> None:
    script, live = SlowToRenew(redis, redis_prefix), LiveControl(KEY, FlowControl(parallelism=1))
    queue = PermitQueue(script, "worker", lambda: live, lambda _: None)

    async def slots() -> int:
        return int(await redis.zcard(f"{redis_prefix}:flow:{{{KEY}}}:slots"))

    async with asyncio.timeout(PATIENCE):
        permit = await queue.enter(KEY)
        renewing = asyncio.create_task(queue.renew())
        await script.asked.wait()
        queue.leave(permit)
        await queue.drained()
        assert await slots() == 0
        script.goes_on.set()
        await renewing
        await queue.drained()
        assert await slots() == 0
