"""Gates as several workers have them: each with its own connection, over one Redis."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis

from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, Override, Standing
from app.flow.redis_gate import RedisGate
from tests.support.patience import PATIENCE

KEY = "f.execute"


class Overrides:
    """What operators have set, as a table would hold it."""

    def __init__(self) -> None:
        self.rows: dict[str, Override] = {}

    async def load(self) -> Standing:
        return Standing(dict(self.rows))


class Work:
    """Pieces of work behind gates, which remember when each began and how many were at it."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.starts: list[float] = []
        self.ended = 0

    async def do(self, gate: RedisGate, seconds: float, key: str = KEY) -> None:
        async with gate.permit(key):
            self.starts.append(asyncio.get_running_loop().time())
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.inside -= 1
        self.ended += 1

    async def until_inside(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.inside < number:
                await asyncio.sleep(0.001)

    async def hold(self, gate: RedisGate, until: asyncio.Event) -> None:
        """A piece that takes until the test lets it go."""
        async with gate.permit(KEY):
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.starts.append(asyncio.get_running_loop().time())
            try:
                await until.wait()
            finally:
                self.inside -= 1
        self.ended += 1


async def lease_ends(redis: Redis, prefix: str, key: str = KEY) -> list[float]:
    """Of each slot in use, in seconds of Redis's own clock."""
    found = cast(  # redis-py's types leave open what a reply with scores is made of
        "list[tuple[bytes, float]]",
        await redis.zrange(f"{prefix}:flow:{{{key}}}:slots", 0, -1, withscores=True),
    )
    return [ends / 1e6 for _, ends in found]


@asynccontextmanager
async def gate(
    redis_url: str,
    prefix: str,
    controls: Mapping[str, FlowControl],
    overrides: Overrides | None = None,
    *,
    lease: float = 1.0,
) -> AsyncIterator[RedisGate]:
    """One worker's gate, running."""
    redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
    known = EffectiveLimits(controls, (overrides or Overrides()).load)
    one = RedisGate(redis, prefix, known, lease=timedelta(seconds=lease))
    running = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await redis.aclose()


async def levels_waiting(redis: Redis, prefix: str, key: str) -> Counter[int]:
    """By priority, how many items of all workers wait; of workers where some are not ordinary."""
    found: Counter[int] = Counter()
    # redis-py's types leave open what a reply is made of.
    wants = cast("dict[bytes, bytes]", await redis.hgetall(_part(prefix, key, "wants")))
    for worker, said in wants.items():
        if worker.endswith(b":levels"):
            numbers = [int(number) for number in said.split()]
            found.update(dict(zip(numbers[::2], numbers[1::2], strict=True)))
    return found


async def all_heard(redis: Redis, prefix: str, key: str, workers: int) -> None:
    """Return once so many workers wait, and each knows that the others do: it has asked since."""
    since = 0.0
    async with asyncio.timeout(PATIENCE):
        for _ in range(3):  # the last answer has come to whoever asks again
            while True:
                reply = await redis.zrange(_part(prefix, key, "waiting"), 0, -1, withscores=True)
                until = [score for _, score in cast("list[tuple[bytes, float]]", reply)]
                if len(until) == workers and min(until) > since:
                    break
                await asyncio.sleep(0.005)
            since = max(until)


def _part(prefix: str, key: str, part: str) -> str:
    return f"{prefix}:flow:{{{key}}}:{part}"
