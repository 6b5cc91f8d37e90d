"""Permits of several items that are asked for together, before the items begin."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.config.priorities import ORDINARY
from app.flow.gate import GateClosed, PartitionBusy
from app.flow.limits import FlowControl
from app.flow.partitions.partition_queue import PartitionQueue
from app.flow.partitions.partition_slot import PartitionSlot
from tests.flow.gates import KEY
from tests.flow.partitions.partition_queues import Script, queue_of, slot_of
from tests.support.patience import PATIENCE

_NUMBERS = itertools.count(1)


async def test_those_that_are_asked_for_together_take_one_exchange_and_no_more_than_there_is(
    redis: Redis, redis_prefix: str
) -> None:
    script = Script(redis, redis_prefix)
    queue = queue_of(script, FlowControl(parallelism=4), FlowControl(parallelism=1))
    async with asyncio.timeout(PATIENCE):
        names = ["acme", "acme", "beta", None, None, None]
        slots = await queue.ahead(KEY, names, ORDINARY)
        assert script.exchanges == 1
        assert [slot.granted for slot in slots] == [True, False, True, True, True, False]
        for slot in slots:
            slot.forgo()
        await queue.drained()
        assert await script.in_use() == 0


async def test_one_whose_start_has_come_is_not_entered_at_once(
    redis: Redis, redis_prefix: str
) -> None:
    """It may be too late by then, and would wait where nobody can tell it to stop."""
    queue = queue_of(Script(redis, redis_prefix), FlowControl(), FlowControl(rate=100))
    async with asyncio.timeout(PATIENCE):
        first, second = await queue.ahead(KEY, ["acme", "acme"], ORDINARY)
        while second.permit is None:
            await asyncio.sleep(0.001)
        assert (first.granted, second.granted) == (True, False)
        for slot in (first, second):
            slot.forgo()
        await queue.drained()


async def test_one_that_has_no_permit_yet_keeps_its_place_in_line(
    redis: Redis, redis_prefix: str
) -> None:
    script = Script(redis, redis_prefix)
    queue = queue_of(script, FlowControl(), FlowControl(parallelism=1))
    began: list[str] = []

    async def enter(slot: PartitionSlot, name: str) -> None:
        async with slot:
            began.append(name)

    async with asyncio.timeout(PATIENCE):
        first, second = await queue.ahead(KEY, ["acme", "acme"], ORDINARY)
        later = asyncio.create_task(enter(slot_of(queue, "acme"), "later"))
        await asyncio.sleep(0)
        async with first:
            waiting = asyncio.create_task(enter(second, "second"))
            await asyncio.sleep(0)
        await asyncio.wait([later, waiting])
    assert began == ["second", "later"]
    await queue.drained()


async def test_what_is_cancelled_while_it_is_asked_for_is_given_back(
    redis: Redis, redis_prefix: str
) -> None:
    script = Script(redis, redis_prefix)
    queue = queue_of(script, FlowControl(), FlowControl(parallelism=1))
    async with asyncio.timeout(PATIENCE):
        asking = asyncio.create_task(queue.ahead(KEY, ["acme", "beta"], ORDINARY))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await queue.drained()
        assert await script.in_use() == 0
        async with slot_of(queue, "acme"), slot_of(queue, "beta"):
            pass
        await queue.drained()


async def test_while_redis_is_away_each_waits_for_itself(redis: Redis, redis_prefix: str) -> None:
    script = Script(redis, redis_prefix)
    queue = queue_of(script, FlowControl(), FlowControl(parallelism=1))
    script.is_away = True
    async with asyncio.timeout(PATIENCE):
        [slot] = await queue.ahead(KEY, ["acme"], ORDINARY)
        assert not slot.granted
        script.is_away = False
        async with slot:
            assert await script.in_use() == 1
        await queue.drained()
        assert await script.in_use() == 0


async def test_a_closed_queue_sends_away_what_has_no_permit_and_leaves_the_others(
    redis: Redis, redis_prefix: str
) -> None:
    script = Script(redis, redis_prefix)
    queue = queue_of(script, FlowControl(), FlowControl(parallelism=1))
    async with asyncio.timeout(PATIENCE):
        first, second = await queue.ahead(KEY, ["acme", "acme"], ORDINARY)
        queue.close()
        async with first:
            with pytest.raises(GateClosed):
                await second.__aenter__()
        await queue.drained()
        assert await script.in_use() == 0


@dataclass
class Inside:
    """Who is inside, by partition, over all queues."""

    queues: list[PartitionQueue]
    turns: list[int]
    """Of the loop that each takes, by how many are inside."""
    now: Counter[str | None] = field(default_factory=Counter)
    most: Counter[str | None] = field(default_factory=Counter)
    most_at_once: int = 0

    async def enter(self, slot: PartitionSlot) -> None:
        name = slot.partition
        while True:
            try:
                async with slot:
                    await self._work(name)
            except PartitionBusy:  # an item would come again
                slot = PartitionSlot(self.queues[0], KEY, name, ORDINARY)
            else:
                return

    async def _work(self, name: str | None) -> None:
        self.now[name] += 1
        self.most[name] = max(self.most[name], self.now[name])
        self.most_at_once = max(self.most_at_once, self.now.total())
        try:
            for _ in range(self.turns[self.now.total()]):
                await asyncio.sleep(0)
        finally:
            self.now[name] -= 1

    async def chunk(self, number: int, wanted: list[tuple[str | None, str]]) -> None:
        names = [name for name, _ in wanted]
        slots = await self.queues[number % 2].ahead(KEY, names, ORDINARY)
        work = []
        for slot, (_, end) in zip(slots, wanted, strict=True):
            if end == "forgone":
                slot.forgo()
                continue
            work.append(asyncio.create_task(self.enter(slot)))
            if end == "cancelled":
                await asyncio.sleep(0)
                work[-1].cancel()
        await asyncio.gather(*work, return_exceptions=True)


partitions = st.sampled_from(["acme", "beta", "gamma", None])
ends = st.sampled_from(["entered", "forgone", "cancelled"])
chunks = st.lists(st.lists(st.tuples(partitions, ends), min_size=1, max_size=8), max_size=12)
turns_taken = st.lists(st.integers(0, 5), min_size=20, max_size=20)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(chunks, st.integers(1, 6), st.integers(1, 3), turns_taken)
async def test_however_what_was_asked_for_ahead_ends_limits_hold_and_nothing_is_left(
    redis: Redis,
    redis_prefix: str,
    asked: list[list[tuple[str | None, str]]],
    at_once: int,
    most: int,
    turns: list[int],
) -> None:
    script = Script(redis, f"{redis_prefix}-{next(_NUMBERS)}")
    control, each = FlowControl(parallelism=at_once), FlowControl(parallelism=most)
    inside = Inside([queue_of(script, control, each, f"w{n}") for n in range(2)], turns)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(inside.chunk(number, wanted) for number, wanted in enumerate(asked)))
        for queue in inside.queues:
            await queue.drained()
    assert inside.most_at_once <= at_once
    assert all(number <= most for name, number in inside.most.items() if name is not None)
    assert await script.in_use() == 0
    assert await script.fullest(KEY, 10) == []
