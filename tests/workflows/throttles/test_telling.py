"""What callers are told of a run that is throttled."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.flow.limits import FlowControl
from app.store.runs import throttle_events
from tests.support.control import control
from tests.support.families import Beside, Recording
from tests.support.http import OPS, api, bearer
from tests.support.service import Opener
from tests.support.story import kinds
from tests.workflows.throttles.throttled_family import Throttled, say

WHY = "replicas lag 45 s"


async def test_the_run_says_so_in_each_answer_and_only_while_it_lasts(opener: Opener) -> None:
    family, other = Throttled(backoff=timedelta(minutes=5)), Recording()
    other.name = "other"  # type: ignore[misc]  # a class's, and here of one object
    async with opener(family, other) as sluice, api(sluice) as client:
        await sluice.add_users(3)
        looks = sluice.service.throttles
        run_id, beside = await sluice.start("recording"), await sluice.start("other")

        async def told(path: str) -> dict[str, object]:
            answer = await client.get(path, headers=bearer(OPS))
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        assert (await told(f"/api/runs/{run_id}"))["run"]["throttled"] is None  # type: ignore[index]
        await say(sluice, WHY)
        await looks.look("recording")
        of = {run["id"]: run for run in (await told("/api/runs"))["runs"]}  # type: ignore[attr-defined]
        assert of[beside]["throttled"] is None
        throttled = of[run_id]["throttled"]
        assert throttled["reason"] == WHY
        since, again = map(datetime.fromisoformat, (throttled["since"], throttled["nextLook"]))
        assert again - since == timedelta(minutes=5)
        assert (await told(f"/api/runs/{run_id}"))["run"]["throttled"] == throttled  # type: ignore[index]
        [shown] = [
            run
            for run in (await told("/api/overview"))["activeRuns"]  # type: ignore[attr-defined]
            if run["id"] == run_id
        ]
        assert (shown["status"], shown["throttled"]) == ("pending", throttled)
        answer = await client.post(f"/api/runs/{run_id}/pause", headers=bearer(OPS))
        assert answer.json()["run"]["throttled"] == throttled  # it has not ended
        await looks.look("recording")
        later = (await told(f"/api/runs/{run_id}"))["run"]["throttled"]  # type: ignore[index]
        assert later["since"] == throttled["since"]
        assert later["nextLook"] > throttled["nextLook"]
        answer = await client.post(f"/api/runs/{run_id}/cancel", headers=bearer(OPS))
        assert answer.json()["run"]["status"] == "cancelled"
        assert answer.json()["run"]["throttled"] is None  # it has
        await say(sluice, None)
        await looks.look("recording")
        assert await kinds(sluice, run_id) == [
            "created", "throttled", "paused", "cancelling", "ended",
        ]  # fmt: skip


async def test_whoever_follows_the_run_is_told(opener: Opener) -> None:
    family = Throttled()
    async with opener(family) as sluice, api(sluice) as client:
        await sluice.add_users(1)
        run_id = await sluice.start()
        await say(sluice, WHY)
        await sluice.service.throttles.look("recording")
        await control(sluice, "cancel", run_id)
        answer = await client.get(
            f"/api/runs/{run_id}/events", headers={**bearer(OPS), "Accept": "text/event-stream"}
        )
        assert f'"detail":"{WHY}"' in answer.text
        assert "event: throttled" in answer.text


async def test_a_flow_key_says_which_family_is_held_under_it_and_is_not_paused(
    opener: Opener,
) -> None:
    shared = FlowControl(parallelism=3, key="shared")
    held, free = Throttled(name="held", control=shared), Throttled(name="free", control=shared)
    async with opener(held, free) as sluice, api(sluice) as client:
        await say(sluice, WHY, of="held")
        await sluice.service.throttles.look("held")

        async def shown(key: str) -> tuple[bool, list[dict[str, str]]]:
            answer = await client.get(f"/api/flow-control/{key}", headers=bearer(OPS))
            found = answer.json()["flowControl"]
            return found["paused"], found["throttled"]

        told = (False, [{"key": "held", "reason": WHY, "until": None}])
        assert await shown("shared") == told
        assert await shown("held.process") == told
        assert await shown("free.process") == (False, [])
        await say(sluice, None, of="held")
        await sluice.service.throttles.look("held")
        assert await shown("shared") == (False, [])


class ThrottledBeside(Throttled, Beside):
    """Any number of its runs may be under way."""


async def test_each_run_that_has_not_ended_is_told_once_however_many_tell_it(
    opener: Opener,
) -> None:
    async with opener(ThrottledBeside()) as sluice:
        await sluice.add_users(1)
        first = [await sluice.start() for _ in range(3)]
        over = await sluice.start()
        await control(sluice, "cancel", over)
        await say(sluice, WHY)
        looks = sluice.service.throttles
        await asyncio.gather(*(looks.look("recording") for _ in range(8)))
        late = await sluice.start()
        await looks.look("recording")
        for run_id in (*first, late):
            assert await kinds(sluice, run_id) == ["created", "throttled"]
        await say(sluice, None)
        await asyncio.gather(*(looks.look("recording") for _ in range(8)))
        for run_id in (*first, late):
            assert await kinds(sluice, run_id) == ["created", "throttled", "throttle_over"]
        assert "throttled" not in await kinds(sluice, over)
        await say(sluice, WHY)
        await looks.look("recording")
        assert (await kinds(sluice, late))[-1] == "throttled"


async def test_many_runs_are_told_in_parts(opener: Opener) -> None:
    async with opener(ThrottledBeside()) as sluice:
        await sluice.add_users(1)
        for _ in range(5):
            await sluice.start()

        async def part(tx: AsyncConnection) -> int:
            return await throttle_events.tell(tx, "recording", WHY, limit=2)

        told = []
        for _ in range(4):
            async with sluice.service.database.begin() as tx:
                told.append(await part(tx))
        assert told == [2, 2, 1, 0]
        [[number]] = await sluice.sql(
            "SELECT count(*) FROM sluice.run_event WHERE kind = 'throttled'"
        )
        assert number == 5


@pytest.mark.parametrize("said", ["", None])
async def test_an_empty_answer_says_that_all_is_well(opener: Opener, said: str | None) -> None:
    family = Throttled()
    async with opener(family) as sluice:
        await say(sluice, said)
        await sluice.service.throttles.look("recording")
        assert await sluice.sql("SELECT 1 FROM sluice.flow_hold") == []
