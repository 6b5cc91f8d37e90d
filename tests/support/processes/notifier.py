"""A process that sends notifications and does nothing else, so that a test can kill it.

Run as ``python -m tests.support.processes.notifier PREFIX``, with DATABASE_URL and REDIS_URL.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

from app.bootstrap import Urls, open_service
from app.logs import configure_logs
from app.settings import Settings
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import ROOT, Process


@asynccontextmanager
async def notifier(urls: Urls, prefix: str) -> AsyncIterator[Process]:
    """Start one and wait until it sends; whatever happens, it is gone at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.processes.notifier", prefix,
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
        {"SLUICE_REDIS_PREFIX": prefix, "SLUICE_NOTIFY_PRIVATE": "127.0.0.0/8"}
    )
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    async with open_service(settings, urls, []) as service:
        print("ready", flush=True)  # noqa: T201 - what the parent waits for
        await service.api.notifications.sender.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
