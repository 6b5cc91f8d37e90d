"""An operator lets a flow key go on before the time that whoever is called has named."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.flow.limits import FlowControl
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.throttles.test_told_holds import KEY, WHY, Limited, left, told
from tests.workflows.throttles.throttled_family import Throttled, say, until_held

LIFT = f"/api/flow-control/{KEY}/lift"
HOUR = timedelta(hours=1)


async def test_what_is_lifted_goes_on_at_once_on_every_worker_and_the_reason_is_kept(
    opener: Opener,
) -> None:
    family = Limited(control=FlowControl(parallelism=2))
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker(), sluice.worker():
        await sluice.add_users(20)
        await told(sluice).hold(KEY, HOUR, WHY)
        [[until]] = await sluice.sql("SELECT until FROM sluice.flow_hold")
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while (await sluice.run(run_id)).scheduled < 20:
                await asyncio.sleep(0.02)
        assert not family.began
        answer = await caller.post(LIFT, json={"note": "They are well again."})
        assert answer.json()["flowControl"]["throttled"] == []
        # Each of its messages was told to come again in an hour.
        assert (await sluice.ended(run_id)).succeeded == 20
        assert await left(sluice) == 0
        assert (await caller.post(LIFT)).status_code == 200  # as whoever pauses what is paused
        listed = (await caller.get("/api/audit", params={"action": "flow_lifted"})).json()
    [entry] = listed["entries"]
    assert (entry["name"], entry["note"]) == (KEY, "They are well again.")
    assert entry["before"] == {"reason": WHY, "until": until.isoformat()}
    assert entry["after"] is None


async def test_who_is_told_anew_holds_anew(opener: Opener) -> None:
    async with opener(Limited(control=FlowControl(parallelism=2))) as sluice, api(sluice) as caller:
        for _ in range(2):
            await told(sluice).hold(KEY, HOUR, WHY)
            assert await left(sluice) > 0
            assert (await caller.post(LIFT)).status_code == 200
            assert await left(sluice) == 0


async def test_a_throttle_is_not_lifted_by_anybody(opener: Opener) -> None:
    family = Throttled(control=FlowControl(parallelism=2))
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(1)
        await say(sluice, WHY)
        await sluice.start()
        await until_held(sluice, "recording")
        answer = await caller.post(LIFT)
        [hold] = answer.json()["flowControl"]["throttled"]
        assert (hold["reason"], hold["until"]) == (WHY, None)
        assert (await caller.get("/api/audit", params={"action": "flow_lifted"})).json()[
            "entries"
        ] == []
        await say(sluice, None)
        assert_problem(await caller.post("/api/flow-control/nobody.execute/lift"), 404)
