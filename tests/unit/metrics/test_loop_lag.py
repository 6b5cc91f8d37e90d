"""A loop that was blocked is late, and says by how much."""

from __future__ import annotations

import asyncio
import time

from app.metrics.catalog import LOOP_LAG
from app.metrics.instruments import Histogram
from app.metrics.loop_lag import EVERY, watching_lag
from tests.support.patience import PATIENCE

BLOCKED = 0.4


async def test_what_blocks_the_loop_is_measured_once() -> None:
    lag = Histogram(LOOP_LAG.bounds)
    with watching_lag(lag):
        time.sleep(EVERY + BLOCKED)  # noqa: ASYNC251 - what it is about
        async with asyncio.timeout(PATIENCE):
            while not any(lag.counts):
                await asyncio.sleep(0.01)
    assert lag.total >= BLOCKED
    late = sum(lag.counts[LOOP_LAG.bounds.index(0.25) + 1 :])
    assert late == 1
