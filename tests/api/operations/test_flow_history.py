"""What flow keys did in the last minutes, and what waits for them in the queue."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx2

from app.flow.history import MOST, FlowPoint
from app.workflows.family import Flow, FlowControl
from app.workflows.monitoring.flow_recorder import FlowRecorder
from tests.support.held import Held
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

KEY = "recording.execute"
PATH = f"/api/flow-control/{KEY}/history"


class Narrow(Held):
    flow = Flow(execute=FlowControl(parallelism=3))


async def points(caller: httpx2.AsyncClient, path: str = PATH) -> list[dict[str, Any]]:
    answer = await caller.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["points"]
    return found


def recorder(sluice: Sluice) -> FlowRecorder:
    return FlowRecorder(sluice.service.api.flow, sluice.service.api.flow_history)


def point(at: float) -> FlowPoint:
    return FlowPoint(at=at, in_use=1, starts=2, waiting=3, parallelism=3, rate=None)


async def test_what_is_in_use_is_recorded_while_a_worker_runs(opener: Opener) -> None:
    family = Narrow()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(40)
        run_id = await sluice.start()
        assert await points(caller) == []
        async with sluice.worker():
            await family.until_inside(3)
            await recorder(sluice).record()
            last = (await points(caller))[-1]
            assert (last["inUse"], last["parallelism"], last["rate"]) == (3, 3, None)
            async with asyncio.timeout(PATIENCE):
                while not (listed := await _listed(caller))["queued"]:
                    await asyncio.sleep(0.02)
            assert 0 < listed["queued"] <= 37
            assert listed["active"] == 3
            family.let_go.set()
            await sluice.ended(run_id)
        # The worker that watches had recorded one by itself.
        assert len(await points(caller)) >= 2
        assert (await _listed(caller))["queued"] == 0


async def test_keys_without_a_limit_are_not_recorded(opener: Opener) -> None:
    async with opener(Narrow()) as sluice, api(sluice) as caller:
        await recorder(sluice).record()
        assert len(await points(caller)) == 1
        assert await points(caller, "/api/flow-control/recording.process/history") == []
        unknown = await caller.get("/api/flow-control/recording.other/history")
        assert_problem(unknown, 404)


async def test_it_is_bounded_in_number_and_in_time(opener: Opener) -> None:
    async with opener(Narrow()) as sluice, api(sluice) as caller:
        history, now = sluice.service.api.flow_history, time.time()
        await history.add({KEY: point(now - 301)})
        await history.add({KEY: point(now - 290)})
        assert len(await points(caller)) == 1
        for n in range(MOST + 20):
            await history.add({KEY: point(now - 200 + n)})
        found = await points(caller)
        assert len(found) == MOST
        assert [p["at"] for p in found] == sorted(p["at"] for p in found)
        prefix = sluice.service.settings.redis_prefix
        left = await sluice.service.redis.ttl(f"{prefix}:flow:{{{KEY}}}:history")
        assert 0 < left <= 600


async def _listed(caller: httpx2.AsyncClient) -> dict[str, Any]:  # a JSON document
    every = (await caller.get("/api/flow-control")).json()["flowControl"]
    [found] = [one for one in every if one["key"] == KEY]
    return dict(found)
