"""A systemic error and a resume at the same moment: the run pauses, the item stays to be done."""

from __future__ import annotations

import asyncio

from app.store.runs import transitions
from app.store.statuses import PauseReason, RunStatus
from app.workflows.family import Context, Systemic
from tests.support.held import Held
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact
from tests.support.story import assert_legal, story


class Refused(Held):
    """Its items wait, and then say that the key is refused, until it is not."""

    refused = True

    async def _hold(self, item_id: str, ctx: Context) -> None:
        await super()._hold(item_id, ctx)
        if self.refused:
            raise Systemic("the key is refused")


async def test_a_systemic_error_that_meets_a_resume_pauses_the_run_again_and_cancels_nothing(
    opener: Opener,
) -> None:
    family = Refused()
    async with opener(family, watchdog_seconds=3600) as sluice:
        await sluice.add_users(5)
        control = sluice.service.api.control
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_inside(5)
            await control.pause(run_id, by="test")
            async with sluice.service.database.begin() as tx:
                assert await transitions.resume(tx, run_id, who="test")
                family.let_go.set()
                await sluice.held_up()
            async with asyncio.timeout(PATIENCE):
                while await sluice.queued():
                    await asyncio.sleep(0.01)
            paused = await sluice.run(run_id)
            assert (paused.status, paused.reason) == (RunStatus.PAUSED, PauseReason.SYSTEMIC)
            family.refused = False
            await control.resume(run_id, by="test")
            run = await sluice.ended(run_id)
        rows, told = await sluice.items(run_id), await story(sluice, run_id)
    assert (run.status, run.succeeded, run.cancelled) == (RunStatus.SUCCEEDED, 5, 0)
    assert_exact(run, rows)
    assert_legal(run, told)
