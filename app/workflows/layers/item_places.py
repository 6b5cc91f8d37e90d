"""How many items a worker has in its hands, and how many of them may be at work."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

MOST_BEING_WRITTEN = 2
"""Times the concurrency: without a bound, a database that writes more slowly than items end would
let them pile up here."""


SPARE = 40
"""Items that may wait in hand besides, so that a worker never waits for the next message; no more
than half of the concurrency, because another worker may have a place for them."""


class ItemPlaces:
    """
    Args:
        concurrency: items at work at once, or waiting for their turn at the gate.
    """

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.limit = concurrency + min(SPARE, concurrency // 2)
        """Of items in hand whose outcome is not being written."""
        self.freed: Callable[[], None] = lambda: None
        """Called when there may be room for a message."""
        self._turns = asyncio.Semaphore(concurrency)
        self._by_key: Counter[str] = Counter()
        self._at_work = 0
        self._in_hand = 0

    @property
    def at_work(self) -> int:
        """Items in hand whose outcome is not being written."""
        return self._at_work

    @property
    def free(self) -> int:
        """For so many more items there is a place."""
        written = self._in_hand - self._at_work - MOST_BEING_WRITTEN * self.concurrency
        return self.limit - self._at_work - max(0, written)

    def of(self, flow_key: str) -> int:
        """Items of the key in hand whose outcome is not being written."""
        return self._by_key[flow_key]

    def enter(self, flow_key: str, number: int) -> None:
        """So many items have been taken in hand."""
        self._by_key[flow_key] += number
        self._at_work += number
        self._in_hand += number

    def turn(self, flow_key: str) -> ItemTurn:
        """Of one item in hand: wait for its turn to be at work."""
        return ItemTurn(self, flow_key)

    async def begin(self, flow_key: str) -> None:
        """One of the key's items in hand is at work from when this returns."""
        try:
            await self._turns.acquire()
        except BaseException:
            self._worked(flow_key)
            raise

    def end(self, flow_key: str) -> None:
        self._turns.release()
        self._worked(flow_key)

    def _worked(self, flow_key: str) -> None:
        self._by_key[flow_key] -= 1
        self._at_work -= 1
        self.freed()

    def leave_untaken(self, flow_key: str, number: int) -> None:
        """So many were not taken in hand after all."""
        if number:
            self._by_key[flow_key] -= number
            self._at_work -= number
            self._in_hand -= number
            self.freed()

    def leave(self) -> None:
        """An item's outcome has been written."""
        self._in_hand -= 1
        if self._in_hand - self._at_work == MOST_BEING_WRITTEN * self.concurrency:
            self.freed()


class ItemTurn:
    """A class, because a generator for each item costs three times as much."""

    __slots__ = ("_flow_key", "_places")

    def __init__(self, places: ItemPlaces, flow_key: str) -> None:
        self._places = places
        self._flow_key = flow_key

    async def __aenter__(self) -> None:
        await self._places.begin(self._flow_key)

    async def __aexit__(self, *_: object) -> None:
        self._places.end(self._flow_key)
