"""The loop of a worker: take what there is room for, hand it on, say how it ended, stop cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

import structlog

from app.connections.faults import Fault, away
from app.engine import Delivery, Lane, Token
from app.engine.postgres.dry_keys import DryKeys
from app.engine.postgres.next_due import NextDue
from app.engine.postgres.presence import Presence
from app.engine.postgres.queue_connection import QueueConnection

MOST_AT_ONCE = 32
"""Messages taken together. It begins with one, and doubles while there are more: two workers that
are idle share what comes."""
SHARE = 0.01
"""Seconds that a worker leaves to others before it takes more, where nothing ends meanwhile."""
ASK_EVERY = 0.1
"""Seconds. How often a busy worker asks when the next deferred message is due."""
LOOK_EVERY = 1.0
"""Seconds between two looks for processes that are gone, and for messages of which nothing was
heard."""
REGISTERED_WITHIN = 0.02
"""Seconds between two looks whether others know of us."""
FAILED_AGAIN = timedelta(seconds=1)
"""After so long a message comes again whose handler broke down."""
CLEANING = 0.5
"""Seconds for cleaning up that a stop gives to what it has cancelled."""
MOST_NAMED = 20
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before the queue is tried again. Twice as long each time, until a claim succeeds."""

log = structlog.get_logger("sluice.engine")

Heard = Callable[[str, int | None], None]
Queue = Callable[[Heard], AbstractAsyncContextManager[QueueConnection]]


class QueueConsumer:
    """See ``app.engine.Worker``.

    Args:
        queue: opens a connection; is given the function to tell of which flow key and priority
            there are new messages; None: it may be any.
    """

    def __init__(
        self, queue: Queue, presence: Presence, lanes: Sequence[Lane], *, stop_timeout: timedelta
    ) -> None:
        self._queue = queue
        self._presence = presence
        self._lanes = lanes
        self._handlers = {key: lane.handlers[key] for lane in lanes for key in lane.handlers}
        self._stop_timeout = stop_timeout.total_seconds()
        self._in_hand: dict[Token, tuple[Delivery, asyncio.Task[None]]] = {}
        self._ended: dict[Token, timedelta | None] = {}
        self._at_once = [1 for _ in lanes]
        self._dry = DryKeys()
        self._due = NextDue()
        self._asked_at = self._look_at = 0.0
        self._pause = FIRST_PAUSE
        self._fault = Fault(log, "queue_unreachable")
        self._undelivered = Fault(log, "delivery_failed")
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._finished = False

    async def run(self) -> None:
        try:
            async with self._presence:
                await self._run()
        finally:
            # Not reached with work in hand, unless we broke down or were cancelled ourselves.
            self._cancel({task for _, task in self._in_hand.values()})

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._queue(self._hear) as queue:
                    await self._serve(queue)
            except Exception as error:
                if away(error) is None:
                    raise  # a mistake of ours: to try again would only hide it
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

    def _hear(self, flow_key: str, priority: int | None) -> None:
        if flow_key in self._handlers:
            self._dry.hear(flow_key, priority)
            self._due.hear()
            self._wake.set()

    async def _serve(self, queue: QueueConnection) -> None:
        self._dry.clear()  # what was told while nobody listened
        self._due.hear()
        while not (self._presence.registered or self._stopping.is_set()):
            await _wait(self._stopping, REGISTERED_WITHIN)
        # A session that we lost just now may be missed by us alone: the others' come back as ours.
        self._look_at = _now() + LOOK_EVERY
        while not self._stopping.is_set():
            self._wake.clear()
            await self._settle(queue)
            if _now() >= self._look_at:
                await self._look(queue)
            if await self._claim(queue) or self._ended:
                continue
            await _wait(self._wake, await self._patience(queue))
            if self._due.pass_by():
                self._dry.clear()
        await self._finish()
        await self._settle(queue)
        await queue.give_back()

    async def _look(self, queue: QueueConnection) -> None:
        """Let others have what dead workers hold, and find what nobody has told us of: for one,
        what became due between a claim and the question what is next."""
        self._look_at = _now() + LOOK_EVERY
        self._due.ask(self._handlers)
        held = self._in_hand.keys() | self._ended.keys()
        if self._due.put(await queue.look(held, self._handlers)):
            self._dry.clear()
            self._due.hear()

    async def _settle(self, queue: QueueConnection) -> None:
        if not self._ended:
            return
        ended, self._ended = self._ended, {}
        if any(delay is not None for delay in ended.values()):
            self._due.hear()
        try:
            await queue.settle(ended)
        except BaseException:
            self._ended = ended | self._ended  # on the next connection
            raise

    async def _claim(self, queue: QueueConnection) -> bool:
        """Take what there is room for. Returns whether there may be more."""
        more = False
        for number, lane in enumerate(self._lanes):
            places = lane.places()
            asked = self._dry.asks(lane) if places > 0 else []
            if not asked:
                continue
            limit = min(places, self._at_once[number])
            heard = self._dry.heard(asked)
            taken = await queue.claim(asked, limit)
            if self._fault.lasts:
                self._pause = FIRST_PAUSE
                self._fault.over()
            for delivery in taken:
                task = asyncio.create_task(self._deliver(delivery), name=delivery.flow_key)
                self._in_hand[delivery.token] = (delivery, task)
            if len(taken) == limit:
                self._at_once[number] = min(2 * self._at_once[number], MOST_AT_ONCE)
                more = True
                continue
            self._at_once[number] = max(1, len(taken))
            more = self._dry.taken(asked, taken, heard) or more
        if more:
            # They begin, and what they take is known. As long as none of them ends, other workers
            # that were idle have a turn too.
            self._wake.clear()
            await _wait(self._wake, SHARE)
        return more

    async def _patience(self, queue: QueueConnection) -> float:
        """Seconds until a look at the queue is worth it, should nothing wake us before."""
        dry = self._dry.keys
        if not self._due.is_known(dry):
            if self._in_hand and _now() < self._asked_at + ASK_EVERY:
                return min(self._look_at, self._due.at, self._asked_at + ASK_EVERY) - _now()
            self._asked_at = _now()
            self._due.ask(dry)
            if self._due.put(await queue.next_due(self._handlers, dry)):
                if await queue.mend_priorities(self._handlers):
                    self._due.put_now()
                else:
                    self._due.put_locked()
        return min(self._look_at, self._due.at) - _now()

    async def _deliver(self, delivery: Delivery) -> None:
        again: timedelta | None = FAILED_AGAIN
        try:
            again = await self._handlers[delivery.flow_key](delivery)
            self._undelivered.over()
        except BaseException as error:
            if delivery.stopped or isinstance(error, GeneratorExit):
                raise
            if away(error) is not None:  # of each message in hand the same
                self._undelivered.seen(error, flow_key=delivery.flow_key)
            else:
                log.exception(
                    "delivery_failed", flow_key=delivery.flow_key, attempt=delivery.attempt
                )
        finally:
            self._in_hand.pop(delivery.token, None)  # a backup may have brought it back meanwhile
            if not delivery.stopped:
                self._ended[delivery.token] = again
            self._wake.set()

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


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """At most so long. Returns whether it happened."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0.0)):
            return await event.wait()
    return False
