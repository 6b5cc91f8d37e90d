"""The watch over the event loop: it says who blocked it."""

from __future__ import annotations

import asyncio
import threading
import time

from structlog.typing import EventDict

from app.workflows.family import Context
from app.workflows.keys import item_message
from app.workflows.worker.event_loop_monitor import BLOCKED_SECONDS, EventLoopMonitor
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener


def _blocked(logged: list[EventDict]) -> list[EventDict]:
    return [entry for entry in logged if entry["event"] == "event_loop_blocked"]


class Blocker:
    """Blocks the loop until that is told, and for a while longer, in which it is told no more."""

    def __init__(self, logged: list[EventDict]) -> None:
        self._logged = logged
        self.told: list[EventDict] = []
        """While it blocked: at other times others of this machine may have kept the loop."""
        self.took = 0.0

    def block(self, longer: float) -> None:
        began, before = time.monotonic(), len(_blocked(self._logged))
        while len(_blocked(self._logged)) == before and time.monotonic() < began + PATIENCE:
            time.sleep(0.005)
        time.sleep(longer)
        self.told += _blocked(self._logged)[before:]
        self.took = time.monotonic() - began

    async def as_task(self, watch: EventLoopMonitor, name: str) -> None:
        async def blocks() -> None:
            watch._tick = time.monotonic()  # of this very moment, and told of by nobody yet
            self.block(0.2)

        await asyncio.create_task(blocks(), name=name)


async def test_the_task_that_blocks_the_loop_is_named_once(logged: list[EventDict]) -> None:
    blocker = Blocker(logged)
    async with EventLoopMonitor(blocked_after=0.05) as watch:
        await blocker.as_task(watch, "item:run_1:u1")
    [entry] = blocker.told
    assert entry["log_level"] == "warning"
    assert entry["by"] == "item:run_1:u1"
    assert 0.05 <= entry["seconds"] <= blocker.took
    assert "plain def" in entry["hint"]


async def test_each_time_that_the_loop_is_blocked_is_told(logged: list[EventDict]) -> None:
    blocker = Blocker(logged)
    async with EventLoopMonitor(blocked_after=0.05) as watch:
        for name in ("one", "two"):
            await blocker.as_task(watch, name)
    assert [entry["by"] for entry in blocker.told] == ["one", "two"]


async def test_work_that_waits_or_runs_in_a_thread_is_not_reported(logged: list[EventDict]) -> None:
    """The loop ticks on beside it, whatever its time."""
    let_go, ticks = threading.Event(), set[float]()
    async with EventLoopMonitor(blocked_after=0.15) as watch, asyncio.timeout(PATIENCE):
        work = [
            asyncio.create_task(asyncio.sleep(0.4), name="waits"),
            asyncio.create_task(asyncio.to_thread(let_go.wait, PATIENCE), name="in a thread"),
        ]
        while len(ticks) < 10:  # of which there are two and a half within the time
            ticks.add(watch._tick)
            await asyncio.sleep(0.01)
        let_go.set()
        await asyncio.gather(*work)
    assert {"waits", "in a thread"}.isdisjoint(entry["by"] for entry in _blocked(logged))


async def test_the_watch_ends_with_its_context() -> None:
    watch = EventLoopMonitor(blocked_after=0.05)
    async with watch:
        assert watch._thread.is_alive()
    assert not watch._thread.is_alive()
    assert watch._next_tick.cancelled()


async def test_a_worker_names_the_item_whose_async_method_blocks(
    opener: Opener, logged: list[EventDict]
) -> None:
    blocker = Blocker(logged)

    def block(item_id: str, _ctx: Context) -> object:
        if item_id == "u00002":
            blocker.block(0)
        return None

    async with opener(Recording(work=block)) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            await sluice.ended(run_id)
    assert [entry["by"] for entry in blocker.told] == [item_message(run_id, "u00002")]
    assert blocker.told[0]["seconds"] >= BLOCKED_SECONDS
