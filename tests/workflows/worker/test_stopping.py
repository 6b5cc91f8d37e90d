"""A worker that is told to stop stops, whatever it is at."""

from __future__ import annotations

import asyncio
import gc

import pytest

from app.workflows.worker.background import cancel_and_wait
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener


# redis-py loses the connection that it was making.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_worker_that_has_hardly_begun_stops(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        for number in range(30):  # somewhere in them it is connecting to Redis
            worker = sluice.service.worker()
            running = asyncio.create_task(worker.run())
            await asyncio.sleep(number * 0.005)
            worker.stop()
            await asyncio.wait_for(running, PATIENCE)
    gc.collect()  # here, and not in some other test


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            swallowed += 1
        await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_and_wait([task], again=0.01), PATIENCE)
    assert (task.cancelled(), swallowed) == (True, 1)


async def test_what_a_task_raises_while_it_ends_is_dropped() -> None:
    async def failing() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError("too late")

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_and_wait([task]), PATIENCE)
    await asyncio.wait_for(cancel_and_wait([]), PATIENCE)
    assert task.done()
