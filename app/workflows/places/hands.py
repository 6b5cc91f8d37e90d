"""How many of each priority a worker has in hand."""

from __future__ import annotations

from app.config.priorities import LEVELS


class Hands:
    """What is of a lower priority takes no place of what is of a higher one: so ``above`` is what
    counts for one."""

    __slots__ = ("_at", "present", "total")

    def __init__(self) -> None:
        self._at = [0] * LEVELS
        self.total = 0
        self.present: tuple[int, ...] = ()
        """The priorities of which there is something, the lowest first."""

    def add(self, priority: int, number: int) -> None:
        before = self._at[priority]
        self._at[priority] = after = before + number
        self.total += number
        if (before > 0) != (after > 0):
            self.present = tuple(at for at, held in enumerate(self._at) if held > 0)

    def above(self, priority: int) -> int:
        """Of this priority, and of higher ones."""
        if not self.present or priority > self.present[-1]:
            return 0
        return self.total if priority <= self.present[0] else sum(self._at[priority:])
