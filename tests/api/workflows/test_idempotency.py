"""A call that starts a run may be repeated under its key, and starts it once."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from app.workflows.contract.cron import Overlap
from app.workflows.family import Context
from tests.support.families import Beside, Recording
from tests.support.http import CRON, api, assert_problem, bearer, fields, traces
from tests.support.service import Opener

PROCESS = "/api/workflows/recording/process-users"
EXECUTE = "/api/workflows/recording/record-user"


async def _start(
    caller: httpx2.AsyncClient, body: object, key: str = "one", path: str = PROCESS, **more: str
) -> httpx2.Response:
    return await caller.post(path, json=body, headers={"Idempotency-Key": key, **more})


async def test_a_repeated_start_is_answered_as_before_and_starts_nothing(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        for number, (path, body) in enumerate(
            [(PROCESS, {"limit": 3, "budget": {"usd": 2}}), (EXECUTE, {"userId": "u1"})], start=1
        ):
            with subtests.test(path=path):
                first = await _start(caller, body, f"key {number}", path)
                again = await _start(caller, body, f"key {number}", path)
                assert (first.status_code, again.status_code) == (202, 200)
                assert again.json() == first.json()
                assert "idempotency-replayed" not in first.headers
                assert again.headers["idempotency-replayed"] == "true"
                assert await traces(sluice) == (number, 0, number)


async def test_bodies_that_mean_the_same_are_the_same_call(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        first = await _start(caller, {"limit": 3, "budget": {"usd": 2}})
        again = await _start(
            caller, {"budget": {"tokens": None, "usd": 2.0}, "force": False, "limit": 3}
        )
        assert again.json() == first.json()
        one = await _start(caller, {"userId": "u1"}, "two", EXECUTE)
        assert (await _start(caller, {"itemId": "u1"}, "two", EXECUTE)).json() == one.json()


async def test_a_key_that_stands_for_another_call_is_refused(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        first = (await _start(caller, {"itemIds": ["u1"]})).json()["runId"]
        others = [(PROCESS, {"itemIds": ["u2"]}), (PROCESS, {}), (EXECUTE, {"userId": "u1"})]
        for path, body in others:
            with subtests.test(path=path, body=body):
                document = assert_problem(await _start(caller, body, path=path), 422)
                assert fields(document) == ["Idempotency-Key"]
                assert first in document["detail"]
        assert await traces(sluice) == (1, 0, 1)


async def test_a_key_belongs_to_its_caller(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        first = await _start(caller, {})
        other = await _start(caller, {"limit": 1}, **bearer(CRON))
        assert (first.status_code, other.status_code) == (202, 202)
        assert first.json()["runId"] != other.json()["runId"]


async def test_of_calls_at_the_same_time_one_starts_a_run(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        answers = await asyncio.gather(*(_start(caller, {"limit": 2}) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
        assert len({answer.json()["runId"] for answer in answers}) == 1
        assert await traces(sluice) == (1, 0, 1)


async def test_a_refused_start_does_not_use_its_key_up(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        assert_problem(await _start(caller, {"limit": 0}), 422)
        assert_problem(await _start(caller, {"autoPromote": True}), 422)
        active = (await caller.post(PROCESS, json={})).json()["runId"]
        document = assert_problem(await _start(caller, {"limit": 1}), 409)
        assert document["activeRunId"] == active
        assert active in document["detail"]
        await caller.post(f"/api/runs/{active}/cancel")
        assert (await _start(caller, {"limit": 1})).status_code == 202


async def test_a_repeated_start_is_answered_while_its_run_is_active(opener: Opener) -> None:
    go_on = asyncio.Event()

    async def work(_item_id: str, _ctx: Context) -> None:
        await go_on.wait()

    async with opener(Recording(work=work)) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(1)
        first = await _start(caller, {})
        assert_problem(await caller.post(PROCESS, json={}), 409)
        assert (await _start(caller, {})).json() == first.json()
        go_on.set()
        await sluice.ended(first.json()["runId"])
        assert (await _start(caller, {})).json() == first.json()


BAD_KEYS = ["", "x" * 201, "ümlaut", "a\tb"]


async def test_a_key_that_cannot_be_used_is_refused(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        for key in BAD_KEYS:
            with subtests.test(key=key[:10]):
                headers = {b"Idempotency-Key": key.encode()}
                answer = await caller.post(PROCESS, json={}, headers=headers)
                assert fields(assert_problem(answer, 422)) == ["Idempotency-Key"]
        assert await traces(sluice) == (0, 0, 0)
        assert (await _start(caller, {}, "~" * 200)).status_code == 202


async def test_what_starts_no_run_ignores_the_key(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        for path, body in ((PROCESS, {"dryRun": True}), (EXECUTE, {"userId": "u00001"})):
            dry = await _start(caller, {**body, "dryRun": True}, "x" * 201, path)
            assert (dry.status_code, dry.json()["dryRun"]) == (200, True)
        dry = await _start(caller, {"dryRun": True})
        assert "idempotency-replayed" not in dry.headers
        assert (await _start(caller, {})).status_code == 202


class InLine(Recording):
    overlap = Overlap.QUEUE


async def test_a_run_that_waits_for_another_says_so(opener: Opener) -> None:
    async with opener(InLine()) as sluice, api(sluice) as caller:
        ids = [(await caller.post(PROCESS, json={})).json()["runId"] for _ in range(2)]
        shown = (await caller.get(f"/api/runs/{ids[1]}")).json()["run"]
        assert (shown["status"], shown["stage"]) == ("pending", "waiting")
        events = (await caller.get(f"/api/runs/{ids[1]}/events")).json()["events"]
        assert [event["kind"] for event in events] == ["created", "queued"]
        assert ids[0] in events[1]["detail"]
