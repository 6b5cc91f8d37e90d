"""The gate's script where workers wait for different priorities, against a model of it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import cast

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.flow.limits import FlowControl
from app.flow.redis_script import GateScript, Granted

KEY = "f.execute"
LEASE = timedelta(seconds=60)
"""Longer than any example takes."""
SHARE = Fraction(1, 4)
WORKERS = ("a", "b", "c", "d")
_NUMBERS = itertools.count(1)

Levels = Mapping[int, int]


@dataclass(frozen=True)
class Ask:
    """Give back so many of what one holds, and say how many wait for each priority."""

    worker: str
    waits: Levels
    release: int = 0


workers = st.sampled_from(WORKERS)
waits = st.dictionaries(st.sampled_from([0, 2, 5, 8, 9]), st.integers(1, 6), max_size=4)
asks = st.builds(Ask, workers, waits, st.integers(0, 6))
driven = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class Line:
    """All who wait, in whichever worker; one after another is chosen, and whoever could not be
    served goes on to be reckoned with. ``owed`` and ``last`` are those of what was really begun."""

    owed: Fraction = Fraction(0)
    last: int = 0

    def choose(
        self, of: Mapping[str, Levels], worker: str, free: int, fair: Mapping[int, int]
    ) -> list[int]:
        """The priorities that the worker may begin of.

        Args:
            fair: of each priority how many more the worker may begin while others wait for it.
        """
        waiting = Counter(
            {(level, one): number for one, all_ in of.items() for level, number in all_.items()}
        )
        found: list[int] = []
        owed, last, reserved = self.owed, self.last, 0
        wanted = sum(of[worker].values())
        while free > 0 and len(found) < wanted:
            free -= 1
            levels = sorted({level for level, _ in waiting.elements()}, reverse=True)
            if not levels:
                break
            level, by_share, change = levels[0], False, Fraction(0)
            if len(levels) > 1:
                by_share = owed + SHARE >= 1
                change = SHARE - by_share
            if by_share:
                below = [one for one in levels[1:] if one < last]
                level = last = (below or levels[1:])[0]
            owed += change
            others = [one for at, one in waiting if at == level and one != worker]
            others = [one for one in others if waiting[level, one]]
            ours = waiting[level, worker] > 0 and (not others or len(found) < fair[level])
            taker = worker if ours else others[0]
            waiting[level, taker] -= 1
            if taker == worker:
                found.append(level)
                self.owed += change
                self.last = level if by_share else self.last
            else:
                reserved += by_share
        if found:
            self.owed = max(Fraction(-1), min(self.owed, Fraction(reserved + 1)))
        return found


@dataclass
class Driver:
    redis: Redis
    prefix: str
    parallelism: int
    script: GateScript = field(init=False)
    held: dict[str, list[str]] = field(default_factory=lambda: {w: [] for w in WORKERS})
    told: dict[str, Levels] = field(default_factory=dict)
    """Who waits, and for what."""
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WORKERS, 0))
    line: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.script = GateScript(self.redis, self.prefix, lease=LEASE, share=float(SHARE))

    @property
    def active(self) -> int:
        return sum(map(len, self.held.values()))

    async def take(self, step: Ask) -> Granted:
        worker, held = step.worker, self.held[step.worker]
        released, self.held[worker] = held[: step.release], held[step.release :]
        levels = sorted(step.waits.items(), reverse=True)
        want, number = sum(step.waits.values()), self.numbers[worker]
        self.numbers[worker] += want
        before = await self._waiting()
        granted = await self.script.exchange(
            KEY,
            FlowControl(parallelism=self.parallelism),
            worker,
            want=want,
            holds=len(self.held[worker]),
            number=number,
            levels=levels,
            released=released,
        )
        # On a machine that stands still for a second nobody waits any more, and that is right.
        assume(before == set(self.told))
        self._judge(step, granted, released=len(released))
        self.held[worker] += [f"{worker}:{number + at}" for at in range(len(granted.starts))]
        assert self.active <= self.parallelism
        assert self.active == await self.redis.zcard(self._name("slots"))
        return granted

    def _judge(self, step: Ask, granted: Granted, *, released: int) -> None:
        worker, holds = step.worker, len(self.held[step.worker])
        others = {one: levels for one, levels in self.told.items() if one != worker}
        free = self.parallelism - self.active
        present = {level for levels in [*others.values(), step.waits] for level in levels}
        left = Counter(dict(step.waits))
        self.told.pop(worker, None)
        if others and (len(present) > 1 or (not step.waits and present != {5})):
            # What it holds, and gets, it gives back when its items end, whoever is next then.
            assert granted.excess == holds + len(granted.starts)
            fair = {level: self._fair(others, level, holds, released) for level in present}
            expected = self.line.choose({**others, worker: step.waits}, worker, free, fair)
            assert list(granted.levels) == expected
            left.subtract(expected)
        else:
            assert list(granted.levels) == []
            assert len(granted.starts) <= free
            if not others:
                assert len(granted.starts) == min(free, sum(left.values()))
            for _ in granted.starts:
                left[max(+left)] -= 1
        if left.total():
            self.told[worker] = dict(+left)

    def _fair(self, others: Mapping[str, Levels], level: int, holds: int, released: int) -> int:
        rivals = sum(level in levels for levels in others.values())
        if released and self.parallelism <= rivals:
            return 0
        return -(-self.parallelism // (rivals + 1)) - holds

    async def _waiting(self) -> set[str]:
        seconds, micros = await self.redis.time()
        soon = seconds * 1_000_000 + micros + 300_000  # and still will when we ask
        # redis-py's types leave open what a reply with scores is made of.
        reply = cast(
            "list[tuple[bytes, float]]",
            await self.redis.zrange(self._name("waiting"), 0, -1, withscores=True),
        )
        return {one.decode() for one, until in reply if until > soon}

    def _name(self, part: str) -> str:
        return f"{self.prefix}:flow:{{{KEY}}}:{part}"


def fresh(redis: Redis, prefix: str, parallelism: int) -> Driver:
    return Driver(redis, f"{prefix}-{next(_NUMBERS)}", parallelism)


@driven
@given(st.integers(1, 8), st.lists(asks, max_size=25))
@example(2, [Ask("a", {2: 6}), Ask("b", {9: 3}), Ask("a", {2: 4}, 1), Ask("b", {9: 3})])
@example(1, [Ask("a", {9: 6}), Ask("b", {2: 3}), Ask("a", {9: 5}, 1), Ask("b", {2: 3})])
async def test_whatever_workers_do_each_start_goes_to_whom_the_model_chooses(
    redis: Redis, redis_prefix: str, parallelism: int, steps: Sequence[Ask]
) -> None:
    driver = fresh(redis, redis_prefix, parallelism)
    for step in steps:
        await driver.take(step)


@settings(driven, max_examples=20)
@given(
    st.integers(1, 8),
    st.lists(st.sets(st.sampled_from([0, 2, 5, 9]), min_size=1), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.permutations(range(4))), min_size=30, max_size=60),
)
@example(2, [{9}, {0}, {2}, {5}], [(0, [0, 1, 2, 3])] * 60)
async def test_over_all_workers_the_lower_priorities_have_their_share_and_no_more(
    redis: Redis,
    redis_prefix: str,
    parallelism: int,
    levels: Sequence[set[int]],
    rounds: Sequence[tuple[int, Sequence[int]]],
) -> None:
    """Something of each is always there, and whoever is woken asks, in any order."""
    driver = fresh(redis, redis_prefix, parallelism)
    here = WORKERS[: len(levels)]
    endless = {one: dict.fromkeys(of, 20) for one, of in zip(here, levels, strict=True)}
    top, all_levels = max(set().union(*levels)), set().union(*levels)
    for worker in here:
        await driver.take(Ask(worker, endless[worker]))
    began: list[int] = []
    for whose, order in rounds:
        holders = [one for one in here if driver.held[one]]
        asking = [holders[whose % len(holders)], *(here[at] for at in order if at < len(here))]
        for at, worker in enumerate(asking):
            granted = await driver.take(Ask(worker, endless[worker], int(at == 0)))
            began += granted.levels
        if len(all_levels) > 1:
            assert driver.active == parallelism  # whatever is free, somebody takes it
    if len(all_levels) > 1:
        low = sum(level < top for level in began)
        assert abs(low - len(began) * SHARE) <= 2
        turns = Counter(level for level in began if level < top)
        assert max(turns.values(), default=0) - min(turns[one] for one in all_levels - {top}) <= 2


async def test_of_a_rate_too_the_higher_priority_has_all_but_the_share(
    redis: Redis, redis_prefix: str
) -> None:
    control, began = FlowControl(rate=50), Counter[int]()
    script = GateScript(redis, redis_prefix, lease=LEASE, share=float(SHARE))
    for turn in range(60):
        await redis.delete(f"{redis_prefix}:flow:{{{KEY}}}:next")  # as if time had passed
        for worker, level in (("bulk", 2), ("urgent", 9)):
            granted = await script.exchange(
                KEY, control, worker, want=50, holds=0, number=100 * turn, levels=[(level, 50)]
            )
            assert granted.ask_in is not None
            began.update(granted.levels)
    assert abs(began[2] - began.total() * SHARE) <= 2


async def test_a_worker_that_holds_what_others_wait_for_gives_all_back(
    redis: Redis, redis_prefix: str
) -> None:
    script, four = fresh(redis, redis_prefix, 4).script, FlowControl(parallelism=4)
    await script.exchange(KEY, four, "a", want=4, holds=0, number=0, levels=[(2, 4)])
    await script.exchange(KEY, four, "b", want=1, holds=0, number=0, levels=[(9, 1)])
    # Whether slots were handed on to bulk items, or nobody is in line and none was.
    for handed in ([(2, 0)], []):
        granted = await script.exchange(
            KEY, four, "a", want=0, holds=4, number=9, handed=len(handed), levels=handed
        )
        assert granted.excess == 4


async def test_what_is_known_of_workers_that_are_gone_is_forgotten(
    redis: Redis, redis_prefix: str
) -> None:
    script, one = fresh(redis, redis_prefix, 1).script, FlowControl(parallelism=1)
    for worker, level in (("a", 2), ("b", 2)):
        await script.exchange(KEY, one, worker, want=2, holds=0, number=0, levels=[(level, 2)])
    [waiting] = [key async for key in redis.scan_iter(f"{redis_prefix}*:waiting")]
    await redis.zadd(waiting, {"a": 1})
    await script.exchange(KEY, one, "c", want=1, holds=0, number=0, levels=[(9, 1)])
    wants = cast("dict[bytes, bytes]", await redis.hgetall(waiting.replace(b"waiting", b"wants")))
    assert {field.decode() for field in wants} == {"b", "b:levels", "c", "c:levels"}
