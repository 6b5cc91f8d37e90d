"""A line in which a higher priority goes first, and the lower ones have a share all the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from app.config.priorities import BULK_SHARE, LEVELS, WHOLE

T = TypeVar("T")


class PriorityLine(Generic[T]):
    """Of any ``n`` that are chosen in a row while somebody of a lower priority than the highest one
    here waits all the time, at least ``n * share``, rounded down, are of a lower one: of all the
    lower ones together, who has waited longest.

    Args:
        gone: whether somebody waits no more.
        share: from 0 to 1.
    """

    def __init__(self, gone: Callable[[T], bool], share: float = BULK_SHARE) -> None:
        self._gone = gone
        self._share = round(share * WHOLE)
        self._owed = 0
        self._at: list[deque[tuple[int, T]]] = [deque() for _ in range(LEVELS)]
        self._present: list[int] = []
        self._length = self._number = 0
        self.by_share = False
        """Whether the last one that was chosen owes it to the share."""

    def __len__(self) -> int:
        """With those who gave up, as long as others of their priority stand before them."""
        return self._length

    @property
    def levels(self) -> list[tuple[int, int]]:
        """The priorities of those who wait, the highest first, each with how many of them."""
        return [(level, len(self._at[level])) for level in self._present]

    def led_by(self, priority: int) -> bool:
        """Whether this priority is the highest one, and one alone is of it."""
        return self._present[:1] == [priority] and len(self._at[priority]) == 1

    @property
    def top(self) -> int | None:
        """The highest priority of those who wait; None: nobody does."""
        self.tidy()
        return self._present[0] if self._present else None

    def join(self, one: T, priority: int, *, first: bool = False) -> None:
        at = self._at[priority]
        if not at:
            self._present = sorted([*self._present, priority], reverse=True)
        self._length += 1
        if first:
            at.appendleft((at[0][0] - 1 if at else 0, one))
        else:
            self._number += 1
            at.append((self._number, one))

    def next(self, *, sharing: bool = True) -> T | None:
        """Who is next, and waits no more.

        Args:
            sharing: False: of the highest priority alone. The lower ones are owed it.
        """
        self.by_share = False
        if len(self._present) > 1:
            self.tidy()
        if len(self._present) > 1:
            level = self._present[0]
            self._owed += self._share
            if self._owed >= WHOLE and sharing:
                self._owed -= WHOLE
                self.by_share = True
                level = min(self._present[1:], key=lambda lower: self._at[lower][0][0])
            self._owed = min(self._owed, WHOLE)
            return self._first_of(level)
        return self._first_of(self._present[0]) if self._present else None

    def next_of(self, priority: int) -> T | None:
        """Who is next of this priority, and waits no more: it was chosen elsewhere."""
        self.by_share = False
        return self._first_of(priority) if self._at[priority] else None

    def _first_of(self, level: int) -> T | None:
        at = self._at[level]
        while at:
            _, one = at.popleft()
            self._length -= 1
            if not self._gone(one):
                break
        else:
            one = None
        if not at:
            self._present.remove(level)
        return one

    def tidy(self) -> None:
        """Nobody stands at the head of a priority who gave up."""
        emptied = False
        for level in self._present:
            at = self._at[level]
            while at and self._gone(at[0][1]):
                at.popleft()
                self._length -= 1
            emptied = emptied or not at
        if emptied:
            self._present = [level for level in self._present if self._at[level]]

    def leave_out(self, leaves: Callable[[T], bool]) -> None:
        """Let nobody wait any longer of whom ``leaves`` says so."""
        for level in self._present:
            at = self._at[level]
            self._at[level] = deque(one for one in at if not leaves(one[1]))
            self._length -= len(at) - len(self._at[level])
        self._present = [level for level in self._present if self._at[level]]
