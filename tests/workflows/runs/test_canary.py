"""A few items first, and then the rest by degrees."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from app.store.runs.events import CHANNEL
from app.workflows.family import Context, Flow, FlowControl
from tests.support.control import Asked, control, fail, kinds, paused, start
from tests.support.service import Opener


async def test_a_canary_is_spread_over_what_is_to_be_processed_and_then_asks(
    opener: Opener,
) -> None:
    family = Asked(lambda *_: None, canary=20)
    async with opener(family) as sluice:
        ids = await sluice.add_users(1_000)
        family.done = set(ids[:100])
        run_id = await start(sluice, family)
        async with sluice.worker():
            run = await paused(sluice, run_id)
            chosen = set(family.executed)
            assert (run.reason, run.succeeded, run.scheduled) == ("canary", 20, 20)
            assert "20 succeeded" in str(run.detail)
            # Not the first ones: by chance alone every half has some (1 in 10^5 that not).
            assert chosen & set(ids[100:550])
            assert chosen & set(ids[550:])
            assert not chosen & family.done - chosen
            await control(sluice, "resume", run_id)
            run = await sluice.ended(run_id)
        assert await kinds(sluice, run_id) == [
            "created", "begun", "paused:canary", "resumed", "ended:succeeded",
        ]  # fmt: skip
    assert (run.succeeded, run.scheduled) == (900, 900)
    assert set(family.executed.values()) == {1}


@pytest.mark.parametrize("share", [0, 5, 11])
async def test_a_healthy_canary_is_promoted_by_itself_and_a_sick_one_is_not(
    opener: Opener, share: int
) -> None:
    failed: set[str] = set()

    def work(item_id: str, ctx: Context) -> None:
        if len(failed) < share:
            failed.add(item_id)
            fail(item_id, ctx)

    family = Asked(work, canary=20, auto_promote=True)
    async with opener(family) as sluice:
        await sluice.add_users(100)
        run_id = await start(sluice, family)
        async with sluice.worker():
            if share > 10:
                assert (await paused(sluice, run_id)).reason == "canary"
                return
            run = await sluice.ended(run_id)
        assert "promoted" in await kinds(sluice, run_id)
    assert (run.ended, run.failed) == (100, share)


async def test_a_canary_as_large_as_the_run_does_not_stop_it(opener: Opener) -> None:
    family = Asked(lambda *_: None, canary=20)
    async with opener(family) as sluice:
        await sluice.add_users(20)
        async with sluice.worker():
            run = await sluice.ended(await start(sluice, family))
    assert (run.status, run.succeeded) == ("succeeded", 20)


class Ramped(Asked):
    flow = Flow(execute=FlowControl(parallelism=8))

    def __init__(self, **asked: Any) -> None:
        super().__init__(self._work, **asked)
        self.now = 0
        self.starts: list[tuple[float, int]] = []
        """When each item began, and how many were at work then."""
        self.eight = asyncio.Event()

    async def _work(self, item_id: str, ctx: Context) -> None:
        self.now += 1
        self.starts.append((time.monotonic(), self.now))
        if self.now == 8:
            self.eight.set()
        if self.now > 4:  # the last step: however slow the machine, the others come too
            await self.eight.wait()
        await asyncio.sleep(0.05)
        self.now -= 1


async def test_a_ramp_raises_the_runs_share_step_by_step(opener: Opener) -> None:
    family = Ramped(ramp={"start": 1, "factor": 2, "everySeconds": 1})
    async with opener(family) as sluice:
        await sluice.add_users(250)
        began = time.monotonic()  # the run's own seconds are fewer
        async with sluice.worker():
            run = await sluice.ended(await start(sluice, family))
    assert run.succeeded == 250
    for at, now in family.starts:
        assert now <= (1, 2, 4, 8)[min(3, int(at - began))]
    assert max(now for _, now in family.starts) == 8


async def test_a_ramp_holds_while_word_of_its_run_comes_all_the_time(opener: Opener) -> None:
    """Whoever is asked for the share finds one, though what was known of the run is forgotten."""
    family = Ramped(ramp={"start": 1, "factor": 2, "everySeconds": 3_600})
    async with opener(family) as sluice:
        await sluice.add_users(40)
        async with sluice.worker():
            run_id = await start(sluice, family)
            ended = asyncio.create_task(sluice.ended(run_id))
            while not ended.done():
                await sluice.sql(f"SELECT pg_notify('{CHANNEL}', :run)", run=run_id)
            run = await ended
    assert run.succeeded == 40
    assert {now for _, now in family.starts} == {1}
