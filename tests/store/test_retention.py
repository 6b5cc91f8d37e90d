"""What is old goes: ended runs with all that belongs to them, and the keys of calls."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.store import retention
from app.store.statuses import ENDED, RunStatus
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

MONTH = timedelta(days=30)


async def insert_run(
    sluice: Sluice,
    run_id: str,
    *,
    days_ago: float,
    status: RunStatus = RunStatus.SUCCEEDED,
    items: int = 3,
) -> None:
    """A run that was made, and has ended if its status says so, so many days ago."""
    await sluice.sql(
        "INSERT INTO sluice.run (id, family, status, params, force, started_by, created_at,"
        " finished_at)"
        " VALUES (:id, 'recording', :status, '{}', false, 'test', now() - CAST(:age AS interval),"
        " CASE WHEN CAST(:ended AS bool) THEN now() - CAST(:age AS interval) END)",
        id=run_id,
        status=status,
        ended=status in ENDED,
        age=timedelta(days=days_ago),
    )
    await sluice.sql(
        "INSERT INTO sluice.item (run_id, item_id, status)"
        " SELECT :id, 'u' || n, 'succeeded' FROM generate_series(1, :items) AS n",
        id=run_id,
        items=items,
    )
    await sluice.sql(
        "INSERT INTO sluice.run_event (run_id, kind, who) VALUES (:id, 'created', 'test')",
        id=run_id,
    )


async def left(sluice: Sluice) -> dict[str, tuple[int, int]]:
    """By run of which anything is left: how many items and events."""
    rows = await sluice.sql(
        """
        SELECT known.id, (SELECT count(*) FROM sluice.item WHERE run_id = known.id),
               (SELECT count(*) FROM sluice.run_event WHERE run_id = known.id)
        FROM (
            SELECT id FROM sluice.run UNION SELECT run_id FROM sluice.item
            UNION SELECT run_id FROM sluice.run_event
        ) AS known(id)
        """
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def insert_key(sluice: Sluice, key: str, *, days_ago: float) -> None:
    await sluice.sql(
        "INSERT INTO sluice.idempotency_key (caller, key, fingerprint, run_id, created_at)"
        " VALUES ('ops', :key, '', 'run_1', now() - CAST(:age AS interval))",
        key=key,
        age=timedelta(days=days_ago),
    )


async def no_keys(sluice: Sluice) -> None:
    async with asyncio.timeout(PATIENCE):
        while await sluice.sql("SELECT 1 FROM sluice.idempotency_key"):
            await asyncio.sleep(0.02)


async def test_only_ended_runs_older_than_the_cut_go_with_their_items_and_events(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await insert_run(sluice, "run_old", days_ago=31)
        await insert_run(sluice, "run_barely_old", days_ago=30.01)
        await insert_run(sluice, "run_not_yet_old", days_ago=29.99)
        await insert_run(sluice, "run_new", days_ago=0)
        database = sluice.service.database
        assert await retention.count_prunable(database, MONTH) == 2
        assert await retention.prune(database, MONTH) == 2
        assert await left(sluice) == {"run_not_yet_old": (3, 1), "run_new": (3, 1)}
        assert await retention.prune(database, MONTH) == 0


@pytest.mark.parametrize("status", [status for status in RunStatus if status not in ENDED])
async def test_a_run_that_has_not_ended_stays_however_old_it_is(
    opener: Opener, status: RunStatus
) -> None:
    async with opener(Recording()) as sluice:
        await insert_run(sluice, "run_1", days_ago=4_000, status=status)
        assert await retention.prune(sluice.service.database, timedelta(0)) == 0
        assert await left(sluice) == {"run_1": (3, 1)}


@pytest.mark.parametrize("status", sorted(ENDED))
async def test_a_run_goes_in_whichever_way_it_ended(opener: Opener, status: RunStatus) -> None:
    async with opener(Recording()) as sluice:
        await insert_run(sluice, "run_1", days_ago=31, status=status)
        assert await retention.prune(sluice.service.database, MONTH) == 1
        assert await left(sluice) == {}


async def test_a_finish_stays_as_long_as_its_run(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        database = sluice.service.database
        await insert_run(sluice, "run_1", days_ago=31, status=RunStatus.PAUSED)
        await insert_run(sluice, "run_2", days_ago=31)
        await sluice.sql("UPDATE sluice.run SET parent_run = 'run_1' WHERE id = 'run_2'")
        assert await retention.count_prunable(database, MONTH) == 0
        assert await retention.prune(database, MONTH) == 0
        assert set(await left(sluice)) == {"run_1", "run_2"}
        await sluice.sql(
            "UPDATE sluice.run SET status = 'succeeded', finished_at = now() WHERE id = 'run_1'"
        )
        assert await retention.prune(database, MONTH) == 0
        await sluice.sql("UPDATE sluice.run SET finished_at = now() - interval '31 days'")
        assert await retention.count_prunable(database, MONTH) == 2
        assert await retention.prune(database, MONTH) == 2
        assert await left(sluice) == {}


async def test_the_age_of_a_long_run_counts_from_its_end(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await insert_run(sluice, "run_long", days_ago=90)
        await sluice.sql("UPDATE sluice.run SET finished_at = now() - interval '1 day'")
        assert await retention.prune(sluice.service.database, MONTH) == 0


async def test_pruning_that_was_cut_off_leaves_the_run_and_is_finished_by_the_next_one(
    opener: Opener,
) -> None:
    items = retention.BATCH + 10
    async with opener(Recording()) as sluice:
        await insert_run(sluice, "run_1", days_ago=31, items=items)
        database = sluice.service.database
        async with sluice.service.pools.ledger.begin() as tx:
            # It cannot take the second batch, and is cut off there.
            await tx.exec_driver_sql("SELECT 1 FROM sluice.item WHERE item_id = 'u999' FOR UPDATE")
            pruning = asyncio.create_task(retention.prune(database, MONTH))
            async with asyncio.timeout(PATIENCE):
                while (await left(sluice))["run_1"][0] == items:
                    await asyncio.sleep(0.02)
            pruning.cancel()
            await asyncio.gather(pruning, return_exceptions=True)
        assert await left(sluice) == {"run_1": (10, 1)}
        assert await retention.prune(database, MONTH) == 1
        assert await left(sluice) == {}


async def test_steps_and_output_go_with_their_items_and_those_of_other_runs_stay(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        for run_id, days in (("run_old", 31), ("run_new", 1)):
            await insert_run(sluice, run_id, days_ago=days)
            await sluice.sql(
                "INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone,"
                " item_attempt, started_at)"
                " SELECT :id, item_id, 'first', 'run', 'succeeded', 1, true, 1, now()"
                " FROM sluice.item WHERE run_id = :id",
                id=run_id,
            )
            await sluice.sql(
                "INSERT INTO sluice.output (run_id, item_id, attempt, data)"
                " SELECT :id, item_id, 1, '1' FROM sluice.item WHERE run_id = :id",
                id=run_id,
            )
        await retention.prune(sluice.service.database, MONTH)
        for table in ("step", "output", "item"):
            rows = await sluice.sql(f"SELECT run_id, count(*) FROM sluice.{table} GROUP BY 1")  # noqa: S608
            assert [tuple(row) for row in rows] == [("run_new", 3)]


async def test_several_that_prune_at_the_same_time_take_nothing_that_must_stay(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        for number in range(6):
            await insert_run(sluice, f"run_old_{number}", days_ago=40)
        await insert_run(sluice, "run_new", days_ago=1)
        database = sluice.service.database
        await asyncio.gather(*(retention.prune(database, MONTH) for _ in range(3)))
        assert await left(sluice) == {"run_new": (3, 1)}


async def test_keys_of_calls_go_after_a_week_and_not_before(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        for days in (0, 6.9, 7.1, 400):
            await insert_key(sluice, str(days), days_ago=days)
        await retention.prune_keys(sluice.service.database)
        rows = await sluice.sql("SELECT key FROM sluice.idempotency_key ORDER BY created_at DESC")
    assert [row[0] for row in rows] == ["0", "6.9"]


@pytest.mark.parametrize(("days", "stays"), [(30, False), (0, True)])
async def test_a_worker_prunes_by_itself_unless_it_was_told_to_keep_everything(
    opener: Opener, days: int, stays: bool
) -> None:
    async with opener(Recording(), retention_days=days) as sluice:
        await insert_run(sluice, "run_old", days_ago=31)
        # The last that it sees to each time.
        await insert_key(sluice, "old", days_ago=400)
        async with sluice.worker():
            await no_keys(sluice)
        assert ("run_old" in await left(sluice)) is stays


async def test_the_watchdog_sees_to_runs_while_what_is_old_takes_long_to_delete(
    opener: Opener,
) -> None:
    async with opener(Recording(), retention_days=30, watchdog_seconds=0.1) as sluice:
        await insert_run(sluice, "run_old", days_ago=31)
        await insert_key(sluice, "old", days_ago=400)
        await sluice.add_users(1)
        async with sluice.service.pools.ledger.begin() as tx:
            await tx.exec_driver_sql("SELECT 1 FROM sluice.item WHERE item_id = 'u3' FOR UPDATE")
            async with sluice.worker():
                await sluice.held_up(at="DELETE FROM sluice.item%")
                # A run that only the watchdog sets going.
                lost = await sluice.start()
                await sluice.sql("TRUNCATE sluice.message")
                assert (await sluice.ended(lost)).status == "succeeded"
                assert (await left(sluice))["run_old"] == (3, 1)
                await tx.rollback()
                await no_keys(sluice)
        assert set(await left(sluice)) == {lost}


async def test_what_was_told_goes_when_it_is_as_old_as_a_run_may_be(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await sluice.sql(
            "INSERT INTO sluice.notification_delivery"
            " (message_id, target_id, event, data, created_at, status)"
            " SELECT 'msg_' || n, 'ntf_1', 'run.failed', '{}', now() - n * interval '1 day',"
            " CASE WHEN n % 2 = 0 THEN 'delivered' ELSE 'waiting' END"
            " FROM generate_series(28, 2031) AS n"
        )
        await retention.prune_notifications(sluice.service.database, MONTH)
        kept = await sluice.sql("SELECT message_id FROM sluice.notification_delivery ORDER BY 1")
    assert [row[0] for row in kept] == ["msg_28", "msg_29"]
