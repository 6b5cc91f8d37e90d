"""What a slow rate leaves behind, where a faster one follows it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from app.flow.limits import OPEN, FlowControl
from app.flow.partitions.partition_script import PartitionScript
from app.flow.redis_script import HORIZON

SLOW = FlowControl(rate=1, period=timedelta(hours=1))
TENTH = timedelta(seconds=0.1)
FAST = FlowControl(rate=1, period=TENTH)


@pytest.mark.parametrize("of", ["the key", "the partition"])
async def test_a_faster_rate_does_not_wait_for_the_next_start_of_the_slower_one(
    redis: Redis, redis_prefix: str, of: str
) -> None:
    script = PartitionScript(redis, redis_prefix, lease=timedelta(minutes=1))

    async def granted(control: FlowControl, number: int) -> bool:
        key, partition = (control, OPEN) if of == "the key" else (OPEN, control)
        found = await script.exchange(
            "f.execute", key, {"acme": partition}, "a",
            wanted=["acme"], holds=0, number=number, waiting=1,
        )  # fmt: skip
        return found.answers[0].start is not None

    assert await granted(SLOW, 1)
    assert not await granted(FAST, 2)
    await asyncio.sleep((HORIZON + TENTH).total_seconds())
    assert await granted(FAST, 3)
