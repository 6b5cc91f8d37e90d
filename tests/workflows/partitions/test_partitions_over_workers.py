"""Limits of partitions over three processes, one of which is killed: judged by what items wrote."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial

import pytest

from tests.support.clocks.rates import assert_rate_kept
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, UVLOOP, worker_process
from tests.support.service import Opener, assert_exact
from tests.workflows.partitions.partitioned_worker import MOST, RATE, Partitioned

pytestmark = pytest.mark.alone

MODULE = "tests.workflows.partitions.partitioned_worker"
ITEMS = 400


async def test_three_workers_keep_each_partition_to_its_limits(opener: Opener) -> None:
    async with opener(Partitioned()) as sluice:
        for statement in EVIDENCE:
            await sluice.sql(statement)
        await sluice.add_users(ITEMS)
        start = partial(
            worker_process,
            opener.urls,
            opener.settings.redis_prefix,
            item_seconds=0.1,
            module=MODULE,
            heartbeat=PATIENCE,
        )
        async with start(), start(), start():
            since = time.time()
            run = await sluice.ended(await sluice.start("traced"))
        rows = await sluice.sql(
            "SELECT right(item_id, 1), extract(epoch FROM began)::float8,"
            " extract(epoch FROM ended)::float8, pid FROM execution"
        )
        assert_exact(run, await sluice.items(run.id))
    assert run.succeeded == len(rows) == ITEMS
    assert len({pid for _, _, _, pid in rows}) == 3
    for partition in "0123456789":
        mine = [(began, ended) for of, began, ended, _ in rows if of == partition]
        assert _most_at_once(mine) <= MOST
        assert_rate_kept((began for began, _ in mine), since, 1 / RATE, clock=UVLOOP)
    assert max(Counter(of for of, _, _, _ in rows).values()) == ITEMS // 10


def _most_at_once(executions: list[tuple[float, float]]) -> int:
    changes = sorted([(began, 1) for began, _ in executions] + [(end, -1) for _, end in executions])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
