"""A finish whose worker dies amid it: a real process, which is really gone."""

from __future__ import annotations

import pytest

from tests.support.processes.worker_process import EVIDENCE, FINISH, Finishing, worker_process
from tests.support.service import Opener, assert_exact

pytestmark = pytest.mark.slow


async def test_it_goes_on_elsewhere_from_its_last_step_and_the_run_ends_once(
    opener: Opener,
) -> None:
    async with opener(Finishing()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(30)
        run_id = await sluice.start()
        prefix = opener.settings.redis_prefix
        async with (
            worker_process(opener.urls, prefix, fatal=FINISH) as one,
            worker_process(opener.urls, prefix, fatal=FINISH) as other,
        ):
            run = await sluice.ended(run_id)
            died = {process.process.returncode for process in (one, other)}
        assert_exact(run, await sluice.items(run_id))
        changes = await sluice.sql("SELECT status FROM run_audit WHERE run_id = :id", id=run_id)
        finishes = await sluice.sql(
            "SELECT i.result FROM sluice.run f JOIN sluice.item i ON i.run_id = f.id"
            " WHERE f.parent_run = :id",
            id=run_id,
        )
        noted = await sluice.sql(
            "SELECT item_id, count(*) FROM execution WHERE item_id IN ('report', 'after')"
            " GROUP BY item_id"
        )
    assert run.status == "succeeded"
    assert died == {9, None}
    assert [row[0] for row in changes] == ["running", "succeeded"]
    assert [row[0] for row in finishes] == [{"succeeded": 30}]
    assert {row[0]: row[1] for row in noted} == {"report": 1, "after": 2}
