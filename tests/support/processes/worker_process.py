"""A worker as a process of its own, so that a test can kill or stop it.

Run with ``PREFIX SECONDS PARALLELISM RATE [FATAL]``: seconds of an item, 0 for no limit, and the
item that ends the process. Servers and the heartbeat are in its environment. Each execution leaves
a row in the table ``execution``: the evidence that the tests judge by.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop
from sqlalchemy import Select, text
from sqlmodel import select

from app.bootstrap import Urls, open_service
from app.flow.limits import OPEN, FlowControl
from app.logs import configure_logs
from app.services.provider import Provider
from app.services.providers import PROVIDERS
from app.settings import Settings
from app.workflows.contract.job_family import AnyFamily
from app.workflows.family import Context, Entity, FamilyParams, FinishedRun, Flow, JobFamily
from tests.support.patience import PATIENCE
from tests.support.processes.forked_module import ForkedModule, forked_module
from tests.support.users import User

FINISH = "finish"
"""In place of a fatal item: the family has a finish, in which the first process ends."""
UVLOOP = 0.002
"""Seconds to which the clock is exact by which these processes wait."""
EVIDENCE = (
    """
    CREATE TABLE execution (
        id bigint GENERATED ALWAYS AS IDENTITY, item_id text, pid int,
        began timestamptz DEFAULT clock_timestamp(), ended timestamptz
    )
    """,
    "CREATE TABLE run_audit (run_id text, former text, status text)",
    """
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO run_audit VALUES (NEW.id, OLD.status, NEW.status); RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER audit AFTER UPDATE ON sluice.run FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION audit()
    """,
)


class Traced(JobFamily[FamilyParams, str, int]):
    """Writes down who executed what, and then takes a while."""

    name = "traced"
    entity = Entity("user", "users")

    def __init__(self, item_seconds: float = 0.0, fatal: str | None = None) -> None:
        self.item_seconds = item_seconds
        self.fatal = fatal

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
        async with ctx.session() as session:
            await (await session.connection()).execute(
                text("INSERT INTO execution (item_id, pid) VALUES (:item, :pid)"),
                {"item": entity, "pid": os.getpid()},
            )
            await session.commit()
        await asyncio.sleep(self.item_seconds)
        if entity == self.fatal:
            os._exit(9)  # as a native crash, or the kernel when memory runs out
        return os.getpid()


class Finishing(Traced):
    """Says so when a run's items have ended, and the first time ends the process amid that."""

    async def finish(self, run: FinishedRun[int], ctx: Context) -> dict[str, int]:
        await ctx.run("report", self._noted, ctx, "report")
        if await self._noted(ctx, "after") == 1:
            os._exit(9)
        return {"succeeded": run.succeeded}

    async def _noted(self, ctx: Context, what: str) -> int:
        """Returns how often."""
        async with ctx.session() as session:
            connection = await session.connection()
            await connection.execute(
                text("INSERT INTO execution (item_id, pid) VALUES (:what, :pid)"),
                {"what": what, "pid": os.getpid()},
            )
            number = await connection.scalar(
                text("SELECT count(*) FROM execution WHERE item_id = :what"), {"what": what}
            )
            await session.commit()
        return int(number or 0)


def limited(item_seconds: float, control: FlowControl) -> Traced:
    """``traced`` under a flow control; it also writes down when it really began and ended.

    Both are this machine's clock as the item sees it: what the way to Postgres takes is no part of
    when an item started.
    """

    class Limited(Traced):
        flow = Flow(execute=control)

        async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
            began = time.time()
            async with ctx.session() as session:
                row = await (await session.connection()).execute(
                    text(
                        "INSERT INTO execution (item_id, pid, began)"
                        " VALUES (:item, :pid, to_timestamp(:began)) RETURNING id"
                    ),
                    {"item": entity, "pid": os.getpid(), "began": began},
                )
                number = row.scalar_one()
                await session.commit()
            await asyncio.sleep(self.item_seconds)
            async with ctx.session() as session:
                await (await session.connection()).execute(
                    text("UPDATE execution SET ended = to_timestamp(:ended) WHERE id = :number"),
                    {"number": number, "ended": time.time()},
                )
                await session.commit()
            return os.getpid()

    return Limited(item_seconds)


@dataclass(frozen=True)
class Process:
    """A worker that runs elsewhere."""

    process: ForkedModule

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """Ask it to stop, and wait. Returns its exit code."""
        self.send(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def worker_process(
    urls: Urls,
    prefix: str,
    *,
    item_seconds: float = 0.0,
    control: FlowControl = OPEN,
    fatal: str | None = None,
    module: str = "tests.support.processes.worker_process",
    heartbeat: float = 1.0,
) -> AsyncIterator[Process]:
    """Start one and wait until it takes messages; whatever happens, it is gone at the end.

    ``control`` is that of its items; a rate is by the second. ``fatal``: the item that ends it.
    ``module``: which is run; another one has a family of its own, and takes the same arguments.
    ``heartbeat``: seconds of silence after which another takes over, as it may whenever this
    machine has the worker wait for so long.
    """
    async with forked_module(
        module,
        prefix,
        str(item_seconds),
        str(control.parallelism or 0),
        str(control.rate or 0),
        *([fatal] if fatal else []),
        env={
            "DATABASE_URL": urls.database,
            "REDIS_URL": urls.redis,
            "SLUICE_WORKER_HEARTBEAT": str(heartbeat),
        },
    ) as process:
        yield Process(process)


@asynccontextmanager
async def worker_processes(
    number: int, urls: Urls, prefix: str, *, item_seconds: float, control: FlowControl
) -> AsyncIterator[list[Process]]:
    """Several that start at the same time, none of which is taken for dead."""
    async with AsyncExitStack() as stack:
        opening = [
            worker_process(
                urls, prefix, item_seconds=item_seconds, control=control, heartbeat=PATIENCE
            )
            for _ in range(number)
        ]
        yield list(await asyncio.gather(*(stack.enter_async_context(one) for one in opening)))


async def main(
    prefix: str,
    item_seconds: str,
    parallelism: str,
    rate: str,
    fatal: str | None = None,
) -> None:
    control = FlowControl(parallelism=int(parallelism) or None, rate=float(rate) or None)
    seconds = float(item_seconds)
    family = Traced(seconds, fatal) if control.open else limited(seconds, control)
    await work(prefix, Finishing(seconds) if fatal == FINISH else family)


async def work(
    prefix: str, family: AnyFamily, providers: Sequence[Provider[Any]] = PROVIDERS
) -> None:
    """Until it is told to stop."""
    configure_logs("warning", "json")
    settings = Settings.model_validate(
        {
            "SLUICE_REDIS_PREFIX": prefix,
            "SLUICE_WORKER_HEARTBEAT": os.environ["SLUICE_WORKER_HEARTBEAT"],
            "SLUICE_WORKER_CONCURRENCY": 20,
        }
    )
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    async with open_service(settings, urls, [family], providers) as service:
        worker = service.worker()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        await worker.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
