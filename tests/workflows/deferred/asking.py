"""Items that ask a local provider's Batch API, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import ProviderServer
from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.policy import BatchPolicy
from app.services.provider import Provider
from app.services.settings import ServiceSettings
from app.store.tables.runs import Run
from app.workflows.family import Context
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.stepped import Stepped

QUICK = BatchPolicy(
    size=1_000,
    within=timedelta(seconds=0.2),
    poll=timedelta(seconds=0.05),
    settle=timedelta(seconds=0.3),
)
TIMEOUT = 2.0
DUE = "UPDATE sluice.deferred_call SET due_at = now() - interval '2 hours'"
"""What waits for others may go into a batch now."""
LEFT = """
    SELECT id FROM sluice.deferred_call
    UNION ALL SELECT id FROM sluice.provider_batch WHERE ended_at IS NULL
"""
MANY = "many "
"""Before the URL that a process is given: its batches are of 220 requests."""


def endpoint(url: str | None, key: str, policy: BatchPolicy = QUICK) -> Provider[Any]:
    @asynccontextmanager
    async def opened(_settings: ServiceSettings) -> AsyncIterator[BatchEndpoint]:
        made = BatchEndpoint(url, key, policy=policy, timeout=TIMEOUT)
        try:
            yield made
        finally:
            await made.aclose()

    return Provider(BatchEndpoint, opened)


def asking(opener: Opener, server: ProviderServer, **policy: Any) -> Opener:
    """One whose services ask that provider."""
    return replace(
        opener,
        providers=[endpoint(server.url, server.key, replace(QUICK, **policy))],
    )


def request(item: str, **more: object) -> dict[str, Any]:
    return {"model": "small-1", "messages": [{"role": "user", "content": item}], **more}


class Deferring(Stepped):
    """Each item asks the provider to say its id again."""

    name = "deferring"
    attempts = 1

    def __init__(self, body: Callable[[str], dict[str, Any]] = request) -> None:
        super().__init__(self._ask)
        self.body = body

    async def _ask(self, item: str, ctx: Context) -> str:
        reply = await ctx.deferred("ask", self.body(item))
        said: str = reply.body["choices"][0]["message"]["content"]
        return said


def paid_once(provider: LocalProvider, *items: str) -> bool:
    """Whether exactly these were answered, each once."""
    return dict(provider.paid) == {json.dumps(request(item), sort_keys=True): 1 for item in items}


async def begun(sluice: Sluice, run_id: str, waiting: int) -> None:
    """Return once so many items of the run are suspended."""
    async with asyncio.timeout(PATIENCE):
        while (await sluice.run(run_id)).suspended < waiting:
            await asyncio.sleep(0.02)


async def waiting(sluice: Sluice, items: int) -> str:
    """A run of which each item waits, and whose requests may go into batches now. Returns its
    id."""
    await sluice.add_users(items)
    run_id = await sluice.start()
    async with sluice.worker():
        await begun(sluice, run_id, items)
    await sluice.sql(DUE)
    return run_id


async def played(sluice: Sluice, users: int) -> Run:
    run = await sluice.played(users)
    assert await sluice.sql("SELECT 1 FROM sluice.deferred_call") == []
    return run


async def none_left(sluice: Sluice) -> None:
    """Return once no request waits, and no batch is open."""
    async with asyncio.timeout(PATIENCE):
        while await sluice.sql(LEFT):
            await asyncio.sleep(0.02)
