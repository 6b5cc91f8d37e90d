"""Who waits for a permit of one flow key within one worker, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class PlaceInLine(asyncio.Future[tuple[str, float | None]]):
    """In line: becomes the permit, and by the loop's clock when it was due (None: at once).

    ``flow_key``: of who waits. Several may share the line, because they share the limit.
    """

    def __init__(self, flow_key: str) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.flow_key = flow_key


class WaitingLine:
    def __init__(self) -> None:
        self._places: deque[PlaceInLine] = deque()

    def __len__(self) -> int:
        """With those who gave up, as long as others stand before them."""
        return len(self._places)

    def join(self, flow_key: str, *, first: bool = False) -> PlaceInLine:
        place = PlaceInLine(flow_key)
        if first:
            self._places.appendleft(place)
        else:
            self._places.append(place)
        return place

    def next(self) -> PlaceInLine | None:
        """Who has waited longest, and waits no more."""
        while self._places:
            place = self._places.popleft()
            if not place.done():
                return place
        return None

    def tidy(self) -> None:
        """Nobody stands at the head who gave up."""
        while self._places and self._places[0].done():
            self._places.popleft()

    def send_away(self, refused: Callable[[str], Exception | None]) -> None:
        """Let nobody wait any longer whose flow key is refused, and tell them what ``refused``
        returned for it."""
        places, self._places = self._places, deque()
        for place in places:
            error = None if place.done() else refused(place.flow_key)
            if error is not None:
                place.set_exception(error)
            elif not place.done():
                self._places.append(place)
