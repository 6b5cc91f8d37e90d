"""The watch over the event loop: it says who blocked it."""

from __future__ import annotations

import asyncio
import time

import pytest
from structlog.typing import EventDict

from app.workflows.family import Context
from app.workflows.keys import item_message
from app.workflows.worker.event_loop_monitor import BLOCKED_SECONDS, EventLoopMonitor
from tests.support.families import Recording
from tests.support.service import Opener

pytestmark = pytest.mark.alone  # others on the machine block the loop as well


def _blocked(logged: list[EventDict]) -> list[EventDict]:
    return [entry for entry in logged if entry["event"] == "event_loop_blocked"]


async def _block(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - blocking is the point


async def test_the_task_that_blocks_the_loop_is_named_once(logged: list[EventDict]) -> None:
    async with EventLoopMonitor(blocked_after=0.05):
        await asyncio.sleep(0.05)
        await asyncio.create_task(_block(0.3), name="item:run_1:u1")
        await asyncio.sleep(0.05)
    assert len(_blocked(logged)) == 1
    entry = _blocked(logged)[0]
    assert entry["log_level"] == "warning"
    assert entry["by"] == "item:run_1:u1"
    assert 0.05 <= entry["seconds"] <= 0.3
    assert "plain def" in entry["hint"]


async def test_each_time_that_the_loop_is_blocked_is_told(logged: list[EventDict]) -> None:
    async with EventLoopMonitor(blocked_after=0.05):
        for name in ("one", "two"):
            await asyncio.sleep(0.05)
            await asyncio.create_task(_block(0.2), name=name)
        await asyncio.sleep(0.05)
    assert [entry["by"] for entry in _blocked(logged)] == ["one", "two"]


async def test_work_that_waits_or_runs_in_a_thread_is_not_reported(logged: list[EventDict]) -> None:
    async with EventLoopMonitor(blocked_after=0.15):
        await asyncio.gather(asyncio.sleep(0.4), asyncio.to_thread(time.sleep, 0.4))
    assert _blocked(logged) == []


async def test_the_watch_ends_with_its_context() -> None:
    watch = EventLoopMonitor(blocked_after=0.05)
    async with watch:
        assert watch._thread.is_alive()
    assert not watch._thread.is_alive()
    assert watch._next_tick.cancelled()


async def test_a_worker_names_the_item_whose_async_method_blocks(
    opener: Opener, logged: list[EventDict]
) -> None:
    def block(item_id: str, _ctx: Context) -> object:
        if item_id == "u00002":
            time.sleep(BLOCKED_SECONDS * 1.6)
        return None

    async with opener(Recording(work=block)) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            await sluice.ended(run_id)
        assert {entry["by"] for entry in _blocked(logged)} == {item_message(run_id, "u00002")}
