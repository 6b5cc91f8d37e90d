"""Sluice as a contestant, with exact counters and a limit: as it comes, with pages of 50 and chunks
of 20, and with those of 500 and 100 that docs/explanation/scale.md names for quick items.

``python -m bench.peers.sluice NAME`` is a worker.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import uvloop
from sqlalchemy import Select, text
from sqlmodel import col, select

from app.bootstrap import Service, Urls, open_service
from app.cli.server.environment import settle
from app.logs import configure_logs
from app.migrate import migrate
from app.services.provider import Provider
from app.services.settings import ServiceSettings
from app.store.database import reading
from app.store.runs import runs
from app.store.statuses import ENDED
from app.workflows.client import RunRequest
from app.workflows.family import Context, Entity, FamilyParams, Flow, FlowControl, JobFamily
from bench.peers.contestant import Place, Program, Sent, Worker
from bench.peers.jobs.asyncpg_work import open_pool, work
from bench.peers.jobs.work import DATABASE, REDIS
from bench.support import TABLES, bench_settings
from tests.support.users import User, make_users_table


class Params(FamilyParams):
    first: str
    last: str
    seconds: float


class Inserting(JobFamily[Params, str, None]):
    """A row of its own for each item."""

    name = "peers"
    entity = Entity("user", "users")
    params = Params
    # Holds nothing back: each item asks for its permit all the same.
    flow = Flow(execute=FlowControl(parallelism=1_000))

    def eligible(self, params: Params) -> Select[str]:
        return select(User.id).where(col(User.id) >= params.first, col(User.id) <= params.last)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: Params, ctx: Context) -> None:
        return None

    async def save(self, entity: str, result: None, params: Params, ctx: Context) -> None:
        await work(ctx.service(asyncpg.Pool), entity, params.seconds)


class InLargePages(Inserting):
    page_size = 500
    chunk_size = 100


FAMILIES = {"sluice": InLargePages, "sluice-default": Inserting}


@asynccontextmanager
async def _pool(_settings: ServiceSettings) -> AsyncIterator[asyncpg.Pool]:
    """The driver that the peers have: what is compared is not the work."""
    async with await open_pool(DATABASE) as pool:
        yield pool


class Sluice:
    at_once = 100

    def __init__(self, name: str) -> None:
        self.name = name
        self._opened = AsyncExitStack()

    async def prepare(self, place: Place) -> None:
        self._place = place
        await migrate(place.database)
        await make_users_table(place.database)
        self._service: Service = await self._opened.enter_async_context(
            open_service(
                bench_settings(), Urls(place.database, place.redis), [FAMILIES[self.name]()]
            )
        )
        async with self._service.database.begin() as tx:
            await tx.execute(text(f"TRUNCATE {TABLES} CASCADE"))
            await tx.execute(
                text(
                    "INSERT INTO tests.users (id, name, active, paid) SELECT"
                    " 'usr_' || lpad(n::text, 12, '0'), 'N', true, false"
                    " FROM generate_series(1, :items) AS n"
                ),
                {"items": place.items},
            )
        await self._service.redis.flushdb()

    async def start_worker(self, number: int) -> Worker:
        command = [sys.executable, "-m", "bench.peers.sluice", self.name]
        return await Program.started(
            command, self._place.environment(number), f"{self.name}-{number}"
        )

    async def enqueue(self, first: int, count: int, seconds: float) -> Sent:
        params = Params(
            first=f"usr_{first:012}", last=f"usr_{first + count - 1:012}", seconds=seconds
        )
        began = time.time()
        run = await self._service.client.trigger_process(
            self._service.families["peers"], RunRequest(params=params), started_by="bench"
        )
        self._sent = (run.run_id, count)
        return Sent(began, time.time())

    async def ended_at(self) -> float | None:
        run_id, count = self._sent
        while True:
            async with reading(self._service.database) as connection:
                run = await runs.get(connection, run_id)
            if run.status in ENDED:
                break
            await asyncio.sleep(0.02)
        if run.succeeded != count or run.finished_at is None:
            raise SystemExit(f"Of {count} items, the run has counted {run.succeeded}.")
        return run.finished_at.timestamp()

    async def stop(self) -> None:
        await self._opened.aclose()


async def _work(name: str) -> None:
    configure_logs("error", "json")
    urls = Urls(DATABASE, REDIS)
    providers = [Provider(asyncpg.Pool, _pool)]
    async with open_service(bench_settings(), urls, [FAMILIES[name]()], providers) as service:
        worker = service.worker()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        settle()  # as `sluice worker` does
        await worker.run()


if __name__ == "__main__":
    uvloop.run(_work(sys.argv[1]))
