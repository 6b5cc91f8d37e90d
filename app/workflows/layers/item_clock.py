"""The time limit of one attempt at an item, which is of its own code alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token
from types import TracebackType

from app.store.pool import WAITER, Waiter


class ItemClock:
    """``asyncio.timeout``, which stands still while the item waits for a thread or a connection.

    It goes on while the item has a thread or a connection already: items that each hold one and
    wait for another would else do so for ever.

    Args:
        patient: False: waiting counts, and nobody is told of it. For what a person waits for.
    """

    def __init__(self, seconds: float, *, patient: bool = True) -> None:
        self.waited = 0.0
        """Seconds."""
        self._seconds = seconds
        self._patient = patient
        self._timeout = asyncio.timeout(seconds)
        self._held = 0
        self._waits = 0
        self._left: float | None = None
        """Of the limit, while the clock stands still."""
        self._stood_at = 0.0
        self._token: Token[Waiter | None] | None = None

    async def __aenter__(self) -> ItemClock:
        await self._timeout.__aenter__()
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
        await self._timeout.__aexit__(kind, error, trace)

    def expired(self) -> bool:
        return self._timeout.expired()

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
        if stands == (self._left is not None) or self._token is None or self.expired():
            return
        now = asyncio.get_running_loop().time()
        if stands:
            self._left = (self._timeout.when() or now) - now
            self._stood_at = now
            self._timeout.reschedule(None)
        else:
            self._timeout.reschedule(now + (self._left or 0.0))
            self._left = None
            self.waited += now - self._stood_at
