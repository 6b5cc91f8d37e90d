"""Slots of one flow key that a worker holds for a moment after an item has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

KEPT = 0.03
"""Seconds. A slot that nobody here has needed for so long, or twice as long, is given back."""
KEPT_WHERE_SCARCE = 0.002
"""The same, while there are not enough slots for all."""


class KeptPermits:
    """
    Args:
        give_back: to the other workers.
    """

    def __init__(self, give_back: Callable[[str], None]) -> None:
        self.scarce = False
        """Whether somebody waits for a slot."""
        self._give_back = give_back
        self._permits: list[str] = []
        self._unused = 0
        """So many were there all the time since the last look."""
        self._looks = False

    def __len__(self) -> int:
        return len(self._permits)

    def keep(self, permit: str) -> None:
        self._permits.append(permit)
        if not self._looks:
            self._unused = 0
            self._look_later()

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
        self._looks = False
        if self._permits:
            self._look_later()

    def _look_later(self) -> None:
        self._looks = True
        seconds = KEPT_WHERE_SCARCE if self.scarce else KEPT
        asyncio.get_running_loop().call_later(seconds, self._look)
