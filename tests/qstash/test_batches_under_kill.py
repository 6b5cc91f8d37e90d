"""The process that QStash calls is killed at each call for a provider's batch, before or after it
has an effect: every item gets its answer, and no request is paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
import pytest

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import KEY, ProviderServer, provider_server
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from app.services.provider import Provider
from app.workflows.contract.job_family import AnyFamily
from app.workflows.deferred.reply_writer import AT_ONCE
from tests.chaos.called_app import CalledApp, called_app
from tests.qstash.called_service import UNHEARD, settings_of
from tests.support.control import control
from tests.support.http import OPS, bearer
from tests.support.patience import PATIENCE
from tests.support.servers.ports import free_port
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.deferred.asking import QUICK, Deferring, asking, begun, endpoint, paid_once
from tests.workflows.deferred.killer import CANCEL, CREATE, LOOK, READ, UPLOAD, Killer, Stuck

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_proxy")]

SPEED = 20
RETRIED = 1_808 / SPEED
"""Seconds after which QStash delivers for the fourth time what has failed three times, as it may
while a busy machine starts the process anew."""
ITEMS = 12
ITEMS_MANY = AT_ONCE + 20
OPEN = """
    SELECT id FROM sluice.deferred_call
    UNION ALL SELECT id FROM sluice.provider_batch WHERE ended_at IS NULL
"""
POLLED = "SELECT 1 FROM sluice.provider_batch WHERE polls > 0"
SOME = "SELECT id FROM sluice.provider_batch WHERE output_read = :some AND done = :some"


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with provider_server(LocalProvider()) as server:
        yield server


def families() -> Sequence[AnyFamily]:
    return [Deferring()]


def asked(url: str) -> Sequence[Provider[Any]]:
    """One batch of all that waits when a tick comes."""
    return [endpoint(url, KEY, replace(QUICK, size=1_000, within=timedelta(milliseconds=1)))]


@dataclass(frozen=True)
class Called:
    sluice: Sluice
    qstash: LocalQStash
    running: CalledApp
    client: httpx2.AsyncClient

    async def tick_until(self, over: Callable[[], Any]) -> None:
        """A clock, for which a minute is a moment; it calls in vain while the process is dead."""
        async with asyncio.timeout(RETRIED + PATIENCE):
            while not await over():
                with suppress(httpx2.HTTPError):
                    (await self.client.post("/api/qstash/tick")).raise_for_status()
                await asyncio.sleep(0.05)

    async def found(self, query: str, **values: object) -> bool:
        return bool(await self.sluice.sql(query, **values))


@asynccontextmanager
async def _called(opener: Opener, server: ProviderServer) -> AsyncIterator[Called]:
    port = free_port()
    async with local_qstash(QStashOptions(speed=SPEED)) as qstash:
        settings = settings_of(qstash, f"http://127.0.0.1:{port}")
        async with asking(opener, server)(*families(), **settings) as sluice:
            providers = partial(asked, server.url)
            async with (
                called_app(
                    sluice.service.settings, opener.urls, port, families, providers
                ) as running,
                httpx2.AsyncClient(
                    base_url=running.url, headers=bearer(OPS), timeout=PATIENCE, trust_env=False
                ) as client,
            ):
                yield Called(sluice, qstash, running, client)


async def _played(opener: Opener, server: ProviderServer, killer: Killer) -> None:
    async with _called(opener, server) as called:
        sluice = called.sluice
        await sluice.add_users(ITEMS)
        run_id = await sluice.start()
        await begun(sluice, run_id, ITEMS)
        killer.victim = called.running
        await called.tick_until(_async(killer.struck.is_set))
        await called.running.start()
        await _ended_well(called, server, run_id, ITEMS)


async def _ended_well(called: Called, server: ProviderServer, run_id: str, items: int) -> None:
    sluice = called.sluice

    async def over() -> bool:
        if called.qstash.parts.dispatcher.settled:
            await sluice.sql(UNHEARD)  # it gave up while nobody was there
        ended = (await sluice.run(run_id)).finished_at is not None
        return ended and not await called.found(OPEN)

    await called.tick_until(over)
    run, rows = await sluice.run(run_id), await sluice.items(run_id)
    assert_exact(run, rows)
    assert run.succeeded == items
    assert paid_once(server.provider, *(row.item_id for row in rows))
    assert run.spent_tokens == sum(len(row.item_id) for row in rows)
    assert called.running.kills == 1


def _async(told: Callable[[], bool]) -> Callable[[], Any]:
    async def asked() -> bool:
        return told()

    return asked


@pytest.mark.parametrize("call", [UPLOAD, CREATE, LOOK, READ])
async def test_killed_before_a_call_has_an_effect(
    opener: Opener, server: ProviderServer, call: str
) -> None:
    server.before = killer = Killer(call)
    await _played(opener, server, killer)


@pytest.mark.parametrize(
    ("call", "hidden"),
    [(UPLOAD, 0.0), (UPLOAD, 1.5), (CREATE, 0.0), (CREATE, 1.5), (LOOK, 0.0), (READ, 0.0)],
)
async def test_killed_after_a_call_had_its_effect(
    opener: Opener, server: ProviderServer, call: str, hidden: float
) -> None:
    """``hidden``: the provider's lists do not show at once what was made."""
    server.provider.hidden = hidden
    server.after = killer = Killer(call)
    await _played(opener, server, killer)
    assert len(server.provider.batches) == server.calls.count(CREATE) == 1


async def test_killed_amid_the_answers_goes_on_behind_those_that_are_written(
    opener: Opener, server: ProviderServer
) -> None:
    server.after = stuck = Stuck(server.provider, AT_ONCE + 5)
    async with _called(opener, server) as called:
        sluice = called.sluice
        await sluice.add_users(ITEMS_MANY)
        run_id = await sluice.start()
        await begun(sluice, run_id, ITEMS_MANY)
        ticking = asyncio.create_task(called.tick_until(_async(stuck.goes.is_set)))
        async with asyncio.timeout(PATIENCE):
            while not await called.found(SOME, some=AT_ONCE):
                await asyncio.sleep(0.02)
        await called.running.kill()
        stuck.goes.set()
        await ticking
        await called.running.start()
        await _ended_well(called, server, run_id, ITEMS_MANY)


@pytest.mark.parametrize("heard", [False, True], ids=["unheard", "heard"])
async def test_killed_at_the_cancel_of_a_batch_for_which_nobody_waits(
    opener: Opener, server: ProviderServer, *, heard: bool
) -> None:
    killer = Killer(CANCEL)
    setattr(server, "after" if heard else "before", killer)
    server.provider.pace = 1_000.0
    async with _called(opener, server) as called:
        sluice = called.sluice
        await sluice.add_users(ITEMS)
        run_id = await sluice.start()
        await begun(sluice, run_id, ITEMS)
        await called.tick_until(partial(called.found, POLLED))
        killer.victim = called.running
        await control(sluice, "cancel", run_id)
        await called.tick_until(_async(killer.struck.is_set))
        await called.running.start()
        await called.tick_until(_async(lambda: server.provider.cancels > 0))
        server.provider.pace = 0.01

        async def over() -> bool:
            return not await called.found(OPEN)

        await called.tick_until(over)
        run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert (run.status, run.cancelled) == ("cancelled", ITEMS)
    assert {batch.status for batch in server.provider.batches.values()} == {"cancelled"}
    assert not server.provider.paid
