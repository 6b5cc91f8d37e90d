"""Who waits for a permit of one flow key within one worker, in the order in which they came, those
of a higher priority first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.config.priorities import BULK_SHARE, ORDINARY
from app.flow.permits.priority_line import PriorityLine

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

    @property
    def top(self) -> int | None:
        """The highest priority of those who wait; None: nobody does."""
        return self._line.top

    def join(self, flow_key: str, priority: int = ORDINARY, *, first: bool = False) -> PlaceInLine:
        place: PlaceInLine = asyncio.get_running_loop().create_future()
        self._line.join((place, flow_key), priority, first=first)
        return place

    def next(self) -> PlaceInLine | None:
        """Whose turn it is, and who waits no more."""
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
