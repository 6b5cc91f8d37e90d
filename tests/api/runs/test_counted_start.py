"""A start whose caller waits until the run has been counted is answered with its numbers."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from tests.api.admission.few_places import bounded, places
from tests.support.families import Beside, Recording
from tests.support.http import OPS, api, assert_problem, bearer, fields, traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener

PROCESS = "/api/workflows/recording/process-users"
NUMBERS = ("totalEligible", "toProcess", "alreadyProcessed", "toOverwrite", "exact")


async def _started(caller: httpx2.AsyncClient, wait: float, **body: Any) -> dict[str, Any]:  # JSON
    response = await caller.post(PROCESS, params={"wait": wait}, json=body)
    assert response.status_code == 202, response.text
    answer: dict[str, Any] = response.json()
    assert answer["success"] is True
    return answer


async def test_the_answer_has_what_the_process_layer_counted(opener: Opener) -> None:
    async with opener(family := Beside()) as sluice, api(sluice) as caller, sluice.worker():
        ids = await sluice.add_users(100)
        family.done.update(ids[:20])
        answer = await _started(caller, 30)
        assert [answer[name] for name in NUMBERS] == [100, 80, 20, 0, True]
        assert answer["message"] == "Triggered pagination for 80 users"
        run = await sluice.run(answer["runId"])
        assert (run.total_eligible, run.to_process) == (100, 80)
        assert answer["status"] in ("running", "succeeded")
        limited = await _started(caller, 30, force=True, limit=7)
        assert [limited[name] for name in NUMBERS[:3]] == [100, 7, 0]


async def test_a_forced_run_says_how_many_results_it_overwrites(opener: Opener) -> None:
    async with opener(family := Beside()) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(30)
        family.done.update(ids[10:])
        body = {"dryRun": True, "force": True}
        dry = (await caller.post(PROCESS, json=body)).json()
        assert (dry["toProcess"], dry["toOverwrite"]) == (30, 20)
        assert dry["message"] == "[DryRun] Would process 30 users, and overwrite 20 results"
        async with sluice.worker():
            answer = await _started(caller, 30, force=True)
            assert [answer[name] for name in NUMBERS] == [30, 30, 0, 20, True]
            assert answer["message"] == (
                "Triggered pagination for 30 users, overwriting 20 results"
            )
            shown = (await caller.get(f"/api/runs/{answer['runId']}")).json()["run"]
            assert shown["counters"]["toOverwrite"] == 20
            await sluice.ended(answer["runId"])
            assert family.executed.total() == 30


async def test_a_run_that_ends_early_says_why(opener: Opener) -> None:
    async with opener(family := Recording()) as sluice, api(sluice) as caller, sluice.worker():
        nobody = await _started(caller, 30)
        assert (nobody["status"], nobody["totalEligible"]) == ("succeeded", 0)
        assert nobody["message"] == "No eligible users found"
        family.done.update(await sluice.add_users(3))
        all_done = await _started(caller, 30)
        assert (all_done["toProcess"], all_done["alreadyProcessed"]) == (0, 3)
        assert all_done["message"] == "All users already processed"


async def test_what_has_not_been_counted_in_time_is_started_all_the_same(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:  # and nobody counts
        await sluice.add_users(3)
        answer = await _started(caller, 0.2)
        assert answer["status"] == "pending"
        assert [answer[name] for name in NUMBERS[:4]] == [None] * 4
        assert f"/api/runs/{answer['runId']}" in answer["message"]
        async with sluice.worker():
            assert (await sluice.ended(answer["runId"])).succeeded == 3


async def test_a_repeated_call_has_the_numbers_of_the_first(opener: Opener) -> None:
    key = {"Idempotency-Key": "monday"}
    async with opener(Recording()) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(3)
        first = await caller.post(PROCESS, json={}, headers=key)
        again = await caller.post(PROCESS, params={"wait": 30}, json={}, headers=key)
        assert (first.status_code, again.status_code) == (202, 200)
        assert (again.json()["runId"], again.json()["toProcess"]) == (first.json()["runId"], 3)


@pytest.mark.parametrize("wait", ["-1", "30.5", "nan", "inf", "soon", ""])
async def test_a_wait_out_of_bounds_starts_nothing(opener: Opener, wait: str) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        response = await caller.post(PROCESS, params={"wait": wait}, json={})
        assert fields(assert_problem(response, 422)) == ["wait"]
        assert await traces(sluice) == (0, 0, 0)


async def test_who_waits_leaves_room_for_other_calls_and_hears_of_an_end_at_once(
    opener: Opener,
) -> None:
    async with (
        opener(Recording()) as sluice,
        bounded(sluice, calls=places(1)) as url,
        httpx2.AsyncClient(base_url=url, headers=bearer(OPS), timeout=PATIENCE) as caller,
    ):
        starting = asyncio.create_task(_started(caller, 30))
        async with asyncio.timeout(PATIENCE):
            while not (runs := (await caller.get("/api/runs")).json()["runs"]):
                await asyncio.sleep(0.01)
        assert not starting.done()
        cancelled = await caller.post(f"/api/runs/{runs[0]['id']}/cancel")
        assert cancelled.status_code == 200
        async with asyncio.timeout(10):
            answer = await starting
        assert answer["runId"] == runs[0]["id"]
        assert answer["status"] in ("cancelling", "cancelled")  # whichever it was told of
