"""Starting a run: its row and its first message, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bootstrap import make_context
from app.engine import OutgoingMessage
from app.workflows.client import RunRequest, WorkflowClient
from app.workflows.family import Context, FamilyParams
from app.workflows.runs.estimate import Estimator
from tests.engine.memory_engine import MemoryEngine
from tests.support.families import Beside, Recording
from tests.support.http import api, traces
from tests.support.service import Opener

PROCESS = "/api/workflows/recording/process-users"


async def test_a_start_answers_202_with_the_id_of_a_run_that_is_there(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        response = await caller.post(PROCESS, json={})
        assert response.status_code == 202
        answer = response.json()
        assert answer["success"] is True
        assert answer["runId"].startswith("run_")
        assert f"/api/runs/{answer['runId']}" in answer["message"]
        run = await sluice.run(answer["runId"])
        assert (run.family, run.status, run.started_by) == ("recording", "pending", "ops")
        assert await traces(sluice) == (1, 0, 1)


async def test_a_run_keeps_what_it_was_started_with(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        body = {"force": True, "limit": 3, "itemIds": ["u2", "u1"]}
        run_id = (await caller.post(PROCESS, json=body)).json()["runId"]
        run = await sluice.run(run_id)
        assert (run.force, run.item_limit, run.item_ids) == (True, 3, ["u2", "u1"])
        shown = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
        assert (shown["force"], shown["limit"], shown["itemIds"]) == (True, 3, 2)


class Broken(MemoryEngine):
    """An engine that cannot publish."""

    asked = 0

    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> NoReturn:
        self.asked += 1
        raise ConnectionError("the queue is away")


async def test_a_start_whose_message_cannot_be_published_leaves_no_run(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        engine = Broken()

        def context(*args: object, **more: object) -> Context:
            return make_context(sluice.service.services, sluice.bound())

        service = sluice.service
        client = WorkflowClient(
            service.database,
            engine,
            service.families,
            context,
            service.changes,
            Estimator(service.database, service.controls),
            service.api.previews,
            service.client.samples,
            dry_run_budget=1,
        )
        request = RunRequest(params=FamilyParams())
        with pytest.raises(ConnectionError):
            await client.trigger_process(sluice.bound(), request, started_by="test")
        with pytest.raises(ConnectionError):
            await client.trigger_execute(sluice.bound(), "u1", FamilyParams(), started_by="test")
        assert engine.asked == 2
        assert await traces(sluice) == (0, 0, 0)


async def test_two_starts_are_two_runs(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        ids = {(await caller.post(PROCESS, json={})).json()["runId"] for _ in range(2)}
        assert len(ids) == 2
        assert await traces(sluice) == (2, 0, 2)


async def test_nothing_eligible_and_nothing_left_end_a_run_with_a_sentence(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        empty = (await caller.post(PROCESS, json={})).json()["runId"]
        async with sluice.worker():
            await sluice.ended(empty)
            family.done.update(await sluice.add_users(5))
            done = (await caller.post(PROCESS, json={})).json()["runId"]
            await sluice.ended(done)
        for run_id, words, eligible in ((empty, "No eligible", 0), (done, "already processed", 5)):
            run = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
            assert run["status"] == "succeeded"
            assert words in run["detail"]
            assert run["counters"]["totalEligible"] == eligible
            assert run["counters"]["scheduled"] == 0
