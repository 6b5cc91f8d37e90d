"""The gate's script, driven through random sequences, against a model of what it may do."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.flow.limits import OPEN, FlowControl
from app.flow.redis_script import HORIZON, PACE, GateScript, Granted

KEY = "f.execute"
LEASE = timedelta(seconds=60)
"""Longer than any example takes: a lease ends here only when a test says so."""
LEASE_US = LEASE // timedelta(microseconds=1)
WORKERS = ("a", "b", "c")
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Ask:
    """Give back so many of what one holds, and ask for more."""

    worker: str
    want: int
    release: int


@dataclass(frozen=True)
class Expire:
    """The leases of what a worker holds end, as if it had died."""

    worker: str


@dataclass(frozen=True)
class Renew:
    """A worker says what it holds, or what it held until its leases ended."""

    worker: str


Step = Ask | Expire | Renew | FlowControl

workers = st.sampled_from(WORKERS)
# Rates are high, so that an example need not wait for its starts.
controls = st.builds(
    FlowControl,
    parallelism=st.none() | st.integers(1, 8),
    rate=st.none() | st.sampled_from([7.0, 50.0, 333.0, 10_000.0]),
)
without_rate = st.builds(FlowControl, parallelism=st.none() | st.integers(1, 8))
asks = st.builds(Ask, workers, st.integers(0, 6), st.integers(0, 6))


def sequences(changes: st.SearchStrategy[FlowControl]) -> st.SearchStrategy[list[Step]]:
    others = st.builds(Expire, workers) | st.builds(Renew, workers) | changes
    return st.tuples(changes, st.lists(asks | asks | others, max_size=30)).map(
        lambda drawn: [drawn[0], *drawn[1]]
    )


driven = settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class Driver:
    """The script as workers call it, beside what the model knows. Redis is asked only to compare
    the two, and who waits."""

    redis: Redis
    prefix: str
    script: GateScript = field(init=False)
    control: FlowControl = OPEN
    leased: set[str] = field(default_factory=set)
    """Permits whose lease runs."""
    held: dict[str, list[str]] = field(default_factory=lambda: {w: [] for w in WORKERS})
    """Permits as their workers see them: one whose lease has ended is still there."""
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WORKERS, 0))
    last_start: int | None = None
    interval: int = 0
    """With which ``last_start`` was handed out, or the shortest that was in force since."""

    def __post_init__(self) -> None:
        self.script = GateScript(self.redis, self.prefix, lease=LEASE)

    async def take(self, step: Step) -> None:
        match step:
            case FlowControl():
                self.control = step
                if step.interval is not None:
                    self.interval = min(self.interval, us(step.interval * PACE))
            case Expire(worker):
                await self._expire(worker)
            case Renew(worker):
                if self.held[worker]:
                    await self.script.renew(KEY, self.held[worker])
                    self.leased.update(self.held[worker])
            case Ask():
                await self._ask(step)
        assert set(await self._slots()) == self.leased
        observed = await self.script.observe(KEY, self.control)
        assert observed is not None
        assert observed.active == len(self.leased)

    async def _expire(self, worker: str) -> None:
        lapsed = self.leased.intersection(self.held[worker])
        if lapsed:
            await self.redis.zadd(self._name("slots"), dict.fromkeys(lapsed, 1), xx=True)
        self.leased -= lapsed

    async def _ask(self, step: Ask) -> None:
        worker, want = step.worker, step.want
        held = self.held[worker]
        released, self.held[worker] = held[: step.release], held[step.release :]
        self.leased -= set(released)
        others = await self._others_waiting(worker)
        number, active = self.numbers[worker], len(self.leased)
        self.numbers[worker] += want
        granted = await self.script.exchange(
            KEY,
            self.control,
            worker,
            want=want,
            holds=len(self.held[worker]),
            number=number,
            released=released,
        )
        new = [f"{worker}:{number + offset}" for offset in range(len(granted.starts))]
        self._check_parallelism(granted, worker, want=want, active=active, others=others)
        await self._check_starts(granted, new)
        self.leased.update(new)
        self.held[worker] += new

    def _check_parallelism(
        self, granted: Granted, worker: str, *, want: int, active: int, others: int
    ) -> None:
        number, holds, limit = len(granted.starts), len(self.held[worker]), self.control.parallelism
        assert 0 <= number <= want
        if limit is None:
            assert granted.excess == 0
            assert self.control.rate is not None or number == want
            return
        over = max(0, active - limit)
        assert number == 0 or active + number <= limit
        if not others:
            assert granted.excess == over
            if self.control.rate is None:
                assert number == max(0, min(want, limit - active))
            return
        assert over <= granted.excess <= max(over, holds)
        assert number == 0 or holds + number <= math.ceil(limit / (others + 1))

    async def _check_starts(self, granted: Granted, new: Sequence[str]) -> None:
        """Exactly, by the leases, which end so long after the start."""
        slots = await self._slots()
        starts = [slots[permit] - LEASE_US for permit in new]
        assert all(0 <= start <= HORIZON.total_seconds() for start in granted.starts)
        if not new or self.control.interval is None:
            assert not any(granted.starts)
            return
        interval = us(self.control.interval * PACE)
        assert all(later - start == interval for start, later in itertools.pairwise(starts))
        if self.last_start is not None:
            assert starts[0] - self.last_start >= self.interval
        self.last_start, self.interval = starts[-1], interval

    async def _slots(self) -> dict[str, int]:
        """The permits whose lease runs, and its end in microseconds."""
        return {permit: ends for permit, ends in await self._ends("slots") if ends > 1}

    async def _others_waiting(self, worker: str) -> int:
        seconds, micros = await self.redis.time()
        now = seconds * 1_000_000 + micros
        waiting = await self._ends("waiting")
        return sum(ends > now and one != worker for one, ends in waiting)

    async def _ends(self, part: str) -> list[tuple[str, int]]:
        # redis-py's types leave open what a reply with scores is made of.
        reply = cast(
            "list[tuple[bytes, float]]",
            await self.redis.zrange(self._name(part), 0, -1, withscores=True),
        )
        return [(member.decode(), int(score)) for member, score in reply]

    def _name(self, part: str) -> str:
        return f"{self.prefix}:flow:{{{KEY}}}:{part}"


def us(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def fresh(redis: Redis, prefix: str) -> Driver:
    return Driver(redis, f"{prefix}-{next(_NUMBERS)}")


@driven
@given(sequences(without_rate))
async def test_whatever_workers_do_the_slots_are_what_the_model_says(
    redis: Redis, redis_prefix: str, steps: list[Step]
) -> None:
    driver = fresh(redis, redis_prefix)
    for step in steps:
        await driver.take(step)


@driven
@given(sequences(controls))
@example([FlowControl(rate=7), Ask("a", 3, 0), FlowControl(rate=333), Ask("b", 3, 0)])
@example([FlowControl(rate=333), Ask("a", 3, 0), FlowControl(rate=7), Ask("b", 3, 0)])
async def test_whatever_workers_do_starts_are_an_interval_apart_and_never_in_the_past(
    redis: Redis, redis_prefix: str, steps: list[Step]
) -> None:
    driver = fresh(redis, redis_prefix)
    for step in steps:
        await driver.take(step)


@driven
@given(st.integers(1, 8), st.integers(0, 8), st.integers(1, 8), st.integers(0, 6))
async def test_a_lowered_limit_tells_how_many_to_give_back_and_grants_none_before(
    redis: Redis, redis_prefix: str, high: int, asked: int, low: int, want: int
) -> None:
    driver = fresh(redis, redis_prefix)
    for step in (FlowControl(parallelism=high), Ask("a", asked, 0)):
        await driver.take(step)
    active = min(high, asked)
    # Whoever got less than it asked for waits; asking for nothing ends that.
    await driver.take(Ask("a", 0, 0))
    lowered = FlowControl(parallelism=low)
    granted = await driver.script.exchange(KEY, lowered, "b", want=want, holds=0, number=0)
    assert granted.excess == max(0, active - low)
    assert len(granted.starts) == max(0, min(want, low - active))


async def test_who_wants_nothing_gets_nothing_and_is_not_waited_for(
    redis: Redis, redis_prefix: str
) -> None:
    """So a pause is told to Redis: as wanting nothing."""
    driver = fresh(redis, redis_prefix)
    for step in (FlowControl(parallelism=2), Ask("a", 2, 0), Ask("b", 2, 0), Ask("b", 0, 0)):
        await driver.take(step)
    observed = await driver.script.observe(KEY, driver.control)
    assert observed is not None
    assert (observed.active, observed.waiting, observed.started) == (2, 0, 2)
    assert driver.held["b"] == []


async def test_what_was_given_back_twice_or_by_nobody_frees_one_slot_only(
    redis: Redis, redis_prefix: str
) -> None:
    script, one = fresh(redis, redis_prefix).script, FlowControl(parallelism=2)
    await script.exchange(KEY, one, "a", want=2, holds=0, number=0)
    for released in (["a:0"], ["a:0", "z:9"]):
        await script.exchange(KEY, one, "a", want=0, holds=1, number=2, released=released)
    granted = await script.exchange(KEY, one, "a", want=5, holds=1, number=2)
    assert len(granted.starts) == 1


@pytest.mark.parametrize("beyond", [timedelta(minutes=1), timedelta(hours=1)])
async def test_a_faster_rate_does_not_wait_for_the_next_start_of_the_slower_one(
    redis: Redis, redis_prefix: str, beyond: timedelta
) -> None:
    script = fresh(redis, redis_prefix).script
    slow, fast = FlowControl(rate=1, period=beyond), FlowControl(rate=10)
    assert (await script.exchange(KEY, slow, "a", want=2, holds=0, number=0)).starts == [0]
    told = await script.exchange(KEY, fast, "a", want=2, holds=1, number=2)
    assert told.starts == []
    assert told.ask_in is not None
    assert told.ask_in < 1
    await asyncio.sleep(told.ask_in)
    assert (await script.exchange(KEY, fast, "a", want=2, holds=1, number=2)).starts


async def test_what_started_under_a_shorter_period_is_not_counted_for_ever(
    redis: Redis, redis_prefix: str
) -> None:
    script = fresh(redis, redis_prefix).script
    short, longer = (FlowControl(rate=9, period=timedelta(milliseconds=ms)) for ms in (6, 60))
    await script.exchange(KEY, short, "a", want=0, holds=0, number=0, handed=5)
    await asyncio.sleep(0.1)
    observed = await script.observe(KEY, longer)
    assert observed is not None
    assert observed.started == 0
