"""What each layer has of a run, while it goes on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx2

from app.workflows.family import Context, Flow, FlowControl, RetryAfter
from tests.support.control import control
from tests.support.families import Beside
from tests.support.held import Held
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.service import Opener


class Narrow(Held):
    flow = Flow(execute=FlowControl(parallelism=3))


async def layers(caller: httpx2.AsyncClient, run_id: str) -> dict[str, Any]:  # a JSON document
    answer = await caller.get(f"/api/runs/{run_id}/layers")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_a_run_that_was_only_asked_for_waits_at_the_first_layer(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        run_id = await sluice.start()
        assert await layers(caller, run_id) == {
            "success": True,
            "process": {"state": "queued"},
            "paginate": {"queued": 0, "inHand": 0, "held": False, "paged": False},
            "execute": {"queued": 0, "waitingForRate": 0, "inHand": 0, "deferred": 0},
            "items": {
                "pending": 0, "suspended": 0, "succeeded": 0, "skipped": 0, "failed": 0,
                "timedOut": 0, "cancelled": 0,
            },
        }  # fmt: skip
        await control(sluice, "pause", run_id)
        assert (await layers(caller, run_id))["process"] == {"state": "held"}
        assert_problem(await caller.get("/api/runs/run_none/layers"), 404)


async def test_items_stand_where_they_are(opener: Opener) -> None:
    family = Narrow()
    async with opener(family, look_ahead=20) as sluice, api(sluice) as caller:
        await sluice.add_users(60)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_inside(3)
            async with asyncio.timeout(PATIENCE):
                found = await layers(caller, run_id)
                while not (found["paginate"]["held"] and found["execute"]["waitingForRate"]):
                    await asyncio.sleep(0.02)
                    found = await layers(caller, run_id)
            execute, items = found["execute"], found["items"]
            assert found["process"] == {"state": "done"}
            assert found["paginate"]["paged"] is False
            assert execute["inHand"] == 3
            assert execute["queued"] + execute["waitingForRate"] + 3 == items["pending"]
            family.let_go.set()
            await sluice.ended(run_id)
        found = await layers(caller, run_id)
        assert found["items"]["succeeded"] == 60
        assert found["paginate"] == {"queued": 0, "inHand": 0, "held": False, "paged": True}
        assert set(found["execute"].values()) == {0}


async def test_what_comes_again_later_is_deferred(opener: Opener) -> None:
    def later(item_id: str, ctx: Context) -> None:
        raise RetryAfter(timedelta(hours=1))

    async with opener(Beside(later)) as sluice, api(sluice) as caller:
        await sluice.add_users(4)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while (await layers(caller, run_id))["execute"]["deferred"] < 4:
                await asyncio.sleep(0.02)
        assert (await layers(caller, run_id))["items"]["pending"] == 4


async def test_what_others_of_the_family_have_is_not_counted(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        run_id = await sluice.start()
        other = await sluice.start()
        await sluice.sql(
            "UPDATE sluice.run SET status = 'running', started_at = now(), scheduled = 1000"
        )
        await sluice.sql(
            "INSERT INTO sluice.message (id, flow_key, payload, size, due_at)"
            " SELECT 'chunk:' || run || ':' || n, 'recording.execute', '', 10,"
            " now() + interval '1 hour'"
            " FROM unnest(CAST(:runs AS text[]), ARRAY[7, 90]) AS r(run, number),"
            " generate_series(1, number) AS n",
            runs=[run_id, other],
        )
        for one, deferred in ((run_id, 70), (other, 900)):
            execute = (await layers(caller, one))["execute"]
            assert (execute["deferred"], execute["queued"]) == (deferred, 1000 - deferred)
