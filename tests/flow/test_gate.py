"""The gate: how many at once, how many in a window, over all workers, and how it closes."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.typing import EventDict

from app.flow.gate import GateClosed
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, Standing
from app.flow.redis_gate import LEASE, RedisGate
from app.flow.redis_script import GateScript
from tests.flow.gates import KEY, Work, lease_ends
from tests.support.clocks.rates import assert_rate_kept
from tests.support.patience import PATIENCE
from tests.support.servers.choice import TestServers

_NUMBERS = itertools.count(1)

few = settings(
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


async def _no_overrides() -> Standing:
    return Standing()


@dataclass(frozen=True)
class Place:
    """A Redis, and a prefix under which nothing is yet."""

    redis: Redis
    prefix: str

    def fresh(self) -> Place:
        return Place(self.redis, f"{self.prefix}-{next(_NUMBERS)}")

    def gate(self, *, lease: timedelta = LEASE, **controls: FlowControl) -> RedisGate:
        """One worker's gate. ``f=…`` is the control of ``f.execute``."""
        declared = {f"{name}.execute": control for name, control in controls.items()}
        return RedisGate(
            self.redis, self.prefix, EffectiveLimits(declared, _no_overrides), lease=lease
        )


@pytest_asyncio.fixture
async def place(servers: TestServers, redis_prefix: str) -> AsyncIterator[Place]:
    redis = Redis.from_url(servers.redis_url)
    yield Place(redis, redis_prefix)
    await redis.aclose()


@asynccontextmanager
async def running(*gates: RedisGate) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(gate.run()) for gate in gates]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@few
@given(st.integers(1, 5), st.lists(st.integers(0, 4), min_size=1, max_size=25))
async def test_never_more_than_the_parallelism_is_inside_and_all_come_through(
    place: Place, parallelism: int, milliseconds: list[int]
) -> None:
    gate, counted = place.fresh().gate(f=FlowControl(parallelism=parallelism)), Work()
    async with running(gate):
        await asyncio.gather(*(counted.do(gate, ms / 1000) for ms in milliseconds))
    assert counted.ended == len(milliseconds)
    assert counted.most <= parallelism
    assert counted.inside == 0


async def test_as_many_as_the_parallelism_are_inside_when_so_many_wait(place: Place) -> None:
    gate, counted = place.gate(f=FlowControl(parallelism=4)), Work()
    async with running(gate):
        await asyncio.gather(*(counted.do(gate, 0.02) for _ in range(12)))
    assert counted.most == 4


@few
@given(st.integers(1, 4), st.lists(st.integers(0, 2), min_size=1, max_size=20))
async def test_two_workers_together_keep_the_parallelism(
    place: Place, parallelism: int, whose: list[int]
) -> None:
    here, counted = place.fresh(), Work()
    gates = [here.gate(f=FlowControl(parallelism=parallelism)) for _ in range(3)]
    async with running(*gates):
        await asyncio.gather(*(counted.do(gates[n], 0.002) for n in whose))
    assert counted.ended == len(whose)
    assert counted.most <= parallelism


@few
@given(st.integers(1, 8), st.integers(1, 14), st.integers(1, 2))
async def test_no_start_comes_before_its_turn_by_the_rate(
    place: Place, rate: int, works: int, workers: int
) -> None:
    period = 0.1
    control = FlowControl(rate=rate, period=timedelta(seconds=period))
    here, counted, since = place.fresh(), Work(), asyncio.get_running_loop().time()
    gates = [here.gate(f=control) for _ in range(workers)]
    async with running(*gates):
        await asyncio.gather(*(counted.do(gates[n % workers], 0) for n in range(works)))
    assert counted.ended == works
    assert_rate_kept(counted.starts, since, period / rate)


async def test_a_rate_lets_the_first_in_at_once(place: Place) -> None:
    gate = place.gate(f=FlowControl(rate=1, period=timedelta(hours=1)))
    async with running(gate), asyncio.timeout(PATIENCE):
        await Work().do(gate, 0)


async def test_keys_do_not_wait_for_each_other_and_an_open_key_waits_for_nothing(
    place: Place,
) -> None:
    one = FlowControl(parallelism=1)
    gate = place.gate(f=one, g=one, h=FlowControl())
    keys = [KEY, "g.execute", "h.execute", "h.execute"]
    async with running(gate), asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        for key in keys:
            await stack.enter_async_context(gate.permit(key))


async def test_a_mistake_in_the_talk_with_redis_is_told_and_ends_no_lane(
    place: Place, monkeypatch: pytest.MonkeyPatch, logged: list[EventDict]
) -> None:
    gate, counted = place.gate(f=FlowControl(parallelism=1)), Work()
    exchange, broken = GateScript.exchange, ["a bug of ours", "and another"]

    async def breaks(self: GateScript, *args: Any, **more: Any) -> Any:  # as the real one
        if broken:
            raise KeyError(broken.pop())
        return await exchange(self, *args, **more)

    monkeypatch.setattr(GateScript, "exchange", breaks)
    async with running(gate), asyncio.timeout(PATIENCE):
        await asyncio.gather(*(counted.do(gate, 0) for _ in range(3)))
    assert counted.ended == 3
    [told] = [entry for entry in logged if entry.get("state") == "began"]
    assert told["error"].startswith("KeyError")
    assert told["exc_info"]


async def test_closing_sends_waiters_away_and_keeps_those_inside(place: Place) -> None:
    gate, counted = place.gate(f=FlowControl(parallelism=2)), Work()
    async with running(gate):
        let_go = asyncio.Event()
        inside = [asyncio.create_task(counted.hold(gate, let_go)) for _ in range(2)]
        await counted.until_inside(2)
        waiting = [asyncio.create_task(counted.do(gate, 0)) for _ in range(5)]
        await asyncio.sleep(0.01)
        gate.close()
        sent_away = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(error, GateClosed) for error in sent_away)
        assert counted.ended == 0
        let_go.set()
        await asyncio.gather(*inside)
    assert counted.ended == len(counted.starts) == 2


async def test_closing_sends_away_those_who_wait_for_the_rate(place: Place) -> None:
    gate, counted = place.gate(f=FlowControl(rate=1, period=timedelta(hours=1))), Work()
    async with running(gate):
        await counted.do(gate, 0)
        waiting = asyncio.create_task(counted.do(gate, 0))
        await asyncio.sleep(0.01)
        gate.close()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(GateClosed):
                await waiting


async def test_a_closed_gate_lets_nobody_in(place: Place) -> None:
    gate, counted = place.gate(f=FlowControl(parallelism=3), g=FlowControl()), Work()
    async with running(gate):
        gate.close()
        for key in (KEY, "g.execute"):
            with pytest.raises(GateClosed):
                await counted.do(gate, 0, key)
    assert counted.starts == []


@few
@given(st.integers(1, 3), st.integers(0, 2**32))
async def test_whoever_is_cancelled_waiting_or_inside_leaks_no_slot(
    place: Place, parallelism: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's own dice
    gate, counted = place.fresh().gate(f=FlowControl(parallelism=parallelism)), Work()
    async with running(gate):
        tasks = [asyncio.create_task(counted.do(gate, chance.random() / 500)) for _ in range(15)]
        for task in tasks:
            await asyncio.sleep(chance.choice([0, 0, 0.0005, 0.001]))
            if chance.random() < 0.6:
                task.cancel()
        await asyncio.wait(tasks)
        assert counted.inside == 0
        # Every slot is there again: that many come in together, and no more than that.
        counted.most = 0
        let_go = asyncio.Event()
        async with asyncio.timeout(PATIENCE):
            holding = [counted.hold(gate, let_go) for _ in range(parallelism + 2)]
            again = [asyncio.create_task(one) for one in holding]
            await counted.until_inside(parallelism)
            await asyncio.sleep(0.02)  # in which one too many would come
            let_go.set()
            await asyncio.wait(again)
        assert counted.most == parallelism


async def test_a_failure_inside_gives_the_slot_back(place: Place) -> None:
    gate = place.gate(f=FlowControl(parallelism=1))
    async with running(gate):
        with pytest.raises(ValueError, match="inside"):
            async with gate.permit(KEY):
                raise ValueError("inside")
        async with asyncio.timeout(PATIENCE), gate.permit(KEY):
            pass


async def test_the_slot_of_a_worker_that_died_comes_back_and_one_that_lives_is_kept(
    place: Place,
) -> None:
    one = FlowControl(parallelism=1)
    dead = place.gate(lease=timedelta(seconds=0.5), f=one)
    living, waiting = (place.gate(lease=timedelta(minutes=5), f=one) for _ in range(2))
    living._lease = timedelta(seconds=0.3)  # its own pace alone: Redis keeps the slot for longer
    counted, let_go = Work(), asyncio.Event()

    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE):
        await stack.enter_async_context(dead.permit(KEY))  # nobody renews its lease
        async with running(living, waiting):
            holding = asyncio.create_task(counted.hold(living, let_go))
            await counted.until_inside(1)
            waits = asyncio.create_task(counted.do(waiting, 0))
            at_first = await lease_ends(place.redis, place.prefix)
            while await lease_ends(place.redis, place.prefix) <= at_first:  # until it is renewed
                await asyncio.sleep(0.01)
            assert not waits.done()
            let_go.set()
            await asyncio.gather(waits, holding)
    async with running(dead):
        await asyncio.sleep(0.02)  # what it still has to say to Redis is said before that closes
    assert counted.most == 1


async def test_a_gate_that_is_stopped_while_it_connects_stops(place: Place) -> None:
    unstopped = []
    for turns in range(40):
        running = asyncio.create_task(place.fresh().gate(f=FlowControl(parallelism=1)).run())
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running], timeout=PATIENCE)
        if not running.done():
            unstopped.append(turns)
            running.cancel()
            await asyncio.wait([running])
    assert unstopped == []
