"""What is remembered is of one commit with the outcomes, whatever dies."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.store.runs import runs
from app.store.statuses import ItemStatus
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, worker_process
from tests.support.service import Opener, Sluice
from tests.workflows.memory.remembering import remembered
from tests.workflows.memory.remembering_process import Traced

pytestmark = pytest.mark.slow

PROCESS = "tests.workflows.memory.remembering_process"


@asynccontextmanager
async def opened(opener: Opener, users: int) -> AsyncIterator[Sluice]:
    async with opener(Traced()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(users)
        yield sluice


async def succeeded(sluice: Sluice, run_id: str) -> list[tuple[str, int, str]]:
    rows = await sluice.items(run_id)
    return [(row.item_id, 1, run_id) for row in rows if row.status == ItemStatus.SUCCEEDED]


async def both(sluice: Sluice) -> tuple[int, int]:
    """How many have succeeded and how many are remembered, at one moment."""
    [row] = await sluice.sql(
        "SELECT (SELECT count(*) FROM sluice.item WHERE status = 'succeeded'),"
        " (SELECT count(*) FROM sluice.remembered)"
    )
    return row[0], row[1]


async def test_whenever_one_looks_just_what_has_succeeded_is_remembered_also_when_workers_die(
    opener: Opener,
) -> None:
    async with opened(opener, users=400) as sluice:
        run_id, prefix = await sluice.start(), opener.settings.redis_prefix
        for stage in (60, 160, 260):
            async with (
                worker_process(opener.urls, prefix, item_seconds=0.01, module=PROCESS) as worker,
                asyncio.timeout(PATIENCE),
            ):
                while True:
                    done, known = await both(sluice)
                    assert done == known
                    if done >= stage:
                        break
                await worker.kill()
        async with worker_process(opener.urls, prefix, item_seconds=0.01, module=PROCESS):
            await sluice.ended(run_id)
        assert len(await remembered(sluice)) == 400
        assert await remembered(sluice) == await succeeded(sluice, run_id)
        assert (await sluice.dry_run()).already_processed == 400


async def some_remembered(sluice: Sluice) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await remembered(sluice):
            await asyncio.sleep(0.01)


async def test_a_worker_killed_between_what_it_remembers_and_its_commit_leaves_neither(
    opener: Opener,
) -> None:
    async with opened(opener, users=40) as sluice:
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, item_seconds=0.1, module=PROCESS) as killed:
            run_id = await sluice.start()
            await some_remembered(sluice)
            async with sluice.service.database.begin() as tx:
                await runs.lock(tx, run_id)
                # It has written outcomes and remembered them, and comes to the counters.
                await sluice.held_up(at="%UPDATE sluice.run%")
                before = await remembered(sluice)
                await killed.kill()
            async with asyncio.timeout(PATIENCE):
                while await sluice.sql(
                    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'sluice ledger'"
                    " AND datname = current_database() AND state = 'active'"
                ):
                    await asyncio.sleep(0.01)
            done, known = await both(sluice)
            assert done == known
            assert await remembered(sluice) == await succeeded(sluice, run_id)
            assert len(before) <= known < 40
            async with worker_process(opener.urls, prefix, module=PROCESS):
                await sluice.ended(run_id)
        assert await remembered(sluice) == await succeeded(sluice, run_id)
        assert len(await remembered(sluice)) == 40


async def test_a_stalled_worker_that_wakes_up_remembers_nothing_of_what_is_not_its_own(
    opener: Opener,
) -> None:
    async with opened(opener, users=60) as sluice:
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, item_seconds=0.2, module=PROCESS) as stalled:
            run_id = await sluice.start()
            await some_remembered(sluice)
            stalled.send(signal.SIGSTOP)
            async with worker_process(opener.urls, prefix, module=PROCESS):
                await sluice.ended(run_id)
            rows = await sluice.sql("SELECT item_id, xmin::text FROM sluice.remembered ORDER BY 1")
            stalled.send(signal.SIGCONT)
            assert await stalled.stop() == 0
            late = await sluice.sql("SELECT item_id, xmin::text FROM sluice.remembered ORDER BY 1")
        assert late == rows
        assert len(rows) == 60


async def test_two_workers_that_end_the_same_items_in_other_orders_never_wait_for_each_other(
    opener: Opener,
) -> None:
    """Without one order of locks Postgres would end one of the two transactions."""
    async with opened(opener, users=300) as sluice:
        ids = [f"u{n:05}" for n in range(1, 301)]
        prefix = opener.settings.redis_prefix
        [before] = await sluice.sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        async with (
            worker_process(opener.urls, prefix, module=PROCESS),
            worker_process(opener.urls, prefix, module=PROCESS),
        ):
            for _ in range(3):
                started = [await sluice.start(item_ids=ids, force=True) for _ in range(3)]
                for run_id in started:
                    assert (await sluice.ended(run_id)).succeeded == 300
        [after] = await sluice.sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        assert after == before
        assert len(await remembered(sluice)) == 300
