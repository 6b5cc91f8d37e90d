"""Who waits under one flow key within one worker, each with its partition, as they came, those of a
higher priority first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from app.config.priorities import BULK_SHARE, WHOLE
from app.flow.limits import FlowControl
from app.flow.partitions.partition_slot import PartitionSlot
from app.flow.partitions.patience import sent_back

MOST_WANTED = 200
MOST_OF_A_PARTITION = 20
"""Asked for together where only its rate is limited."""


def most_of(limits: FlowControl) -> int:
    """How many of a partition are asked for together."""
    return limits.parallelism or MOST_OF_A_PARTITION


class PartitionLine:
    """
    Args:
        share: of the starts, for lower priorities than the highest one that waits.
    """

    def __init__(self, share: float = BULK_SHARE) -> None:
        self._places: list[PartitionSlot] = []
        self._share = round(share * WHOLE)
        self._owed = 0
        self._top: int | None = None

    def __len__(self) -> int:
        """With those who gave up, until ``tidy``."""
        return len(self._places)

    def join(self, place: PartitionSlot, *, first: bool = False) -> None:
        self._places.insert(0 if first else len(self._places), place)

    def tidy(self) -> int:
        """Leave out who waits no more. Returns how many have been promised nothing."""
        self._places = [place for place in self._places if place.waits]
        return len([place for place in self._places if not place.promised])

    def wanted(self, limits: Callable[[str], FlowControl]) -> list[PartitionSlot]:
        """Those to ask for, without more of a partition than can begin.

        Args:
            limits: of a partition.
        """
        found: list[PartitionSlot] = []
        of: dict[str | None, int] = {}
        for place in self._in_order():
            name = place.partition
            before = of.get(name, 0)
            # One is always worth asking for.
            if before and name is not None and before >= most_of(limits(name)):
                continue
            of[name] = before + 1
            found.append(place)
            if len(found) == MOST_WANTED:
                break
        return found

    def began(self, place: PartitionSlot) -> None:
        """One that was wanted has its permit."""
        if self._top is not None:
            owed = self._owed + self._share - (0 if place.priority == self._top else WHOLE)
            self._owed = min(max(owed, 0), WHOLE)

    def _in_order(self) -> list[PartitionSlot]:
        """The highest priority first, and between them so many of the lower ones as they have a
        share, who has waited longest. One whose partition is full stays owed its start."""
        waiting = [place for place in self._places if not place.promised]
        self._top = None
        if len({place.priority for place in waiting}) <= 1:
            return waiting
        self._top = max(place.priority for place in waiting)
        high = [place for place in waiting if place.priority == self._top]
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

    def send_back(self, full: Mapping[str, float], limits: Callable[[str], FlowControl]) -> None:
        """Let those wait in the queue whose partition has no turn soon, asked for or not: a message
        of one partition keeps its places here until the last of it is told.

        Args:
            full: partitions, each with the seconds until its next turn; infinite: nobody knows.
        """
        before: Counter[str] = Counter()
        intervals = {name: limits(name).interval for name in full}
        for place in sorted(self._places, key=lambda place: -place.priority):
            name = place.partition
            if name is None or name not in full or place.promised or not place.waits:
                continue
            left, interval = full[name], intervals[name]
            if interval is not None:  # each comes back for a turn of its own
                left += before[name] * interval.total_seconds()
            before[name] += 1
            busy = sent_back(name, place.waited, left)
            if busy is not None:
                place.refuse(busy)

    def send_away(self, refused: Callable[[str], Exception | None]) -> None:
        """Let nobody wait any longer whose flow key is refused."""
        for place in self._places:
            error = refused(place.flow_key) if place.waits else None
            if error is not None:
                place.refuse(error)
