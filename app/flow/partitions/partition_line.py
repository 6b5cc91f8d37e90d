"""Who waits under one flow key within one worker, each with its partition, as they came, those of a
higher priority first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from app.config.priorities import BULK_SHARE, ORDINARY
from app.flow.limits import FlowControl
from app.flow.permits.priority_line import WHOLE

MOST_WANTED = 200
MOST_OF_A_PARTITION = 20
"""Asked for together where only its rate is limited."""

Turn = asyncio.Future[tuple[str, float | None]]
"""Becomes the permit, and by the loop's clock when it was due (None: at once)."""


def _turn() -> Turn:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False)
class Waiting:
    """``promised``: a permit whose start is still to come is meant for it."""

    flow_key: str
    partition: str | None
    since: float
    turn: Turn = field(default_factory=_turn)
    promised: bool = False
    priority: int = ORDINARY


class PartitionLine:
    """
    Args:
        share: of the starts, for lower priorities than the highest one that waits.
    """

    def __init__(self, share: float = BULK_SHARE) -> None:
        self._places: list[Waiting] = []
        self._share = round(share * WHOLE)
        self._owed = 0
        self._top: int | None = None

    def __len__(self) -> int:
        """With those who gave up, until ``tidy``."""
        return len(self._places)

    def join(self, place: Waiting, *, first: bool = False) -> None:
        self._places.insert(0 if first else len(self._places), place)

    def tidy(self) -> int:
        """Leave out who waits no more. Returns how many have been promised nothing."""
        self._places = [place for place in self._places if not place.turn.done()]
        return sum(not place.promised for place in self._places)

    def wanted(self, limits: Callable[[str], FlowControl]) -> list[Waiting]:
        """Those to ask for, without more of a partition than can begin.

        Args:
            limits: of a partition.
        """
        found: list[Waiting] = []
        of: Counter[str | None] = Counter()
        for place in self._in_order():
            name = place.partition
            most = MOST_WANTED if name is None else limits(name).parallelism
            if of[name] >= (most or MOST_OF_A_PARTITION):
                continue
            of[name] += 1
            found.append(place)
            if len(found) == MOST_WANTED:
                break
        return found

    def began(self, place: Waiting) -> None:
        """One that was wanted has its permit."""
        if self._top is not None:
            owed = self._owed + self._share - (0 if place.priority == self._top else WHOLE)
            self._owed = min(max(owed, 0), WHOLE)

    def _in_order(self) -> list[Waiting]:
        """The highest priority first, and between them so many of the lower ones as they have a
        share, who has waited longest. One whose partition is full stays owed its start."""
        waiting = [place for place in self._places if not place.promised]
        self._top = max((place.priority for place in waiting), default=None)
        high = [place for place in waiting if place.priority == self._top]
        if len(high) == len(waiting):
            self._top = None
            return waiting
        low = [place for place in waiting if place.priority != self._top]
        order, owed, taken = [], self._owed, 0
        for place in high:
            owed += self._share
            while owed >= WHOLE and taken < len(low):
                owed -= WHOLE
                order.append(low[taken])
                taken += 1
            order.append(place)
        return order + sorted(low[taken:], key=lambda place: -place.priority)

    def send_away(self, refused: Callable[[str], Exception | None]) -> None:
        """Let nobody wait any longer whose flow key is refused."""
        for place in self._places:
            error = None if place.turn.done() else refused(place.flow_key)
            if error is not None:
                place.turn.set_exception(error)

    def admit_all(self) -> None:
        """The limits were lifted."""
        for place in self._places:
            if not place.turn.done():
                place.turn.set_result(("", None))
