"""A process that sends events, so that a test can kill it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import ROOT
from tests.support.service import Opener


@asynccontextmanager
async def sender_process(
    opener: Opener, module: str, number: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """``module`` run with ``send`` and how many events; whatever happens, it is gone at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, opener.settings.redis_prefix, "send", str(number),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": opener.urls.database, "REDIS_URL": opener.urls.redis},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
