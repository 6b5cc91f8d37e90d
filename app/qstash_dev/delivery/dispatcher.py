"""When each message is delivered: not before its time, in its queue's turn, within the limits of
its flow-control key, and within those of the whole server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from app.qstash_dev.clock import Clock
from app.qstash_dev.delivery.courier import Outcome
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.event_log import EventLog
from app.qstash_dev.state.flow_key import FlowKey
from app.qstash_dev.state.flow_keys import FlowKeys
from app.qstash_dev.state.message import MessageState, QStashMessage
from app.qstash_dev.state.queues import QStashQueue, Queues

MOST_MESSAGES = 500_000
"""That have not ended."""


class MessageDispatcher:
    """
    Args:
        deliver: makes one call of a message's destination.
        at_once: calls, whatever the keys allow.
    """

    def __init__(
        self,
        clock: Clock,
        deliver: Callable[[QStashMessage], Coroutine[Any, Any, Outcome]],  # as asyncio's tasks
        keys: FlowKeys,
        queues: Queues,
        events: EventLog,
        faults: Faults,
        *,
        at_once: int,
    ) -> None:
        self.at_once = at_once
        self.messages: dict[str, QStashMessage] = {}
        """That have not ended."""
        self._clock = clock
        self._deliver = deliver
        self._keys = keys
        self._queues = queues
        self._events = events
        self._faults = faults
        self._calls: set[asyncio.Task[None]] = set()
        self._repeats = 0
        self._held_up: dict[FlowKey, None] = {}
        self._timers: dict[FlowKey, asyncio.TimerHandle] = {}
        self._closed = False

    @property
    def active(self) -> int:
        """Calls under way."""
        return len(self._calls)

    @property
    def settled(self) -> bool:
        """Nothing is under way, or will be."""
        return not (self.messages or self._calls or self._repeats)

    def accept(self, message: QStashMessage) -> None:
        """
        Raises:
            QStashRefusal: the server has more than it should hold.
        """
        if len(self.messages) >= MOST_MESSAGES:
            raise QStashRefusal(f"{MOST_MESSAGES} messages wait here already.", 429)
        self.messages[message.id] = message
        self._events.add(message, MessageState.CREATED, self._clock.now())
        if message.source is not None:
            message.source.follow_ups += 1
        self._wait(message, self._clock.shortened_until(message.not_before))

    def cancel(self, message: QStashMessage) -> None:
        """One that is being delivered ends when that has failed."""
        self._events.add(message, MessageState.CANCEL_REQUESTED, self._clock.now())
        message.cancel_requested = True
        if message.state is MessageState.ACTIVE:
            return
        self._leave_lists(message)
        message.state = MessageState.CANCELED
        self._events.add(message, MessageState.CANCELED, self._clock.now())
        self._ended(message)

    def look_at_key(self, key: FlowKey) -> None:
        """Deliver what its limits allow: they may have changed."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        while self.active < self.at_once and not self._closed:
            # Asked before and not after: it may open in between, and nobody would look again.
            wait = key.opens_in()
            message = key.begin()
            if message is None:
                if wait and key.waiting and not key.paused:
                    self._timers[key] = self._later(wait, self.look_at_key, key)
                return
            self._start(message, key)
        if key.waiting:
            self._held_up[key] = None

    def look_at_queue(self, queue: QStashQueue) -> None:
        while (message := queue.begin()) is not None:
            message.in_turn = True
            self._line_up(message)

    async def close(self) -> None:
        """What is not delivered yet never will be."""
        self._closed = True
        for message in self.messages.values():
            if message.waits_for is not None:
                message.waits_for.cancel()
        for timer in self._timers.values():
            timer.cancel()
        for call in (calls := list(self._calls)):
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def _wait(self, message: QStashMessage, seconds: float) -> None:
        faults = self._faults.of_call(message)
        if faults.vanishes:
            self._faults.counted["vanish"] += 1
            self._ended(message)
            return
        if faults.delay:
            self._faults.counted["delay"] += 1
        seconds += faults.delay
        if seconds > 0:
            message.waits_for = self._later(seconds, self._due, message)
        else:
            self._due(message)

    def _due(self, message: QStashMessage) -> None:
        message.waits_for = None
        name = message.origin.queue
        if name is None or message.in_turn:
            self._line_up(message)
            return
        queue = self._queues.of(name)
        queue.waiting.append(message)
        self.look_at_queue(queue)

    def _line_up(self, message: QStashMessage) -> None:
        key = self._keys.of(message.flow_key)
        place: random.Random | None = self._faults.of_call(message).place
        if place is not None:
            self._faults.counted["reorder"] += 1
        key.add(message, place)
        self.look_at_key(key)

    def _start(self, message: QStashMessage, key: FlowKey) -> None:
        after = self._faults.of_call(message).repeat_after
        if after is not None:
            self._faults.counted["repeat"] += 1
            self._repeats += 1
            self._later(after, self._line_up, replace(message, repeated=True))
        call = asyncio.create_task(self._run(message, key))
        self._calls.add(call)
        call.add_done_callback(lambda done: self._over(done, key))

    async def _run(self, message: QStashMessage, key: FlowKey) -> None:
        try:
            outcome = await self._deliver(message)
        finally:
            key.end()
        for follow_up in outcome.follow_ups:
            self.accept(follow_up)
        if message.repeated:
            self._repeats -= 1
        elif outcome.again_in is None:
            self._ended(message)
        else:
            self._wait(message, outcome.again_in)

    def _over(self, call: asyncio.Task[None], key: FlowKey) -> None:
        self._calls.discard(call)
        if self._closed:
            return
        # Behind those that found no place: or one key could keep all others from theirs.
        self._held_up.setdefault(key)
        while self._held_up and self.active < self.at_once:
            held_up = next(iter(self._held_up))
            del self._held_up[held_up]
            self.look_at_key(held_up)
        self._events.wake()

    def _ended(self, message: QStashMessage) -> None:
        self.messages.pop(message.id, None)
        self._leave_queue(message)
        if message.source is not None:
            message.source.follow_ups -= 1
            self._leave_queue(message.source)
        self._events.wake()

    def _leave_lists(self, message: QStashMessage) -> None:
        if message.waits_for is not None:
            message.waits_for.cancel()
        self._keys.of(message.flow_key).remove(message)
        if queue := self._queues.get(message.origin.queue or ""):
            queue.remove(message)

    def _leave_queue(self, message: QStashMessage) -> None:
        """The next one's turn comes when this one has ended, and so have its callbacks."""
        if message.in_turn and message.id not in self.messages and not message.follow_ups:
            message.in_turn = False
            if queue := self._queues.get(message.origin.queue or ""):
                queue.end(message)
                self.look_at_queue(queue)

    def _later(
        self, seconds: float, call: Callable[..., None], what: object
    ) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, call, what)
