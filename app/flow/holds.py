"""Flow keys that are held for a while: nothing new starts, and the reason stands beside it.

A hold is not an operator's pause: neither knows of the other, and work starts when both are over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.flow.gate import FlowHeld


@dataclass(frozen=True, slots=True)
class Hold:
    """
    Args:
        key: a flow key; or a family's name, and then all of its flow keys are held.
        left: seconds from the look until it ends by itself.
        until: when that is, for people; None: a look decides, and may be earlier or later.
        covers: the flow keys that share ``key``; none: it is no shared one.
    """

    key: str
    reason: str
    left: float
    until: datetime | None = None
    covers: tuple[str, ...] = ()


class FlowHolds:
    """Read by every permit; refreshed with the limits, so a look costs nothing.

    A family's hold is by its own flow keys, and never by the gate's: what other families share a
    limit with it goes on. One of a shared key covers the flow keys of all of them.
    """

    def __init__(self) -> None:
        self._held: Mapping[str, tuple[Hold, float]] = {}
        self.listeners: list[Callable[[], None]] = []
        """Called when a key may have become held, or free."""

    def of(self, flow_key: str) -> Hold | None:
        """The hold of this flow key, or of its family, whichever ends later; None: it is not
        held."""
        if not self._held:
            return None
        found = self._found(flow_key)
        if found is None or found[1] <= time.monotonic():
            return None
        return found[0]

    def left(self, flow_key: str) -> timedelta:
        """The time until the hold ends, unless it is made longer."""
        found = self._found(flow_key)
        return timedelta(seconds=0.0 if found is None else max(0.0, found[1] - time.monotonic()))

    def _found(self, flow_key: str) -> tuple[Hold, float] | None:
        own, family = self._held.get(flow_key), self._held.get(flow_key.rpartition(".")[0])
        if own is None or family is None:
            return own or family
        return max(own, family, key=lambda one: one[1])

    def require_none(self, flow_key: str, *, again: bool = False) -> None:
        """
        Args:
            again: what is sent away must say when it comes again.

        Raises:
            FlowHeld: it is held.
        """
        if self._held and self.of(flow_key) is not None:
            raise FlowHeld(flow_key, self.left(flow_key) if again else timedelta(0))

    @contextmanager
    def heard_by(self, listener: Callable[[], None]) -> Iterator[None]:
        """It is one of the listeners while the context is open."""
        self.listeners.append(listener)
        try:
            yield
        finally:
            self.listeners.remove(listener)

    def put(self, found: Sequence[Hold]) -> None:
        """From now on these are held, and no others: those that had not ended just now."""
        now = time.monotonic()
        former = self._held.keys()
        self._held = {
            name: (hold, now + hold.left)
            for hold in sorted(found, key=lambda one: one.left)  # of one name the last to end stays
            for name in hold.covers or (hold.key,)
        }
        if former != self._held.keys():
            for listener in list(self.listeners):
                listener()
