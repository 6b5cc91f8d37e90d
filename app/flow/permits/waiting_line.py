"""Who waits for a permit of one flow key within one worker, in the order in which they came, those
of a higher priority first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from app.config.priorities import BULK_SHARE, LEVELS, ORDINARY
from app.flow.permits.priority_line import PriorityLine
from app.flow.permits.promised_starts import PromisedStarts

PlaceInLine = asyncio.Future[tuple[str, float | None]]
"""Becomes the permit, and by the loop's clock when it was due (None: at once). A future as it is: a
class of our own would make each wait take half as long again."""


class WaitingLine:
    """Several flow keys may share it, because they share the limit.

    Args:
        share: of the starts, for lower priorities than the highest one that waits.
    """

    def __init__(self, share: float = BULK_SHARE) -> None:
        self._line: PriorityLine[tuple[PlaceInLine, str]] = PriorityLine(_gave_up, share)

    def __len__(self) -> int:
        """With those who gave up, as long as others stand before them."""
        return len(self._line)

    def led_by(self, priority: int) -> bool:
        """Whether this priority is the highest one, and one alone is of it."""
        return self._line.led_by(priority)

    def levels(self, promised: PromisedStarts, handed: int) -> list[tuple[int, int]]:
        """Priorities, the highest first, each with how many wait for it who have been promised
        nothing.

        Args:
            handed: a bit for each priority that is among them even where nobody waits.
        """
        levels = self._line.levels
        if not promised and (not handed or (len(levels) == 1 and handed == 1 << levels[0][0])):
            return levels  # nearly always
        waits = dict.fromkeys((level for level in range(LEVELS) if handed >> level & 1), 0)
        waits.update(levels)
        given = Counter(promised.priorities)
        for level in sorted(waits, reverse=True):
            mine = min(waits[level], given[level])
            anybody = min(waits[level] - mine, given[None])
            given[None] -= anybody
            waits[level] -= mine + anybody
        return sorted(waits.items(), reverse=True)

    def join(self, flow_key: str, priority: int = ORDINARY, *, first: bool = False) -> PlaceInLine:
        place: PlaceInLine = asyncio.get_running_loop().create_future()
        self._line.join((place, flow_key), priority, first=first)
        return place

    def next(self, priority: int | None = None) -> PlaceInLine | None:
        """Whose turn it is, and who waits no more.

        Args:
            priority: for which the turn is meant, as long as somebody of it waits.
        """
        chosen = None if priority is None else self._line.next_of(priority)
        if chosen is None:
            chosen = self._line.next()
        return None if chosen is None else chosen[0]

    def tidy(self) -> None:
        """Nobody stands at the head who gave up."""
        self._line.tidy()

    def send_away(self, refused: Callable[[str], Exception | None]) -> None:
        """Let nobody wait any longer whose flow key is refused, and tell them what ``refused``
        returned for it."""

        def leaves(one: tuple[PlaceInLine, str]) -> bool:
            place, flow_key = one
            error = None if place.done() else refused(flow_key)
            if error is not None:
                place.set_exception(error)
            return place.done()

        self._line.leave_out(leaves)


def _gave_up(one: tuple[PlaceInLine, str]) -> bool:
    return one[0].done()
