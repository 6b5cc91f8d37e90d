"""The script of partitions, driven through random sequences, against a model of what it may do."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.flow.limits import FlowControl
from app.flow.partitions.partition_script import Exchanged, PartitionScript, permit_name
from app.flow.redis_script import HORIZON, PACE
from tests.support.patience import PATIENCE

KEY = "f.execute"
LEASE = timedelta(seconds=60)
"""Longer than any example takes: a lease ends here only when a test says so."""
LEASE_US = LEASE // timedelta(microseconds=1)
WORKERS = ("a", "b", "c")
PARTITIONS = ("acme", "beta", "{odd}:name", None)
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Ask:
    """Give back so many of what one holds, and ask for more, each of a partition."""

    worker: str
    wanted: Sequence[str | None]
    release: int


@dataclass(frozen=True)
class Expire:
    """The leases of what a worker holds end, as if it had died."""

    worker: str


@dataclass(frozen=True)
class Renew:
    """A worker says what it holds, or what it held until its leases ended."""

    worker: str


@dataclass(frozen=True)
class Forget:
    """Redis loses what it has counted of partitions."""


Step = Ask | Expire | Renew | Forget | FlowControl

workers = st.sampled_from(WORKERS)
rates = st.none() | st.sampled_from([50.0, 333.0, 10_000.0])
controls = st.builds(
    FlowControl,
    parallelism=st.none() | st.integers(1, 8),
    rate=rates,
    per_partition=st.none() | st.integers(1, 3),
    rate_per_partition=rates,
)
wanted = st.lists(st.sampled_from(PARTITIONS), max_size=6)
asks = st.builds(Ask, workers, wanted, st.integers(0, 6))
others = st.builds(Expire, workers) | st.builds(Renew, workers) | st.builds(Forget) | controls
sequences = st.tuples(controls, st.lists(asks | asks | others, max_size=30)).map(
    lambda drawn: [drawn[0], *drawn[1]]
)
driven = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class Driver:
    """The script as workers call it, beside what the model knows."""

    redis: Redis
    prefix: str
    script: PartitionScript = field(init=False)
    control: FlowControl = field(default_factory=FlowControl)
    leased: dict[str, str | None] = field(default_factory=dict)
    """Permits whose lease runs, each with its partition."""
    held: dict[str, dict[int, str | None]] = field(default_factory=lambda: {w: {} for w in WORKERS})
    """Numbers of permits as their workers see them: one whose lease has ended is still there."""
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WORKERS, 0))
    last: dict[str | None, int] = field(default_factory=dict)
    """The last start of each partition, and of the key as that of ``None``."""
    intervals: dict[str | None, int] = field(default_factory=dict)
    """With which that was handed out, or the shortest in force since."""

    def __post_init__(self) -> None:
        self.script = PartitionScript(self.redis, self.prefix, lease=LEASE)

    async def take(self, step: Step) -> None:
        match step:
            case FlowControl():
                self.control = step
                for name in self.last:
                    now = self._interval(name)
                    if now:
                        self.intervals[name] = min(self.intervals[name], now)
            case Expire(worker):
                await self._expire(worker)
            case Renew(worker):
                if self.held[worker]:
                    await self.script.renew(KEY, worker, self.held[worker])
                    self.leased.update(self._named(worker))
            case Forget():
                await self.redis.delete(self._name("used"))
            case Ask():
                await self._ask(step)
        await self._compare()

    def _named(self, worker: str) -> dict[str, str | None]:
        return {permit_name(worker, number, of): of for number, of in self.held[worker].items()}

    async def _compare(self) -> None:
        """What Redis has is what the model says."""
        assert set(await self._slots("slots")) == set(self.leased)
        counted = Counter(name for name in self.leased.values() if name is not None)
        assert dict(await self.script.fullest(KEY, 10)) == counted
        for name in PARTITIONS:
            if name is not None:
                alone = [(name, counted[name])] if counted[name] else []
                assert await self.script.fullest(KEY, 10, name) == alone
        of_none = sum(name is None for name in self.leased.values())
        all_of_them = counted | ({"": of_none} if of_none else {})
        assert dict(await self._ends("used")) == all_of_them

    async def _expire(self, worker: str) -> None:
        for permit in self.leased.keys() & self._named(worker).keys():
            del self.leased[permit]
            await self.redis.zadd(self._name("slots"), {permit: 1}, xx=True)

    async def _ask(self, step: Ask) -> None:
        worker, control = step.worker, self.control
        held = self.held[worker]
        released = dict(list(held.items())[: step.release])
        for permit, name in released.items():
            del held[permit]
            self.leased.pop(permit_name(worker, permit, name), None)
        names = {*step.wanted, *released.values()}
        number, self.numbers[worker] = self.numbers[worker], self.numbers[worker] + len(step.wanted)
        alone = not await self._others_waiting(worker)
        found = await self.script.exchange(
            KEY,
            control,
            {name: control.of_partition for name in names if name is not None},
            worker,
            wanted=step.wanted,
            holds=len(held),
            number=number,
            waiting=len(step.wanted),
            released=released,
        )
        assert len(found.answers) == len(step.wanted)
        await self._judge(step, found, number, alone=alone)

    async def _judge(self, step: Ask, found: Exchanged, number: int, *, alone: bool) -> None:
        control, slots = self.control, await self._slots("slots")
        active = len(self.leased)
        used = Counter(self.leased.values())
        for offset, (name, answer) in enumerate(zip(step.wanted, found.answers, strict=True)):
            permit = permit_name(step.worker, number + offset, name)
            full = control.parallelism is not None and active >= control.parallelism
            taken = name is not None and (
                control.per_partition is not None and used[name] >= control.per_partition
            )
            if answer.start is None:
                assert permit not in slots
                if alone and control.rate is None and control.rate_per_partition is None:
                    assert full or taken  # and for nothing else is it refused
                continue
            assert not full
            assert not taken
            assert 0 <= answer.start <= HORIZON.total_seconds()
            self._judge_start(slots[permit] - LEASE_US, None)
            if name is not None:
                self._judge_start(slots[permit] - LEASE_US, name)
            active += 1
            used[name] += 1
            self.leased[permit] = self.held[step.worker][number + offset] = name

    def _judge_start(self, start: int, name: str | None) -> None:
        interval = self._interval(name)
        if not interval:
            return
        if name in self.last:
            assert start - self.last[name] >= min(self.intervals[name], interval)
        self.last[name], self.intervals[name] = start, interval

    def _interval(self, name: str | None) -> int:
        control = self.control if name is None else self.control.of_partition
        asked = control.interval
        return 0 if asked is None else (asked * PACE) // timedelta(microseconds=1)

    async def _slots(self, part: str) -> dict[str, int]:
        """The permits whose lease runs, and its end in microseconds."""
        return {permit: ends for permit, ends in await self._ends(part) if ends > 1}

    async def _others_waiting(self, worker: str) -> int:
        seconds, micros = await self.redis.time()
        now = seconds * 1_000_000 + micros
        return sum(ends > now and one != worker for one, ends in await self._ends("waiting"))

    async def _ends(self, part: str) -> list[tuple[str, int]]:
        # redis-py's types leave open what a reply with scores is made of.
        reply = cast(
            "list[tuple[bytes, float]]",
            await self.redis.zrange(self._name(part), 0, -1, withscores=True),
        )
        return [(member.decode(), int(score)) for member, score in reply]

    def _name(self, part: str) -> str:
        return f"{self.prefix}:flow:{{{KEY}}}:{part}"


def fresh(redis: Redis, prefix: str) -> Driver:
    return Driver(redis, f"{prefix}-{next(_NUMBERS)}")


@driven
@given(sequences)
async def test_whatever_workers_do_key_and_partitions_hold_as_the_model_says(
    redis: Redis, redis_prefix: str, steps: list[Step]
) -> None:
    driver = fresh(redis, redis_prefix)
    for step in steps:
        await driver.take(step)


async def test_whoever_stands_behind_a_full_partition_begins(
    redis: Redis, redis_prefix: str
) -> None:
    driver = fresh(redis, redis_prefix)
    await driver.take(FlowControl(parallelism=3, per_partition=1))
    await driver.take(Ask("a", ["acme"] * 50 + ["beta", None], 0))
    assert Counter(driver.leased.values()) == {"acme": 1, "beta": 1, None: 1}
    assert await driver.script.fullest(KEY, 10) == [("acme", 1), ("beta", 1)]


async def test_a_turn_that_a_partition_cannot_take_is_not_lost_for_the_key(
    redis: Redis, redis_prefix: str
) -> None:
    driver = fresh(redis, redis_prefix)
    await driver.take(FlowControl(rate=10_000, rate_per_partition=1))
    await driver.take(Ask("a", ["acme"] * 20 + ["beta"], 0))
    assert Counter(driver.leased.values()) == {"acme": 1, "beta": 1}


async def test_items_of_no_partition_have_the_limits_of_the_key_alone(
    redis: Redis, redis_prefix: str
) -> None:
    driver = fresh(redis, redis_prefix)
    await driver.take(FlowControl(parallelism=2, per_partition=1, rate_per_partition=1))
    await driver.take(Ask("a", [None] * 3, 0))
    await driver.take(Ask("a", [None], 2))
    assert list(driver.leased.values()) == [None]
    assert await driver.script.fullest(KEY, 10) == []


async def test_what_a_released_permit_leaves_is_counted_once(
    redis: Redis, redis_prefix: str
) -> None:
    driver = fresh(redis, redis_prefix)
    await driver.take(FlowControl(per_partition=2))
    await driver.take(Ask("a", ["acme", "acme"], 0))
    await driver.take(Expire("a"))
    await driver.take(Ask("a", [], 2))
    await driver.take(Ask("b", ["acme", "acme", "acme"], 0))
    assert len(driver.leased) == 2


async def test_counts_that_something_made_wrong_are_made_anew_within_a_minute(
    redis: Redis, redis_prefix: str
) -> None:
    """As a worker of another version may, which knows the permits and not the counts."""
    driver = Driver(redis, redis_prefix)
    limits = {"acme": FlowControl(parallelism=1)}

    async def granted(number: int) -> bool:
        found = await driver.script.exchange(
            KEY, FlowControl(), limits, "a",
            wanted=["acme"], holds=0, number=number, waiting=1,
        )  # fmt: skip
        return found.answers[0].start is not None

    used = driver._name("used")
    assert await granted(1)
    assert 0 < await redis.pttl(used) <= 60_000
    await redis.pexpire(used, 86_400_000)  # as the version before set it
    await driver.script.renew(KEY, "b", {1: "beta"})
    assert 0 < await redis.pttl(used) <= 60_000
    await redis.delete(driver._name("slots"))
    await redis.pexpire(used, 30_000)
    assert not await granted(2)
    await driver.script.renew(KEY, "b", {1: "beta"})
    assert await redis.pttl(used) <= 30_000  # whoever uses it does not put that off
    await redis.pexpire(used, 1)
    async with asyncio.timeout(PATIENCE):
        while await redis.exists(used):
            await asyncio.sleep(0.001)
    assert await granted(3)
    assert 0 < await redis.pttl(used) <= 60_000


async def test_a_worker_that_is_gone_waits_no_more(redis: Redis, redis_prefix: str) -> None:
    driver = Driver(redis, redis_prefix)

    async def wanted_elsewhere(worker: str, *wanted: str) -> bool:
        found = await driver.script.exchange(
            KEY, FlowControl(parallelism=1), {"acme": FlowControl()}, worker,
            wanted=wanted, holds=0, number=1, waiting=len(wanted),
        )  # fmt: skip
        return found.wanted_elsewhere

    assert not await wanted_elsewhere("a", "acme", "acme")
    assert await wanted_elsewhere("b", "acme")
    await redis.zadd(driver._name("heard"), {"a": 1}, xx=True)  # a second has passed
    assert not await wanted_elsewhere("b", "acme")
    assert set(await redis.hkeys(driver._name("wants"))) == {b"b"}
