"""Asking for an approval, and giving it, over HTTP."""

from __future__ import annotations

import httpx2

from tests.support.control import paused
from tests.support.families import Beside, Recording
from tests.support.http import api, assert_problem, fields, traces
from tests.support.service import Opener

PROCESS = "/api/workflows/recording/process-users"
EXECUTE = "/api/workflows/recording/record-user"


class Demanding(Recording):
    approval = True


async def _shown(caller: httpx2.AsyncClient, run_id: str) -> tuple[str, str | None]:
    run = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
    return run["status"], run["reason"]


async def test_a_run_shows_what_it_would_do_until_it_is_approved(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(7)
        run_id = (await caller.post(PROCESS, json={"approval": True})).json()["runId"]
        path = f"/api/runs/{run_id}"
        async with sluice.worker():
            await paused(sluice, run_id)
            assert await _shown(caller, run_id) == ("paused", "approval")
            run = (await caller.get(path)).json()["run"]
            assert "7 of 7 users" in run["detail"]
            assert run["options"]["approval"] is True
            assert (run["counters"]["toProcess"], run["estimate"]["usd"]) == (7, None)
            event = (await caller.get(f"{path}/events")).json()["events"][-1]
            assert (event["kind"], event["data"]["sample"]) == ("paused", ids[:5])
            approved = await caller.post(f"{path}/approve")
            assert (approved.status_code, approved.json()["run"]["status"]) == (200, "running")
            await sluice.ended(run_id)
        again = assert_problem(await caller.post(f"{path}/approve"), 409)
        assert again["runStatus"] == "succeeded"
        events = (await caller.get(f"{path}/events")).json()["events"]
        assert [(e["kind"], e["who"]) for e in events if e["kind"] == "resumed"] == [
            ("resumed", "ops")
        ]


async def test_a_resume_is_an_approval_and_an_approval_is_no_resume(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        run_id = (await caller.post(PROCESS, json={"approval": True})).json()["runId"]
        path = f"/api/runs/{run_id}"
        await caller.post(f"{path}/pause")
        assert_problem(await caller.post(f"{path}/approve"), 409)
        assert await _shown(caller, run_id) == ("paused", "operator")
        await caller.post(f"{path}/resume")
        async with sluice.worker():
            await paused(sluice, run_id)
            resumed = await caller.post(f"{path}/resume", json={"budget": {"usd": 5}})
            assert resumed.json()["run"]["options"]["budget"] == {"usd": 5, "tokens": None}
            assert (await sluice.ended(run_id)).succeeded == 3
        assert_problem(await caller.post("/api/runs/run_unknown/approve"), 404)


async def test_a_retry_and_one_item_ask_as_well(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(3)
        done = (await caller.post(PROCESS, json={})).json()["runId"]
        await sluice.ended(done)
        starts: dict[str, dict[str, object]] = {
            f"/api/runs/{done}/retry": {"status": "succeeded"},
            EXECUTE: {"userId": "u00001"},
            PROCESS: {"itemIds": ["u00002"], "force": True},
        }
        for path, body in starts.items():
            run_id = (await caller.post(path, json={**body, "approval": True})).json()["runId"]
            await paused(sluice, run_id)
            assert await _shown(caller, run_id) == ("paused", "approval")
            await caller.post(f"/api/runs/{run_id}/cancel")


async def test_what_a_family_demands_no_request_takes_away(opener: Opener) -> None:
    async with opener(Demanding()) as sluice, api(sluice) as caller:
        [family] = (await caller.get("/api/families")).json()["families"]
        assert family["approval"] is True
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        assert (await sluice.run(run_id)).options["approval"] is True
        before = await traces(sluice)
        for path, body in ((PROCESS, {}), (EXECUTE, {"userId": "u1"})):
            refused = await caller.post(path, json={**body, "approval": False})
            document = assert_problem(refused, 422)
            assert fields(document) == ["approval"]
            assert document["detail"] == (
                "Every run of recording needs an approval. Leave approval out."
            )
        retry = await caller.post(f"/api/runs/{run_id}/retry", json={"approval": False})
        assert fields(assert_problem(retry, 422)) == ["approval"]
        assert await traces(sluice) == before


async def test_an_item_that_joins_a_run_cannot_ask(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        body = {"userId": "u1", "runId": "run_x", "approval": True}
        refused = await caller.post(EXECUTE, json=body)
        assert fields(assert_problem(refused, 422)) == ["approval"]


async def test_whoever_approves_is_told_whether_the_ids_may_change_meanwhile(
    opener: Opener,
) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller, sluice.worker():
        ids = await sluice.add_users(3)
        listed = await caller.post("/api/item-lists", json={"itemIds": ids})
        bodies: list[tuple[dict[str, object], bool]] = [
            ({}, False),
            ({"itemIds": ids}, True),
            ({"itemList": listed.json()["listId"]}, True),
        ]
        for body, fixed in bodies:
            started = await caller.post(PROCESS, json={**body, "approval": True})
            path = f"/api/runs/{started.json()['runId']}"
            await paused(sluice, started.json()["runId"])
            event = (await caller.get(f"{path}/events")).json()["events"][-1]
            assert event["data"]["fixed"] is fixed
            assert ("read as it goes on" in event["detail"]) is not fixed


async def test_a_retry_that_asks_is_over_a_run_that_has_ended(opener: Opener) -> None:
    """What fails later would else be in it without anybody's approval."""
    async with opener(Beside()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        await sluice.sql("UPDATE sluice.run SET status = 'running', started_at = now()")
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status)"
            " VALUES (:run, 'u1', 'failed'), (:run, 'u2', 'pending')",
            run=run_id,
        )
        path = f"/api/runs/{run_id}/retry"
        refused = assert_problem(await caller.post(path, json={"approval": True}), 409)
        assert "has ended" in refused["detail"]
        assert (await caller.post(path, json={})).status_code == 202
        await sluice.sql("UPDATE sluice.run SET status = 'partial' WHERE id = :run", run=run_id)
        assert (await caller.post(path, json={"approval": True})).status_code == 202
