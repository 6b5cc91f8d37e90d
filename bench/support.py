"""What the rows share: servers of their own, families that do nothing, workers as processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import uvloop
from sqlalchemy import BigInteger, Select, Text, case, cast, func, text
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import col, select

from app.bootstrap import Service, Urls, open_service
from app.cli.server.environment import settle
from app.logs import configure_logs
from app.migrate import migrate
from app.settings import Settings
from app.store.database import reading
from app.store.runs import runs
from app.store.statuses import ENDED
from app.store.tables.runs import Run
from app.workflows.client import RunRequest
from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
    Overlap,
    Remembered,
    batched,
)
from bench.sampling import Sampler
from tests.support.users import User, make_users_table

DATABASE = "sluice_bench"
PREFIX = "sluice-bench"
TOKEN = "of-whoever-scrapes-the-bench"  # noqa: S105 - nobody else is let in by it
TABLES = (
    "tests.users, sluice.run, sluice.run_event, sluice.item, sluice.step, sluice.output,"
    " sluice.message, sluice.outbox, sluice.remembered, sluice.run_partition, sluice.parked_item"
)
ROOT = Path(__file__).resolve().parents[1]
BIG = "big"
"""The partition of the first items, where a shape says so."""


@dataclass(frozen=True)
class Shape:
    """What a family of a row does: how long an item takes, and what limits it."""

    seconds: float = 0.0
    parallelism: int | None = None
    rate: float | None = None
    page_size: int = 50
    chunk_size: int = 20
    cached: bool = False
    """``existing`` asks Redis for what ``save`` would have written."""
    remembers: bool = False
    """Sluice is to know what has a result."""
    steps: int = 0
    """How many steps an item takes, one after another, each with a small result."""
    partitions: int = 0
    """So many, which the items are of in turns; 0: eligible() selects none."""
    per_partition: int | None = None
    overlaps: bool = False
    """Several runs may be under way."""
    big: int = 0
    """The first so many items are of one partition more."""
    metrics: bool = False
    """Somebody may scrape, and so its work is counted."""
    batched: float = 0.0
    """Seconds of a call that takes the values of a hundred items; 0: there is none."""


class Bench(JobFamily[FamilyParams, str, None]):
    """Sleeps, or does nothing at all, so that what remains is what Sluice itself costs."""

    name = "bench"
    entity = Entity("user", "users")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.page_size = shape.page_size  # type: ignore[misc]  # a shape for each row
        self.chunk_size = shape.chunk_size  # type: ignore[misc]
        self.flow = Flow(  # type: ignore[misc]
            execute=FlowControl(
                parallelism=shape.parallelism, rate=shape.rate, per_partition=shape.per_partition
            )
        )
        if shape.overlaps:
            self.overlap = Overlap.ALLOW  # type: ignore[misc]
        if shape.remembers:
            self.existing = Remembered()  # type: ignore[method-assign]  # a shape for each row

    def eligible(self, params: FamilyParams) -> Select[str] | Select[str, str]:
        if not self.shape.partitions:
            return select(User.id).where(col(User.active))
        number = cast(func.substr(User.id, 5), BigInteger)
        turn = cast(number % self.shape.partitions, Text)
        of = case((number <= self.shape.big, BIG), else_=turn)
        return sqlalchemy_select(col(User.id), of).where(col(User.active))

    async def existing(
        self, ids: Sequence[str], params: FamilyParams, ctx: Context
    ) -> Sequence[str]:
        if not self.shape.cached:
            return ()
        found = await ctx.redis.mget([ctx.key("bench", item_id) for item_id in ids])
        return [i for i, value in zip(ids, found, strict=True) if value is not None]

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> None:
        if self.shape.seconds:
            await asyncio.sleep(self.shape.seconds)
        for number in range(self.shape.steps):
            await ctx.run(f"step-{number}", self._step, entity, number)

        if self.shape.batched:
            await ctx.batched("embed", entity)

    @batched(size=100)
    async def embed(
        self, texts: list[str], params: FamilyParams, ctx: Context
    ) -> list[list[float]]:
        await ctx.redis.incr(ctx.key("bench", "calls"))
        await asyncio.sleep(self.shape.batched)
        return [[float(len(text)), 1.0] for text in texts]

    async def _step(self, entity: str, number: int) -> dict[str, object]:
        return {"of": entity, "number": number}


def bench_settings(**changed: object) -> Settings:
    """Nothing is pruned unless a row does so itself."""
    kept = {"SLUICE_REDIS_PREFIX": PREFIX, "SLUICE_RETENTION_DAYS": 0}
    return Settings.model_validate({**kept, **changed})


def _settings_of(shape: Shape) -> Settings:
    return bench_settings(**({"SLUICE_METRICS_TOKEN": TOKEN} if shape.metrics else {}))


@asynccontextmanager
async def opened(
    urls: Urls, shape: Shape, users: int, *, keep: bool = False
) -> AsyncIterator[Service]:
    """A service over a database with so many users, none of whom has a result.

    Args:
        keep: the runs that are there; else they are deleted.
    """
    await migrate(urls.database)
    await make_users_table(urls.database)
    async with open_service(_settings_of(shape), urls, [Bench(shape)]) as service:
        async with service.database.begin() as tx:
            await tx.execute(text(f"TRUNCATE {'tests.users' if keep else TABLES} CASCADE"))
            await tx.execute(
                text(
                    "INSERT INTO tests.users (id, name, active, paid) SELECT"
                    " 'usr_' || lpad(n::text, 12, '0'), 'N', true, false"
                    " FROM generate_series(1, :users) AS n"
                ),
                {"users": users},
            )
        async with reading(service.database) as connection:
            await connection.execute(text("VACUUM ANALYZE"))
        await service.redis.flushdb()
        yield service


async def start(service: Service) -> str:
    request = RunRequest(params=FamilyParams())
    bound = service.families["bench"]
    return (await service.client.trigger_process(bound, request, started_by="bench")).run_id


async def ended(service: Service, run_id: str, *, within: float = 3600, every: float = 0.05) -> Run:
    async with asyncio.timeout(within):
        while True:
            async with reading(service.database) as connection:
                run = await runs.get(connection, run_id)
            if run.status in ENDED:
                return run
            await asyncio.sleep(every)


async def timings(service: Service, run_id: str) -> list[tuple[datetime, datetime]]:
    """When each item began and ended, by the clock of the worker that had it."""
    async with reading(service.database) as connection:
        rows = await connection.execute(
            text("SELECT started_at, finished_at FROM sluice.item WHERE run_id = :id ORDER BY 1"),
            {"id": run_id},
        )
        return [(row[0], row[1]) for row in rows]


def most_at_once(spans: Sequence[tuple[datetime, datetime]]) -> int:
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def most_starts(spans: Sequence[tuple[datetime, datetime]], window: timedelta) -> int:
    starts, first, most = sorted(begin for begin, _ in spans), 0, 0
    for last, begin in enumerate(starts):
        while begin - starts[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


@asynccontextmanager
async def workers(
    urls: Urls, shape: Shape, number: int, *, samples: Path | None = None
) -> AsyncIterator[list[psutil.Process]]:
    """So many worker processes, ready to take messages.

    Args:
        samples: where a worker writes, when it ends, what its processor time went to.
    """
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(_worker(urls, shape, samples)) for _ in range(number)
        ]


@asynccontextmanager
async def _worker(urls: Urls, shape: Shape, samples: Path | None) -> AsyncIterator[psutil.Process]:
    more = [] if samples is None else [str(samples)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.support", json.dumps(asdict(shape)), *more,
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        # No list of processes shows the passwords in them.
        env={**os.environ, "DATABASE_URL": urls.database, "REDIS_URL": urls.redis},
    )  # fmt: skip
    try:
        if process.stdout is None or await process.stdout.readline() != b"ready\n":
            raise SystemExit("A worker did not start.")
        yield psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _work(shape: str, samples: str | None = None) -> None:
    configure_logs("error", "json")
    family = Bench(Shape(**json.loads(shape)))
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    async with open_service(_settings_of(family.shape), urls, [family]) as service:
        worker = service.worker()
        settle()  # as `sluice worker` does
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        sampler = Sampler()
        if samples is not None:
            sampler.start()
        running = asyncio.create_task(worker.run())
        await worker.begun.wait()
        print("ready", flush=True)
        await running
        if samples is not None:
            sampler.stop(Path(samples))


if __name__ == "__main__":
    uvloop.run(_work(*sys.argv[1:]))
