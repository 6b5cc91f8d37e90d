"""Gathered calls when workers are killed amid them."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, worker_process
from tests.support.service import Opener, assert_exact
from tests.workflows.batching.batching_process import Asking

pytestmark = pytest.mark.slow

MODULE = "tests.workflows.batching.batching_process"
CONCURRENCY = 20
"""Of those processes."""


async def test_kills_amid_calls_lose_nothing_and_what_is_remembered_is_not_asked_again(
    opener: Opener,
) -> None:
    async with opener(Asking()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(300)
        run_id, prefix = await sluice.start(), opener.settings.redis_prefix
        kept: set[str] = set()
        for stage in (40, 120, 200):
            async with worker_process(
                opener.urls, prefix, item_seconds=0.05, module=MODULE
            ) as worker:
                async with asyncio.timeout(PATIENCE):
                    while len(kept) < stage:
                        rows = await sluice.sql("SELECT item_id FROM sluice.step")
                        kept = {row[0] for row in rows}
                        await asyncio.sleep(0.02)
                await worker.kill()
                [[last]] = await sluice.sql("SELECT coalesce(max(id), 0) FROM execution")
        async with worker_process(opener.urls, prefix, item_seconds=0.0, module=MODULE):
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)
        assert_exact(run, rows)
        assert run.succeeded == 300
        assert {row.item_id: row.result for row in rows} == {f"u{n:05}": n for n in range(1, 301)}
        twice = await sluice.sql(
            "SELECT item_id FROM execution GROUP BY item_id HAVING count(*) > 1"
        )
        assert len(twice) <= 3 * CONCURRENCY
        assert kept.isdisjoint(
            row[0]
            for row in await sluice.sql("SELECT item_id FROM execution WHERE id > :last", last=last)
        )
