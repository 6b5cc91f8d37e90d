"""The yardstick: PgQueuer alone, doing the same enqueue, execute and result-row work.

It is given what helps it: batches of 100, everything enqueued at once and without look-ahead, and
result rows written in groups, as ours are, on uvloop, in a process of its own. It has no item
rows, no counters, no pages to read and no limits to keep.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import timedelta

import asyncpg
import uvloop
from pgqueuer import QueueManager
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from app.cli.server.environment import settle
from app.migrate import ensure_database
from app.store.group_commit import GroupCommit
from bench.processes import process_of

DATABASE = "sluice_bench_raw"


async def raw_rate(admin: str, items: int, *, page_size: int, settled: bool = False) -> float:
    """Items a second, of so many no-op jobs that one worker enqueues, executes and records.

    Args:
        settled: Python looks for garbage as seldom as in a worker of ours; else as it comes.
    """
    told = str(items), str(page_size), *(["settled"] if settled else [])
    async with process_of("bench.raw", *told, DATABASE_URL=admin) as (seconds, _):
        return items / float(seconds)


async def _seconds(admin: str, items: int, page_size: int) -> float:
    dsn = await ensure_database(admin, DATABASE)
    connection = await asyncpg.connect(dsn)
    queries = Queries(AsyncpgDriver(connection))
    if not await queries.schema_is_installed():
        await queries.install()
        await queries.optimize_autovacuum()
        await connection.execute("CREATE TABLE result (item_id text PRIMARY KEY, at timestamptz)")
    await connection.execute("TRUNCATE pgqueuer, pgqueuer_log, result")
    await connection.execute("VACUUM ANALYZE")
    pool = await asyncpg.create_pool(dsn, min_size=4, max_size=8)
    manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))

    async def record(ids: object) -> None:
        await pool.execute("INSERT INTO result SELECT unnest($1::text[]), now()", list(ids))  # type: ignore[call-overload]  # a sequence

    results: GroupCommit[str] = GroupCommit(record)

    @manager.entrypoint("noop")
    async def noop(job: Job) -> None:
        await results.add((job.payload or b"").decode())

    async def feed() -> None:
        for first in range(0, items, page_size):
            ids = [f"usr_{n:012}" for n in range(first, min(items, first + page_size))]
            await queries.enqueue(
                ["noop"] * len(ids),
                [i.encode() for i in ids],
                [0] * len(ids),
                dedupe_key=list(ids),
                on_conflict="skip",
            )

    started = time.perf_counter()
    running = asyncio.create_task(
        manager.run(
            batch_size=100,
            max_concurrent_tasks=400,
            dequeue_timeout=timedelta(seconds=5),
            log_aggregation_interval=timedelta(0),
        )
    )
    await feed()
    async with asyncio.timeout(300):
        while await pool.fetchval("SELECT count(*) FROM result") < items:  # noqa: ASYNC110 - rows
            await asyncio.sleep(0.05)
    seconds = time.perf_counter() - started
    manager.shutdown.set()
    await running
    await pool.close()
    await connection.close()
    return seconds


if __name__ == "__main__":
    if "settled" in sys.argv:
        settle()
    print(uvloop.run(_seconds(os.environ["DATABASE_URL"], int(sys.argv[1]), int(sys.argv[2]))))
