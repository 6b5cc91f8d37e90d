"""Fewer threads and connections than items at once: what waits for one, waits, and is shown."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from structlog.typing import EventDict

from app.workflows.family import Context, FamilyParams
from app.workflows.monitoring import worker_heartbeat
from tests.support.families import Beside
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact

BACK = (
    "SELECT coalesce(sum(size), 0) FROM sluice.message WHERE worker IS NOT NULL AND flow_key = :key"
)


class Plain(Beside):
    """Its code is plain ``def``, and blocks for ``seconds``."""

    name = "plain"
    timeout = timedelta(seconds=2)
    attempts = 1
    seconds = 0.8

    def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:  # type: ignore[override]  # a plain one is allowed too
        self.executed[entity] += 1
        time.sleep(self.seconds)
        return entity


class Stuck(Plain):
    """Blocks until the test ends."""

    name = "stuck"
    timeout = timedelta(seconds=2)

    def __init__(self) -> None:
        super().__init__()
        self.end = threading.Event()

    def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:  # type: ignore[override]  # a plain one is allowed too
        self.executed[entity] += 1
        self.end.wait(60)
        return entity


class Holding(Beside):
    """Holds a session over a slow call."""

    name = "holding"
    timeout = timedelta(seconds=2)
    attempts = 1
    seconds = 0.8

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.executed[entity] += 1
        async with ctx.session() as session:
            await session.connection()
            await asyncio.sleep(self.seconds)
        return entity


class Open(Holding):
    """Holds it until the test says so."""

    timeout = timedelta(seconds=60)

    def __init__(self) -> None:
        super().__init__()
        self.end = asyncio.Event()

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        async with ctx.session() as session:
            await session.connection()
            await self.end.wait()
        return entity


async def until_shown(sluice: Sluice, **wanted: int) -> None:
    """The overview says so of the one worker."""
    async with asyncio.timeout(PATIENCE), api(sluice) as caller:
        shown: list[dict[str, int]] = []
        while shown != [wanted]:
            await asyncio.sleep(0.05)
            workers = (await caller.get("/api/overview")).json()["workers"]
            shown = [{name: worker[name] for name in wanted} for worker in workers]


async def outcomes(sluice: Sluice, run_id: str) -> Counter[str]:
    run = await sluice.ended(run_id)
    rows = await sluice.items(run_id)
    assert_exact(run, rows)
    return Counter(row.status for row in rows)


async def test_items_whose_thread_is_not_free_wait_outside_their_time_limit(opener: Opener) -> None:
    family = Plain()
    async with opener(family, worker_threads=2) as sluice:
        run = await sluice.played(10)  # four seconds, of a limit of two
        assert Counter(row.status for row in await sluice.items(run.id)) == {"succeeded": 10}
        assert set(family.executed.values()) == {1}


async def test_a_step_that_waits_for_a_thread_does_so_outside_its_items_time_limit(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_heartbeat, "EVERY", 0.05)

    class Stepping(Beside):
        """Whose items do not tell that they will need a thread."""

        timeout = timedelta(seconds=4)
        attempts = 1

    all_here, shown = asyncio.Barrier(6), threading.Event()

    def block() -> None:
        shown.wait(60)
        time.sleep(0.9)

    async def work(item: str, ctx: Context) -> None:
        await all_here.wait()  # once one needs a thread, the worker takes no more of them
        await ctx.run("block", block)

    async with opener(Stepping(work), worker_threads=1) as sluice:
        await sluice.add_users(6)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_shown(sluice, waitingForThread=5)
            shown.set()
            assert await outcomes(sluice, run_id) == {"succeeded": 6}  # after five seconds
        assert (await sluice.run(run_id)).work_ms < 12_000  # with what they waited, nineteen


async def test_a_worker_takes_no_more_plain_items_than_it_has_free_threads(opener: Opener) -> None:
    family = Stuck()
    family.timeout = timedelta(seconds=30)  # type: ignore[misc]  # this one's alone
    async with opener(family, worker_threads=3) as sluice:
        await sluice.add_users(20)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while family.executed.total() < 3:
                    await asyncio.sleep(0.02)
            for _ in range(20):
                [[in_hand]] = await sluice.sql(BACK, key="stuck.execute")
                assert in_hand == 3
                await asyncio.sleep(0.02)
            family.end.set()
            assert await outcomes(sluice, run_id) == {"succeeded": 20}


async def test_stuck_threads_of_one_family_neither_stop_nor_time_out_another(
    opener: Opener, monkeypatch: pytest.MonkeyPatch, logged: list[EventDict]
) -> None:
    monkeypatch.setattr(worker_heartbeat, "EVERY", 0.05)
    stuck, plain = Stuck(), Plain()
    plain.seconds = 0.2
    async with opener(stuck, plain, worker_threads=4) as sluice:
        await sluice.add_users(8)
        first = await sluice.start("stuck")
        try:
            async with sluice.worker():
                # The fourth is kept for the other family.
                await until_shown(sluice, threads=4, threadsBusy=3, threadsLeftBehind=3)
                second = await sluice.start("plain")
                assert await outcomes(sluice, second) == {"succeeded": 8}
                assert set(plain.executed.values()) == {1}
                rows = await sluice.items(first)
                assert Counter(row.status for row in rows) == {"timed_out": 3, "pending": 5}
                stuck.end.set()  # and what waited for these threads goes on
                assert await outcomes(sluice, first) == {"timed_out": 3, "succeeded": 5}
                await until_shown(sluice, threadsBusy=0, threadsLeftBehind=0)
        finally:
            stuck.end.set()
    told = [entry for entry in logged if entry["event"] == "threads_left_behind"]
    # Once; the other family may have begun by then, and has a thread as well.
    assert [entry["busy"]["stuck.execute"] for entry in told] == [3]


async def test_items_wait_for_a_connection_outside_their_time_limit(opener: Opener) -> None:
    family = Holding()
    async with opener(family, pool_size=2) as sluice:
        run = await sluice.played(10)  # two at once: four seconds, of a limit of two
        assert Counter(row.status for row in await sluice.items(run.id)) == {"succeeded": 10}
        assert set(family.executed.values()) == {1}


async def test_while_items_wait_for_a_connection_neither_the_api_nor_readiness_does(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_heartbeat, "EVERY", 0.05)
    family = Open()
    async with opener(family, pool_size=2) as sluice:
        await sluice.add_users(10)
        run_id = await sluice.start()
        async with sluice.worker(), api(sluice) as caller:
            await until_shown(sluice, waitingForConnection=8)
            assert (await caller.get("/readyz")).status_code == 200
            assert (await caller.get(f"/api/runs/{run_id}/items")).status_code == 200
            path = "/api/workflows/holding/process-users"
            assert (await caller.post(path, json={"dryRun": True})).json()["totalEligible"] == 10
            assert {row.status for row in await sluice.items(run_id)} == {"pending"}
            family.end.set()
            assert await outcomes(sluice, run_id) == {"succeeded": 10}


async def test_items_that_hold_a_connection_and_wait_for_another_time_out(opener: Opener) -> None:
    class Greedy(Holding):
        timeout = timedelta(seconds=1)
        met, cut_off = asyncio.Barrier(2), asyncio.Barrier(2)

        async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
            async with ctx.session() as session, ctx.session() as another:
                await session.connection()
                await self.met.wait()
                try:
                    await another.connection()
                finally:  # whoever is cut off first gives the other one nothing
                    await self.cut_off.wait()
            return entity

    async with opener(Greedy(), pool_size=2) as sluice:
        run = await sluice.played(2)
        assert Counter(row.status for row in await sluice.items(run.id)) == {"timed_out": 2}


async def test_a_preview_for_which_no_connection_is_free_says_so(opener: Opener) -> None:
    family = Holding()
    family.seconds = 30
    async with opener(family, pool_size=2) as sluice, api(sluice) as caller:
        users = await sluice.add_users(1)
        path = "/api/workflows/holding/record-user"
        calls = [
            caller.post(path, json={"userId": users[0], "dryRun": True}, timeout=60)
            for _ in range(3)
        ]
        answers = await asyncio.gather(*calls)
        assert (await caller.get("/readyz")).status_code == 200
    assert all("It took longer than 2 s." in answer.text for answer in answers)
