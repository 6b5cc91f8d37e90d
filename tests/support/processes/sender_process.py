"""A process that sends events, so that a test can kill it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.processes.forked_module import ForkedModule, forked_module
from tests.support.service import Opener


@asynccontextmanager
async def sender_process(opener: Opener, module: str, number: int) -> AsyncIterator[ForkedModule]:
    """``module`` run with ``send`` and how many events; whatever happens, it is gone at the end."""
    async with forked_module(
        module,
        opener.settings.redis_prefix,
        "send",
        str(number),
        env={"DATABASE_URL": opener.urls.database, "REDIS_URL": opener.urls.redis},
    ) as process:
        yield process
