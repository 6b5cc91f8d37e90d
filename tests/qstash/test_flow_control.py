"""``/api/flow-control`` of a service that QStash calls: operators' changes hold there, and what is
shown are its own numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.qstash_dev.state.flow_key import FlowKey
from app.workflows.family import Context, Flow, FlowControl
from tests.qstash.called_service import CalledService, called_service
from tests.support.families import Recording
from tests.support.http import OPS, assert_problem, bearer, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener

KEY = "paced.execute"
PATH = f"/api/flow-control/{KEY}"


class Paced(Recording):
    name = "paced"
    flow = Flow(execute=FlowControl(parallelism=3, rate=100, period=timedelta(minutes=1)))


@pytest.fixture
async def called(opener: Opener) -> AsyncIterator[CalledService]:
    async with called_service(opener, Paced()) as called:
        called.client.headers.update(bearer(OPS))
        yield called


def key_of(called: CalledService, name: str = KEY) -> FlowKey:
    return called.qstash.parts.flow_keys.find(name)


def shown(answer: httpx2.Response) -> dict[str, Any]:  # JSON
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["flowControl"]
    return found


async def test_a_pin_a_pause_a_resume_and_a_reset_hold_at_qstash(called: CalledService) -> None:
    pinned = shown(await called.client.put(PATH, json={"parallelism": 7, "rate": 2}))
    held = {"parallelism": 7, "rate": 2, "periodSeconds": 1, "pinned": True, "paused": False}
    assert (pinned["source"], pinned["held"]) == ("pinned", held)
    paused = shown(await called.client.post(f"{PATH}/pause"))
    assert paused["held"] == {**held, "paused": True}
    assert key_of(called).paused
    assert shown(await called.client.post(f"{PATH}/resume"))["held"] == held
    assert not key_of(called).paused
    reset = shown(await called.client.delete(PATH))
    assert (reset["source"], reset["held"]) == (
        "code",
        {"parallelism": 3, "rate": 100, "periodSeconds": 60, "pinned": False, "paused": False},
    )


async def test_a_key_without_limits_is_paused_before_its_first_message(
    called: CalledService,
) -> None:
    await called.sluice.add_users(2)
    path = "/api/flow-control/paced.process"
    assert shown(await called.client.post(f"{path}/pause"))["paused"] is True
    run_id = await called.sluice.start()
    await called.sender.send()
    await called.qstash.until(lambda: len(key_of(called, "paced.process").waiting) == 1)
    async with asyncio.timeout(PATIENCE):  # an answer of QStash is shown for a second
        while shown(await called.client.get(path))["waiting"] != 1:
            await asyncio.sleep(0.05)
    assert (await called.sluice.run(run_id)).status == "pending"
    await called.client.post(f"{path}/resume")
    assert (await called.sluice.ended(run_id)).succeeded == 2


async def test_what_is_shown_are_its_own_numbers_asked_for_once(opener: Opener) -> None:
    hold = asyncio.Event()

    def work(item_id: str, ctx: Context) -> object:
        return hold.wait()

    async with called_service(opener, Paced(work)) as called:
        called.client.headers.update(bearer(OPS))
        await called.sluice.add_users(8)
        run_id = await called.sluice.start()
        await called.qstash.until(lambda: called.qstash.parts.dispatcher.active == 3)
        async with asyncio.timeout(PATIENCE):
            while True:
                listed = (await called.client.get("/api/flow-control")).json()["flowControl"]
                [found] = [one for one in listed if one["key"] == KEY]
                if found["waiting"] == 5:
                    break
                await asyncio.sleep(0.05)
        assert (found["active"], found["started"]) == (3, 3)
        assert found["held"]["parallelism"] == 3
        layers = (await called.client.get(f"/api/runs/{run_id}/layers")).json()
        assert layers["execute"]["waitingForRate"] == 0  # what waits is in nobody's hands
        hold.set()
        await called.sluice.ended(run_id)


async def test_a_rate_that_qstash_cannot_hold_is_refused(called: CalledService) -> None:
    for rate in (1e-6, 1e-7):
        document = assert_problem(await called.client.put(PATH, json={"rate": rate}), 422)
        assert "for more than a week" in document["detail"]
        assert fields(document) == ["rate"]
    slow = shown(await called.client.put(PATH, json={"rate": 0.01, "periodSeconds": 3_600}))
    assert (slow["held"]["rate"], slow["held"]["periodSeconds"]) == (1, 360_000)


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_a_change_that_qstash_did_not_take_is_kept_told_and_made_good_by_the_tick(
    called: CalledService, status: int
) -> None:
    called.faults.away = status
    answer = await called.client.put(PATH, json={"parallelism": 7})
    document = assert_problem(answer, 503)
    assert document["detail"].startswith(f"The override of {KEY} is as you set it here, and")
    assert called.qstash.token not in answer.text
    found = shown(await called.client.get(PATH))
    assert (found["parallelism"], found["source"]) == (7, "pinned")
    assert found["active"] is found["waiting"] is found["started"] is found["held"] is None
    overview = (await called.client.get("/api/overview")).json()
    assert (overview["redis"], overview["flow"]) == ("ok", [])
    called.faults.away = None
    await called.tick()
    key = key_of(called)
    assert (key.limits.parallelism, key.pinned_parallelism) == (7, True)
