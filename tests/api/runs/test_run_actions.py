"""Pausing, resuming and cancelling a run over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from app.store.statuses import PauseReason
from app.workflows.family import Context
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact

PROCESS = "/api/workflows/recording/process-users"


async def test_a_paused_run_starts_nothing_until_it_is_resumed(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        paused = await caller.post(f"/api/runs/{run_id}/pause")
        assert paused.status_code == 200
        answer = paused.json()
        assert answer["success"] is True
        assert (answer["run"]["id"], answer["run"]["status"]) == (run_id, "paused")
        assert (answer["run"]["reason"], answer["run"]["detail"]) == ("operator", "Paused by ops.")
        async with sluice.worker():
            resumed = await caller.post(f"/api/runs/{run_id}/resume")
            assert resumed.status_code == 200
            assert resumed.json()["run"]["reason"] is None
            assert (await sluice.ended(run_id)).status == "succeeded"
        assert sum(family.executed.values()) == 5
        kinds = [
            e["kind"] for e in (await caller.get(f"/api/runs/{run_id}/events")).json()["events"]
        ]
        assert kinds == ["created", "paused", "resumed", "begun", "ended"]


async def test_each_action_may_be_repeated_and_answers_the_run_as_it_stands(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        for action, status in (("pause", "paused"), ("resume", "pending"), ("cancel", "cancelled")):
            for _ in range(2):
                answer = await caller.post(f"/api/runs/{run_id}/{action}")
                assert (answer.status_code, answer.json()["run"]["status"]) == (200, status)
        events = (await caller.get(f"/api/runs/{run_id}/events")).json()["events"]
        assert [(e["kind"], e["who"]) for e in events] == [
            ("created", "ops"),
            ("paused", "ops"),
            ("resumed", "ops"),
            ("cancelling", "ops"),
            ("ended", "sluice"),
        ]


async def test_a_cancel_ends_what_is_pending_and_lets_what_is_at_work_end(opener: Opener) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(_item_id: str, _ctx: Context) -> None:
        begun.set()
        await go_on.wait()

    family = Recording(work=work)
    async with opener(family, worker_concurrency=2) as sluice, api(sluice) as caller:
        await sluice.add_users(40)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                await begun.wait()
                while (await sluice.run(run_id)).scheduled < 40:
                    await asyncio.sleep(0.02)
            answer = await caller.post(f"/api/runs/{run_id}/cancel")
            assert answer.json()["run"]["status"] == "cancelling"
            go_on.set()
            run = await sluice.ended(run_id)
        assert run.status == "cancelled"
        assert run.succeeded == sum(family.saved.values()) < 40
        assert_exact(run, await sluice.items(run_id))


async def test_an_ended_run_refuses_every_action_with_its_present_status(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        async with sluice.worker():
            await sluice.ended(run_id)
        for action in ("pause", "resume", "cancel"):
            with subtests.test(action=action):
                answer = await caller.post(f"/api/runs/{run_id}/{action}")
                assert assert_problem(answer, 409)["runStatus"] == "succeeded"


async def test_an_unknown_run_is_not_found_by_any_action(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for action in ("pause", "resume", "cancel", "retry"):
            body: dict[str, object] | None
            for body in (None, {}):
                answer = await caller.post(f"/api/runs/run_unknown/{action}", json=body)
                assert fields(assert_problem(answer, 404)) == ["runId"]
        for path in ("failures", "events"):
            assert_problem(await caller.get(f"/api/runs/run_unknown/{path}"), 404)


async def test_a_resume_changes_the_options_that_it_names_and_no_others(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        body = {"budget": {"usd": 2}, "minItems": 7, "deadlineSeconds": 90, "ramp": {"start": 3}}
        run_id = (await caller.post(PROCESS, json=body)).json()["runId"]
        before = (await caller.post(f"/api/runs/{run_id}/pause")).json()["run"]["options"]
        changed = {"budget": {"usd": 5}, "deadlineSeconds": None, "maxFailureRate": 0.25}
        changed["priority"] = 8
        after = await caller.post(f"/api/runs/{run_id}/resume", json=changed)
        assert after.status_code == 200
        assert after.json()["run"]["options"] == {
            **before,
            "budget": {"usd": 5, "tokens": None},
            "deadlineSeconds": None,
            "maxFailureRate": 0.25,
            "priority": 8,
        }
        assert (await sluice.run(run_id)).priority == 8
        assert before["minItems"] == 7
        assert before["ramp"]["start"] == 3


async def test_options_for_a_run_that_is_not_paused_are_not_passed_over(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        answer = await caller.post(f"/api/runs/{run_id}/resume", json={"budget": {"usd": 5}})
        document = assert_problem(answer, 409)
        assert document["runStatus"] == "pending"
        assert (await sluice.run(run_id)).options.get("budget") is None


async def test_a_run_whose_budget_is_spent_resumes_only_with_a_larger_one(opener: Opener) -> None:
    def work(_item_id: str, ctx: Context) -> None:
        ctx.spend(usd=1, tokens=10)

    async with opener(Recording(work=work), look_ahead=1) as sluice, api(sluice) as caller:
        await sluice.add_users(120)
        started = await caller.post(PROCESS, json={"budget": {"usd": 3}})
        run_id = started.json()["runId"]
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while (run := await sluice.run(run_id)).status != "paused":
                    await asyncio.sleep(0.02)
            assert run.reason == PauseReason.BUDGET
            too_small: list[dict[str, object]]
            too_small = [{}, {"budget": {"usd": 3}}, {"budget": {"tokens": 1}}]
            for body in too_small:
                refused = await caller.post(f"/api/runs/{run_id}/resume", json=body)
                assert fields(assert_problem(refused, 409)) == ["budget"]
            more = await caller.post(f"/api/runs/{run_id}/resume", json={"budget": {"usd": 1_000}})
            assert more.status_code == 200
            run = await sluice.ended(run_id)
        shown = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
        assert (shown["status"], shown["actual"]["usd"]) == ("succeeded", 120)
        assert shown["actual"]["tokens"] == 1_200


BAD = [
    ({"budget": {}}, "budget"),
    ({"budget": {"usd": 0}}, "budget.usd"),
    ({"budget": {"eur": 1}}, "budget.eur"),
    ({"maxFailureRate": 1.1}, "maxFailureRate"),
    ({"minItems": 0}, "minItems"),
    ({"minItems": None}, "minItems"),
    ({"priority": 10}, "priority"),
    ({"priority": None}, "priority"),
    ({"deadlineSeconds": 0}, "deadlineSeconds"),
    ({"canary": 5}, "canary"),
]


async def test_options_that_cannot_be_used_are_refused_by_their_name(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        await caller.post(f"/api/runs/{run_id}/pause")
        for body, field in BAD:
            with subtests.test(body=body):
                answer = await caller.post(f"/api/runs/{run_id}/resume", json=body)
                assert fields(assert_problem(answer, 422)) == [field]
        assert (await sluice.run(run_id)).status == "paused"
