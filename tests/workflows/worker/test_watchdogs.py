"""Every worker has a watchdog, and one of them at a time does the work."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from app.connections.schema import SCHEMA
from app.store.pools import open_pools
from app.store.runs import events, runs
from app.store.statuses import EventKind
from app.store.tables.runs import Run
from app.workflows.keys import new_id
from tests.support.families import Recording
from tests.support.network.wire import wire_to
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import worker_process
from tests.support.service import Opener, Sluice
from tests.support.story import kinds

SOON = 0.2
_HOLDERS = """
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) | objid::bigint = hashtextextended('sluice.watchdog', 0)
"""


async def holder(sluice: Sluice, *, other_than: int = 0) -> int:
    """The connection whose watchdog does the work, as soon as there is one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            pids = [row[0] for row in await sluice.sql(_HOLDERS)]
            assert len(pids) <= 1
            if pids and pids[0] != other_than:
                return int(pids[0])
            await asyncio.sleep(0.02)


async def lost_run(sluice: Sluice) -> str:
    """A run whose first message no worker ever sees."""
    run = Run(id=new_id("run"), family=sluice.bound().name, started_by="test")
    async with sluice.service.database.begin() as tx:
        await runs.insert_run(tx, run)
        await events.append(tx, run.id, EventKind.CREATED)
    return run.id


async def assert_repaired(sluice: Sluice, run_id: str) -> None:
    assert (await sluice.ended(run_id)).status == "succeeded"
    assert (await kinds(sluice, run_id)).count(EventKind.REPAIRED) == 1


async def test_of_several_watchdogs_one_at_a_time_works_and_it_stays_the_same(
    opener: Opener,
) -> None:
    async with opener(Recording(), watchdog_seconds=SOON, pool_size=8) as sluice:
        await sluice.add_users(3)
        async with AsyncExitStack() as workers:
            await workers.enter_async_context(sluice.worker())
            first = await holder(sluice)
            for _ in range(2):
                await workers.enter_async_context(sluice.worker())
            for _ in range(3):
                await assert_repaired(sluice, await lost_run(sluice))
            assert await holder(sluice) == first


async def test_another_watchdog_takes_over_from_one_that_stops(opener: Opener) -> None:
    async with opener(Recording(), watchdog_seconds=SOON) as sluice:
        await sluice.add_users(3)
        async with AsyncExitStack() as second:
            async with sluice.worker():
                former = await holder(sluice)
                await second.enter_async_context(sluice.worker())
            await holder(sluice, other_than=former)
            await assert_repaired(sluice, await lost_run(sluice))


async def test_a_watchdog_whose_connection_is_cut_is_replaced(opener: Opener) -> None:
    async with opener(Recording(), watchdog_seconds=SOON) as sluice:
        await sluice.add_users(3)
        async with sluice.worker(), sluice.worker():
            former = await holder(sluice)
            await sluice.sql("SELECT pg_terminate_backend(:pid)", pid=former)
            await holder(sluice, other_than=former)
            await assert_repaired(sluice, await lost_run(sluice))


@pytest.mark.slow
async def test_another_watchdog_takes_over_from_one_whose_process_dies(opener: Opener) -> None:
    async with opener(Recording(), watchdog_seconds=SOON) as sluice:
        await sluice.add_users(3)
        async with worker_process(opener.urls, opener.settings.redis_prefix) as dying:
            former = await holder(sluice)
            async with sluice.worker():
                await dying.kill()
                await holder(sluice, other_than=former)
                await assert_repaired(sluice, await lost_run(sluice))


@pytest.mark.slow
async def test_another_watchdog_takes_over_from_one_whose_process_hangs(opener: Opener) -> None:
    async with opener(Recording(), watchdog_seconds=SOON) as sluice:
        await sluice.add_users(3)
        async with worker_process(opener.urls, opener.settings.redis_prefix) as hanging:
            former = await holder(sluice)
            async with sluice.worker():
                hanging.send(signal.SIGSTOP)  # its connection stands
                await holder(sluice, other_than=former)
                await assert_repaired(sluice, await lost_run(sluice))
                hanging.send(signal.SIGCONT)
                assert await hanging.stop() == 0


async def test_what_a_process_that_hangs_amid_a_statement_has_locked_is_let_go(
    opener: Opener,
) -> None:
    """As it may be stopped anywhere: here between what the driver asks about a statement and the
    statement itself. Postgres' own limit holds only between statements."""
    async with opener(Recording(), worker_heartbeat=0.5, watchdog_seconds=SOON) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with (
            wire_to(opener.urls.database) as (wire, dsn),
            open_pools(dsn, dsn, schema=SCHEMA, families=1, by_transaction=False) as of_another,
            of_another.ledger.connect() as connection,
        ):
            await runs.lock(connection, run_id)
            wire.keep_answers()
            statement = connection.scalar(text("SELECT length(:of)"), {"of": "what hangs"})
            hanging = asyncio.create_task(statement)
            async with sluice.worker():
                assert (await sluice.ended(run_id)).succeeded == 3
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            driver.terminate()
            await asyncio.wait([hanging])
            assert hanging.exception() is not None
            await connection.invalidate()
