"""The three layers together, on real servers."""

from __future__ import annotations

from tests.support.families import Recording
from tests.support.service import Opener, assert_exact


async def test_a_run_executes_every_eligible_item_once_and_succeeds(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        ids = await sluice.add_users(130)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await sluice.ended(run_id)
        rows = await sluice.items(run_id)

        assert run.status == "succeeded"
        assert family.executed == dict.fromkeys(ids, 1)
        assert family.saved == dict.fromkeys(ids, 1)
        assert [row.result for row in rows] == [f"result of {item_id}" for item_id in ids]
        assert_exact(run, rows)
        assert await sluice.queued() == 0
