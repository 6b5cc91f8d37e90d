"""Slots of one flow key that a worker holds for a moment after an item has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

KEPT = 0.02
"""Seconds. A slot that nobody here has needed for so long, or twice as long, is given back."""


class KeptPermits:
    """
    Args:
        give_back: to the other workers.
    """

    def __init__(self, give_back: Callable[[str], None]) -> None:
        self._give_back = give_back
        self._permits: list[str] = []
        self._unused = 0
        """So many were there all the time since the last look."""

    def __len__(self) -> int:
        return len(self._permits)

    def keep(self, permit: str) -> None:
        if not self._permits:
            self._unused = 0
            self._look_later()
        self._permits.append(permit)

    def take(self) -> str:
        self._unused = min(self._unused, len(self._permits) - 1)
        return self._permits.pop()

    def give_back(self, number: int) -> None:
        for permit in self._permits[:number]:
            self._give_back(permit)
        del self._permits[:number]
        self._unused = min(self._unused, len(self._permits))

    def _look(self) -> None:
        self.give_back(self._unused)
        self._unused = len(self._permits)
        if self._permits:
            self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(KEPT, self._look)
