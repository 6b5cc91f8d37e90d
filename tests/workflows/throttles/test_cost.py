"""What throttles and holds cost: nothing for an item, and no look where there is no throttle."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.workflows.family import Context
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.throttles.throttled_family import Throttled

DROPPED = ("DROP TABLE sluice.flow_hold", "DROP TABLE sluice.throttle_look")
"""Whoever asks one of them from now on fails."""


async def test_a_service_without_a_throttle_never_asks_when_one_was_looked_at(
    opener: Opener,
) -> None:
    async with opener(Recording(), watchdog_seconds=0.1) as sluice:
        await sluice.sql("DROP TABLE sluice.throttle_look")
        await sluice.service.controls.refresh()
        run = await sluice.played(50)
        assert run.succeeded == 50


async def test_an_item_asks_nothing_of_holds_where_nothing_is_held(opener: Opener) -> None:
    """They are read beside the overrides, and from then on known in memory."""

    async def work(_item: str, _ctx: Context) -> None:
        await asyncio.sleep(0.02)

    family = Recording(work)
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(500)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while not family.executed:
                await asyncio.sleep(0.01)
        for statement in DROPPED:
            await sluice.sql(statement)
        assert (await sluice.ended(run_id)).succeeded == 500


async def test_an_item_of_a_family_that_was_looked_at_asks_nothing_more(opener: Opener) -> None:
    """Pages neither, as long as the look is good."""
    family = Throttled(every=timedelta(hours=1), item_seconds=0.02)
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(500)
        run_id = await sluice.start()
        await family.until_begun(1)
        for statement in DROPPED:
            await sluice.sql(statement)
        assert (await sluice.ended(run_id)).succeeded == 500
        assert len(family.looks) == 1
