"""A worker as a process of its own, so that a test can kill or stop it.

Run as ``python -m tests.support.worker_process DSN REDIS_URL PREFIX ITEM_SECONDS``. Each execution
leaves a row in the table ``execution``: the evidence that the tests judge by.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from sqlalchemy import Select, text
from sqlmodel import select

from app.bootstrap import Urls, open_service
from app.logs import configure_logs
from app.settings import Settings
from app.store.tables import User
from app.workflows.family import Context, Entity, FamilyParams, JobFamily

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = (
    "CREATE TABLE execution (item_id text, pid int, began timestamptz DEFAULT clock_timestamp())",
    "CREATE TABLE run_audit (run_id text, former text, status text)",
    """
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO run_audit VALUES (NEW.id, OLD.status, NEW.status); RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER audit AFTER UPDATE ON run FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION audit()
    """,
)


class Traced(JobFamily[FamilyParams, str, int]):
    """Writes down who executed what, and then takes a while."""

    name = "traced"
    entity = Entity("user", "users")

    def __init__(self, item_seconds: float = 0.0) -> None:
        self.item_seconds = item_seconds

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
        async with ctx.session() as session:
            await session.execute(
                text("INSERT INTO execution (item_id, pid) VALUES (:item, :pid)"),
                {"item": entity, "pid": os.getpid()},
            )
            await session.commit()
        await asyncio.sleep(self.item_seconds)
        return os.getpid()


@dataclass(frozen=True)
class Process:
    """A worker that runs elsewhere."""

    process: asyncio.subprocess.Process

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
        async with asyncio.timeout(15):
            return await self.process.wait()


@asynccontextmanager
async def worker_process(
    urls: Urls, prefix: str, *, item_seconds: float = 0.0
) -> AsyncIterator[Process]:
    """Start one and wait until it takes messages; whatever happens, it is gone at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.worker_process",
        urls.database, urls.redis, prefix, str(item_seconds),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"ready\n"
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def main(dsn: str, redis_url: str, prefix: str, item_seconds: str) -> None:
    configure_logs("warning", "json")
    settings = Settings.model_validate(
        {
            "SLUICE_REDIS_PREFIX": prefix,
            "SLUICE_WORKER_HEARTBEAT": 1,
            "SLUICE_WORKER_CONCURRENCY": 20,
        }
    )
    async with open_service(
        settings, Urls(dsn, redis_url), [Traced(float(item_seconds))]
    ) as service:
        worker = service.worker()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        await worker.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
