"""Two thousand items while deliveries are repeated, delayed, reordered and lost, and while the
process is killed that QStash calls: nothing is lost or counted twice, and there is one end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest

from app.errors import Conflict, NotFound
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from app.store.database import reading
from app.store.steps import questions
from tests.chaos.called_app import CalledApp, CalledChaos, called_app
from tests.chaos.family import TABLES
from tests.chaos.verdict import judge
from tests.qstash.called_service import UNHEARD, settings_of
from tests.support.http import OPS, bearer
from tests.support.servers.ports import free_port
from tests.support.service import Opener, Sluice

ITEMS = 2_000
KILLS = 5
KILL_EVERY = 4.0
"""Seconds."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# As if the minutes had passed until the next try.
_AGAIN = "UPDATE sluice.outbox SET try_at = now() WHERE try_at > now() AND due_at <= now()"


async def test_nothing_is_lost_or_doubled_while_the_process_is_killed(opener: Opener) -> None:
    faults = Faults(
        seed=11, repeat=0.05, delay=0.1, reorder=0.2, lose_answer=0.05, vanish=0.02,
        refuse_in_batch=0.02, lose_acknowledgement=0.02, longest=0.3,
    )  # fmt: skip
    port = free_port()
    async with local_qstash(QStashOptions(speed=20), faults) as qstash:
        changed = {
            **settings_of(qstash, f"http://127.0.0.1:{port}"),
            "worker_concurrency": 40,
            "pool_size": 8,
        }
        async with opener(CalledChaos(), **changed) as sluice:
            for table in TABLES:
                await sluice.sql(table)
            await sluice.add_users(ITEMS)
            settings = sluice.service.settings
            async with called_app(settings, opener.urls, port) as running:
                run_id = await sluice.start()
                async with _beside(sluice, running, qstash):
                    for _ in range(KILLS):
                        await asyncio.sleep(KILL_EVERY)
                        await running.kill()
                        await running.start()
                    await sluice.ended(run_id, within=300)
                verdict = await judge(sluice, [run_id], ITEMS, running.kills)
            await sluice.sql("DELETE FROM sluice.outbox")
    assert verdict.clean, f"{verdict} {verdict.illegal}"
    assert verdict.kills >= KILLS
    assert {"repeat", "delay", "reorder", "lose_answer", "vanish"} <= faults.counted.keys()


@asynccontextmanager
async def _beside(sluice: Sluice, running: CalledApp, qstash: LocalQStash) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(_tick(sluice, running, qstash)),
        asyncio.create_task(_answer(sluice)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended


async def _tick(sluice: Sluice, running: CalledApp, qstash: LocalQStash) -> None:
    """A clock, for which a minute is a second; and a day passes whenever QStash has nothing left,
    although it was given more than has come of it."""
    async with httpx2.AsyncClient(
        base_url=running.url, headers=bearer(OPS), timeout=60, trust_env=False
    ) as client:
        number = 0
        while True:
            await asyncio.sleep(1)
            number += 1
            if number % 5 == 0:
                await sluice.sql(_AGAIN)
            if qstash.parts.dispatcher.settled:
                await sluice.sql(UNHEARD)
            with suppress(httpx2.HTTPError):  # the process is dead just now
                await client.post("/api/qstash/tick")


async def _answer(sluice: Sluice) -> None:
    """Whatever an item waits for, somebody answers."""
    answering = sluice.service.api.answering
    while True:
        await asyncio.sleep(0.3)
        async with reading(sluice.service.database) as connection:
            [run_id] = [row[0] for row in await sluice.sql("SELECT id FROM sluice.run")]
            asked = await questions.waiting(connection, run_id, limit=100)
        for question in asked:
            with suppress(Conflict, NotFound):
                await answering.answer(question, "told", by="ops")
