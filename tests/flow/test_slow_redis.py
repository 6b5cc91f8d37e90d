"""A Redis that answers late: work goes on, at its speed, and no limit is exceeded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from app.flow.history import FlowHistory, FlowPoint
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits
from app.flow.partitions.partition_script import PartitionScript
from app.flow.redis_gate import RedisGate
from app.flow.redis_script import GateScript
from tests.flow.gates import KEY, Overrides, Work, lease_ends
from tests.support.clocks.rates import assert_rate_kept
from tests.support.patience import PATIENCE
from tests.support.servers.choice import TestServers

ONE_WAY = 0.05
"""Seconds that everything takes on its way to Redis, and again on its way back."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _late(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while data := await source.read(65_536):
        loop.call_later(ONE_WAY, sink.write, data)
    await asyncio.sleep(ONE_WAY)
    sink.close()


def _dialling(url: str) -> Callable[[], Awaitable[Streams]]:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return lambda: asyncio.open_unix_connection(parts.path)
    return lambda: asyncio.open_connection(parts.hostname, parts.port or 6379)


@asynccontextmanager
async def far_away(url: str) -> AsyncIterator[str]:
    """The same Redis at a distance: a URL."""
    dial = _dialling(url)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, down = await dial()
        with suppress(ConnectionError):
            await asyncio.gather(_late(reader, down), _late(up, writer))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        account = urlsplit(url).netloc.rpartition("@")[0]
        yield f"redis://{account and account + '@'}{host}:{port}"
    finally:
        server.close()


@pytest.fixture
async def distant(servers: TestServers) -> AsyncIterator[str]:
    async with far_away(servers.redis_url) as url:
        yield url


@asynccontextmanager
async def worker(
    url: str, prefix: str, control: FlowControl, lease: timedelta
) -> AsyncIterator[RedisGate]:
    redis = Redis.from_url(url)
    gate = RedisGate(redis, prefix, EffectiveLimits({KEY: control}, Overrides().load), lease=lease)
    running = asyncio.create_task(gate.run())
    try:
        yield gate
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await redis.aclose()


async def test_never_more_than_the_parallelism_is_inside_and_all_come_through(
    distant: str, redis_prefix: str
) -> None:
    control, lease = FlowControl(parallelism=4), timedelta(minutes=5)
    work = Work()
    async with (
        worker(distant, redis_prefix, control, lease) as one,
        worker(distant, redis_prefix, control, lease) as two,
        asyncio.timeout(PATIENCE),
    ):
        await asyncio.gather(*(work.do(gate, 0.02) for gate in (one, two) for _ in range(40)))
    assert work.ended == 80
    assert work.most <= 4


async def test_a_lease_is_kept_alive_although_each_renewal_comes_late(
    distant: str, redis: Redis, redis_prefix: str
) -> None:
    """How often it is renewed, ``test_permits_over_time`` says."""
    control, lease = FlowControl(parallelism=1), timedelta(minutes=5)
    work, let_go = Work(), asyncio.Event()
    async with (
        worker(distant, redis_prefix, control, lease) as one,
        worker(distant, redis_prefix, control, lease) as two,
        asyncio.timeout(PATIENCE),
    ):
        one._lease = timedelta(seconds=0.3)  # its own pace alone: Redis keeps the slot for longer
        holding = asyncio.create_task(work.hold(one, let_go))
        await work.until_inside(1)
        waiting = asyncio.create_task(work.do(two, 0))
        [ends] = await lease_ends(redis, redis_prefix)
        for _ in range(5):
            later = ends
            while later <= ends:
                await asyncio.sleep(0.01)
                [later] = await lease_ends(redis, redis_prefix)
            ends = later
        let_go.set()
        await asyncio.gather(holding, waiting)
    assert (work.ended, work.most) == (2, 1)


async def test_a_question_that_is_cut_off_before_it_is_answered_keeps_no_connection(
    distant: str, redis_prefix: str
) -> None:
    async with Redis.from_url(distant) as far, asyncio.timeout(PATIENCE):
        lease, pool = timedelta(seconds=10), far.connection_pool
        script = GateScript(far, redis_prefix, lease=lease)
        partitions = PartitionScript(far, redis_prefix, lease=lease)
        await far.ping()  # the connection is there
        for question in (
            script.observe_all({KEY: FlowControl()}),
            partitions.renew(KEY, "one", {1: "acme"}),
            FlowHistory(far, redis_prefix).add({KEY: FlowPoint(0, 0, 0, 0, 0, 0)}),
        ):
            asking = asyncio.create_task(question)
            await asyncio.sleep(ONE_WAY)  # half of the way: asked, and not answered
            asking.cancel()
            await asyncio.wait([asking])
            assert not pool._in_use_connections


async def test_a_rate_is_kept(distant: str, redis_prefix: str) -> None:
    """And used, as ``test_permits_over_time`` says."""
    work, since = Work(), asyncio.get_running_loop().time()
    async with (
        worker(distant, redis_prefix, FlowControl(rate=50), timedelta(seconds=10)) as gate,
        asyncio.timeout(PATIENCE),
    ):
        await asyncio.gather(*(work.do(gate, 0) for _ in range(100)))
    assert work.ended == 100
    assert_rate_kept(work.starts, since, 1 / 50)
