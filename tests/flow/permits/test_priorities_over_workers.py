"""Priorities of one flow key over several workers. The test ends one item after another, and what
begins then is judged by its order alone."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits
from app.flow.redis_gate import RedisGate
from tests.flow.gates import KEY, Overrides, all_heard
from tests.support.patience import until
from tests.support.servers.choice import TestServers


@dataclass
class Items:
    """Each is at work until the test ends it, those first that began first."""

    redis: Redis
    prefix: str
    began: list[int] = field(default_factory=list)
    """Priorities, in the order in which their items began."""
    inside: deque[asyncio.Event] = field(default_factory=deque)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def wait(self, gate: RedisGate, number: int, priority: int) -> None:
        self.tasks += [asyncio.create_task(self._do(gate, priority)) for _ in range(number)]

    async def _do(self, gate: RedisGate, priority: int) -> None:
        async with gate.permit(KEY, priority=priority):
            ends = asyncio.Event()
            self.began.append(priority)
            self.inside.append(ends)
            await ends.wait()

    async def end_one(self) -> int:
        """Returns the priority of the item that begins in its place."""
        before = len(self.began)
        self.inside.popleft().set()
        await until(lambda: len(self.began) > before)
        assert len(self.began) == before + 1
        return self.began[-1]

    async def heard(self, workers: int) -> None:
        await all_heard(self.redis, self.prefix, KEY, workers)


@asynccontextmanager
async def opened(
    servers: TestServers, prefix: str, parallelism: int, *, workers: int = 2, share: float = 0.1
) -> AsyncIterator[tuple[Items, list[RedisGate]]]:
    controls = {KEY: FlowControl(parallelism=parallelism)}
    async with Redis.from_url(servers.redis_url) as redis:
        gates = [
            RedisGate(redis, prefix, EffectiveLimits(controls, Overrides().load), share=share)
            for _ in range(workers)
        ]
        running = [asyncio.create_task(gate.run()) for gate in gates]
        items = Items(redis, prefix)
        try:
            yield items, gates
        finally:
            for task in items.tasks:
                task.cancel()
            await asyncio.gather(*items.tasks, return_exceptions=True)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


@pytest.mark.parametrize("parallelism", [1, 2, 10])
async def test_urgent_items_of_one_worker_pass_the_bulk_items_of_the_other(
    servers: TestServers, redis_prefix: str, parallelism: int
) -> None:
    async with opened(servers, redis_prefix, parallelism) as (items, [one, other]):
        items.wait(one, 60, 2)
        await until(lambda: len(items.began) == parallelism)
        items.wait(other, 20, 9)
        await items.heard(2)
        begun = [await items.end_one() for _ in range(22)]
        assert Counter(begun) == {9: 20, 2: 2}  # the share of the bulk items


@pytest.mark.parametrize("parallelism", [1, 2, 10])
async def test_bulk_items_of_one_worker_have_their_share_beside_the_urgent_ones_of_the_other(
    servers: TestServers, redis_prefix: str, parallelism: int
) -> None:
    async with opened(servers, redis_prefix, parallelism, share=0.25) as (items, [one, other]):
        items.wait(other, 200, 9)
        await until(lambda: len(items.began) == parallelism)
        items.wait(one, 100, 2)
        await items.heard(2)
        begun = [await items.end_one() for _ in range(100)]
        for first in range(0, 80, 10):
            assert 4 <= begun[first : first + 20].count(2) <= 6


async def test_three_workers_with_several_priorities_each_begin_the_most_urgent_ones_first(
    servers: TestServers, redis_prefix: str
) -> None:
    async with opened(servers, redis_prefix, 4, workers=3) as (items, gates):
        items.wait(gates[0], 4, 0)
        await until(lambda: len(items.began) == 4)
        for gate in gates:
            for priority in (2, 9, 5):
                items.wait(gate, 10, priority)
        await items.heard(3)
        begun = [await items.end_one() for _ in range(80)]
        urgent = begun[:33]  # 30, and the share of the others
        assert urgent.count(9) == 30
        assert begun[33:66].count(5) >= 27


async def test_who_holds_slots_and_has_nobody_in_line_hands_none_on(
    servers: TestServers, redis_prefix: str
) -> None:
    async with opened(servers, redis_prefix, 4) as (items, [one, other]):
        items.wait(one, 4, 2)
        await until(lambda: len(items.began) == 4)
        items.wait(other, 20, 9)
        await items.heard(1)
        for _ in range(20):
            before = len(items.began)
            items.inside.popleft().set()
            items.wait(one, 1, 2)  # it comes as soon as the slot is free
            await until(lambda n=before: len(items.began) > n)  # type: ignore[misc]
        # One may be handed on before it is known that another worker waits; and there is the share.
        assert items.began[4:].count(2) <= 1 + 2


async def test_workers_that_wait_for_the_same_priority_have_even_shares_of_it(
    servers: TestServers, redis_prefix: str
) -> None:
    async with opened(servers, redis_prefix, 6, workers=3) as (items, [one, two, three]):
        items.wait(one, 40, 2)
        await until(lambda: len(items.began) == 6)
        held = dict.fromkeys((two, three), 0)

        async def urgent(gate: RedisGate) -> None:
            async with gate.permit(KEY, priority=9):
                held[gate] += 1
                ends = asyncio.Event()
                items.began.append(9)
                items.inside.append(ends)
                await ends.wait()
                held[gate] -= 1

        items.tasks += [asyncio.create_task(urgent(gate)) for gate in (two, three) * 30]
        await items.heard(3)
        for _ in range(6):
            await items.end_one()
        for _ in range(30):
            assert max(held.values()) <= 3  # of six
            await items.end_one()
        assert min(held.values()) >= 2
