"""The time limit of one attempt at an item, which is of its own code alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token
from types import TracebackType

from app.store.pool import WAITER, Waiter


class ItemClock:
    """A time limit that works as ``asyncio.timeout`` does, but stops while the item waits for a
    thread or a connection. It does not wrap ``asyncio.timeout``, because every item has one, and
    that would take twice as long.

    It goes on while the item has a thread or a connection already: items that each hold one and
    wait for another would else do so for ever.

    Args:
        patient: False: waiting counts, and nobody is told of it. For what a person waits for.
    """

    def __init__(self, seconds: float, *, patient: bool = True) -> None:
        self.waited = 0.0
        """Seconds."""
        self.expired = False
        self._seconds = seconds
        self._patient = patient
        self._held = 0
        self._waits = 0
        self._left: float | None = None
        """Of the limit, while the clock stands still."""
        self._stood_at = 0.0
        self._token: Token[Waiter | None] | None = None

    async def __aenter__(self) -> ItemClock:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("An item is timed within a task.")
        self._task, self._cancels = task, task.cancelling()
        self._ends = self._loop.time() + self._seconds
        self._timer = self._loop.call_at(self._ends, self._expire)
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
        self._timer.cancel()
        # Where somebody else has cancelled it as well, that one is owed the cancellation.
        alone = self.expired and self._task.uncancel() <= self._cancels
        if alone and kind is asyncio.CancelledError:
            raise TimeoutError from error

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
            self._timer.cancel()
            self._left = self._ends - now
            self._stood_at = now
        else:
            self._ends = now + (self._left or 0.0)
            self._timer = self._loop.call_at(self._ends, self._expire)
            self._left = None
            self.waited += now - self._stood_at
