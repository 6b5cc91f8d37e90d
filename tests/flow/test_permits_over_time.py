"""When permits are asked for, used and given back, and what workers follow: by a clock of the
test's own. What Redis answers is what ``test_script`` holds the real script to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis

from app.connections.faults import Fault
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, LiveControl, Standing
from app.flow.permits.permit_queue import PermitQueue
from app.flow.redis_gate import CONFIG_POLL, RedisGate
from app.flow.redis_script import HORIZON, PACE, GateScript, Granted
from tests.flow.gates import KEY, Overrides
from tests.support.clocks.rates import assert_rate_kept
from tests.support.clocks.virtual_time import VirtualLoop, in_virtual_time

EXACT = 1e-6
"""Seconds."""


class Rated(GateScript):
    """The script as far as a rate goes, ``away`` seconds from whoever asks, and again back."""

    def __init__(self, away: float = 0.0) -> None:
        self.fault = Fault(structlog.get_logger("test"), "gate_unreachable")
        self.away = away
        self._due = 0.0

    async def exchange(
        self, key: str, control: FlowControl, worker: str, *, want: int, **_more: Any
    ) -> Granted:
        await asyncio.sleep(self.away)
        assert control.interval is not None
        now, interval = _now(), control.interval.total_seconds() * PACE
        ahead = HORIZON.total_seconds()
        due, starts, ask_in = min(self._due, now + ahead + interval), [], None
        for _ in range(want):
            start = max(due, now)
            if start > now + ahead:
                ask_in = start - now - ahead / 2
                break
            starts.append(start - now)
            due = start + interval
        self._due = due
        await asyncio.sleep(self.away)
        return Granted(starts, 0, ask_in)


class Taking(GateScript):
    """Gives whatever is wanted, and asks for ``excess`` slots back. ``released``: those that it was
    given back, one exchange after the other."""

    def __init__(self) -> None:
        self.fault = Fault(structlog.get_logger("test"), "gate_unreachable")
        self.excess = 0
        self.released: list[str] = []

    async def exchange(
        self, key: str, control: FlowControl, worker: str, *, want: int, **more: Any
    ) -> Granted:
        self.released += more["released"]
        self.excess = max(0, self.excess - len(more["released"]))
        await asyncio.sleep(0.001)
        return Granted([0.0] * want, self.excess, None)


def _now() -> float:
    return asyncio.get_running_loop().time()


def queue(script: GateScript, control: FlowControl, worker: str = "one") -> PermitQueue:
    live = LiveControl(KEY, control)
    return PermitQueue(script, worker, lambda: live, lambda _: None)


async def begun(queues: Sequence[PermitQueue], number: int) -> list[float]:
    """When so many items began, of all these workers in turn."""
    starts: list[float] = []

    async def item(of: PermitQueue) -> None:
        permit = await of.enter()
        starts.append(_now())
        of.leave(permit)

    await asyncio.gather(*(item(queues[n % len(queues)]) for n in range(number)))
    return sorted(starts)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    "control",
    [FlowControl(rate=50), FlowControl(rate=0.5, period=timedelta(seconds=0.2))],
    ids=["fifty a second", "one in two periods"],
)
def test_a_rate_is_used_in_full_to_the_very_moment(workers: int, control: FlowControl) -> None:
    async def main(_loop: VirtualLoop) -> list[float]:
        script = Rated()
        return await begun([queue(script, control, str(n)) for n in range(workers)], 100)

    starts = in_virtual_time(main)
    assert control.interval is not None
    interval = control.interval.total_seconds() * PACE
    # Each on its turn, and none a moment later.
    assert starts == pytest.approx([n * interval for n in range(100)], abs=EXACT)


@pytest.mark.parametrize(("away", "most"), [(0.02, 1.03), (0.05, 1.5)])
def test_a_rate_is_kept_and_used_where_redis_is_far_away(away: float, most: float) -> None:
    control = FlowControl(rate=50)

    async def main(_loop: VirtualLoop) -> list[float]:
        return await begun([queue(Rated(away), control)], 100)

    starts = in_virtual_time(main)
    assert_rate_kept(starts, 2 * away, 1 / 50)
    assert all(later - one >= 1.0 for one, later in zip(starts, starts[51:], strict=False))
    assert starts[-1] - starts[0] < 99 / 50 * most


@pytest.mark.parametrize("excess", [0, 1, 2, 3])
def test_as_many_slots_as_are_in_excess_are_given_back_and_others_are_kept(excess: int) -> None:
    """Those that nobody uses at once, and those of items as they end."""

    async def main(_loop: VirtualLoop) -> list[list[str]]:
        script, held = Taking(), []
        lane = queue(script, FlowControl(parallelism=4))
        permits = [await lane.enter() for _ in range(3)]
        lane.leave(permits.pop(0))  # kept for the next item
        script.excess = excess
        lane.kick(asked=True)
        for _ in range(3):
            await asyncio.sleep(0.005)  # exchanges end: nothing is given up for its age
            held.append(list(script.released))
            if permits:
                lane.leave(permits.pop(0))
        return held

    held = in_virtual_time(main)
    assert [len(one) for one in held] == [min(1, excess), min(2, excess), min(3, excess)]


def test_permits_that_a_stall_of_the_loop_has_made_late_are_not_used_all_at_once() -> None:
    control = FlowControl(rate=50)

    async def main(loop: VirtualLoop) -> list[float]:
        items = asyncio.create_task(begun([queue(Rated(), control)], 60))
        for _ in range(4):
            await asyncio.sleep(0.15)
            loop.stall(0.5)  # in which the five that were given for it are due
        return await items

    starts = in_virtual_time(main)
    # One that is late by less than an interval may begin; the next is at its own time.
    assert all(later - one >= 1 / 50 for one, later in zip(starts, starts[2:], strict=False))
    assert any(later - one > 0.4 for one, later in pairwise(starts))


def test_a_change_is_followed_within_a_second_though_no_call_of_it_comes() -> None:
    loads: list[float] = []

    class Noting(Overrides):
        async def load(self) -> Standing:
            loads.append(_now())
            return await super().load()

    async def main(_loop: VirtualLoop) -> None:
        limits = EffectiveLimits({KEY: FlowControl(parallelism=1)}, Noting().load)
        following = asyncio.create_task(limits.follow(asyncio.Event(), every=CONFIG_POLL))
        await asyncio.sleep(10)
        following.cancel()

    in_virtual_time(main)
    assert 10 <= len(loads) <= 20
    assert all(later - one < 1 for one, later in pairwise([0.0, *loads, 10.0]))


def test_a_lease_is_renewed_three_times_before_it_would_end() -> None:
    renewals: list[float] = []

    class Held:
        """A lane with something in hand."""

        held = ("permit",)
        idle = False

        async def renew(self) -> None:
            renewals.append(_now())

    async def main(_loop: VirtualLoop) -> None:
        limits = EffectiveLimits({KEY: FlowControl(parallelism=1)}, Overrides().load)
        gate = RedisGate(Redis(), "nowhere", limits, lease=timedelta(seconds=9))
        gate._queues[KEY] = Held()  # type: ignore[assignment]  # a stand-in
        renewing = asyncio.create_task(gate._renew())
        await asyncio.sleep(9.5)
        renewing.cancel()

    in_virtual_time(main)
    assert renewals == pytest.approx([3, 6, 9], abs=EXACT)
