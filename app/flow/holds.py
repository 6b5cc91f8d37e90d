"""Flow keys that are held for a while: nothing new starts, and the reason stands beside it.

A hold is not an operator's pause: neither knows of the other, and work starts when both are over.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from app.flow.gate import FlowHeld


@dataclass(frozen=True, slots=True)
class Hold:
    """
    Args:
        key: a flow key; or a family's name, and then all of its flow keys are held.
        left: seconds from the look until it ends by itself.
    """

    key: str
    reason: str
    left: float


class FlowHolds:
    """Read by every permit; refreshed with the limits, so a look costs nothing.

    A family's hold is by its own flow keys, and never by the gate's: what other families share a
    limit with it goes on.

    Args:
        load: reads those that have not ended; None: there is nothing here that holds.
    """

    def __init__(self, load: Callable[[], Awaitable[Sequence[Hold]]] | None = None) -> None:
        self._load = load
        self._held: Mapping[str, tuple[Hold, float]] = {}
        self.listeners: list[Callable[[], None]] = []
        """Called when a key may have become held, or free."""

    def of(self, flow_key: str) -> Hold | None:
        """The hold of this flow key, or of its family; None: it is not held."""
        held = self._held
        if not held:
            return None
        found = held.get(flow_key) or held.get(flow_key.rpartition(".")[0])
        if found is None or found[1] <= time.monotonic():
            return None
        return found[0]

    def left(self, flow_key: str) -> timedelta:
        """Until the hold ends, unless it is made longer."""
        found = self._held.get(flow_key) or self._held.get(flow_key.rpartition(".")[0])
        return timedelta(seconds=0.0 if found is None else max(0.0, found[1] - time.monotonic()))

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

    async def refresh(self) -> None:
        if self._load is None:
            return
        found, now = await self._load(), time.monotonic()
        former = self._held.keys()
        self._held = {hold.key: (hold, now + hold.left) for hold in found}
        if former != self._held.keys():
            for listener in list(self.listeners):
                listener()
