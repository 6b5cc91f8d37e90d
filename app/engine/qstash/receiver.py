"""Deliveries in this process: what takes the place of a worker that waits for messages."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import structlog

from app.engine import Delivery, Handler, Lane, Token

FAILED_AGAIN = timedelta(seconds=1)
"""Until a message comes again whose handler broke down."""
ROOM_WITHIN = 30.0
"""Seconds that a delivery waits for a place. QStash's own limits see to it that few do."""
CLEANING = 2.0
"""Seconds that what was cancelled has for its clean-up."""

log = structlog.get_logger("sluice.engine")


class QStashReceiver:
    """A ``Worker``. While it runs, deliveries reach the handlers of its lanes.

    Args:
        stop_timeout: for what is in hand to end when it stops.
    """

    def __init__(
        self, lanes: Sequence[Lane], running: list[QStashReceiver], stop_timeout: timedelta
    ) -> None:
        self._lanes = lanes
        self._running = running
        self._stop_timeout = stop_timeout.total_seconds()
        self._stopping = asyncio.Event()
        self._freed = asyncio.Event()
        self._under_way = 0
        self._idle = asyncio.Event()
        self._expected: Counter[tuple[int, str]] = Counter()
        self._in_hand: dict[Token, tuple[Delivery, asyncio.Task[timedelta | None]]] = {}

    def stop(self) -> None:
        self._stopping.set()
        self.look()

    def look(self) -> None:
        freed, self._freed = self._freed, asyncio.Event()
        freed.set()

    async def run(self) -> None:
        self._running.append(self)
        try:
            await self._stopping.wait()
        finally:
            self._running.remove(self)
        await self._finish()

    def lane(self, flow_key: str) -> int | None:
        """The lane that takes messages of this key."""
        numbers = (n for n, lane in enumerate(self._lanes) if flow_key in lane.handlers)
        return next(numbers, None)

    async def expect(self, lane: int, flow_key: str) -> bool:
        """Reserve a place until the handler begins. Returns whether there was one in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ROOM_WITHIN):
                while not self._stopping.is_set():
                    if self._reserve(lane, flow_key):
                        return True
                    await self._freed.wait()
        return False

    def _reserve(self, lane: int, flow_key: str) -> bool:
        coming = sum(number for (of, _), number in self._expected.items() if of == lane)
        if self._lanes[lane].places() <= coming:
            return False
        if self._lanes[lane].room(flow_key) <= self._expected[lane, flow_key]:
            return False
        self._expected[lane, flow_key] += 1
        return True

    def expect_no_more(self, lane: int, flow_key: str) -> None:
        self._expected[lane, flow_key] -= 1
        self.look()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """A delivery of it, with what is written at its end: ``run`` returns behind that."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def handle(self, lane: int, delivery: Delivery) -> timedelta | None:
        """Run the handler to its end. Returns after how long the message shall come again; None:
        its delivery is over."""
        handler = self._lanes[lane].handlers[delivery.flow_key]
        task = asyncio.create_task(self._handled(lane, handler, delivery), name=delivery.flow_key)
        self._in_hand[delivery.token] = delivery, task
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            delivery.stopped = True
            task.cancel()
            raise
        finally:
            del self._in_hand[delivery.token]
            self.look()
        if task.cancelled():
            return timedelta(0)
        return task.result()

    async def _handled(self, lane: int, handler: Handler, delivery: Delivery) -> timedelta | None:
        self.expect_no_more(lane, delivery.flow_key)
        try:
            return await handler(delivery)
        except Exception:
            log.exception("delivery_failed", flow_key=delivery.flow_key, attempt=delivery.attempt)
            return FAILED_AGAIN

    async def _finish(self) -> None:
        """Let what is in hand end; cancel what has not ended after the stop's time limit."""
        if await self._idle_within(self._stop_timeout):
            return
        late = list(self._in_hand.values())
        for delivery, task in late:
            delivery.stopped = True
            task.cancel()
        log.warning("stopped_unfinished", messages=len(late))
        await self._idle_within(CLEANING)

    async def _idle_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._under_way:
                    self._idle.clear()
                    await self._idle.wait()
        return not self._under_way
