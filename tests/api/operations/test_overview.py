"""Everything at a glance: workers, runs, failures, and what is nearest its limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from app.workflows.family import Flow, FlowControl
from app.workflows.monitoring import worker_heartbeat
from tests.support.control import Asked, control, fail
from tests.support.families import Beside
from tests.support.held import Held
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

PATH = "/api/overview"


class Limited(Held):
    flow = Flow(execute=FlowControl(parallelism=4), paginate=FlowControl(parallelism=50))


class Failing(Beside):
    attempts = 1


@pytest.fixture
async def sluice(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Beside()) as opened:
        yield opened


async def shown(caller: httpx2.AsyncClient) -> dict[str, Any]:  # a JSON document
    answer = await caller.get(PATH)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def workers(caller: httpx2.AsyncClient, number: int) -> list[dict[str, Any]]:
    """Those that live, once there are so many."""
    async with asyncio.timeout(PATIENCE):
        while len(found := (await shown(caller))["workers"]) != number:
            await asyncio.sleep(0.02)
    return list(found)


async def test_a_service_that_does_nothing_says_so(sluice: Sluice) -> None:
    async with api(sluice) as caller:
        document = await shown(caller)
    flow = document.pop("flow")
    assert [use["share"] for use in flow] == [None] * 3
    del document["now"]
    assert document == {
        "success": True,
        "postgres": "ok",
        "redis": "ok",
        "engine": "postgres",
        "qstashAway": None,
        "workers": [],
        "activeRuns": [],
        "itemsPerSecond": 0,
        "failuresLastHour": 0,
        "waitingApproval": 0,
        "suspended": 0,
        "delayedBatches": [],
    }


async def test_a_worker_is_there_while_it_lives(opener: Opener) -> None:
    family = Held()
    async with opener(family, worker_concurrency=7) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        async with sluice.worker():
            [one] = await workers(caller, 1)
            assert (one["concurrency"], one["inHand"], one["version"]) == (7, 0, "0.1.0")
            assert one["startedAt"] == one["lastSeenAt"]
            async with sluice.worker():
                await workers(caller, 2)
            await workers(caller, 1)
        assert await workers(caller, 0) == []


async def test_a_worker_tells_what_it_has_in_hand(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_heartbeat, "EVERY", 0.05)
    family = Held()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        await sluice.start()
        async with sluice.worker():
            await family.until_inside(5)
            async with asyncio.timeout(PATIENCE):
                while (await workers(caller, 1))[0]["inHand"] != 5:
                    await asyncio.sleep(0.02)
            family.let_go.set()


async def test_a_worker_that_was_killed_is_gone_after_a_while(sluice: Sluice) -> None:
    async with sluice.worker(), api(sluice) as caller:
        await workers(caller, 1)
        for silence, left in ((13, 1), (16, 0)):
            await sluice.sql(
                "UPDATE sluice.worker SET seen_at = now() - make_interval(secs => :silence)",
                silence=silence,
            )
            assert len((await shown(caller))["workers"]) == left


async def test_active_runs_are_shown_with_their_pace_and_keys_by_their_share(
    opener: Opener,
) -> None:
    family = Limited()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(30)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_inside(4)
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).scheduled < 30:  # pages are read meanwhile
                    await asyncio.sleep(0.02)
            # So it stood ten seconds ago.
            await sluice.sql(
                "UPDATE sluice.run SET active_since = now() - interval '20 s', succeeded ="
                " succeeded + 20"
            )
            document = await shown(caller)
            await sluice.sql("UPDATE sluice.run SET succeeded = succeeded - 20")
            family.let_go.set()
            await sluice.ended(run_id)
        [run] = document["activeRuns"]
        assert (run["id"], run["status"], run["counters"]["scheduled"]) == (run_id, "running", 30)
        assert 0.9 < run["itemsPerSecond"] < 1.1
        assert document["itemsPerSecond"] == run["itemsPerSecond"]
        first = document["flow"][0]
        assert first["key"] == "recording.execute"
        assert (first["inUse"], first["parallelism"], first["share"]) == (4, 4, 1)
        assert (await shown(caller))["activeRuns"] == []


async def test_failures_of_the_last_hour_are_counted_and_no_others(opener: Opener) -> None:
    def half(item_id: str, ctx: Any) -> None:
        if int(item_id[1:]) % 2:
            fail(item_id, ctx)

    async with opener(Failing(half)) as sluice, api(sluice) as caller:
        await sluice.add_users(10)
        run_id = await sluice.start()
        async with sluice.worker():
            await sluice.ended(run_id)
        assert (await shown(caller))["failuresLastHour"] == 5
        # It is an older run, and three of them had failed an hour ago.
        await sluice.sql("UPDATE sluice.run SET created_at = now() - interval '2 hours'")
        await sluice.sql(
            "INSERT INTO sluice.run_sample SELECT :id, now() - interval '61 minutes',"
            " 10, 2, 0, 3, 0, 0, 0, 0",
            id=run_id,
        )
        assert (await shown(caller))["failuresLastHour"] == 2
        await sluice.sql("UPDATE sluice.run SET finished_at = now() - interval '61 minutes'")
        assert (await shown(caller))["failuresLastHour"] == 0


async def test_what_waits_for_people_is_counted(opener: Opener) -> None:
    family = Asked(fail, approval=True)
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        run_id = await sluice.start(options=family.options)
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not (await shown(caller))["waitingApproval"]:
                    await asyncio.sleep(0.02)
        active = (await shown(caller))["activeRuns"]
        assert [run["reason"] for run in active] == ["approval"]
        await control(sluice, "cancel", run_id)
        assert (await shown(caller))["waitingApproval"] == 0


async def test_runs_that_move_come_before_those_that_do_not(sluice: Sluice) -> None:
    run_ids = [await sluice.start() for _ in range(25)]
    await sluice.sql("UPDATE sluice.run SET status = 'running' WHERE id = :id", id=run_ids[0])
    async with api(sluice) as caller:
        found = [run["id"] for run in (await shown(caller))["activeRuns"]]
    assert found == [run_ids[0], *run_ids[:5:-1]]
    assert len(found) == 20


async def test_without_redis_the_rest_is_shown(opener: Opener) -> None:
    elsewhere = Opener(
        opener.settings, type(opener.urls)(opener.urls.database, "redis://127.0.0.1:1/0")
    )
    async with elsewhere(Beside()) as sluice, api(sluice) as caller:
        document = await shown(caller)
    assert (document["redis"], document["postgres"], document["flow"]) == ("away", "ok", [])
