"""A message is a hint: it may come twice at once, late, from a backup, or at two workers."""

from __future__ import annotations

import asyncio

from app.config.priorities import ORDINARY
from app.workflows.messages import executions
from tests.support.control import lone_item
from tests.support.families import Recording
from tests.support.held import Held
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact


async def test_messages_that_name_the_same_items_at_two_workers_execute_each_once(
    opener: Opener,
) -> None:
    family = Held()
    async with opener(family) as sluice:
        ids = await sluice.add_users(40)
        run_id = await sluice.start()
        async with sluice.worker(), sluice.worker():
            await family.until_inside(40)
            await sluice.publish(
                *executions("recording", run_id, ids, 1, ORDINARY),
                *executions("recording", run_id, ids, 40, ORDINARY),
            )
            async with asyncio.timeout(PATIENCE):  # they come, and find nothing to take
                while (await sluice.service.engine.depth())["recording.execute"].due:
                    await asyncio.sleep(0.01)
            family.let_go.set()
            run = await sluice.ended(run_id)
            await sluice.drained()
        assert family.executed == dict.fromkeys(ids, 1)
        assert_exact(run, await sluice.items(run_id))


async def test_messages_that_come_after_the_end_do_nothing(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        run = await sluice.played(30)
        rows = await sluice.items(run.id)
        ids = [row.item_id for row in rows]
        await sluice.publish(*executions("recording", run.id, ids, 7, ORDINARY))
        await sluice.let_all_come()
        assert await sluice.items(run.id) == rows
        assert await sluice.run(run.id) == run
        assert set(family.executed.values()) == {1}


async def test_a_queue_that_is_restored_from_an_older_backup_neither_loses_nor_doubles(
    opener: Opener,
) -> None:
    family = Held()
    async with opener(family, watchdog_seconds=0.2, look_ahead=1_000) as sluice:
        ids = await sluice.add_users(60)
        run_id = await sluice.start()
        await sluice.sql("CREATE TABLE sluice.backup AS SELECT * FROM sluice.message")
        async with sluice.worker():
            await family.until_inside(20)
            await sluice.sql("INSERT INTO sluice.backup SELECT * FROM sluice.message")
            family.let_go.set()
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).succeeded < 30:
                    await asyncio.sleep(0.005)
            # What was in hand then is in the hands of a worker that this backup knows of.
            await sluice.sql("DELETE FROM sluice.message")
            await sluice.sql(
                "INSERT INTO sluice.message OVERRIDING SYSTEM VALUE"
                " SELECT DISTINCT ON (id) * FROM sluice.backup ORDER BY id, seq DESC"
            )
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        await sluice.sql("DROP TABLE sluice.backup")
    assert (run.status, run.succeeded, len(rows)) == ("succeeded", 60, 60)
    assert_exact(run, rows)
    assert set(family.executed) == set(ids)


async def test_an_item_that_bears_the_token_of_a_delivery_to_come_is_taken_all_the_same(
    opener: Opener,
) -> None:
    """As where the queue was restored, and counts its messages from an earlier number again."""
    family = Recording()
    async with opener(family) as sluice:
        run_id = await lone_item(sluice)
        await sluice.sql(
            "UPDATE sluice.item SET claim = (SELECT seq FROM sluice.message), claim_number = 1"
        )
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert (run.status, family.executed) == ("succeeded", {"u00001": 1})
