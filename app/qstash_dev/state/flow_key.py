"""One flow-control key: who waits behind it, and how much of it is in use."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import replace

from app.qstash_dev.clock import Clock
from app.qstash_dev.state.message import QStashMessage
from app.qstash_dev.wire.flow_limits import DeliveryRate, FlowLimits


class FlowKey:
    """The limits travel with each message. Of those that wait, the highest parallelism and the
    highest rate hold, whosever turn it is; with none waiting, those that held last. What is pinned
    goes before all of them, and holds on after it is unpinned, until a message comes.

    A rate's period is a fixed window: it begins with the first delivery after the one before has
    passed, and ``rate_count`` are those that began in it.

    Args:
        name: None: of all messages without a key, which nothing limits.
    """

    def __init__(self, name: str | None, clock: Clock) -> None:
        self.name = name
        self.active = 0
        self.rate_count = 0
        self.paused = False
        self.pinned_parallelism = False
        self.pinned_rate = False
        self.waiting: deque[QStashMessage] = deque()
        self._clock = clock
        self._limits_waiting: Counter[FlowLimits] = Counter()
        self._held = FlowLimits()
        self._held_parallelism = False
        self._held_rate = False
        self._started: float | None = None
        self._started_at = 0.0

    @property
    def limits(self) -> FlowLimits:
        """That hold now."""
        waiting = self._limits_waiting
        parallelism, rate = self._held.parallelism, self._held.rate
        if waiting and not (self.pinned_parallelism or self._held_parallelism):
            parallelism = _highest_parallelism(waiting)
        if waiting and not (self.pinned_rate or self._held_rate):
            rate = _highest_rate(waiting)
        return FlowLimits(parallelism, rate)

    def add(self, message: QStashMessage, place: random.Random | None = None) -> None:
        """Have it wait.

        Args:
            place: which one it waits at is left to it; None: the last.
        """
        if not message.calls:
            self._held_parallelism = self._held_rate = False
        if place is None:
            self.waiting.append(message)
        else:
            self.waiting.insert(place.randint(0, len(self.waiting)), message)
        self._limits_waiting[_limits_of(message)] += 1
        self._held = self.limits

    def begin(self) -> QStashMessage | None:
        """The next to be delivered, which is counted at once; None: none may be now."""
        if not self.waiting or self.paused:
            return None
        limits = self.limits
        if limits.parallelism is not None and self.active >= limits.parallelism:
            return None
        if limits.rate is not None and self.opens_in() > 0:
            return None
        if limits.rate is not None:
            self._count(limits.rate)
        self.active += 1
        self._held = self.limits
        message = self.waiting.popleft()
        self._forget_limits(message)
        return message

    def end(self) -> None:
        """A delivery is over."""
        self.active -= 1

    def remove(self, message: QStashMessage) -> None:
        """It does not wait any more, if it did."""
        if message in self.waiting:
            self.waiting.remove(message)
            self._held = self.limits
            self._forget_limits(message)

    def opens_in(self) -> float:
        """Seconds, as the clock shortens them, until the rate allows another delivery."""
        rate = self.limits.rate
        if rate is None or self.rate_used() < rate.number or self._started is None:
            return 0.0
        return max(0.0, self._started + self._clock.shortened(rate.period) - self._clock.elapsed())

    def rate_used(self) -> int:
        """Deliveries that began in this period."""
        return 0 if self._period_over() else self.rate_count

    @property
    def period_started(self) -> float:
        """Unix seconds; 0: none has begun."""
        return self._started_at

    def reset_rate(self) -> None:
        self.rate_count = 0
        self._started, self._started_at = self._clock.elapsed(), self._clock.now()

    def pin(self, parallelism: int | None, rate: DeliveryRate | None) -> None:
        """Pin these limits. None: leave that one as it is."""
        if parallelism is not None:
            self.pinned_parallelism = True
            self._held = replace(self._held, parallelism=parallelism)
        if rate is not None:
            self.pinned_rate = True
            self._held = replace(self._held, rate=rate)
        self.rate_count, self._started, self._started_at = 0, None, 0.0

    def unpin(self, *, parallelism: bool, rate: bool) -> None:
        if parallelism and self.pinned_parallelism:
            self.pinned_parallelism, self._held_parallelism = False, True
        if rate and self.pinned_rate:
            self.pinned_rate, self._held_rate = False, True

    @property
    def idle(self) -> bool:
        """Nobody would miss it."""
        kept = self.paused or self.pinned_parallelism or self.pinned_rate
        return not (kept or self.waiting or self.active or self.rate_used())

    def _count(self, rate: DeliveryRate) -> None:
        if self._period_over():
            self.reset_rate()
        self.rate_count += 1

    def _period_over(self) -> bool:
        rate = self.limits.rate
        if self._started is None or rate is None:
            return True
        return self._clock.elapsed() >= self._started + self._clock.shortened(rate.period)

    def _forget_limits(self, message: QStashMessage) -> None:
        limits = _limits_of(message)
        self._limits_waiting[limits] -= 1
        if not self._limits_waiting[limits]:
            del self._limits_waiting[limits]


def _limits_of(message: QStashMessage) -> FlowLimits:
    flow = message.instructions.flow
    return FlowLimits() if flow is None else flow[1]


def _highest_parallelism(waiting: Counter[FlowLimits]) -> int | None:
    """The highest parallelism of the waiting messages. No limit, None, is the highest."""
    each = [limits.parallelism for limits in waiting]
    return None if None in each else max(number for number in each if number is not None)


def _highest_rate(waiting: Counter[FlowLimits]) -> DeliveryRate | None:
    each = [limits.rate for limits in waiting]
    if None in each:
        return None
    return max((rate for rate in each if rate is not None), key=lambda rate: rate.per_second)
