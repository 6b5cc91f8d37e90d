"""A worker that dies or hangs with items in hand: their run tells who had them, and who goes on."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import pytest
from sqlalchemy import text

from app.store.monitoring import workers
from app.store.runs.events import page_of_events
from app.store.tables.runs import RunEvent
from app.workflows.keys import new_worker, worker_id
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, Process, Traced, worker_process
from tests.support.service import Opener, Sluice, assert_exact

USERS = 100
HELD = """
    SELECT m.worker, i.item_id FROM sluice.message m
    JOIN sluice.item i ON i.claim = m.seq AND i.claim_number = m.deliveries
    WHERE i.run_id = :run AND i.status = 'pending' AND m.worker IS NOT NULL
"""


async def names(sluice: Sluice) -> dict[int, str]:
    """The workers' ids, by process."""
    async with sluice.service.database.connect() as connection:
        return {one.pid: one.id for one in await workers.living(connection)}


async def held(sluice: Sluice, run_id: str) -> Counter[str]:
    """How many items each worker has in hand."""
    return Counter(worker_id(row[0]) for row in await sluice.sql(HELD, run=run_id))


async def takeovers(sluice: Sluice, run_id: str) -> list[RunEvent]:
    async with sluice.service.database.connect() as connection:
        told = await page_of_events(connection, run_id, limit=100)
    return [event for event in told if event.kind == "taken_over"]


async def both_at_work(sluice: Sluice, run_id: str, *processes: Process) -> list[str]:
    """Wait until each has items in hand. Returns the ids of these workers."""
    pids = [process.pid for process in processes]
    async with asyncio.timeout(PATIENCE):
        while not (by_pid := await names(sluice)).keys() >= set(pids):
            await asyncio.sleep(0.02)
        ids = [by_pid[pid] for pid in pids]
        while not (await held(sluice, run_id)).keys() >= set(ids):
            await asyncio.sleep(0.02)
    return ids


async def idle(sluice: Sluice) -> None:
    """What a process had sent to Postgres before it stopped has ended there."""
    async with asyncio.timeout(PATIENCE):
        while (
            await sluice.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                " AND coalesce(wait_event_type, '') NOT IN ('Lock', 'Client')"
                " AND datname = current_database() AND pid <> pg_backend_pid()"
            )
        )[0][0]:
            await asyncio.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hangs"])
async def test_the_run_tells_once_which_worker_took_over_from_which(
    opener: Opener, number: signal.Signals
) -> None:
    prefix = opener.settings.redis_prefix
    async with opener(Traced()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(USERS)
        async with (
            worker_process(opener.urls, prefix, item_seconds=0.3) as dying,
            worker_process(opener.urls, prefix, item_seconds=0.3) as living,
        ):
            run_id = await sluice.start()
            former, successor = await both_at_work(sluice, run_id, dying, living)
            async with sluice.service.database.begin() as tx:
                # Nobody is buried until we have counted.
                await tx.execute(text("LOCK TABLE sluice.consumer IN SHARE MODE"))
                dying.send(number)
                await idle(sluice)
                lost = (await held(sluice, run_id))[former]
            run = await sluice.ended(run_id)
            [event] = await takeovers(sluice, run_id)
            assert_exact(run, await sluice.items(run_id))
    assert run.succeeded == USERS
    assert lost
    assert event.data == {"former": former, "worker": successor, "items": lost}
    assert event.who == "sluice"
    assert event.detail is not None
    assert former in event.detail
    assert successor in event.detail


async def test_a_worker_that_stops_cleanly_is_no_event(opener: Opener) -> None:
    async with opener(Traced(0.05)) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(USERS)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE), sluice.worker():
            while not (await sluice.run(run_id)).succeeded:
                await asyncio.sleep(0.01)
        async with sluice.worker():
            await sluice.ended(run_id)
        assert await takeovers(sluice, run_id) == []


def test_people_and_the_engine_know_a_worker_by_the_same_id() -> None:
    first, second = new_worker(), new_worker()
    assert worker_id(first) != worker_id(second)
    assert worker_id(first).startswith("wrk_")
    assert len(worker_id(first)) == len("wrk_") + 26
