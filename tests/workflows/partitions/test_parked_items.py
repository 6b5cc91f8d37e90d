"""Items that wait for their partition get going again, whatever happened to code and queue."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.workflows.family import Context, FlowControl
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact
from tests.workflows.partitions.tenants import Tenants


async def test_those_that_wait_begin_as_well_where_the_code_limits_partitions_no_more(
    opener: Opener,
) -> None:
    family = Tenants(FlowControl(per_partition=1))
    async with opener(family) as sluice:
        await sluice.add_users(100)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_done(15)
    unlimited = Tenants(FlowControl(parallelism=20))
    async with opener(unlimited, watchdog_seconds=0.2) as sluice, sluice.worker():
        run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert (run.succeeded, run.suspended) == (100, 0)


async def test_what_sleeps_is_made_good_as_well_when_the_queue_has_lost_it(opener: Opener) -> None:
    async def work(_item: str, ctx: Context) -> None:
        await ctx.sleep("a while", timedelta(hours=1))

    family = Tenants(FlowControl(per_partition=1), work=work, item_seconds=0)
    async with opener(family) as sluice:
        await sluice.add_users(20)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while len(family.done_at) < 20 or await sluice.sql(
                "SELECT 1 FROM sluice.item WHERE status = 'pending'"
            ):
                await asyncio.sleep(0.05)
        await sluice.sql("DELETE FROM sluice.message")
        reconciler = sluice.service.reconciler
        assert await reconciler.is_missing_messages(run_id)
        assert await reconciler.republish_missing(run_id) == 20


async def test_who_still_has_a_run_at_work_that_was_renamed_writes_what_it_came_to(
    opener: Opener,
) -> None:
    """In a deployment: the next begins where the new name is known."""
    go_on = asyncio.Event()

    async def work(_item: str, _ctx: Context) -> None:
        await go_on.wait()

    family = Tenants(FlowControl(per_partition=1), work=work)
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(9)  # of one partition
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while not family.executed:
                await asyncio.sleep(0.01)
            await sluice.sql("UPDATE sluice.run SET family = 'another-name'")
            go_on.set()
            while not (await sluice.run(run_id)).succeeded:
                await asyncio.sleep(0.01)
        # Whoever delivered the first one ends its message a moment later.
        rows = await sluice.sql("SELECT flow_key FROM sluice.message WHERE worker IS NULL")
        assert [row[0] for row in rows] == ["another-name.execute"]
