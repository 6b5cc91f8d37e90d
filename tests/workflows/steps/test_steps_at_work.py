"""What an item and its steps are doing while they are, and who does it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.workflows.family import Backoff, Context
from app.workflows.monitoring import items_at_work
from app.workflows.monitoring.items_at_work import STALE, ItemsAtWork, WorkBoard, WorkReport
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.support.stepped import Stepped, time_passes

WHERE = "u00001"


@pytest.fixture(autouse=True)
def _told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items_at_work, "TOLD_AFTER", 0.05)
    monkeypatch.setattr(items_at_work, "EVERY", 0.02)


async def item_of(caller: httpx2.AsyncClient, run_id: str) -> Any:  # JSON
    return (await caller.get(f"/api/runs/{run_id}/items/{WHERE}")).json()


async def at_work(caller: httpx2.AsyncClient, run_id: str, steps: set[tuple[str, int]]) -> Any:
    """What is told of the item, once these steps are at work, with these tries."""
    async with asyncio.timeout(PATIENCE):
        while True:
            work = (await item_of(caller, run_id)).get("atWork")
            told = [] if work is None else work["steps"]
            if work and {(step["name"], step["attempt"]) for step in told} == steps:
                return work
            await asyncio.sleep(0.02)


async def test_an_item_tells_which_steps_are_at_work_where_and_since_when(opener: Opener) -> None:
    began = time.time()
    goes_on = {name: asyncio.Event() for name in ("first", "left", "right")}
    failed: set[str] = set()

    async def held(name: str) -> None:
        await goes_on[name].wait()
        if name == "right" and name not in failed:
            failed.add(name)
            goes_on[name].clear()
            raise ValueError("once")

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("first", held, "first")
        quick = Backoff(initial=timedelta(milliseconds=1), longest=timedelta(milliseconds=1))
        await asyncio.gather(
            ctx.run("left", held, "left"),
            ctx.run("right", held, "right", attempts=2, backoff=quick),
        )

    async with opener(Stepped(script)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            work = await at_work(caller, run_id, {("first", 1)})
            [worker] = (await caller.get("/api/overview")).json()["workers"]
            assert (work["worker"], work["host"]) == (worker["id"], worker["host"])
            assert work["attempt"] == 1
            assert began <= datetime.fromisoformat(work["since"]).timestamp() <= time.time()
            goes_on["first"].set()
            await at_work(caller, run_id, {("left", 1), ("right", 1)})
            goes_on["right"].set()
            await at_work(caller, run_id, {("left", 1), ("right", 2)})
            goes_on["right"].set()
            await at_work(caller, run_id, {("left", 1)})
            goes_on["left"].set()
            assert (await sluice.ended(run_id)).status == "succeeded"
            assert (await item_of(caller, run_id))["atWork"] is None


async def test_an_item_that_only_waits_is_not_at_work(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep("nap", timedelta(hours=1))

    async with opener(Stepped(script)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).suspended == 0:
                    await asyncio.sleep(0.01)
            found = await item_of(caller, run_id)
            assert (found["atWork"], found["item"]["status"]) == (None, "suspended")
            await time_passes(sluice, timedelta(hours=1))
            await sluice.ended(run_id)


async def test_nobody_believes_a_worker_that_is_silent(opener: Opener) -> None:
    async with opener(Stepped(lambda item, ctx: asyncio.sleep(0))) as sluice:
        board: WorkBoard = sluice.service.api.at_work
        now = time.time()
        await board.tell({("run_a", "one"): WorkReport("wrk_1", "host", 1, now, now)})
        assert await board.of("run_a", "one") == WorkReport("wrk_1", "host", 1, now, now)
        await board.tell({("run_a", "one"): WorkReport("wrk_1", "host", 1, now, now - STALE)})
        assert await board.of("run_a", "one") is None
        await board.tell({}, [("run_a", "one")])
        assert not await sluice.service.redis.exists(
            f"{sluice.service.settings.redis_prefix}:at-work:run_a"
        )


def test_what_ends_late_takes_nothing_from_who_began_anew() -> None:
    items = ItemsAtWork()
    former = items.begin("run", "item", 1)
    present = items.begin("run", "item", 2)
    items.end("run", "item", former)
    assert items.long(time.time() + 60) == {("run", "item"): present}
    items.end("run", "item", present)
    assert not items.long(time.time() + 60)
