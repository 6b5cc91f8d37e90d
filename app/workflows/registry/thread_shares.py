"""How many of the threads a flow key may have, beside the others that want some."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class ThreadUse:
    """What one flow key has of the threads, and what it is going to want."""

    flow_key: str
    used: bool = False
    """Keeps threads from the others."""
    busy: int = 0
    """Threads that it holds, also those that nobody waits for any more."""
    waiting: int = 0
    """Calls that have none yet."""
    coming: int = 0
    """Deliveries that are going to ask for a thread, and have not yet."""
    gated: bool = False
    """Something else may hold up what is coming: it takes no thread from the others."""
    abandoned: set[Future[object]] = field(default_factory=set)
    """Of those that are busy: whoever waited for what is called there has given up."""

    @property
    def claimed(self) -> int:
        """Threads that others must count on it to take."""
        return self.busy + self.waiting + (0 if self.gated else self.coming)

    @property
    def left_behind(self) -> int:
        return len(self.abandoned)


def free_for(use: ThreadUse, others: Sequence[ThreadUse], number: int) -> int:
    """How many more of `number` threads it may have now."""
    busy = [other.busy for other in others]
    kept = _kept(number, len(others))
    free = number - use.busy - sum(busy)
    lacking = sum(max(0, kept - held) for held in busy)
    return max(0, min(free, max(kept - use.busy, free - lacking)))


def room_for(use: ThreadUse, others: Sequence[ThreadUse], number: int) -> int:
    """How many more deliveries would find one of `number` threads for it.

    What somebody waits for, or is going to ask for, is not free either; but it gets its fair share
    however many wait elsewhere, because it is let in before those who have more.
    """
    claims = [other.claimed for other in others]
    own = use.busy + use.waiting + use.coming
    kept = _kept(number, len(others))
    lacking = sum(max(0, kept - claim) for claim in claims)
    left_behind = use.left_behind + sum(other.left_behind for other in others)
    fair = (number - left_behind - lacking) // (1 + sum(claim > 0 for claim in claims))
    return max(0, max(kept, fair) - own, number - own - sum(claims) - lacking)


def _kept(number: int, others: int) -> int:
    """For each flow key, whatever the others hold."""
    return max(1, number // (4 * (others + 1)))
