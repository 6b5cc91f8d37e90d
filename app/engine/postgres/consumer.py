"""The loop of a worker: claim what there is room for, hand it on, show life, stop cleanly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from app.connections.faults import Fault, away
from app.engine import Delivery, Handler, Room

PREFETCH = 20
"""A flow key with at least this much room is claimed together with others, else by itself."""

ASK_EVERY = 0.1
"""Seconds. How often a busy worker asks when the next deferred message is due."""

POLL = 5.0
"""Seconds. The longest that an idle worker goes without a look at the queue."""

CLEANING = 0.5
"""Seconds for cleaning up that a stop gives to what it has cancelled."""
MOST_NAMED = 20
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds before the queue is tried again. Twice as long each time, until a claim succeeds."""

log = structlog.get_logger("sluice.engine")


class ClaimPort(Protocol):
    """What the loop needs of a queue, over one connection."""

    async def claim(self, flow_keys: Iterable[str], limit: int) -> list[Delivery]: ...
    async def next_due(self, flow_keys: Iterable[str]) -> timedelta | None: ...
    async def beat(self, tokens: Iterable[tuple[int, int]]) -> None: ...
    async def give_back(self, flow_keys: Iterable[str]) -> None: ...


class Consumer:
    """See ``app.engine.Worker``.

    Args:
        connect: opens a ``ClaimPort``; is given the function to tell the flow key of new messages.
        heartbeat: silence after which others take our messages over; we speak three times in it.
        unreachable: the exceptions that mean "the queue does not answer": we try again.
    """

    def __init__(
        self,
        connect: Callable[[Callable[[str], None]], AbstractAsyncContextManager[ClaimPort]],
        handlers: Mapping[str, Handler],
        *,
        room: Room,
        concurrency: int,
        heartbeat: timedelta,
        stop_timeout: timedelta,
        unreachable: tuple[type[BaseException], ...],
    ) -> None:
        self._connect = connect
        self._handlers = handlers
        self._room = room
        self._concurrency = concurrency
        self._heartbeat = heartbeat.total_seconds()
        self._stop_timeout = stop_timeout.total_seconds()
        self._unreachable = unreachable
        self._in_hand: dict[int, tuple[Delivery, asyncio.Task[None]]] = {}
        self._at_work: dict[int, str] = {}
        self._held: Counter[str] = Counter()
        self._asked_at = 0.0
        self._due_at = 0.0
        self._pause = FIRST_PAUSE
        self._fault = Fault(log, "queue_unreachable")
        self._undelivered = Fault(log, "delivery_failed")
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._finished = False

    async def run(self) -> None:
        try:
            await self._run()
        finally:
            # Not reached with work in hand, unless we broke down or were cancelled ourselves.
            self._cancel({task for _, task in self._in_hand.values()})

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._connect(self._hear) as claims:
                    await self._serve(claims)
            except self._unreachable as error:
                self._fault.seen(error, retry_in=self._pause)
                await _wait(self._stopping, self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
        # Reached with work in hand only if the queue was away when we stopped.
        await self._finish()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def look(self) -> None:
        self._wake.set()

    @property
    def at_work(self) -> int:
        return len(self._at_work)

    def _hear(self, flow_key: str) -> None:
        if flow_key in self._handlers:  # another loop of this worker may be meant
            self._wake.set()

    async def _serve(self, claims: ClaimPort) -> None:
        beating = asyncio.create_task(self._beat(claims))
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                if await self._claim(claims):
                    continue
                await _wait(self._wake, await self._patience(claims))
                if beating.done():
                    beating.result()
            await self._finish()
            await claims.give_back(self._handlers)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _patience(self, claims: ClaimPort) -> float:
        """Seconds until a look at the queue is worth it, should nothing wake us before."""
        clock = asyncio.get_running_loop().time
        if self._in_hand and clock() < self._asked_at + ASK_EVERY:
            # Busy: the question costs more than it tells, and what it told last still holds.
            until = self._asked_at + ASK_EVERY
            return (min(until, self._due_at) if self._due_at > clock() else until) - clock()
        self._asked_at = clock()
        due = await claims.next_due(self._keys_with_room())
        # The poll finds what no notification tells of: messages of a dead worker.
        poll = min(POLL, self._heartbeat / 2)
        patience = poll if due is None else min(poll, due.total_seconds() + 0.001)
        self._due_at = clock() + patience
        return patience

    async def _claim(self, claims: ClaimPort) -> bool:
        """Take what there is room for. Returns whether there may be more."""
        more = False
        for wanted, limit in self._batches():
            # What was claimed a moment ago may have taken the room of these keys too.
            keys = [key for key in wanted if self._free(key) > 0]
            if not keys:
                continue
            free = min(limit, self._places(), *map(self._free, keys))
            if free <= 0:
                return False
            deliveries = await claims.claim(keys, free)
            if self._fault.lasts:
                self._pause = FIRST_PAUSE
                self._fault.over()
            for delivery in deliveries:
                self._start(delivery)
            await asyncio.sleep(0)  # they begin, and what they take is known
            more = more or len(deliveries) >= free
        return more

    def _places(self) -> int:
        # As many again may be being written; without a bound, a database that writes more slowly
        # than items end would let them pile up here.
        return self._concurrency - max(len(self._at_work), len(self._in_hand) - self._concurrency)

    def _batches(self) -> list[tuple[Collection[str], int]]:
        """Which flow keys to claim together, and how many messages at most.

        A key that is nearly full is claimed by itself, so that it neither overflows nor holds the
        others to its own small room.
        """
        wide: dict[str, int] = {}
        narrow: list[tuple[Collection[str], int]] = []
        for key in self._keys_with_room():
            room = self._free(key)
            if room >= PREFETCH:
                wide[key] = room
            else:
                narrow.append(((key,), room))
        return ([(wide.keys(), min(wide.values()))] if wide else []) + narrow

    def _keys_with_room(self) -> list[str]:
        return [key for key in self._handlers if self._free(key) > 0]

    def _free(self, key: str) -> int:
        held = self._held[key]
        room = self._room(key, held)
        return (self._concurrency if room is None else room) - held

    def _start(self, delivery: Delivery) -> None:
        number = delivery.token[0]
        if number in self._in_hand:
            return  # our own heartbeat came late, and we claimed what we still hold
        self._held[delivery.flow_key] += 1
        self._at_work[number] = delivery.flow_key
        delivery.worked = partial(self._worked, number)
        self._in_hand[number] = (delivery, asyncio.create_task(self._deliver(delivery)))

    def _worked(self, number: int) -> None:
        flow_key = self._at_work.pop(number, None)
        if flow_key is not None:
            self._held[flow_key] -= 1
            self._wake.set()

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._handlers[delivery.flow_key](delivery)
            self._undelivered.over()
        except BaseException as error:
            if delivery.stopped or isinstance(error, GeneratorExit):
                raise
            # Neither completed nor given back: it is delivered again when our claim has lapsed.
            if away(error) is not None:  # of each message in hand the same
                self._undelivered.seen(error, flow_key=delivery.flow_key)
                return
            log.exception("delivery_failed", flow_key=delivery.flow_key, attempt=delivery.attempt)
        finally:
            self._worked(delivery.token[0])
            if self._places() <= 0:
                self._wake.set()  # claiming may have stopped because of what was being written
            del self._in_hand[delivery.token[0]]

    async def _beat(self, claims: ClaimPort) -> None:
        while True:
            await asyncio.sleep(self._heartbeat / 3)
            if self._in_hand:
                await claims.beat([delivery.token for delivery, _ in self._in_hand.values()])

    async def _finish(self) -> None:
        """Let what is in hand end; cancel what has not ended after the stop's time limit. What
        swallows even that is given back like the rest: it can write nothing then."""
        tasks = [task for _, task in self._in_hand.values()]
        if not tasks or self._finished:
            return
        self._finished = True
        _, late = await asyncio.wait(tasks, timeout=self._stop_timeout)
        if late:
            self._cancel(late)
            names = sorted(task.get_name() for task in late)
            log.warning("stopped_unfinished", messages=len(late), of=names[:MOST_NAMED])
            await asyncio.wait(late, timeout=CLEANING)

    def _cancel(self, late: Collection[asyncio.Task[None]]) -> None:
        for delivery, task in self._in_hand.values():
            if task in late:
                delivery.stopped = True
                task.cancel()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """At most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0.0)):
            await event.wait()
