"""What failed in a run: grouped, and tried once more."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from app.workflows.family import Context, Fatal
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields
from tests.support.service import Opener, Sluice

PROCESS = "/api/workflows/recording/process-users"


class Broken(Recording):
    """Of twelve users four fail for one reason, two for another, and one takes too long."""

    def __init__(self) -> None:
        super().__init__(work=self._work)
        self.mended = False

    def _work(self, item_id: str, ctx: Context) -> None:
        number = int(item_id[1:])
        if self.mended or number > 7:
            return
        if number <= 4:
            raise Fatal(f"user {item_id} has no name")
        if number <= 6:
            raise ExceptionGroup("two things", [ValueError(), KeyError()])
        raise TimeoutError


async def _failed(sluice: Sluice, caller: httpx2.AsyncClient) -> str:
    await sluice.add_users(12)
    answer = await caller.post(PROCESS, json={"maxFailureRate": 1})
    run_id: str = answer.json()["runId"]
    run = await sluice.ended(run_id)
    assert (run.failed + run.timed_out, run.succeeded) == (7, 5)
    return run_id


async def _retried(
    sluice: Sluice, caller: httpx2.AsyncClient, run_id: str, body: object
) -> set[str]:
    """The users that a retry works on."""
    answer = await caller.post(f"/api/runs/{run_id}/retry", json=body)
    assert answer.status_code == 202, answer.text
    shown = answer.json()
    assert (shown["success"], shown["retryOf"]) == (True, run_id)
    assert f"/api/runs/{shown['runId']}" in shown["message"]
    await sluice.ended(shown["runId"])
    ids = {item.item_id for item in await sluice.items(shown["runId"])}
    assert len(ids) == shown["items"]
    return ids


def _users(*numbers: int) -> set[str]:
    return {f"u{n:05}" for n in numbers}


async def test_failures_are_grouped_by_what_they_say_the_largest_first(opener: Opener) -> None:
    async with opener(Broken()) as sluice, api(sluice) as caller, sluice.worker():
        run_id = await _failed(sluice, caller)
        answer = (await caller.get(f"/api/runs/{run_id}/failures")).json()
        assert (answer["success"], answer["total"]) == (True, 7)
        assert [one["count"] for one in answer["failures"]] == [4, 2, 1]
        largest = answer["failures"][0]
        assert (largest["errorClass"], largest["message"]) == ("Fatal", "user … has no name")
        assert largest["samples"] == sorted(_users(1, 2, 3, 4))
        assert largest["firstAt"] <= largest["lastAt"]
        assert len({one["group"] for one in answer["failures"]}) == 3


async def test_a_run_without_failures_has_no_groups(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller, sluice.worker():
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        await sluice.ended(run_id)
        answer = (await caller.get(f"/api/runs/{run_id}/failures")).json()
        assert (answer["failures"], answer["total"]) == ([], 0)
        document = assert_problem(await caller.post(f"/api/runs/{run_id}/retry"), 409)
        assert "nothing to retry" in document["detail"]


async def test_a_retry_takes_what_failed_or_exactly_what_is_named(opener: Opener) -> None:
    family = Broken()
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        run_id = await _failed(sluice, caller)
        groups = (await caller.get(f"/api/runs/{run_id}/failures")).json()["failures"]
        family.mended = True
        chosen = [
            (None, _users(*range(1, 8))),
            ({}, _users(*range(1, 8))),
            ({"status": "succeeded"}, _users(*range(8, 13))),
            ({"status": ["failed", "succeeded", "failed", "timed_out"]}, _users(*range(1, 13))),
            ({"errorClass": "Fatal"}, _users(1, 2, 3, 4)),
            ({"group": groups[0]["group"]}, _users(1, 2, 3, 4)),
            ({"group": groups[1]["group"]}, _users(5, 6)),
            ({"itemIds": ["u00002", "u00006", "u00009"]}, _users(2, 6)),
            ({"itemIds": ["u00002", "u00006"], "errorClass": "Fatal"}, _users(2)),
        ]
        for body, users in chosen:
            assert await _retried(sluice, caller, run_id, body) == users
        listed = await caller.get("/api/runs", params={"retryOf": run_id})
        assert len(listed.json()["runs"]) == len(chosen)
        assert {run["retryOf"] for run in listed.json()["runs"]} == {run_id}
        events = (await caller.get(f"/api/runs/{run_id}/events")).json()["events"]
        retried = [e["data"]["runId"] for e in events if e["kind"] == "retried"]
        assert retried == [run["id"] for run in reversed(listed.json()["runs"])]


async def test_a_retry_is_refused_where_nothing_fits(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Broken()) as sluice, api(sluice) as caller, sluice.worker():
        run_id = await _failed(sluice, caller)
        group = (await caller.get(f"/api/runs/{run_id}/failures")).json()["failures"][0]["group"]
        refused: list[tuple[dict[str, object], int, list[str]]] = [
            ({"group": "nope"}, 404, ["group"]),
            ({"group": group, "errorClass": "KeyError"}, 422, ["errorClass"]),
            ({"group": group, "status": "timed_out"}, 409, []),
            ({"errorClass": "Nothing"}, 409, []),
            ({"itemIds": ["u00012"]}, 409, []),
            ({"status": "pending"}, 422, ["status.0"]),
            ({"status": "lost"}, 422, ["status.0"]),
            ({"status": []}, 422, ["status"]),
            ({"itemIds": []}, 422, ["itemIds"]),
            ({"itemIds": ["u\0"]}, 422, ["itemIds.0"]),
            ({"itemIds": [f"u{n}" for n in range(1_001)]}, 422, ["itemIds"]),
            ({"everything": True}, 422, ["everything"]),
        ]
        for body, status, named in refused:
            with subtests.test(body=str(body)[:80]):
                answer = await caller.post(f"/api/runs/{run_id}/retry", json=body)
                document = assert_problem(answer, status)
                assert [e["field"] for e in document.get("errors", [])] == named
        assert len((await caller.get("/api/runs")).json()["runs"]) == 1


async def test_a_retry_beside_an_active_run_is_refused_with_its_id(opener: Opener) -> None:
    go_on = asyncio.Event()
    family = Broken()
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        run_id = await _failed(sluice, caller)
        family.work = lambda _id, _ctx: go_on.wait()
        active = (await caller.post(PROCESS, json={"force": True})).json()["runId"]
        document = assert_problem(await caller.post(f"/api/runs/{run_id}/retry"), 409)
        assert document["activeRunId"] == active
        go_on.set()
        await sluice.ended(active)


async def test_a_repeated_retry_under_its_key_is_answered_as_before(opener: Opener) -> None:
    async with opener(Broken()) as sluice, api(sluice) as caller, sluice.worker():
        run_id = await _failed(sluice, caller)
        headers = {"Idempotency-Key": "again"}
        path = f"/api/runs/{run_id}/retry"
        first = await caller.post(path, json={"status": "failed"}, headers=headers)
        again = await caller.post(path, json={"status": ["failed"]}, headers=headers)
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        other = await caller.post(path, json={"status": "succeeded"}, headers=headers)
        assert fields(assert_problem(other, 422)) == ["Idempotency-Key"]
        await sluice.ended(first.json()["runId"])
