"""The job in PgQueuer. ``python -m bench.peers.jobs.pgqueuer_job`` is a worker."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import uvloop
from pgqueuer import QueueManager
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from bench.peers.jobs.asyncpg_work import open_pool, work
from bench.peers.jobs.work import DATABASE

ENTRYPOINT = "item"
AT_ONCE = 1_000
BATCH = 100
_client: dict[str, Queries] = {}


async def connect() -> None:
    _client["queries"] = queries = Queries(AsyncpgDriver(await asyncpg.connect(DATABASE)))
    if await queries.schema_is_installed():
        await queries.clear_queue()
        await queries.clear_queue_log()
    else:
        await queries.install()
        await queries.optimize_autovacuum()


async def enqueue(ids: Sequence[str], seconds: float) -> None:
    for first in range(0, len(ids), AT_ONCE):
        payloads: list[bytes | None] = [
            json.dumps([one, seconds]).encode() for one in ids[first : first + AT_ONCE]
        ]
        await _client["queries"].enqueue(
            [ENTRYPOINT] * len(payloads), payloads, [0] * len(payloads)
        )


async def main() -> None:
    pool = await open_pool(DATABASE)
    queue = await asyncpg.create_pool(DATABASE, min_size=2, max_size=4)
    manager = QueueManager(Queries(AsyncpgPoolDriver(queue)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)

    @manager.entrypoint(ENTRYPOINT)
    async def item(job: Job) -> None:
        await work(pool, *json.loads(job.payload or b""))

    await manager.run(
        batch_size=BATCH,
        max_concurrent_tasks=4 * BATCH,
        log_aggregation_interval=timedelta(0),
    )


if __name__ == "__main__":
    uvloop.run(main())
