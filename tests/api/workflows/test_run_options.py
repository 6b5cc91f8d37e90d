"""What a start may ask beside what it works on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from app.workflows.family import Context
from tests.support.families import Beside, Recording
from tests.support.http import api, assert_problem, fields, traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.backfills.cut import ByDay

EXECUTE = "/api/workflows/recording/record-user"
PROCESS = "/api/workflows/recording/process-users"

ALL = {
    "attempts": 2,
    "maxFailureRate": 0.1,
    "minItems": 20,
    "canary": 10,
    "autoPromote": True,
    "ramp": {"start": 2, "factor": 1.5, "everySeconds": 30},
    "budget": {"usd": 12.5, "tokens": 1_000_000},
    "deadlineSeconds": 7_200,
    "approval": True,
    "priority": 8,
}


class Careful(Recording):
    max_failure_rate = 0.2
    min_items = 5
    deadline = timedelta(hours=1)
    priority = 7


async def test_a_run_shows_the_options_that_it_was_started_with(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json=ALL)).json()["runId"]
        assert (await caller.get(f"/api/runs/{run_id}")).json()["run"]["options"] == ALL


async def test_a_runs_own_attempts_are_those_of_each_of_its_items(opener: Opener) -> None:
    def fail(item_id: str, ctx: Context) -> None:
        raise ConnectionError("never")

    async with opener(Beside(fail)) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(2)
        tried: dict[object, list[int]] = {}
        for asked in ({"attempts": 1}, {"attempts": 5}, {}):  # the family says 3
            run_id = (await caller.post(PROCESS, json=asked)).json()["runId"]
            await sluice.ended(run_id)
            tried[asked.get("attempts")] = [row.attempts for row in await sluice.items(run_id)]
        again = {"attempts": 2}
        retried = (await caller.post(f"/api/runs/{run_id}/retry", json=again)).json()["runId"]
        one = await caller.post(EXECUTE, json={"userId": "u00001", "attempts": 4})
        for of, run_id in ((2, retried), (4, one.json()["runId"])):
            await sluice.ended(run_id)
            tried[of] = [row.attempts for row in await sluice.items(run_id)]
    assert tried == {1: [1, 1], 5: [5, 5], None: [3, 3], 2: [2, 2], 4: [4]}


async def test_a_resume_may_change_the_attempts_and_leave_them_to_the_family_again(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={"attempts": 2})).json()["runId"]
        shown = []
        for asked in ({"attempts": 7}, {"minItems": 3}, {"attempts": None}):
            await caller.post(f"/api/runs/{run_id}/pause")
            answer = await caller.post(f"/api/runs/{run_id}/resume", json=asked)
            shown.append(answer.json()["run"]["options"]["attempts"])
        assert shown == [7, 7, None]


async def test_a_schedule_and_a_backfill_hand_their_attempts_to_their_runs(opener: Opener) -> None:
    async with opener(ByDay()) as sluice, api(sluice) as caller:
        made = {"family": "by-day", "expression": "0 3 * * *", "params": {"day": "2026-01-01"}}
        made["options"] = {"attempts": 2}
        schedule = (await caller.post("/api/schedules", json=made)).json()["schedule"]
        assert schedule["options"]["attempts"] == 2
        fired = (await caller.post(f"/api/schedules/{schedule['id']}/run")).json()["runId"]
        days = {"family": "by-day", "from": "2026-01-01", "to": "2026-01-02", "attempts": 4}
        assert (await caller.post("/api/backfills", json=days)).status_code == 202
        rows = await sluice.sql("SELECT id = :id, options -> 'attempts' FROM sluice.run", id=fired)
        assert sorted(tuple(row) for row in rows) == [(False, 4), (True, 2)]


async def test_a_backfill_is_in_no_hurry_unless_it_says_so(opener: Opener) -> None:
    class Low(ByDay):
        name = "low"
        priority = 1

    async def priorities(caller: AsyncClient, family: str, day: int, **asked: int) -> set[int]:
        days = {"family": family, "from": f"2026-01-0{day}", "to": f"2026-01-0{day + 1}", **asked}
        begun = await caller.post("/api/backfills", json=days)
        assert begun.status_code == 202
        backfill = begun.json()["backfillId"]
        found = (await caller.get("/api/runs", params={"backfill": backfill})).json()["runs"]
        return {run["options"]["priority"] for run in found}

    async with opener(ByDay(), Low()) as sluice, api(sluice) as caller:
        assert await priorities(caller, "by-day", 1) == {2}
        assert await priorities(caller, "low", 1) == {1}
    async with opener(ByDay()) as sluice, api(sluice) as caller:
        await sluice.sql("TRUNCATE sluice.run, sluice.backfill CASCADE")
        assert await priorities(caller, "by-day", 3, priority=7) == {7}


async def test_what_is_left_out_is_as_the_family_says(opener: Opener) -> None:
    async with opener(Careful()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={"minItems": 9})).json()["runId"]
        options = (await caller.get(f"/api/runs/{run_id}")).json()["run"]["options"]
        assert {name: value for name, value in options.items() if value} == {
            "maxFailureRate": 0.2,
            "minItems": 9,
            "deadlineSeconds": 3_600,
            "priority": 7,
        }


async def test_the_list_of_families_tells_what_they_say(opener: Opener) -> None:
    async with opener(Careful()) as sluice, api(sluice) as caller:
        [family] = (await caller.get("/api/families")).json()["families"]
        told = {
            "overlap": "skip",
            "maxFailureRate": 0.2,
            "minItems": 5,
            "deadlineSeconds": 3_600,
            "priority": 7,
        }
        assert {name: family[name] for name in told} == told


async def test_a_dry_run_takes_the_same_options_and_leaves_no_trace(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        answer = await caller.post(PROCESS, json={**ALL, "dryRun": True})
        assert (answer.status_code, answer.json()["toProcess"]) == (200, 3)
        assert await traces(sluice) == (0, 0, 0)


async def test_a_canary_pauses_the_run_and_a_resume_does_the_rest(opener: Opener) -> None:
    def work(_item_id: str, ctx: Context) -> None:
        ctx.spend(usd=0.25, tokens=3)

    async with opener(Recording(work=work)) as sluice, api(sluice) as caller:
        await sluice.add_users(60)
        run_id = (await caller.post(PROCESS, json={"canary": 4})).json()["runId"]
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).status != "paused":
                    await asyncio.sleep(0.02)
            shown = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
            assert (shown["stage"], shown["reason"], shown["ended"]) == ("canary", "canary", 4)
            assert "of 4 items 4 succeeded" in shown["detail"]
            assert (shown["actual"]["usd"], shown["actual"]["tokens"]) == (1.0, 12)
            resumed = (await caller.post(f"/api/runs/{run_id}/resume")).json()["run"]
            assert (resumed["stage"], resumed["reason"], resumed["detail"]) == ("full", None, None)
            await sluice.ended(run_id)
        shown = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
        assert (shown["status"], shown["counters"]["succeeded"]) == ("succeeded", 60)
        assert shown["actual"]["seconds"] > 0
        assert shown["deadlineAt"] is None


async def test_a_run_is_estimated_when_it_begins_from_what_earlier_runs_took(
    opener: Opener,
) -> None:
    def work(_item_id: str, ctx: Context) -> None:
        ctx.spend(usd=0.5, tokens=10)

    async with opener(Recording(work=work)) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(6)
        for usd in (None, 3.0):
            body = {"force": True, "deadlineSeconds": 600}
            run_id = (await caller.post(PROCESS, json=body)).json()["runId"]
            await sluice.ended(run_id)
            shown = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
            assert shown["estimate"]["usd"] == usd
            assert shown["deadlineAt"] > shown["startedAt"]
        assert shown["estimate"]["tokens"] == 60
        assert shown["estimate"]["costBasis"] == "what earlier runs spent an item"


BAD: list[tuple[dict[str, object], str]] = [
    ({"autoPromote": True}, "autoPromote"),
    ({"autoPromote": "yes", "canary": 1}, "autoPromote"),
    ({"attempts": 0}, "attempts"),
    ({"attempts": 1_001}, "attempts"),
    ({"attempts": "2"}, "attempts"),
    ({"attempts": 1.5}, "attempts"),
    ({"canary": 0}, "canary"),
    ({"canary": 1_001}, "canary"),
    ({"canary": "5"}, "canary"),
    ({"maxFailureRate": -0.1}, "maxFailureRate"),
    ({"maxFailureRate": 1.01}, "maxFailureRate"),
    ({"maxFailureRate": "0.5"}, "maxFailureRate"),
    ({"priority": 10}, "priority"),
    ({"priority": -1}, "priority"),
    ({"priority": "9"}, "priority"),
    ({"priority": True}, "priority"),
    ({"minItems": 0}, "minItems"),
    ({"minItems": True}, "minItems"),
    ({"deadlineSeconds": 0}, "deadlineSeconds"),
    ({"deadlineSeconds": 1e9}, "deadlineSeconds"),
    ({"ramp": {}}, "ramp.start"),
    ({"ramp": {"start": 0}}, "ramp.start"),
    ({"ramp": {"start": 1, "factor": 1}}, "ramp.factor"),
    ({"ramp": {"start": 1, "everySeconds": 0}}, "ramp.everySeconds"),
    ({"ramp": {"start": 1, "every": 60}}, "ramp.every"),
    ({"ramp": 5}, "ramp"),
    ({"budget": {}}, "budget"),
    ({"budget": {"usd": 0}}, "budget.usd"),
    ({"budget": {"usd": "5"}}, "budget.usd"),
    ({"budget": {"tokens": 1.5}}, "budget.tokens"),
    ({"budget": {"eur": 5}}, "budget.eur"),
    ({"approval": "yes"}, "approval"),
]


async def test_an_option_that_cannot_be_used_is_refused_by_its_name(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for body, field in BAD:
            for dry in (True, False):
                with subtests.test(body=body, dry=dry):
                    answer = await caller.post(PROCESS, json={**body, "dryRun": dry})
                    assert fields(assert_problem(answer, 422)) == [field]
        assert await traces(sluice) == (0, 0, 0)


async def test_numbers_that_json_does_not_have_are_refused(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for text in ('{"maxFailureRate": NaN}', '{"budget": {"usd": Infinity}}'):
            answer = await caller.post(
                PROCESS, content=text, headers={"Content-Type": "application/json"}
            )
            assert_problem(answer, 422)
        assert await traces(sluice) == (0, 0, 0)
