"""The time limit of an attempt: exact, and without a timer where the item ends in a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from contextvars import Context

import pytest

from app.store.pool import WAITER
from app.workflows.layers.item_clock import SOON, ItemClock, ItemClocks

LIMIT = 0.2
LATE = 0.15
"""Seconds that a busy machine may take longer."""


def of_this_task(seconds: float, clocks: ItemClocks | None) -> ItemClock:
    task = asyncio.current_task()
    assert task is not None
    return ItemClock(task, seconds, clocks)


def waiting() -> AbstractContextManager[None]:
    waiter = WAITER.get()
    assert waiter is not None
    return waiter.waiting()


@pytest.fixture(params=["alone", "among others"])
def clocks(request: pytest.FixtureRequest) -> ItemClocks | None:
    return None if request.param == "alone" else ItemClocks()


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many have been set of clocks."""
    number = 0
    real = asyncio.BaseEventLoop.call_at

    def call_at(
        self: asyncio.BaseEventLoop,
        when: float,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        nonlocal number
        number += callback.__name__ == "_expire"
        return real(self, when, callback, *args, context=context)

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_at", call_at)
    return lambda: number


@pytest.mark.parametrize("seconds", [SOON / 2, SOON, 2 * SOON, LIMIT])
async def test_what_goes_on_for_longer_is_cut_off_at_its_limit(
    clocks: ItemClocks | None, seconds: float
) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with of_this_task(seconds, clocks) as clock:
            await asyncio.sleep(10)
    assert seconds <= time.monotonic() - began < seconds + LATE
    assert clock.expired


async def test_each_of_many_has_its_own_limit() -> None:
    clocks = ItemClocks()

    async def lasts(limit: float) -> float:
        began = time.monotonic()
        with suppress(TimeoutError):
            async with of_this_task(limit, clocks):
                await asyncio.sleep(10)
        return time.monotonic() - began

    limits = [0.02 * n for n in range(1, 11)]
    lasted = await asyncio.gather(*map(lasts, limits))
    assert all(limit <= one < limit + LATE for limit, one in zip(limits, lasted, strict=True))


async def test_items_that_end_in_a_moment_set_no_timer(timers: Callable[[], int]) -> None:
    clocks = ItemClocks()
    for _ in range(50):
        async with of_this_task(LIMIT, clocks):
            await asyncio.sleep(0)
    await asyncio.sleep(3 * SOON)
    assert timers() == 0
    async with of_this_task(LIMIT, clocks):
        await asyncio.sleep(3 * SOON)
    assert timers() == 1


async def test_an_item_that_is_over_is_not_cut_off_later(clocks: ItemClocks | None) -> None:
    async with of_this_task(SOON, clocks) as clock:
        pass
    async with of_this_task(2 * SOON, clocks) as other:
        pass
    await asyncio.sleep(5 * SOON)
    assert (clock.expired, other.expired) == (False, False)


async def test_it_stands_still_while_the_item_waits(clocks: ItemClocks | None) -> None:
    """Also where it waits already when the timer would be set."""
    async with of_this_task(LIMIT, clocks) as clock:
        with waiting():
            await asyncio.sleep(2 * LIMIT)
        assert 2 * LIMIT <= clock.waited < 2 * LIMIT + LATE
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(10)
        assert LIMIT - 0.01 <= time.monotonic() - began < LIMIT + LATE
    assert clock.expired


async def test_a_cancellation_by_somebody_else_stays_one(clocks: ItemClocks | None) -> None:
    async def timed() -> None:
        async with of_this_task(LIMIT, clocks):
            await asyncio.sleep(10)

    task = asyncio.create_task(timed())
    await asyncio.sleep(2 * SOON)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
