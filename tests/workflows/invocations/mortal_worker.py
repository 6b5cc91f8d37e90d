"""A worker for ``postcard`` as a process of its own, so that a test can kill it.

Run as ``python -m tests.workflows.invocations.mortal_worker PREFIX``. A card has two steps, each of
which leaves a row in the table ``evidence``; the second one is begun when the table ``gate`` has a
row.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop
from sqlalchemy import text

from app.bootstrap import Urls, open_service
from app.logs import configure_logs
from app.settings import Settings
from app.workflows.family import Context
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import ROOT, Process
from tests.workflows.invocations.postcards import Postcard, Postcards, Style

TABLES = ("CREATE TABLE evidence (item_id text, step text, told text)", "CREATE TABLE gate (n int)")


class Stepwise(Postcards):
    async def execute(self, entity: Postcard, params: Style, ctx: Context) -> str:
        first = await ctx.run("first", self._note, "first", entity.to_whom, ctx)
        await self._gate(ctx)
        assert entity.secret is not None
        return f"{first} {await ctx.run('second', self._note, 'second', entity.to_whom, ctx)}"

    async def _note(self, step: str, told: str, ctx: Context) -> str:
        async with ctx.session() as session:
            row = {"item": ctx.item_id, "step": step, "told": told}
            connection = await session.connection()
            await connection.execute(text("INSERT INTO evidence VALUES (:item, :step, :told)"), row)
            await session.commit()
        return f"{step} for {told}"

    async def _gate(self, ctx: Context) -> None:
        while True:
            async with ctx.session() as session:
                connection = await session.connection()
                if (await connection.execute(text("SELECT 1 FROM gate"))).first() is not None:
                    return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def mortal_worker(urls: Urls, prefix: str) -> AsyncIterator[Process]:
    """Started, and gone at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workflows.invocations.mortal_worker", prefix,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": urls.database, "REDIS_URL": urls.redis},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert await process.stdout.readline() == b"ready\n"
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def main(prefix: str) -> None:
    configure_logs("warning", "json")
    settings = Settings.model_validate(
        {"SLUICE_REDIS_PREFIX": prefix, "SLUICE_WORKER_HEARTBEAT": 1}
    )
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    async with open_service(settings, urls, [Stepwise()]) as service:
        worker = service.worker()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        await worker.run()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
