"""Who waits for a permit of one flow key within one worker, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

PlaceInLine = asyncio.Future[tuple[str, float | None]]
"""Becomes the permit, and by the loop's clock when it was due (None: at once). A future as it is: a
class of our own would make each wait take half as long again."""


class WaitingLine:
    """Several flow keys may share it, because they share the limit."""

    def __init__(self) -> None:
        self._places: deque[tuple[PlaceInLine, str]] = deque()

    def __len__(self) -> int:
        """With those who gave up, as long as others stand before them."""
        return len(self._places)

    def join(self, flow_key: str, *, first: bool = False) -> PlaceInLine:
        place: PlaceInLine = asyncio.get_running_loop().create_future()
        if first:
            self._places.appendleft((place, flow_key))
        else:
            self._places.append((place, flow_key))
        return place

    def next(self) -> PlaceInLine | None:
        """Who has waited longest, and waits no more."""
        while self._places:
            place, _ = self._places.popleft()
            if not place.done():
                return place
        return None

    def tidy(self) -> None:
        """Nobody stands at the head who gave up."""
        while self._places and self._places[0][0].done():
            self._places.popleft()

    def send_away(self, refused: Callable[[str], Exception | None]) -> None:
        """Let nobody wait any longer whose flow key is refused, and tell them what ``refused``
        returned for it."""
        places, self._places = self._places, deque()
        for place, flow_key in places:
            error = None if place.done() else refused(flow_key)
            if error is not None:
                place.set_exception(error)
            elif not place.done():
                self._places.append((place, flow_key))
