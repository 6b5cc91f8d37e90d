"""What a family does when the last item of a run has ended: once, durably, as a run of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.errors import Conflict
from app.store.database import reading
from app.store.runs import events, runs
from app.store.runs.averages import averages
from app.store.statuses import RunStage, RunStatus
from app.store.tables.runs import Run
from app.workflows.family import Context, Fatal, FinishedRun, Skip
from tests.support.families import Beside
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.stepped import Calls

Finish = Callable[[FinishedRun[str], Context], Awaitable[Any]]


class Reporting(Beside):
    """Its finish is a script."""

    attempts = 2

    def __init__(
        self, finish: Finish, work: Callable[[str, Context], object] | None = None
    ) -> None:
        super().__init__(work)
        self.script = finish
        self.finished = 0

    async def finish(self, run: FinishedRun[str], ctx: Context) -> Any:  # the script's
        self.finished += 1
        return await self.script(run, ctx)


class ReportingAlways(Reporting):
    finish_cancelled = True


async def nothing(run: FinishedRun[str], ctx: Context) -> None:
    return None


async def last_finish(sluice: Sluice, run_id: str) -> Run | None:
    async with reading(sluice.service.database) as connection:
        return await runs.last_finish(connection, run_id)


async def at_stage(sluice: Sluice, run_id: str, stage: RunStage) -> Run:
    async with asyncio.timeout(PATIENCE):
        while (run := await sluice.run(run_id)).stage != stage:
            await asyncio.sleep(0.02)
    return run


async def kinds(sluice: Sluice, run_id: str) -> list[str]:
    async with reading(sluice.service.database) as connection:
        return [
            event.kind
            for event in await events.page_of_events(connection, run_id, after_id=0, limit=100)
        ]


async def test_it_is_given_the_counters_and_the_items_and_says_what_the_run_has_come_to(
    opener: Opener,
) -> None:
    async def report(run: FinishedRun[str], ctx: Context) -> dict[str, Any]:
        found = [item.result async for item in run.items(status="succeeded")]
        return {
            "status": run.status,
            "succeeded": run.succeeded,
            "results": sorted(map(str, found)),
        }

    family = Reporting(report)
    async with opener(family) as sluice, api(sluice) as caller:
        run = await sluice.played(3)
        assert (run.status, run.stage, run.scheduled, run.succeeded) == ("succeeded", "full", 3, 3)
        answer = (await caller.get(f"/api/runs/{run.id}")).json()
        listed = (await caller.get("/api/runs")).json()["runs"]
        told = await kinds(sluice, run.id)
    assert answer["finish"] == {
        "runId": answer["finish"]["runId"],
        "status": "succeeded",
        "result": {
            "status": "succeeded",
            "succeeded": 3,
            "results": ["result of u00001", "result of u00002", "result of u00003"],
        },
        "error": None,
    }
    assert [one["id"] for one in listed] == [run.id]
    assert told == ["created", "begun", "finishing", "ended"]
    assert family.finished == 1


async def test_the_run_has_not_ended_while_its_finish_is_at_work(opener: Opener) -> None:
    inside, let_go = asyncio.Event(), asyncio.Event()

    async def hold(run: FinishedRun[str], ctx: Context) -> None:
        inside.set()
        await let_go.wait()

    async with opener(Reporting(hold)) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                await inside.wait()
            run = await sluice.run(run_id)
            assert (run.status, run.stage, run.succeeded) == ("running", "finishing", 2)
            assert not await sluice.service.reconciler.is_missing_messages(run_id)
            assert await sluice.service.reconciler.republish_missing(run_id) == 0
            let_go.set()
            assert (await sluice.ended(run_id)).status == "succeeded"


async def test_what_it_returns_is_read_by_its_own_type_and_refused_by_its_own_name(
    opener: Opener,
) -> None:
    what: list[Any] = [{"written": 3}, "\0"]

    async def report(run: FinishedRun[str], ctx: Context) -> Any:
        return what.pop(0)

    async with opener(Reporting(report)) as sluice:
        run = await sluice.played()  # whose items return text
        finish = await last_finish(sluice, run.id)
        assert finish is not None
        read = [item.result async for item in sluice.service.client.run(finish.id).items()]
        async with sluice.worker():
            again = await sluice.service.api.finisher.again(run.id, by="test")
            await sluice.ended(again.id)
        [item] = await sluice.items(again.id)
    assert read == [{"written": 3}]
    assert (item.error_message or "").startswith("What finish returned holds a NUL character")


async def test_what_fails_is_tried_again_from_its_last_step(opener: Opener) -> None:
    calls = Calls()

    async def report(run: FinishedRun[str], ctx: Context) -> str:
        said = await ctx.run("say", calls.note, "done")
        if ctx.attempt == 1:
            raise RuntimeError("The mail server is away.")
        return said

    family = Reporting(report)
    async with opener(family) as sluice:
        run = await sluice.played()
        finish = await last_finish(sluice, run.id)
        assert finish is not None
        [item] = await sluice.items(finish.id)
    assert (run.status, family.finished, calls.of["done"]) == ("succeeded", 2, 1)
    assert (item.item_id, item.result, item.attempts) == ("finish", "DONE", 2)


async def test_a_run_whose_finish_fails_is_partial_and_says_so(opener: Opener) -> None:
    async def refuse(run: FinishedRun[str], ctx: Context) -> None:
        raise Fatal("There is no such bucket.")

    async with opener(Reporting(refuse)) as sluice, api(sluice) as caller:
        run = await sluice.played(2)
        answer = (await caller.get(f"/api/runs/{run.id}")).json()
    assert (run.status, run.reason, run.succeeded, run.failed) == (
        "partial",
        "finish_failed",
        2,
        0,
    )
    assert run.detail == "Its items have ended, and finish failed: There is no such bucket."
    assert (answer["finish"]["status"], answer["finish"]["error"]) == (
        "failed",
        "There is no such bucket.",
    )


async def test_one_that_has_nothing_to_say_skips(opener: Opener) -> None:
    async def skip(run: FinishedRun[str], ctx: Context) -> None:
        raise Skip("Nothing has changed.")

    async with opener(Reporting(skip)) as sluice:
        run = await sluice.played()
    assert (run.status, run.reason) == ("succeeded", None)


async def test_what_its_items_came_to_stays_what_it_is(opener: Opener) -> None:
    def fail(item_id: str, ctx: Context) -> None:
        if item_id == "u00001":
            raise Fatal("no")

    seen: list[tuple[str, int, int]] = []

    async def report(run: FinishedRun[str], ctx: Context) -> None:
        seen.append((run.status, run.succeeded, run.failed))

    async with opener(Reporting(report, fail)) as sluice:
        run = await sluice.played(2)
        assert run.status == "partial"
        async with api(sluice) as caller:
            retried = (await caller.post(f"/api/runs/{run.id}/retry", json={})).json()
            async with sluice.worker():
                again = await sluice.ended(retried["runId"])
    assert again.status == "failed"
    assert seen == [("partial", 1, 1), ("failed", 0, 1)]


async def test_it_may_wait_and_its_question_is_among_its_runs(opener: Opener) -> None:
    async def ask(run: FinishedRun[str], ctx: Context) -> Any:
        return await ctx.suspend("publish", {"items": run.succeeded})

    async with opener(Reporting(ask)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not (asked := (await _suspended(caller, run_id))):
                    await asyncio.sleep(0.02)
            [question] = asked
            finish = await last_finish(sluice, run_id)
            assert finish is not None
            assert (question["runId"], question["itemId"]) == (finish.id, "finish")
            answered = await caller.post(
                f"/api/runs/{finish.id}/item/resume?id=finish",
                json={"step": "publish", "data": "yes"},
            )
            assert answered.status_code == 200
            assert (await sluice.ended(run_id)).status == "succeeded"


async def test_an_item_of_the_same_id_is_not_asked_in_its_stead(opener: Opener) -> None:
    async def ask(run: FinishedRun[str], ctx: Context) -> Any:
        return await ctx.suspend("publish", {"items": run.succeeded})

    async with opener(Reporting(ask)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        await sluice.sql("UPDATE tests.users SET id = 'finish'")
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not await _suspended(caller, run_id):
                    await asyncio.sleep(0.02)
            path = f"/api/runs/{run_id}/item/resume?id=finish"
            refused = await caller.post(path, json={"data": "yes"})
    assert "waits for no answer: it is succeeded" in assert_problem(refused, 409)["detail"]


async def _suspended(caller: Any, run_id: str) -> list[Any]:
    return list((await caller.get(f"/api/runs/{run_id}/suspended")).json()["suspended"])


async def test_a_run_that_had_nothing_to_do_has_nothing_to_finish(opener: Opener) -> None:
    family = Reporting(nothing)
    async with opener(family) as sluice, api(sluice) as caller:
        run_id = await sluice.start()
        async with sluice.worker():
            run = await sluice.ended(run_id)
        refused = await caller.post(f"/api/runs/{run_id}/finish")
    assert (run.status, family.finished) == ("succeeded", 0)
    assert_problem(refused, 409)


@pytest.mark.parametrize(("kind", "times"), [(Reporting, 0), (ReportingAlways, 1)])
async def test_a_cancelled_run_calls_it_only_if_its_family_says_so(
    opener: Opener, kind: type[Reporting], times: int
) -> None:
    seen: list[RunStatus] = []

    async def report(run: FinishedRun[str], ctx: Context) -> None:
        seen.append(run.status)

    inside, let_go = asyncio.Event(), asyncio.Event()

    async def hold(item_id: str, ctx: Context) -> None:
        inside.set()
        await let_go.wait()

    async with opener(kind(report, hold)) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                await inside.wait()
            await sluice.service.api.control.cancel(run_id, by="test")
            let_go.set()
            run = await sluice.ended(run_id)
    assert run.status == "cancelled"
    assert seen == [RunStatus.CANCELLED] * times


async def test_one_of_cancelled_runs_is_ended_by_no_cancel_of_its_run(opener: Opener) -> None:
    async def ask(run: FinishedRun[str], ctx: Context) -> Any:
        return await ctx.suspend("sure", {"status": run.status})

    async with opener(ReportingAlways(ask)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await at_stage(sluice, run_id, RunStage.FINISHING)
            # A call that is repeated, because its answer was lost, is no other call.
            for _ in range(2):
                await sluice.service.api.control.cancel(run_id, by="test")
            finish = await last_finish(sluice, run_id)
            assert finish is not None
            assert finish.status == "running"
            async with asyncio.timeout(PATIENCE):
                while not await _suspended(caller, run_id):
                    await asyncio.sleep(0.02)
            answered = await caller.post(
                f"/api/runs/{finish.id}/item/resume?id=finish", json={"data": "yes"}
            )
            assert answered.status_code == 200
            run = await sluice.ended(run_id)
    assert (run.status, run.reason) == ("cancelled", None)


async def test_cancelled_while_it_is_at_work_the_run_ends_with_it(opener: Opener) -> None:
    async def wait(run: FinishedRun[str], ctx: Context) -> None:
        await ctx.sleep("long", timedelta(days=1))

    async with opener(Reporting(wait)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await at_stage(sluice, run_id, RunStage.FINISHING)
            await sluice.service.api.control.cancel(run_id, by="test")
            run = await sluice.ended(run_id)
            finish = await last_finish(sluice, run_id)
    assert finish is not None
    assert (run.status, run.succeeded, finish.status) == ("cancelled", 1, "cancelled")


async def test_a_paused_run_ends_when_it_is_resumed(opener: Opener) -> None:
    let_go = asyncio.Event()

    async def hold(run: FinishedRun[str], ctx: Context) -> None:
        await let_go.wait()

    async with opener(Reporting(hold)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await at_stage(sluice, run_id, RunStage.FINISHING)
            await sluice.service.api.control.pause(run_id, by="test")
            let_go.set()
            finish = await last_finish(sluice, run_id)
            assert finish is not None
            await sluice.ended(finish.id)
            assert (await sluice.run(run_id)).status == "paused"
            run = await sluice.service.api.control.resume(run_id, by="test")
    assert run.status == "succeeded"


async def test_a_run_that_finishes_takes_no_more_work_and_nor_does_its_finish(
    opener: Opener,
) -> None:
    let_go = asyncio.Event()

    async def hold(run: FinishedRun[str], ctx: Context) -> None:
        await let_go.wait()

    async with opener(Reporting(hold)) as sluice, api(sluice) as caller:
        [first, second] = await sluice.add_users(2)
        run_id = await sluice.start(item_ids=[first])
        async with sluice.worker():
            await at_stage(sluice, run_id, RunStage.FINISHING)
            finish = await last_finish(sluice, run_id)
            assert finish is not None
            refused = {
                of: [
                    await caller.post(
                        "/api/workflows/recording/paginate-users", json={"runId": of, **more}
                    )
                    for more in ({"itemIds": [second]}, {"cursor": None})
                ]
                for of in (run_id, finish.id)
            }
            let_go.set()
            run = await sluice.ended(run_id)
        left = [item.item_id for item in await sluice.items(run_id)]
    for answer in refused[run_id]:
        assert "its finish has begun" in assert_problem(answer, 409)["detail"]
    for answer in refused[finish.id]:
        assert f"is the finish of run {run_id}" in assert_problem(answer, 409)["detail"]
    assert (run.status, run.scheduled, left, run.paged) == ("succeeded", 1, [first], True)


async def test_a_finish_is_not_retried_as_if_it_were_an_item_of_its_family(
    opener: Opener,
) -> None:
    async def refuse(run: FinishedRun[str], ctx: Context) -> None:
        raise Fatal("There is no such bucket.")

    async with opener(Reporting(refuse)) as sluice, api(sluice) as caller:
        run = await sluice.played(1)
        finish = await last_finish(sluice, run.id)
        assert finish is not None
        answer = await caller.post(f"/api/runs/{finish.id}/retry", json={})
    assert f"is the finish of run {run.id}" in assert_problem(answer, 409)["detail"]


async def test_it_is_run_again_by_hand(opener: Opener) -> None:
    broken = True

    async def report(run: FinishedRun[str], ctx: Context) -> str:
        if broken:
            raise Fatal("no")
        return run.status

    async with opener(Reporting(report)) as sluice, api(sluice) as caller:
        run = await sluice.played()
        broken = False
        again = (await caller.post(f"/api/runs/{run.id}/finish", json={"note": "mended"})).json()
        beside = await caller.post(f"/api/runs/{run.id}/finish")
        async with sluice.worker():
            finish = await sluice.ended(again["run"]["id"])
        answer = (await caller.get(f"/api/runs/{run.id}")).json()
    assert_problem(beside, 409)
    assert (again["run"]["finishOf"], again["run"]["startedBy"]) == (run.id, "ops")
    assert finish.status == "succeeded"
    # It has ended as it has; what its finish came to since is told beside.
    assert (answer["run"]["status"], answer["run"]["reason"]) == ("partial", "finish_failed")
    assert (answer["finish"]["status"], answer["finish"]["result"]) == ("succeeded", "partial")


async def test_only_a_run_that_has_ended_and_whose_family_has_one_is_given_one_by_hand(
    opener: Opener,
) -> None:
    async with opener(Reporting(nothing)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        with pytest.raises(Conflict, match="is pending"):
            await sluice.service.api.finisher.again(run_id, by="test")
    async with opener(Beside()) as sluice:
        run = await sluice.played(0)
        with pytest.raises(Conflict, match="has no finish to run"):
            await sluice.service.api.finisher.again(run.id, by="test")


async def test_of_two_workers_that_find_the_run_complete_one_begins_it(opener: Opener) -> None:
    family = Reporting(nothing)
    async with opener(family) as sluice:
        await sluice.add_users(40)
        run_id = await sluice.start()
        async with sluice.worker(), sluice.worker():
            await sluice.ended(run_id)
        begun = await sluice.sql("SELECT id FROM sluice.run WHERE parent_run = :id", id=run_id)
    assert (len(begun), family.finished) == (1, 1)


async def test_estimates_are_made_of_items_alone(opener: Opener) -> None:
    async def slow(run: FinishedRun[str], ctx: Context) -> None:
        ctx.spend(usd=100)

    async with opener(Reporting(slow)) as sluice:
        await sluice.played(2)
        async with reading(sluice.service.database) as connection:
            earlier = await averages(connection, "recording")
    assert earlier is not None
    assert earlier.usd == 0
