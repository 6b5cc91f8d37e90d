"""How many pages a worker takes in hand, whatever their priorities."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.config.priorities import HIGHEST, LOWEST
from app.engine import Delivery
from app.flow.limits import OPEN
from app.flow.overrides import EffectiveLimits, Standing
from app.workflows.worker.lanes import PAGES_AT_ONCE, PageLane

KEYS = [f"f{n}.paginate" for n in range(8)]
AT_ONCE = 32
"""Messages that a claim takes at the most."""


async def none_pinned() -> Standing:
    return Standing()


@given(st.lists(st.integers(LOWEST, HIGHEST), min_size=1, max_size=12))
def test_of_a_priority_and_higher_ones_no_more_are_taken_in_hand_than_at_once(
    priorities: Sequence[int],
) -> None:
    """Of each family there is no end of messages; first of the first priority, then of the next."""

    async def taken() -> None:
        held: list[int] = []

        async def hold(delivery: Delivery) -> timedelta | None:
            held.append(delivery.priority)
            await asyncio.Event().wait()
            return None

        limits = EffectiveLimits(dict.fromkeys(KEYS, OPEN), none_pinned)
        lane = PageLane(dict.fromkeys(KEYS, hold), limits, lambda _: False)
        tasks: list[asyncio.Task[timedelta | None]] = []
        for priority in priorities:
            before = sum(one >= priority for one in held)
            dry = (2 << HIGHEST) - 1 & ~(1 << priority)
            for _ in range(PAGES_AT_ONCE + 5):
                asked = [(key, ask) for key in KEYS for ask in lane.asks(key, dry)]
                room = min(AT_ONCE, lane.places())
                for key, ask in asked:
                    for _ in range(min(ask.most, room) if ask.takes(priority) else 0):
                        room -= 1
                        delivery = Delivery((len(tasks), 1), key, b"", 1, priority=priority)
                        tasks.append(asyncio.create_task(lane.handlers[key](delivery)))
                await asyncio.sleep(0)
            # One of the lower ones is kept for each flow key while something higher is there.
            owed = len(KEYS) if max(held) > priority else 0
            after = sum(one >= priority for one in held)
            assert after <= max(before, PAGES_AT_ONCE) + owed
            assert after >= PAGES_AT_ONCE
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(taken())
