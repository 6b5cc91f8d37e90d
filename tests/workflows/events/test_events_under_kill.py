"""Whoever dies, and whenever: each event asks once, and what it asks for is started once. Real
processes, which are really gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.patience import PATIENCE
from tests.support.processes.sender_process import sender_process
from tests.support.processes.worker_process import EVIDENCE, worker_process
from tests.support.service import Opener, Sluice
from tests.workflows.events.hearing_process import Traced, TracedAlone, event_of, user_of

pytestmark = pytest.mark.slow

PROCESS = "tests.workflows.events.hearing_process"
EVENTS = 300


@asynccontextmanager
async def opened(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Traced(), TracedAlone()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        yield sluice


async def _there(sluice: Sluice) -> int:
    [[number]] = await sluice.sql("SELECT count(*) FROM sluice.event")
    return int(number)


async def test_a_sender_that_is_killed_and_repeats_itself_loses_and_doubles_nothing(
    opener: Opener,
) -> None:
    async with opened(opener) as sluice:
        for stage in (40, 120, 200):
            async with (
                sender_process(opener, PROCESS, EVENTS) as process,
                asyncio.timeout(PATIENCE),
            ):
                while await _there(sluice) < stage:
                    await asyncio.sleep(0.002)
                process.kill()
                await process.wait()
            # A call is there as a whole, with what it asks of both families.
            [row] = await sluice.sql(
                "SELECT (SELECT count(*) FROM sluice.event), (SELECT sum(events) FROM"
                " sluice.event_start), (SELECT count(*) FROM sluice.event WHERE starts IS NULL)"
            )
            assert row[0] % 2 == 0
            assert (row[1], row[2]) == (2 * row[0], 0)
        async with sender_process(opener, PROCESS, EVENTS) as process, asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
        [row] = await sluice.sql(
            "SELECT (SELECT count(*) FROM sluice.event),"
            " (SELECT sum(events) FROM sluice.event_start)"
        )
    assert (row[0], row[1]) == (EVENTS, 2 * EVENTS)


@pytest.mark.parametrize("alone", [False, True], ids=["beside", "alone"])
async def test_workers_that_are_killed_lose_and_double_nothing(
    opener: Opener, *, alone: bool
) -> None:
    family, prefix = (TracedAlone if alone else Traced).name, opener.settings.redis_prefix
    word = "alone" if alone else None
    async with opened(opener) as sluice:
        inbox = sluice.service.api.events.inbox

        async def sending() -> None:
            for number in range(EVENTS):
                await inbox.take([event_of(number)], sender="test")

        sends = asyncio.create_task(sending())
        for stage in (40, 120, 200):
            async with worker_process(opener.urls, prefix, module=PROCESS, fatal=word) as worker:
                async with asyncio.timeout(PATIENCE):
                    while await _executed(sluice) < stage:
                        await asyncio.sleep(0.002)
                await worker.kill()
        await sends
        async with worker_process(opener.urls, prefix, module=PROCESS, fatal=word):
            async with asyncio.timeout(PATIENCE):
                while await _unfinished(sluice, family):
                    await asyncio.sleep(0.02)
        found = await sluice.sql(
            "SELECT run_id, item_id, events FROM sluice.event_start WHERE family = :family",
            family=family,
        )
        asked = await sluice.sql("SELECT id, unnest(item_ids) FROM sluice.run")
        items = await sluice.sql("SELECT run_id, item_id, status FROM sluice.item")
    # Each start is of one run, each run is of starts, and each of its items has its outcome.
    assert sum(row[2] for row in found) == EVENTS
    pairs = [(row[0], row[1]) for row in found]
    assert len(set(pairs)) == len(pairs)
    assert sorted(pairs) == sorted((row[0], row[1]) for row in asked)
    assert sorted(pairs) == sorted((row[0], row[1]) for row in items)
    assert {row[2] for row in items} == {"succeeded"}
    assert {row[1] for row in found} == {user_of(number) for number in range(EVENTS)}


async def _executed(sluice: Sluice) -> int:
    [[number]] = await sluice.sql("SELECT count(*) FROM execution")
    return int(number)


async def _unfinished(sluice: Sluice, family: str) -> bool:
    [[number]] = await sluice.sql(
        "SELECT (SELECT count(*) FROM sluice.event_start WHERE settled_at IS NULL"
        " AND family = :family) + (SELECT count(*) FROM sluice.run WHERE finished_at IS NULL)",
        family=family,
    )
    return bool(number)
