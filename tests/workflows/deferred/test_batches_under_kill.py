"""Whoever looks after a batch is killed, at each of its calls and before or after they have an
effect: every item gets its answer, and no request is paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import Response
from fastapi.responses import StreamingResponse

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import ProviderServer, provider_server
from app.workflows.deferred.reply_writer import AT_ONCE
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import Process, worker_process
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import MANY, Deferring, asking, paid_once

pytestmark = pytest.mark.slow

MODULE = "tests.workflows.deferred.asking_process"
ITEMS = 12
ITEMS_MANY = AT_ONCE + 20
SOME = "SELECT id FROM sluice.provider_batch WHERE output_read = :some AND done = :some"
UPLOAD, CREATE = "POST /v1/files", "POST /v1/batches"
LOOK, READ = "GET /v1/batches/", "GET /v1/files/"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # a proxy of the machine's must not stand between


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with provider_server(LocalProvider()) as server:
        yield server


class Killer:
    """Kills the worker at the first call that begins so."""

    def __init__(self, call: str) -> None:
        self.call = call
        self.worker: Process | None = None
        self.struck = asyncio.Event()

    async def __call__(self, call: str) -> Response | None:
        if self.struck.is_set() or self.worker is None or not call.startswith(self.call):
            return None
        await self.worker.kill()
        self.struck.set()
        return Response(status_code=503)  # nobody is there to read it


async def _played(
    opener: Opener, server: ProviderServer, killer: Killer, users: int = ITEMS
) -> None:
    family, prefix = Deferring(), opener.settings.redis_prefix
    async with asking(opener, server)(family) as sluice:
        await sluice.add_users(users)
        run_id = await sluice.start()
        async with worker_process(
            opener.urls, prefix, fatal=server.url, module=MODULE
        ) as killer.worker:
            async with asyncio.timeout(PATIENCE):
                await killer.struck.wait()
        async with worker_process(opener.urls, prefix, fatal=server.url, module=MODULE):
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
        assert run.succeeded == users
        assert paid_once(server.provider, *(row.item_id for row in rows))
        assert await _left(sluice) == (0, 0)
        tokens = sum(len(row.item_id) for row in rows)
        assert run.spent_tokens == tokens


async def _left(sluice: Sluice) -> tuple[int, int]:
    [row] = await sluice.sql(
        "SELECT (SELECT count(*) FROM sluice.deferred_call),"
        " (SELECT count(*) FROM sluice.provider_batch WHERE ended_at IS NULL)"
    )
    return row[0], row[1]


@pytest.mark.parametrize("call", [UPLOAD, CREATE, LOOK, READ])
async def test_killed_before_a_call_has_an_effect(
    opener: Opener, server: ProviderServer, call: str
) -> None:
    server.before = killer = Killer(call)
    await _played(opener, server, killer)


@pytest.mark.parametrize("call", [UPLOAD, CREATE, LOOK, READ])
@pytest.mark.parametrize("hidden", [0.0, 1.5], ids=["shown", "hidden"])
async def test_killed_after_a_call_had_its_effect(
    opener: Opener, server: ProviderServer, call: str, hidden: float
) -> None:
    """``hidden``: the provider's lists do not show at once what was made."""
    server.provider.hidden = hidden
    server.after = killer = Killer(call)
    await _played(opener, server, killer)
    assert len(server.provider.batches) == server.calls.count(CREATE)


async def test_killed_amid_the_answers_goes_on_behind_those_that_are_written(
    opener: Opener, server: ProviderServer
) -> None:
    goes = asyncio.Event()

    async def stuck(call: str) -> Response | None:
        """More lines than are written at once, and then nothing."""
        if goes.is_set() or not call.startswith(READ):
            return None
        lines = server.provider.file(call.split("/")[-2]).content.splitlines(keepends=True)

        async def content() -> AsyncIterator[bytes]:
            yield b"".join(lines[: AT_ONCE + 5])
            await goes.wait()

        return StreamingResponse(content())

    server.after = stuck
    family, prefix = Deferring(), opener.settings.redis_prefix
    async with asking(opener, server, size=ITEMS_MANY)(family) as sluice:
        await sluice.add_users(ITEMS_MANY)
        run_id = await sluice.start()
        async with worker_process(
            opener.urls, prefix, fatal=MANY + server.url, module=MODULE
        ) as one:
            async with asyncio.timeout(PATIENCE):
                while not await sluice.sql(SOME, some=AT_ONCE):
                    await asyncio.sleep(0.02)
            await one.kill()
        goes.set()
        async with worker_process(opener.urls, prefix, fatal=MANY + server.url, module=MODULE):
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
        assert run.succeeded == ITEMS_MANY
        assert paid_once(server.provider, *(row.item_id for row in rows))
        assert await _left(sluice) == (0, 0)
        assert run.spent_tokens == sum(len(row.item_id) for row in rows)
