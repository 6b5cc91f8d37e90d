"""A small urgent run passes a bulk run, and the bulk run goes on: judged by the order in which
items begin, each in the place of one that the test ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from app.workflows.contract.run_options import options_of
from app.workflows.family import FlowControl
from tests.flow.gates import all_heard, levels_waiting
from tests.support.patience import PATIENCE
from tests.support.servers.choice import TestServers
from tests.support.service import Opener, Sluice
from tests.workflows.priorities.held import (
    WORKER,
    Held,
    OtherHeld,
    Start,
    Starts,
    start,
    until_waiting,
)

TEN = FlowControl(parallelism=10)
OPEN = FlowControl()


def ids(first: int, number: int) -> list[str]:
    """Of users of whom the bulk run is far: an item is never at work in two runs at once."""
    return [f"u{n:05}" for n in range(first, first + number)]


@asynccontextmanager
async def opened(
    opener: Opener, *families: Held, users: int, workers: int = 1, **changed: object
) -> AsyncIterator[Sluice]:
    async with opener(*families, stop_timeout=0.5, **changed) as sluice, AsyncExitStack() as stack:
        await sluice.add_users(users)
        for number in range(workers):
            WORKER.set(number)
            await stack.enter_async_context(sluice.worker())
        yield sluice


async def until_at_gate(
    servers: TestServers, sluice: Sluice, key: str, priority: int, number: int, workers: int = 1
) -> None:
    """So many items of this priority wait for the flow key, and each worker knows it."""
    prefix = sluice.service.settings.redis_prefix
    async with Redis.from_url(servers.redis_url) as redis, asyncio.timeout(PATIENCE):
        while (await levels_waiting(redis, prefix, key))[priority] < number:
            await asyncio.sleep(0.005)
        await all_heard(redis, prefix, key, workers)


@pytest.mark.parametrize("workers", [1, 2])
async def test_urgent_items_pass_a_bulk_run_that_waits_for_the_same_flow_key(
    opener: Opener, servers: TestServers, workers: int
) -> None:
    starts = Starts()
    async with opened(opener, Held(TEN, starts), users=1_000, workers=workers) as sluice:
        bulk = await start(sluice, "held", 2)
        await starts.begun(bulk, 10)
        urgent = await start(sluice, "held", 9, item_ids=ids(901, 20))
        # They come through the queue, full hands and the turns while nothing of the bulk run ends.
        await until_at_gate(servers, sluice, "held.execute", 9, 20, workers)
        begun = [(await starts.end_one()).run_id for _ in range(22)]
        assert Counter(begun) == {urgent: 20, bulk: 2}  # which is its share


@pytest.mark.parametrize(
    "control", [FlowControl(parallelism=1), FlowControl(rate=1, period=timedelta(hours=1))], ids=str
)
async def test_urgent_items_of_another_family_pass_what_waits_for_its_flow_key_in_full_hands(
    opener: Opener, servers: TestServers, control: FlowControl
) -> None:
    starts, urgent_starts = Starts(), Starts()
    families = Held(control, starts), OtherHeld(OPEN, urgent_starts, ends=True)
    async with opened(opener, *families, users=500, worker_concurrency=20) as sluice:
        bulk = await start(sluice, "held", 2)
        await starts.begun(bulk, 1)
        await until_at_gate(servers, sluice, "held.execute", 2, 19)  # of twenty turns
        urgent = await start(sluice, "other-held", 9, item_ids=ids(401, 20))
        await sluice.ended(urgent)
        assert starts.of(bulk) == 1
        if control.parallelism is not None:
            for _ in range(3):
                assert (await starts.end_one()).run_id == bulk  # and it goes on


@pytest.mark.parametrize("workers", [1, 2])
async def test_urgent_items_of_another_family_pass_what_fills_the_workers_hands(
    opener: Opener, workers: int
) -> None:
    starts, urgent_starts = Starts(), Starts()
    families = Held(OPEN, starts), OtherHeld(OPEN, urgent_starts, ends=True)
    async with opened(
        opener, *families, users=1_000, workers=workers, worker_concurrency=10
    ) as sluice:
        bulk = await start(sluice, "held", 2)
        await starts.begun(bulk, 10 * workers)
        urgent = await start(sluice, "other-held", 9, item_ids=ids(901, 10))
        await until_waiting(sluice, urgent_starts, urgent, 10)
        before, ended = starts.of(bulk), 0
        async with asyncio.timeout(PATIENCE):
            while urgent_starts.of(urgent) < 10:
                if starts.of(bulk) - before == ended:  # each turn went to a bulk item at last
                    for worker in range(workers):
                        starts.end(worker)
                    ended += workers
                await asyncio.sleep(0.001)
        # One turn serves all that are in the same hands, but for those that the bulk run is owed.
        assert ended <= 2 * workers


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_bulk_run_has_its_share_of_a_flow_key_while_urgent_work_has_no_end(
    opener: Opener, workers: int
) -> None:
    starts = Starts()
    async with opened(opener, Held(TEN, starts), users=1_500, workers=workers) as sluice:
        bulk = await start(sluice, "held", 2)
        await starts.begun(bulk, 10)
        urgent = await start(sluice, "held", 9, item_ids=ids(501, 900))
        order = await started(sluice, starts, bulk, urgent, 200)
        shares_are_held(order[20:], bulk, share=0.1)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_bulk_run_has_its_share_of_the_workers_while_urgent_work_has_no_end(
    opener: Opener, workers: int
) -> None:
    starts = Starts()
    families = Held(OPEN, starts), OtherHeld(OPEN, starts)
    async with opened(
        opener, *families, users=1_500, workers=workers, worker_concurrency=10, bulk_share=0.25
    ) as sluice:
        bulk = await start(sluice, "held", 2)
        await starts.begun(bulk, 10 * workers)
        urgent = await start(sluice, "other-held", 9, item_ids=ids(501, 900))
        order = await started(sluice, starts, bulk, urgent, 150 * workers, workers)
        for worker in range(workers):
            of_one = [one for one in order if one.worker == worker]
            assert len(of_one) == 150
            shares_are_held(of_one, bulk, share=0.25)


async def test_a_resume_gives_a_run_another_priority(opener: Opener) -> None:
    starts = Starts()
    family = Held(TEN, starts)
    async with opened(opener, family, users=1_000) as sluice:
        one = await start(sluice, "held")
        other = await start(sluice, "held", item_ids=ids(501, 400))
        while len(starts.order) < 10:
            await asyncio.sleep(0.005)
        control = sluice.service.api.control
        await control.pause(other, by="test")
        while starts.of(one) < 20:  # what the other had in hand is not any more
            await until_waiting(sluice, starts, one, 1)
            await starts.end_one()
        await control.resume(other, by="test", options=options_of(family, priority=9))
        assert (await sluice.run(other)).priority == 9
        order = await started(sluice, starts, one, other, 60)
        assert sum(start.run_id == other for start in order[20:]) >= 0.8 * 40


async def started(
    sluice: Sluice, starts: Starts, low: str, high: str, number: int, workers: int | None = None
) -> list[Start]:
    """What begins while of each of these runs something always waits in the workers' hands.

    Args:
        workers: one ends in each of so many in turn; None: whichever began first.
    """
    order = []
    for turn in range(number):
        await until_waiting(sluice, starts, low, 1)
        await until_waiting(sluice, starts, high, 1)
        order.append(await starts.end_one(None if workers is None else turn % workers))
    return order


def shares_are_held(order: Sequence[Start], bulk: str, *, share: float) -> None:
    """Of any row of forty starts."""
    runs = [one.run_id for one in order]
    for begin in range(0, len(runs) - 40, 10):
        assert abs(runs[begin : begin + 40].count(bulk) - 40 * share) <= 2
