"""When a worker looks at the queue, and what it leaves to others: by a clock of the test's own,
over a queue in memory. That the real one answers so, the other tests here say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import cast

from app.engine import Ask, Delivery, Token
from app.engine.postgres.consumer import QueueConsumer
from app.engine.postgres.presence import Presence
from app.engine.postgres.queue_connection import QueueConnection
from tests.engine.engines import Holder, SomeLane, Taker
from tests.support.clocks.virtual_time import VirtualLoop, in_virtual_time

KEY = "a.execute"
ROUND_TRIP = 0.0005


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Waiting:
    """A message; ``locked``: somebody else has it locked, and may not take it."""

    number: int
    due_at: float
    locked: bool = False


@dataclass
class MemoryQueue:
    """Of one flow key. ``tell`` is called with each new message, as a notification."""

    waiting: list[Waiting] = field(default_factory=list)
    tell: list[Callable[[str, int], None]] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)

    def add(self, *numbers: int, delay: float = 0.0) -> None:
        self.waiting += [Waiting(number, _now() + delay) for number in numbers]
        for hear in self.tell:
            hear(KEY, 5)

    async def claim(self, asked: Sequence[tuple[str, Ask]], limit: int) -> list[Delivery]:
        await asyncio.sleep(ROUND_TRIP)
        self.claims.append(_now())
        most = min(limit, *(ask.most for _, ask in asked))
        free = [one for one in self.waiting if one.due_at <= _now() and not one.locked][:most]
        for one in free:
            self.waiting.remove(one)
        return [Delivery((one.number, 1), KEY, b"", 1) for one in free]

    async def next_due(self, flow_keys: Collection[str], dry: Collection[str]) -> timedelta | None:
        await asyncio.sleep(ROUND_TRIP)
        since = float("-inf") if KEY in dry else _now()
        due = [one.due_at for one in self.waiting if one.due_at > since]
        return timedelta(seconds=min(due) - _now()) if due else None

    async def mend_priorities(self, flow_keys: Collection[str]) -> bool:
        return False

    async def settle(self, ended: Mapping[Token, timedelta | None]) -> None:
        await asyncio.sleep(ROUND_TRIP)

    async def look(self, held: Collection[Token], flow_keys: Collection[str]) -> timedelta | None:
        self.looks.append(_now())
        return await self.next_due(flow_keys, flow_keys)

    async def give_back(self) -> None: ...


class There:
    """Others know of it at once."""

    registered = True

    async def __aenter__(self) -> There:
        return self

    async def __aexit__(self, *_: object) -> None: ...


@asynccontextmanager
async def working(queue: MemoryQueue, handler: Taker) -> AsyncIterator[None]:
    @asynccontextmanager
    async def opened(hear: Callable[[str, int], None]) -> AsyncIterator[QueueConnection]:
        queue.tell.append(hear)
        yield cast("QueueConnection", queue)

    lanes = [SomeLane({KEY: handler})]
    worker = QueueConsumer(opened, cast("Presence", There()), lanes, stop_timeout=timedelta(0))
    async with asyncio.TaskGroup() as group:  # who waits for a worker that broke down is told
        group.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()


def test_two_idle_workers_share_what_comes() -> None:
    async def main(_loop: VirtualLoop) -> tuple[int, int]:
        queue, one, other = MemoryQueue(), Holder(), Holder()
        async with working(queue, one), working(queue, other):
            await asyncio.sleep(1)
            queue.add(*range(20))
            await asyncio.sleep(1)
            return len(one.taken), len(other.taken)

    shares = in_virtual_time(main)
    assert sum(shares) == 20
    assert min(shares) >= 7


def test_what_somebody_had_locked_and_did_not_take_is_asked_for_again_soon() -> None:
    async def main(_loop: VirtualLoop) -> list[float]:
        queue, taker, waits = MemoryQueue(), Taker(), []
        async with working(queue, taker):
            for number in range(7):
                queue.add(number, delay=0.1)
                queue.waiting[0].locked = True
                await asyncio.sleep(0.16)  # until after it is due
                assert len(taker.taken) == number
                queue.waiting[0].locked = False
                began = _now()
                while len(taker.taken) == number:
                    await asyncio.sleep(0.001)
                waits.append(_now() - began)
        return waits

    assert max(in_virtual_time(main)) < 0.25


def test_what_is_told_during_a_claim_and_somebody_had_locked_is_asked_for_again_soon() -> None:
    async def main(_loop: VirtualLoop) -> float:
        queue, taker = MemoryQueue(), Taker()
        async with working(queue, taker):
            await asyncio.sleep(1.3)  # and so the next look for processes that are gone is far
            queue.add(1)
            queue.waiting[0].locked = True
            await asyncio.sleep(ROUND_TRIP / 2)  # it is asked for
            for hear in queue.tell:
                hear(KEY, 5)
            await asyncio.sleep(0.1)
            queue.waiting[0].locked = False
            began = _now()
            while not taker.taken:
                await asyncio.sleep(0.001)
            return _now() - began

    assert in_virtual_time(main) < 0.25


def test_what_stays_locked_is_asked_for_less_and_less_often() -> None:
    async def main(_loop: VirtualLoop) -> list[float]:
        queue = MemoryQueue()
        async with working(queue, Taker()):
            queue.add(1)
            queue.waiting[0].locked = True
            await asyncio.sleep(30)
        return queue.claims

    claims = in_virtual_time(main)
    assert 30 <= len(claims) <= 70
    assert all(later - one < 1.1 for one, later in pairwise(claims))


async def _lateness(queue: MemoryQueue, taker: Taker, delays: Sequence[float]) -> list[float]:
    """Add messages with these delays, each when the one before it was taken. Returns the seconds
    behind its time at which each was."""
    late: list[float] = []
    for number, delay in enumerate(delays):
        queue.add(number, delay=delay)
        due = _now() + delay
        while len(taker.taken) == number:
            await asyncio.sleep(0.001)
        late.append(_now() - due)
    return late


def test_what_comes_later_is_taken_when_it_is_due_and_not_when_it_is_looked_for_next() -> None:
    async def main(_loop: VirtualLoop) -> list[float]:
        queue, taker = MemoryQueue(), Taker()
        async with working(queue, taker):
            return await _lateness(queue, taker, (0.3, 2.2, 7.7, 0.05))

    assert max(in_virtual_time(main)) < 0.01


def test_an_idle_worker_asks_one_question_a_second() -> None:
    """Whether a process is gone, and whether anything is due: it claims nothing before."""

    async def main(_loop: VirtualLoop) -> MemoryQueue:
        queue = MemoryQueue()
        async with working(queue, Taker()):
            await asyncio.sleep(60)
        return queue

    queue = in_virtual_time(main)
    assert 55 <= len(queue.looks) <= 60
    assert all(later - one < 1.1 for one, later in pairwise(queue.looks))
    assert len(queue.claims) == 1


def test_what_nobody_is_told_of_is_taken_within_a_second() -> None:
    async def main(_loop: VirtualLoop) -> list[float]:
        queue, taker = MemoryQueue(), Taker()
        async with working(queue, taker):
            queue.tell.clear()
            return await _lateness(queue, taker, (0.0, 0.4, 0.0, 3.3))

    late = in_virtual_time(main)
    assert max(late) < 1.05
    assert late[-1] < 0.01  # it was seen before it was due
