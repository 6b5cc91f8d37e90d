"""Of which flow keys, and of which of their priorities, nothing more is due as far as is known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from app.config.priorities import LEVELS
from app.engine import Ask, Delivery, Lane

ALL = (1 << LEVELS) - 1

Asked = Sequence[tuple[str, Ask]]


class DryKeys:
    """What is dry is asked for again when something new is told of it."""

    def __init__(self) -> None:
        self._dry: defaultdict[str, int] = defaultdict(int)
        """By flow key, a bit for each priority."""
        self._heard: Counter[str] = Counter()

    def hear(self, flow_key: str, priority: int | None) -> None:
        """There are new messages; None: of whichever priority."""
        self._heard[flow_key] += 1
        self._dry[flow_key] &= ~(ALL if priority is None else 1 << priority)

    def clear(self) -> None:
        """There may be something of each."""
        self._dry.clear()

    @property
    def keys(self) -> set[str]:
        """Those of whose priorities all are dry."""
        return {key for key, bits in self._dry.items() if bits == ALL}

    def asks(self, lane: Lane) -> list[tuple[str, Ask]]:
        """What the lane has room for, and may be there."""
        return [
            (key, ask)
            for key in lane.handlers
            if self._dry[key] != ALL
            for ask in lane.asks(key, self._dry[key])
            if ask.bits & ~self._dry[key]
        ]

    def heard(self, asked: Asked) -> dict[str, int]:
        """For ``taken``, from before it is asked."""
        return {key: self._heard[key] for key, _ in asked}

    def taken(self, asked: Asked, found: Sequence[Delivery], heard: dict[str, int]) -> bool:
        """All that was asked for has been looked for, and so much found. Returns whether there may
        be room for more."""
        more = False
        for key, ask in asked:
            got = sum(ask.takes(one.priority) for one in found if one.flow_key == key)
            if got >= ask.most:
                more = more or ask.bit
            elif self._heard[key] == heard[key]:
                self._dry[key] |= ask.bits
        return more
