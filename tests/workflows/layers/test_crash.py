"""Workers that die, stall or share, as processes that really do."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.config.priorities import ORDINARY
from app.store.runs import runs
from app.store.tables.runs import Run
from app.workflows.messages import ExecuteMessage
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, Traced, worker_process
from tests.support.service import Opener, Sluice, assert_exact

pytestmark = pytest.mark.slow

CONCURRENCY = 20  # of the worker processes


@asynccontextmanager
async def traced(opener: Opener, users: int) -> AsyncIterator[Sluice]:
    async with opener(Traced()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(users)
        yield sluice


async def ended_items(sluice: Sluice, run_id: str, number: int) -> None:
    """Wait until at least so many items have an outcome."""
    async with asyncio.timeout(PATIENCE):
        while (await sluice.run(run_id)).ended < number:
            await asyncio.sleep(0.01)


async def executions(sluice: Sluice) -> dict[str, int]:
    rows = await sluice.sql("SELECT item_id, count(*) FROM execution GROUP BY item_id")
    return {row[0]: row[1] for row in rows}


async def assert_all_counted_once(sluice: Sluice, run: Run, users: int) -> None:
    rows = await sluice.items(run.id)
    assert run.status == "succeeded"
    assert len(rows) == run.succeeded == users
    assert_exact(run, rows)
    changes = await sluice.sql("SELECT former, status FROM run_audit WHERE run_id = :id", id=run.id)
    assert [tuple(change) for change in changes] == [
        ("pending", "running"),
        ("running", "succeeded"),
    ]
    await sluice.drained()


async def test_a_worker_killed_in_the_middle_loses_nothing_and_counts_nothing_twice(
    opener: Opener,
) -> None:
    async with traced(opener, users=500) as sluice:
        run_id = await sluice.start()
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, item_seconds=0.01) as first:
            await ended_items(sluice, run_id, 150)
            await first.kill()
        assert (await sluice.run(run_id)).status == "running"
        async with worker_process(opener.urls, prefix, item_seconds=0.01):
            run = await sluice.ended(run_id)
        await assert_all_counted_once(sluice, run, 500)
        times = await executions(sluice)
        assert len(times) == 500
        # At most what was in its hands: at work, and being written.
        assert sum(times.values()) - 500 <= 2 * CONCURRENCY


async def test_two_workers_share_a_run_and_no_item_is_executed_twice(opener: Opener) -> None:
    async with traced(opener, users=400) as sluice:
        prefix = opener.settings.redis_prefix
        async with (
            worker_process(opener.urls, prefix, item_seconds=0.02, heartbeat=PATIENCE),
            worker_process(opener.urls, prefix, item_seconds=0.02, heartbeat=PATIENCE),
        ):
            run = await sluice.ended(await sluice.start())
        await assert_all_counted_once(sluice, run, 400)
        assert set((await executions(sluice)).values()) == {1}
        shares = await sluice.sql("SELECT count(*) FROM execution GROUP BY pid")
        assert len(shares) == 2
        assert min(share[0] for share in shares) > 40


async def test_a_worker_that_stalled_and_woke_up_writes_nothing_over_its_successors_outcomes(
    opener: Opener,
) -> None:
    async with traced(opener, users=100) as sluice:
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, item_seconds=0.2) as stalled:
            run_id = await sluice.start()
            await ended_items(sluice, run_id, 30)
            while True:  # until it is stopped amid items, and not between two of them
                stalled.send(signal.SIGSTOP)  # for longer than its heartbeat of a second
                begun, held = await executions(sluice), await in_hand(sluice, run_id)
                if begun.keys() & held:
                    break
                stalled.send(signal.SIGCONT)
                await asyncio.sleep(0.05)
            async with worker_process(opener.urls, prefix) as successor:
                run = await sluice.ended(run_id)
                rows = await versions(sluice, run_id)
                stalled.send(signal.SIGCONT)
                # It ends what it has in hand, and so tries to write what became of it.
                assert await stalled.stop() == 0
                assert await versions(sluice, run_id) == rows
                await assert_all_counted_once(sluice, run, 100)
        times = await executions(sluice)
        by = {row.item_id: row.result for row in await sluice.items(run_id)}
    twice = {item_id for item_id, number in times.items() if number > 1}
    assert twice
    assert twice <= held
    assert {by[item_id] for item_id in twice | by.keys() - begun.keys()} == {successor.pid}
    assert max(times.values()) == 2


async def in_hand(sluice: Sluice, run_id: str) -> set[str]:
    """The items that a worker has claimed which was stopped a moment ago."""
    async with asyncio.timeout(PATIENCE):
        while True:  # what it had sent to Postgres goes on there
            [(active,)] = await sluice.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                " AND wait_event IS DISTINCT FROM 'ClientRead'"  # it was stopped amid a statement
                " AND datname = current_database() AND pid <> pg_backend_pid()"
            )
            if not active:
                break
            await asyncio.sleep(0.01)
    rows = await sluice.sql(
        "SELECT item_id FROM sluice.item"
        " WHERE run_id = :id AND status = 'pending' AND claim IS NOT NULL",
        id=run_id,
    )
    return {row[0] for row in rows}


async def versions(sluice: Sluice, run_id: str) -> list[tuple[str, str]]:
    """Of the run's row and those of its items: which transaction has written them last."""
    rows = await sluice.sql(
        "SELECT item_id, xmin::text FROM sluice.item WHERE run_id = :id"
        " UNION ALL SELECT id, xmin::text FROM sluice.run WHERE id = :id ORDER BY 1",
        id=run_id,
    )
    return [(row[0], row[1]) for row in rows]


async def test_a_worker_that_stalls_while_it_writes_holds_up_nobody(opener: Opener) -> None:
    async with traced(opener, users=40) as sluice:
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, item_seconds=0.1) as stalled:
            run_id = await sluice.start()
            await ended_items(sluice, run_id, 10)
            async with sluice.service.database.begin() as tx:
                await runs.lock(tx, run_id)
                # It has written items' outcomes, and comes to the counters.
                await sluice.held_up()
                stalled.send(signal.SIGSTOP)
            # From here on it has both locked, and does not end its transaction.
            async with worker_process(opener.urls, prefix):
                run = await sluice.ended(run_id)
                rows = await versions(sluice, run_id)
                stalled.send(signal.SIGCONT)
                assert await stalled.stop() == 0
                assert await versions(sluice, run_id) == rows
                await assert_all_counted_once(sluice, run, 40)


async def test_a_worker_asked_to_stop_finishes_what_it_holds_and_exits_cleanly(
    opener: Opener,
) -> None:
    async with traced(opener, users=200) as sluice:
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, item_seconds=0.1) as first:
            run_id = await sluice.start()
            await ended_items(sluice, run_id, 30)
            assert await first.stop() == 0
        begun = await executions(sluice)
        assert (await sluice.run(run_id)).succeeded == len(begun) < 200
        async with worker_process(opener.urls, prefix):
            run = await sluice.ended(run_id)
        await assert_all_counted_once(sluice, run, 200)
        assert set((await executions(sluice)).values()) == {1}


async def test_a_worker_goes_on_when_the_database_cuts_every_connection(opener: Opener) -> None:
    async with traced(opener, users=300) as sluice:
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, item_seconds=0.01):
            run_id = await sluice.start()
            for done in (50, 150):
                await ended_items(sluice, run_id, done)
                await sluice.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            await sluice.service.database.dispose()  # ours were cut as well
            run = await sluice.ended(run_id)
        await assert_all_counted_once(sluice, run, 300)


async def test_a_message_without_its_item_is_dropped(opener: Opener) -> None:
    async with traced(opener, users=1) as sluice:
        await sluice.publish(
            ExecuteMessage(run="run_gone", items=("u1",)).outgoing("traced", ORDINARY)
        )
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while await sluice.queued():
                await asyncio.sleep(0.02)
        assert await executions(sluice) == {}


async def test_an_item_that_ends_each_worker_fails_alone_and_those_beside_it_succeed(
    opener: Opener,
) -> None:
    async with traced(opener, users=30) as sluice:
        run_id, deaths = await sluice.start(), 0
        prefix = opener.settings.redis_prefix
        ended = asyncio.create_task(sluice.ended(run_id, within=120))
        while not ended.done():
            async with worker_process(
                opener.urls, prefix, item_seconds=0.2, fatal="u00007"
            ) as worker:
                ending = asyncio.create_task(worker.process.wait())
                await asyncio.wait({ending, ended}, return_when=asyncio.FIRST_COMPLETED)
                deaths += ending.done()
        run = await ended
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
    [lost] = [row for row in rows if row.status == "failed"]
    assert (run.status, run.succeeded, run.failed) == ("partial", 29, 1)
    assert (lost.item_id, lost.error_class, deaths) == ("u00007", "WorkerLost", 6)
    assert lost.error_group == "Its worker ended while the item was at work."
