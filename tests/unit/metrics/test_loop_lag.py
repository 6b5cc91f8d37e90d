"""A loop that was blocked is late, and says by how much."""

from __future__ import annotations

import asyncio

import pytest

from app.metrics.catalog import LOOP_LAG
from app.metrics.instruments import Histogram
from app.metrics.loop_lag import EVERY, watching_lag
from tests.support.clocks.virtual_time import VirtualLoop, in_virtual_time

BLOCKED = 0.4


def test_what_blocks_the_loop_is_measured_once() -> None:
    lag = Histogram(LOOP_LAG.bounds)

    async def main(loop: VirtualLoop) -> None:
        with watching_lag(lag):
            loop.stall(EVERY + BLOCKED)
            await asyncio.sleep(3 * EVERY + EVERY / 2)

    in_virtual_time(main)
    assert lag.total == pytest.approx(BLOCKED)
    late = sum(lag.counts[LOOP_LAG.bounds.index(0.25) + 1 :])
    assert (late, sum(lag.counts)) == (1, 4)
