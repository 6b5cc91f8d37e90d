"""A slot that is free for a moment begins the next item of its worker without a word to Redis."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from app.flow.gate import GateClosed
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, Override
from app.flow.redis_gate import RedisGate
from tests.flow.gates import KEY, Overrides
from tests.support.patience import PATIENCE

ONE = FlowControl(parallelism=1)


class Gates:
    """Of several workers, one limit for all."""

    def __init__(self, redis: Redis, prefix: str, control: FlowControl = ONE) -> None:
        self.overrides = Overrides()
        self.limits = EffectiveLimits({KEY: control}, self.overrides.load)
        self._redis, self._prefix = redis, prefix

    def one(self) -> RedisGate:
        return RedisGate(self._redis, self._prefix, self.limits)


async def used(gate: RedisGate) -> None:
    async with asyncio.timeout(PATIENCE), gate.permit(KEY):
        pass


async def test_the_first_item_waits_for_redis_and_the_next_one_does_not(
    redis: Redis, redis_prefix: str
) -> None:
    gate = Gates(redis, redis_prefix).one()
    assert gate.at_once(KEY) is None
    await used(gate)
    for _ in range(3):
        permit = gate.at_once(KEY)
        assert permit is not None
        async with permit:
            assert gate.at_once(KEY) is None  # there is one slot
    gate.close()


async def test_a_slot_that_is_not_needed_goes_to_another_worker(
    redis: Redis, redis_prefix: str
) -> None:
    gates = Gates(redis, redis_prefix)
    first, second = gates.one(), gates.one()
    await used(first)
    await used(second)
    first.close()
    second.close()


async def test_workers_that_want_the_same_slot_take_turns(redis: Redis, redis_prefix: str) -> None:
    gates = Gates(redis, redis_prefix)
    first, second = gates.one(), gates.one()
    turns: list[RedisGate] = []

    async def work(gate: RedisGate) -> None:
        # One after another, so that nobody of the own worker waits when a slot becomes free.
        while len(set(turns)) < 2:
            async with gate.permit(KEY):
                turns.append(gate)
                await asyncio.sleep(0.001)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(work(first), work(second))
    assert set(turns) == {first, second}
    first.close()
    second.close()


async def test_a_paused_key_begins_nothing_on_a_kept_slot(redis: Redis, redis_prefix: str) -> None:
    gates = Gates(redis, redis_prefix)
    gate = gates.one()
    await used(gate)
    gates.overrides.rows[KEY] = Override(None, paused=True)
    await gates.limits.refresh()
    assert gate.limits(KEY)
    assert gate.at_once(KEY) is None
    gate.close()


async def test_a_closed_gate_begins_nothing_on_a_kept_slot(redis: Redis, redis_prefix: str) -> None:
    gate = Gates(redis, redis_prefix).one()
    await used(gate)
    gate.close()
    with pytest.raises(GateClosed):
        gate.at_once(KEY)


async def test_an_open_key_is_never_waited_for(redis: Redis, redis_prefix: str) -> None:
    gate = Gates(redis, redis_prefix, FlowControl()).one()
    assert not gate.limits(KEY)
    permit = gate.at_once(KEY)
    assert permit is not None
    async with permit:
        assert gate.at_once(KEY) is not None
