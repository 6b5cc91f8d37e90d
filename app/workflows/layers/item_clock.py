"""The time limit of one attempt at an item, which is of its own code alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token
from types import TracebackType
from typing import Any

from app.store.pool import WAITER, Waiter

SOON = 0.01
"""Seconds."""


class ItemClocks:
    """Those of a worker's items. Most end in a moment, and a timer that is set and taken back is
    most of what a clock costs: one is set for those that still go on after ``SOON``."""

    def __init__(self) -> None:
        self._begun: list[ItemClock] = []

    def add(self, clock: ItemClock, loop: asyncio.AbstractEventLoop) -> None:
        if not self._begun:
            loop.call_later(SOON, self._set_timers)
        self._begun.append(clock)

    def _set_timers(self) -> None:
        begun, self._begun = self._begun, []
        for clock in begun:
            clock.set_timer()


class ItemClock:
    """A time limit that works as ``asyncio.timeout`` does, but stops while the item waits for a
    thread or a connection. It does not wrap ``asyncio.timeout``, because every item has one, and
    that would take twice as long.

    It goes on while the item has a thread or a connection already: items that each hold one and
    wait for another would else do so for ever.

    Args:
        task: the current one, which has the limit.
        clocks: has the timer set, if it is worth one; None: there is one at once.
        patient: False: waiting counts, and nobody is told of it. For what a person waits for.
    """

    def __init__(
        self,
        task: asyncio.Task[Any],
        seconds: float,
        clocks: ItemClocks | None = None,
        *,
        patient: bool = True,
    ) -> None:
        self.waited = 0.0
        """Seconds."""
        self.expired = False
        self._task = task
        self._seconds = seconds
        self._clocks = clocks
        self._patient = patient
        self._held = 0
        self._waits = 0
        self._left: float | None = None
        """Of the limit, while the clock stands still."""
        self._stood_at = 0.0
        self._token: Token[Waiter | None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    async def __aenter__(self) -> ItemClock:
        self._loop = self._task.get_loop()
        self._cancels = self._task.cancelling()
        self._ends = self._loop.time() + self._seconds
        if self._clocks is None or self._seconds <= SOON:
            self.set_timer()
        else:
            self._clocks.add(self, self._loop)
        if self._patient:
            self._token = WAITER.set(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is not None:
            WAITER.reset(self._token)
            self._token = None  # what the item left behind is not timed by it
        self._over = True
        self._take_timer_back()
        # Where somebody else has cancelled it as well, that one is owed the cancellation.
        alone = self.expired and self._task.uncancel() <= self._cancels
        if alone and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def set_timer(self) -> None:
        """If it goes on."""
        if self._timer is None and self._left is None and not self._over:
            self._timer = self._loop.call_at(self._ends, self._expire)

    def _take_timer_back(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        self._waits += 1
        self._turn()
        try:
            yield
        finally:
            self._waits -= 1
            self._turn()

    def holds(self) -> None:
        self._held += 1
        self._turn()

    def holds_no_more(self) -> None:
        self._held -= 1
        self._turn()

    def _turn(self) -> None:
        stands = self._waits > 0 and self._held == 0
        if stands == (self._left is not None) or self._token is None or self.expired:
            return
        now = self._loop.time()
        if stands:
            self._take_timer_back()
            self._left = self._ends - now
            self._stood_at = now
        else:
            self._ends = now + (self._left or 0.0)
            self._left = None
            self.set_timer()
            self.waited += now - self._stood_at
