"""The gate over several workers, while limits change and Redis comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.embedded import hold
from app.flow.limits import FlowControl
from app.flow.overrides import Override
from app.flow.redis_gate import RedisGate
from tests.flow.gates import KEY, Overrides, Work, gate
from tests.support.clocks.rates import assert_rate_kept
from tests.support.patience import PATIENCE, until
from tests.support.servers.choice import TestServers

Gates = Callable[..., Awaitable[list[RedisGate]]]


@pytest.fixture
async def gates(servers: TestServers, redis_prefix: str) -> AsyncIterator[Gates]:
    """``await gates(control, 3)``: the gates of three workers."""
    async with AsyncExitStack() as stack:

        async def opened(
            control: FlowControl, number: int = 1, overrides: Overrides | None = None
        ) -> list[RedisGate]:
            controls = {KEY: control}
            return [
                await stack.enter_async_context(
                    gate(servers.redis_url, redis_prefix, controls, overrides)
                )
                for _ in range(number)
            ]

        yield opened


async def test_a_rate_holds_over_three_workers(gates: Gates) -> None:
    """That it is used in full, ``test_permits_over_time`` says."""
    work, since = Work(), asyncio.get_running_loop().time()
    opened = await gates(FlowControl(rate=50), 3)
    await asyncio.gather(*(work.do(opened[n % 3], 0) for n in range(100)))
    assert work.ended == 100
    assert_rate_kept(work.starts, since, 1 / 50)


async def test_a_rate_below_one_starts_one_in_several_periods(gates: Gates) -> None:
    work, since = Work(), asyncio.get_running_loop().time()
    opened = await gates(FlowControl(rate=0.5, period=timedelta(seconds=0.2)), 2)
    await asyncio.gather(*(work.do(opened[n % 2], 0) for n in range(4)))
    assert work.ended == 4
    assert_rate_kept(work.starts, since, 0.4)


async def test_a_newcomer_gets_its_share_of_the_slots(gates: Gates) -> None:
    first, second = Work(), Work()
    one, other = await gates(FlowControl(parallelism=4), 2)
    early = asyncio.gather(*(first.do(one, 0.02) for _ in range(300)))
    await until(lambda: first.ended > 20)
    began = first.ended
    await asyncio.gather(*(second.do(other, 0.02) for _ in range(40)))
    assert first.ended - began < 150
    await early


async def test_a_single_slot_goes_round_between_workers(gates: Gates) -> None:
    first, second = Work(), Work()
    one, other = await gates(FlowControl(parallelism=1), 2)
    early = asyncio.gather(*(first.do(one, 0.01) for _ in range(300)))
    await until(lambda: first.ended > 5)
    await asyncio.gather(*(second.do(other, 0.01) for _ in range(3)))
    assert first.ended < 300
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)


async def test_once_a_pause_is_known_nothing_begins_and_a_resume_goes_on(gates: Gates) -> None:
    """How soon it is known, ``test_permits_over_time`` says."""
    overrides, work = Overrides(), Work()
    [one] = await gates(FlowControl(parallelism=2), 1, overrides)
    items = [asyncio.create_task(work.do(one, 0.02)) for _ in range(150)]
    await until(lambda: work.ended > 5)
    overrides.rows[KEY] = Override(None, paused=True)
    await until(lambda: one._controls.of(KEY).paused)
    known = len(work.starts)
    await until(lambda: work.inside == 0)
    await asyncio.sleep(0.3)  # longer than who waits goes without asking
    # Those two at most who had been let in by then, and had not begun yet.
    assert len(work.starts) <= known + 2 < 150
    overrides.rows.clear()
    await asyncio.gather(*items)
    assert work.ended == 150


async def test_once_a_lower_limit_is_known_it_is_kept_and_a_higher_one_is_used(
    gates: Gates,
) -> None:
    overrides, work = Overrides(), Work()
    opened = await gates(FlowControl(parallelism=10), 2, overrides)
    items = [asyncio.create_task(work.do(opened[n % 2], 0.05)) for n in range(600)]

    async def known(limit: int) -> None:
        overrides.rows[KEY] = Override(FlowControl(parallelism=limit), paused=False)
        live = [one._controls.live for one in opened]
        await until(lambda: all(of(KEY).control.parallelism == limit for of in live))

    await until(lambda: work.most == 10)
    await known(3)
    # As those end that were at work, and Redis says that their slots are to be given back.
    await until(lambda: sum(len(one._queues[KEY].held) for one in opened) <= 3)
    work.most, ended = 0, work.ended
    await until(lambda: work.most == 3 and work.ended > ended + 30)
    assert work.most == 3
    await known(20)
    await until(lambda: work.most >= 20)
    assert work.most == 20
    overrides.rows[KEY] = Override(FlowControl(), paused=False)
    await asyncio.gather(*items)
    assert work.ended == 600


async def test_after_an_empty_restart_of_redis_no_more_begin_than_was_in_hand(
    gates: Gates, servers: TestServers, redis_prefix: str
) -> None:
    work = Work()
    opened = await gates(FlowControl(parallelism=4), 2)
    running = asyncio.gather(*(work.do(opened[n % 2], 0.1) for n in range(80)))
    await until(lambda: work.inside == 4)
    async with Redis.from_url(servers.redis_url) as redis:
        keys = [key async for key in redis.scan_iter(f"{redis_prefix}:*")]
        assert keys
        await redis.delete(*keys)
    await running
    assert work.ended == 80
    assert work.most <= 4 + 4


async def test_work_waits_while_redis_is_away_and_goes_on_when_it_is_back(
    redis_prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("valkey")
    work, controls = Work(), {KEY: FlowControl(parallelism=2)}
    async with AsyncExitStack() as stack:
        with hold(folder, postgres=False, durable=False) as own:
            one = await stack.enter_async_context(gate(own.redis_url, redis_prefix, controls))
            await work.do(one, 0)
        await _gone(own.redis_url)
        waiting = asyncio.create_task(work.do(one, 0))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        with hold(folder, postgres=False, durable=False):
            await asyncio.wait_for(waiting, PATIENCE)
    assert work.ended == 2


async def _gone(redis_url: str) -> None:
    async with asyncio.timeout(PATIENCE), Redis.from_url(redis_url) as redis:
        while True:
            try:
                await redis.ping()
            except RedisError:
                return
            await asyncio.sleep(0.02)


async def test_a_key_without_limits_needs_no_redis_at_all() -> None:
    work = Work()
    async with gate("redis://127.0.0.1:1", "nowhere", {KEY: FlowControl()}) as alone:
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(work.do(alone, 0) for _ in range(20)))
    assert work.ended == 20
