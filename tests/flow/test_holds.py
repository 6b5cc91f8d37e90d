"""Flow keys that are held: who waits is sent away, and others that share the limit go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from app.flow.delivery_gate import DeliveryGate
from app.flow.gate import FlowHeld
from app.flow.holds import Hold
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, Standing
from app.flow.redis_gate import RedisGate
from tests.support.patience import PATIENCE
from tests.support.servers.choice import TestServers

SHARED = FlowControl(parallelism=1, key="crm")
DECLARED = {
    "a.execute": SHARED,
    "a.paginate": FlowControl(),
    "b.execute": SHARED,
    "c.execute": FlowControl(rate=4),
    "d.execute": FlowControl(per_partition=2),
}
WHY = "the provider asks to come again"


class Held:
    """What is held, as a table would hold it."""

    def __init__(self) -> None:
        self.rows: list[Hold] = []

    async def load(self) -> Standing:
        return Standing(holds=list(self.rows))


@asynccontextmanager
async def held_gate(redis_url: str, prefix: str, held: Held) -> AsyncIterator[RedisGate]:
    redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
    controls = EffectiveLimits(DECLARED, held.load)
    gate = RedisGate(redis, prefix, controls)
    running = asyncio.create_task(gate.run())
    try:
        yield gate
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await redis.aclose()


async def refresh(gate: RedisGate) -> None:
    await gate._controls.refresh()


async def test_who_waits_under_a_key_that_is_held_now_is_sent_away_and_others_go_on(
    servers: TestServers, redis_prefix: str
) -> None:
    held, let_go = Held(), asyncio.Event()
    began: list[str] = []

    async def do(gate: RedisGate, key: str, until: asyncio.Event | None = None) -> None:
        async with gate.permit(key):
            began.append(key)
            if until is not None:
                await until.wait()

    async with asyncio.timeout(PATIENCE), held_gate(servers.redis_url, redis_prefix, held) as gate:
        inside = asyncio.create_task(do(gate, "a.execute", let_go))
        while not began:
            await asyncio.sleep(0.01)
        waits = [asyncio.create_task(do(gate, "a.execute")) for _ in range(3)]
        other = asyncio.create_task(do(gate, "b.execute"))
        await asyncio.sleep(0)
        held.rows = [Hold("a", WHY, left=PATIENCE)]
        await refresh(gate)
        told = await asyncio.gather(*waits, return_exceptions=True)
        assert [type(error) for error in told] == [FlowHeld] * 3
        with pytest.raises(FlowHeld):
            gate.permit("a.execute")
        with pytest.raises(FlowHeld):
            gate.at_once("a.execute")
        with pytest.raises(FlowHeld):
            gate.permit("a.paginate")  # which nothing limits
        assert not inside.done()
        assert not other.done()
        let_go.set()
        await asyncio.gather(inside, other)
        assert began == ["a.execute", "b.execute"]
        held.rows = []
        await refresh(gate)
        await do(gate, "a.execute")


async def test_who_could_not_begin_in_time_does_not_wait_on_under_a_key_that_is_held_meanwhile(
    servers: TestServers, redis_prefix: str
) -> None:
    held, clock = Held(), asyncio.get_running_loop().time

    async def do(gate: RedisGate) -> float:
        async with gate.permit("c.execute"):
            return clock()

    async with asyncio.timeout(PATIENCE), held_gate(servers.redis_url, redis_prefix, held) as gate:
        await do(gate)
        waits = asyncio.create_task(do(gate))
        while not any(queue._promised for queue in gate._queues.values()):
            await asyncio.sleep(0)

        def hold() -> None:
            """Behind the permit that is due, and before whoever waits for it has heard."""
            held.rows = [Hold("c", WHY, left=PATIENCE)]
            gate.holds.put(held.rows)

        stalls_until = clock() + 0.6
        while clock() < stalls_until:
            pass  # longer than the time from one start to the next
        asyncio.get_running_loop().call_later(0, hold)
        with pytest.raises(FlowHeld):
            await waits


async def test_nobody_asks_ahead_for_permits_of_a_key_that_is_held(
    servers: TestServers, redis_prefix: str
) -> None:
    """Whoever had one would begin: nothing else looks at a permit that is there."""
    held = Held()
    async with asyncio.timeout(PATIENCE), held_gate(servers.redis_url, redis_prefix, held) as gate:
        held.rows = [Hold("d", WHY, left=PATIENCE)]
        await refresh(gate)
        with pytest.raises(FlowHeld):
            await gate.ahead("d.execute", ["acme", "beta"])
        held.rows = []
        await refresh(gate)
        permits = await gate.ahead("d.execute", ["acme", "beta"])
        assert [permit.granted for permit in permits] == [True, True]
        for permit in permits:
            permit.forgo()


async def test_one_flow_key_may_be_held_alone_and_a_hold_ends_by_itself(
    servers: TestServers, redis_prefix: str
) -> None:
    held = Held()
    async with asyncio.timeout(PATIENCE), held_gate(servers.redis_url, redis_prefix, held) as gate:
        held.rows = [Hold("a.execute", WHY, left=0.2)]
        await refresh(gate)
        held.rows = []  # and nobody hears of it
        gate.require_free("a.paginate")
        with pytest.raises(FlowHeld):
            gate.require_free("a.execute")
        while gate.holds.of("a.execute") is not None:
            await asyncio.sleep(0.01)
        gate.require_free("a.execute")


async def test_what_is_delivered_though_its_key_is_held_is_told_when_to_come_again(
    servers: TestServers, redis_prefix: str
) -> None:
    held = Held()
    async with held_gate(servers.redis_url, redis_prefix, held) as gate:
        held.rows = [Hold("a", WHY, left=60.0)]
        await refresh(gate)
        called = DeliveryGate(gate)
        with pytest.raises(FlowHeld) as sent_away:
            called.permit("a.execute")
        assert timedelta(seconds=50) < sent_away.value.again <= timedelta(seconds=60)
        called.require_free("b.execute")
