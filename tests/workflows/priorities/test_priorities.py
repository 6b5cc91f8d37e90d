"""A small urgent run passes a bulk run, and the bulk run goes on: judged by when items began."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from app.workflows.contract.run_options import options_of
from app.workflows.family import FlowControl
from tests.support.service import Opener, Sluice
from tests.workflows.priorities.timed import OtherTimed, Start, Timed, begun, start

pytestmark = pytest.mark.alone

SOON = 1.0
"""Seconds within which an urgent run's items begin."""
TEN = FlowControl(parallelism=10)
OPEN = FlowControl()


@asynccontextmanager
async def opened(
    opener: Opener, *families: Timed, users: int, workers: int = 1, **changed: object
) -> AsyncIterator[Sluice]:
    async with opener(*families, stop_timeout=0.5, **changed) as sluice, AsyncExitStack() as stack:
        await sluice.add_users(users)
        for _ in range(workers):
            await stack.enter_async_context(sluice.worker())
        yield sluice


@pytest.mark.parametrize("workers", [1, 2])
async def test_urgent_items_pass_a_bulk_run_that_waits_for_the_same_flow_key(
    opener: Opener, workers: int
) -> None:
    family = Timed(TEN, 0.1, [])
    async with opened(opener, family, users=5_000, workers=workers) as sluice:
        bulk = await start(sluice, "timed", 2)
        await begun(family, 100, bulk)
        began = time.monotonic()
        urgent = await start(sluice, "timed", 9, item_ids=[f"u{n:05}" for n in range(1, 21)])
        starts = await begun(family, 20, urgent)
        assert max(starts) - began < SOON
        await sluice.ended(urgent)


async def test_urgent_items_of_another_family_pass_what_waits_for_its_rate_in_full_hands(
    opener: Opener,
) -> None:
    bulk_family = Timed(FlowControl(rate=5), 0, [])
    family = OtherTimed(OPEN, 0.01, [])
    async with opened(opener, bulk_family, family, users=500, worker_concurrency=20) as sluice:
        bulk = await start(sluice, "timed", 2)
        await begun(bulk_family, 3, bulk)
        began = time.monotonic()
        urgent = await start(sluice, "other-timed", 9, item_ids=[f"u{n:05}" for n in range(1, 21)])
        starts = await begun(family, 20, urgent)
        assert max(starts) - began < SOON
        before = len(bulk_family.starts)
        await begun(bulk_family, before + 3, bulk)  # and it goes on


@pytest.mark.parametrize("workers", [1, 2])
async def test_urgent_items_of_another_family_pass_what_fills_the_workers_hands(
    opener: Opener, workers: int
) -> None:
    bulk_family, family = Timed(OPEN, 0.1, []), OtherTimed(OPEN, 0.01, [])
    async with opened(
        opener, bulk_family, family, users=5_000, workers=workers, worker_concurrency=10
    ) as sluice:
        bulk = await start(sluice, "timed", 2)
        await begun(bulk_family, 50, bulk)
        began = time.monotonic()
        urgent = await start(sluice, "other-timed", 9, item_ids=[f"u{n:05}" for n in range(1, 21)])
        starts = await begun(family, 20, urgent)
        assert max(starts) - began < SOON


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_bulk_run_has_its_share_of_a_flow_key_while_urgent_work_has_no_end(
    opener: Opener, workers: int
) -> None:
    family = Timed(TEN, 0.02, [])
    async with opened(opener, family, users=3_000, workers=workers) as sluice:
        bulk = await start(sluice, "timed", 2)
        await begun(family, 50, bulk)
        urgent = await start(sluice, "timed", 9)
        await begun(family, 1_000, urgent)
        shares_are_held(family.starts, bulk, urgent, share=0.1)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_bulk_run_has_its_share_of_the_workers_while_urgent_work_has_no_end(
    opener: Opener, workers: int
) -> None:
    starts: list[Start] = []
    families = Timed(OPEN, 0.05, starts), OtherTimed(OPEN, 0.05, starts)
    async with opened(
        opener, *families, users=3_000, workers=workers, worker_concurrency=10, bulk_share=0.25
    ) as sluice:
        bulk = await start(sluice, "timed", 2)
        await begun(families[0], 50, bulk)
        urgent = await start(sluice, "other-timed", 9)
        await begun(families[1], 1_000, urgent)
        shares_are_held(starts, bulk, urgent, share=0.25)


async def test_a_resume_gives_a_run_another_priority(opener: Opener) -> None:
    family = Timed(TEN, 0.1, [])
    async with opened(opener, family, users=3_000) as sluice:
        one, other = await start(sluice, "timed"), await start(sluice, "timed")
        await asyncio.gather(begun(family, 20, one), begun(family, 20, other))
        control = sluice.service.api.control
        await control.pause(other, by="test")
        options = options_of(family, priority=9)
        await control.resume(other, by="test", options=options)
        assert (await sluice.run(other)).priority == 9
        before = len(family.starts)
        await begun(family, 100, other)
        after = family.starts[before + 20 :]
        assert sum(start.run_id == other for start in after) >= 0.8 * len(after)


def shares_are_held(starts: list[Start], bulk: str, urgent: str, *, share: float) -> None:
    """From when the urgent work has filled the place of what was at work before it."""
    order = [one.run_id for one in sorted(starts, key=lambda one: one.at)]
    first = order.index(urgent) + 100
    order = order[first : len(order) - order[::-1].index(urgent)]
    assert len(order) > 800
    for begin in range(0, len(order) - 200, 50):
        part = order[begin : begin + 200]
        assert part.count(bulk) >= 200 * share - 5
    assert order.count(urgent) >= len(order) * (1 - 2 * share) - 20  # and no more than is due
