"""What a caller hands over outlives the worker, the code and the engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import Field, model_validator
from structlog.typing import EventDict

from app.store.statuses import RunStatus
from app.workflows.family import Context, FamilyEntity
from tests.qstash.called_service import called_service
from tests.support.control import control, kinds, paused
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import worker_process
from tests.support.service import Opener, assert_exact
from tests.support.stepped import remembered
from tests.workflows.invocations.mortal_worker import TABLES, Stepwise
from tests.workflows.invocations.postcards import Kept, Postcards, Style
from tests.workflows.invocations.test_invocation import CARD, invoked

MORTAL = "tests.workflows.invocations.mortal_worker"


@pytest.mark.slow
async def test_a_worker_killed_in_the_middle_repeats_no_step_and_keeps_the_entity(
    opener: Opener,
) -> None:
    prefix = opener.settings.redis_prefix
    async with opener(Stepwise()) as sluice, api(sluice) as caller:
        for statement in TABLES:
            await sluice.sql(statement)
        told = await invoked(caller, entity=CARD | {"secret": "s3cret"})
        run_id, item_id = told["runId"], told["itemId"]
        async with worker_process(opener.urls, prefix, module=MORTAL) as first:
            async with asyncio.timeout(PATIENCE):
                while not await remembered(sluice, run_id, item_id):
                    await asyncio.sleep(0.01)
            await first.kill()
        assert (await sluice.run(run_id)).status == RunStatus.RUNNING
        await sluice.sql("INSERT INTO gate VALUES (1)")
        async with worker_process(opener.urls, prefix, module=MORTAL):
            run = await sluice.ended(run_id)
        [item] = await sluice.items(run_id)
        evidence = [tuple(row) for row in await sluice.sql("SELECT * FROM evidence ORDER BY step")]
    assert run.status == RunStatus.SUCCEEDED
    assert_exact(run, [item])
    assert item.result == "first for Ada second for Ada"
    assert evidence == [(item_id, "first", "Ada"), (item_id, "second", "Ada")]


async def test_it_does_the_same_where_qstash_carries_it(opener: Opener) -> None:
    async with called_service(opener, family := Kept()) as called, api(called.sluice) as caller:
        told = await invoked(caller, params={"tone": "dry"})
        run = await called.sluice.ended(told["runId"])
        [item] = await called.sluice.items(run.id)
        await called.sluice.drained()
        await called.qstash.settled()
        assert {call.status for call in called.seen} == {200}
    assert_exact(run, [item])
    assert (run.status, item.result) == ("succeeded", "dry words to Ada, 2 times")
    assert family.kept == {told["itemId"]: item.result}
    assert not family.asked


class Renamed(FamilyEntity):
    recipient: str = Field(min_length=1)


class ForAnother(Recording):
    """The same family, once its code has changed."""

    name = "postcard"
    verb = "write"
    params = Style


class Renaming(ForAnother):
    invokes = Renamed


class Failing(FamilyEntity):
    @model_validator(mode="before")
    @classmethod
    def _look(cls, _given: object) -> object:
        raise KeyError("recipient")


class FailingOver(ForAnother):
    invokes = Failing


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (Renaming, "no more: entity.recipient: must be given."),
        (ForAnother, "no more: entity: postcard takes no entity of its caller's."),
    ],
)
async def test_a_run_whose_entity_does_not_fit_pauses_and_goes_on_with_code_that_takes_it(
    opener: Opener, changed: type[Any], sentence: str, logged: list[EventDict]
) -> None:
    async with opener(Postcards()) as sluice, api(sluice) as caller:
        run_id = (await invoked(caller))["runId"]
    async with opener(changed()) as sluice, api(sluice) as caller:
        async with sluice.worker():
            run = await paused(sluice, run_id)
            assert run.reason == "entity_changed"
            assert sentence in str(run.detail)
            assert "paused:entity_changed" in await kinds(sluice, run_id)
        shown = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
        assert shown["entity"]["toWhom"] == "Ada"
        assert "layer_failed" not in {event["event"] for event in logged}
    async with opener(family := Postcards()) as sluice, sluice.worker():
        await control(sluice, "resume", run_id)
        assert (await sluice.ended(run_id)).succeeded == 1
        assert [one.to_whom for one in family.executed] == ["Ada"]


async def test_a_retry_of_an_entity_that_fits_no_more_is_refused(opener: Opener) -> None:
    def fail(_name: str, _ctx: Context) -> None:
        raise RuntimeError("never")

    async with opener(Postcards(fail)) as sluice, api(sluice) as caller, sluice.worker():
        run_id = (await invoked(caller, attempts=1))["runId"]
        await sluice.ended(run_id)
    async with opener(ForAnother()) as sluice, api(sluice) as caller:
        answer = await caller.post(f"/api/runs/{run_id}/retry", json={})
        assert "does not take the entity of run" in assert_problem(answer, 409)["detail"]
    async with opener(FailingOver()) as sluice, api(sluice) as caller:
        answer = await caller.post(f"/api/runs/{run_id}/retry", json={})
        assert "entity of postcard raised KeyError" in assert_problem(answer, 502)["detail"]
