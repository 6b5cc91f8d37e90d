"""What a throttle costs: nothing for an item, and nothing at all where there is none."""

from __future__ import annotations

from datetime import timedelta

from tests.support.families import Recording
from tests.support.service import Opener
from tests.workflows.throttles.throttled_family import Throttled

DROPPED = ("DROP TABLE sluice.flow_hold", "DROP TABLE sluice.throttle_look")
"""Whoever asks one of them from now on fails."""


async def test_a_service_without_a_throttle_asks_the_database_nothing(opener: Opener) -> None:
    async with opener(Recording(), watchdog_seconds=0.1) as sluice:
        for statement in DROPPED:
            await sluice.sql(statement)
        await sluice.service.controls.refresh()
        run = await sluice.played(50)
        assert run.succeeded == 50


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
