"""Whoever asks may die: another worker goes on asking, and nothing starts in between."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, Process, worker_process
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.throttles.throttled_worker import LOOKS, WHY, ThrottledTraced

MODULE = "tests.workflows.throttles.throttled_worker"
ITEMS = 3_000
"""For some seconds, of which the first look takes one to come."""
ILL = "replicas lag 45 s"


async def say(sluice: Sluice, why: str | None) -> None:
    await sluice.sql("DELETE FROM why")
    if why is not None:
        await sluice.sql("INSERT INTO why VALUES (:why)", why=why)


async def looked(sluice: Sluice, *, after: int, why: str | None, number: int = 2) -> Counter[int]:
    """Who has asked, once so many have heard this since."""
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = await sluice.sql(
                "SELECT pid FROM look WHERE id > :after AND why IS NOT DISTINCT FROM :why",
                after=after, why=why,
            )  # fmt: skip
            if len(rows) >= number:
                return Counter(row[0] for row in rows)
            await asyncio.sleep(0.05)


async def last_look(sluice: Sluice) -> int:
    [[number]] = await sluice.sql("SELECT coalesce(max(id), 0) FROM look")
    return int(number)


async def begun(sluice: Sluice) -> int:
    [[number]] = await sluice.sql("SELECT count(*) FROM execution")
    return int(number)


@pytest.mark.slow
async def test_of_several_workers_one_asks_and_when_it_is_killed_another_one_does(
    opener: Opener,
) -> None:
    async with opener(ThrottledTraced(), watchdog_seconds=0.5) as sluice:
        for statement in (*EVIDENCE, LOOKS, WHY):
            await sluice.sql(statement)
        await sluice.add_users(ITEMS)
        prefix = opener.settings.redis_prefix

        async with (
            worker_process(opener.urls, prefix, item_seconds=0.05, module=MODULE) as one,
            worker_process(opener.urls, prefix, item_seconds=0.05, module=MODULE) as two,
        ):
            run_id = await sluice.start("traced")
            async with asyncio.timeout(PATIENCE):
                while await begun(sluice) < 40:
                    await asyncio.sleep(0.02)
            await say(sluice, ILL)
            asked = await looked(sluice, after=await last_look(sluice), why=ILL, number=3)
            [(pid, _)] = asked.most_common(1)
            workers: dict[int, Process] = {one.pid: one, two.pid: two}
            stands = await begun(sluice)
            await workers[pid].kill()
            left = next(process for process in (one, two) if process.pid != pid)
            asked = await looked(sluice, after=await last_look(sluice), why=ILL, number=3)
            assert set(asked) == {left.pid}
            assert await begun(sluice) == stands
            assert (await sluice.run(run_id)).status == "running"
            await say(sluice, None)
            run = await sluice.ended(run_id)
            assert run.succeeded == ITEMS
            assert_exact(run, await sluice.items(run_id))
            assert await begun(sluice) == ITEMS
