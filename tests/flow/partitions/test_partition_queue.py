"""One worker's queue for a key whose partitions have limits: what it gives back, and when."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from app.config.priorities import ORDINARY
from app.flow.gate import PartitionBusy
from app.flow.limits import FlowControl
from app.flow.partitions import patience
from app.flow.partitions.partition_script import Exchanged
from app.flow.partitions.partition_slot import PartitionSlot
from tests.flow.gates import KEY
from tests.flow.partitions.partition_queues import Script, queue_of, slot_of
from tests.support.clocks.virtual_time import pass_by
from tests.support.patience import PATIENCE

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


class SlowToAnswer(Script):
    """Where the test says so, it brings its answer when the test lets it."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        super().__init__(redis, prefix)
        self.is_slow = False
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def exchange(self, *args: Any, **named: Any) -> Exchanged:  # as it is called
        found = await super().exchange(*args, **named)
        if self.is_slow:
            self.asked.set()
            await self.goes_on.wait()
        return found


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


async def test_all_of_a_full_partition_are_sent_back_by_one_exchange(
    redis: Redis, redis_prefix: str
) -> None:
    """A message of twenty of them would keep its places for twenty exchanges."""
    script = Script(redis, redis_prefix)
    queue = queue_of(script, FlowControl(), FlowControl(parallelism=1))
    async with asyncio.timeout(LONG), slot_of(queue, "acme"), slot_of(queue, "beta"):
        slots = await queue.ahead(KEY, ["acme"] * 20, ORDINARY)
        waiting = [asyncio.create_task(_enter(slot)) for slot in slots]
        await asyncio.sleep(0)
        asked = script.exchanges
        pass_by(patience.PATIENCE)
        young = asyncio.create_task(_enter(slot_of(queue, "acme")))
        ends = await asyncio.gather(*waiting)
        assert all(isinstance(end, PartitionBusy) for end in ends)
        assert script.exchanges <= asked + 1
        assert not young.done()  # it has not waited for long
        young.cancel()
        other = asyncio.create_task(_enter(slot_of(queue, "beta")))
        await asyncio.sleep(0)
        assert not other.done()
        other.cancel()
        await asyncio.gather(young, other, return_exceptions=True)
    await queue.drained()
    assert await script.in_use() == 0


@pytest.mark.parametrize("given_back", ["acme", "beta"])
async def test_who_waits_for_a_full_partition_is_sent_back_unless_its_slot_was_given_back_meanwhile(
    redis: Redis, redis_prefix: str, given_back: str
) -> None:
    """The answer that its partition is full is older than that."""
    script = SlowToAnswer(redis, redis_prefix)
    queue = queue_of(script, FlowControl(), FlowControl(parallelism=1))
    async with asyncio.timeout(PATIENCE):
        slots = {name: slot_of(queue, name) for name in ("acme", "beta")}
        for slot in slots.values():
            await slot.__aenter__()
        script.is_slow = True
        waiting = asyncio.create_task(_enter(slot_of(queue, "acme")))
        await script.asked.wait()
        pass_by(patience.PATIENCE)
        slots[given_back].forgo()
        script.goes_on.set()
        end = await waiting
        if given_back == "acme":
            assert end is None
        else:
            assert isinstance(end, PartitionBusy)
        for slot in slots.values():
            slot.forgo()
        await queue.drained()
        assert await script.in_use() == 0


async def test_each_that_is_sent_back_for_its_partitions_rate_comes_again_for_a_turn_of_its_own(
    redis: Redis, redis_prefix: str
) -> None:
    again = await _again(Script(redis, redis_prefix), timedelta(seconds=9))
    assert 0 < again[0] <= 9 * 1.01
    apart = [later - earlier for earlier, later in itertools.pairwise(again)]
    assert all(gap >= 8.9 for gap in apart)


async def test_who_is_sent_back_for_a_turn_that_is_far_off_comes_again_within_a_minute(
    redis: Redis, redis_prefix: str
) -> None:
    """Since a rate may have become faster, and apart."""
    again = await _again(Script(redis, redis_prefix), timedelta(hours=1))
    assert max(again) <= patience.LONGEST.total_seconds()
    assert len(set(again)) == len(again)


async def _again(script: Script, period: timedelta) -> list[float]:
    """Seconds after which each of three comes again that wait for one start in this period."""
    queue = queue_of(script, FlowControl(), FlowControl(parallelism=1, rate=1, period=period))
    async with asyncio.timeout(PATIENCE):
        async with slot_of(queue, "acme"):
            pass
        slots = await queue.ahead(KEY, ["acme"] * 3, ORDINARY)
        ends = [await _enter(slot) for slot in slots]
        await queue.drained()
    again = [end.again.total_seconds() for end in ends if isinstance(end, PartitionBusy)]
    assert len(again) == 3
    return again


async def _enter(slot: PartitionSlot) -> BaseException | None:
    """What it is told in place of a permit."""
    try:
        async with slot:
            return None
    except PartitionBusy as busy:
        return busy
