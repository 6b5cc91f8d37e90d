"""Permits of one flow key whose start is still to come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class PromisedStarts:
    """
    Args:
        begin: is given the permit, by the loop's clock when it was due, and for which priority; the
            permit counts as promised no more.
    """

    def __init__(self, begin: Callable[[str, float, int | None], None]) -> None:
        self._begin = begin
        self._at: dict[str, tuple[asyncio.TimerHandle, int | None]] = {}

    def __len__(self) -> int:
        return len(self._at)

    @property
    def priorities(self) -> list[int | None]:
        """Of each, for which it is meant; None: for whoever is next then."""
        return [priority for _, priority in self._at.values()]

    def add(self, permit: str, seconds: float, priority: int | None) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        timer = loop.call_later(seconds, self._start, permit, due, priority)
        self._at[permit] = timer, priority

    def cancel(self) -> list[str]:
        """Begin none of them. Returns the permits."""
        permits = list(self._at)
        for timer, _ in self._at.values():
            timer.cancel()
        self._at.clear()
        return permits

    def _start(self, permit: str, due: float, priority: int | None) -> None:
        del self._at[permit]
        self._begin(permit, due, priority)
